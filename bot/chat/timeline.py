"""The picture of one service over time: states as bars, what stopped it, how fast it answered.

Time runs from left to right in every language. The height of a bar is the share of its time; where nothing was
measured, there is none. What the picture says in words arrives worded (`bot.chat.past`); how lines get onto a sheet is
`bot.chat.charts`' affair.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from bot.chat.bars import draw_bars, edges
from bot.chat.charts import DARK, WIDTH_PX, Fill, Sheet, Theme
from bot.columns import Column, Window
from bot.history import SEVERITY
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.chat.charts import Align, Box

HEIGHT_PX = 1350
"""The least; many components make a picture longer."""
_MARGIN = 48.0
_LEFT, _RIGHT = _MARGIN, WIDTH_PX - _MARGIN
_HEADER = 236.0
_WHOLE = 84.0
_BAND = 38.0
_LABEL = 40.0
_SPACE = 14.0
_CAUSE = 12.0
_RESPONSE = 150.0
_AXIS = 56.0
_LEGEND_ROW = 44.0
_LEGEND_COLUMNS = 3
_FOOTER = 56.0


@dataclass(frozen=True, slots=True)
class Band:
    """A row of bars."""

    label: str
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All that the picture shows, in words and numbers. Times are in seconds since 1970."""

    name: str
    period: str
    state: str
    status: Status | None
    worked: str
    window: Window
    whole: Band
    components: Sequence[Band] = ()
    incidents: Sequence[tuple[float, float]] = ()
    """From when to when; none of them need be within the window."""
    incidents_label: str = ""
    causes_label: str = ""
    causes: Sequence[tuple[str, Sequence[float]]] = ()
    """Each with the seconds that it has of every column."""
    response_label: str = ""
    response: Sequence[tuple[float, float] | None] = ()
    """The typical time and the slow one, in seconds, in as many columns as there are."""
    ticks: Sequence[tuple[float, str]] = ()
    legend: Sequence[tuple[Status | None, str]] = ()
    zone: str = ""
    right_to_left: bool = False


def draw(timeline: Timeline, theme: Theme = DARK) -> bytes:
    """Return the picture, a PNG. Slow, and for one thread at a time: see `charts.painted`."""
    return _Page(timeline, theme).png()


class _Page:
    """The picture while it is drawn from top to bottom."""

    def __init__(self, timeline: Timeline, theme: Theme) -> None:
        self._timeline = timeline
        self._theme = theme
        needed = _height(timeline)
        self._spare = max(0.0, HEIGHT_PX - needed)
        self._sheet = Sheet(int(max(needed, HEIGHT_PX)), theme, right_to_left=timeline.right_to_left)
        self._align: Align = "right" if timeline.right_to_left else "left"
        self._start = _RIGHT if timeline.right_to_left else _LEFT
        self._y = 0.0

    def png(self) -> bytes:
        self._header()
        self._bands()
        self._causes()
        self._response()
        self._axis()
        self._legend()
        return self._sheet.png()

    # --- from top to bottom ------------------------------------------------------------------------------------------

    def _header(self) -> None:
        one, sheet, faint = self._timeline, self._sheet, self._theme.faint
        end: Align = "left" if one.right_to_left else "right"
        sheet.text((self._start, 74), one.name, 58, bold=True, align=self._align, most_px=620)
        sheet.text((_LEFT + _RIGHT - self._start, 76), one.period, 32, colour=faint, align=end, most_px=340)
        inwards = -1 if one.right_to_left else 1
        sheet.mark((self._start + inwards * 26, 148), one.status, 52)
        colour = self._theme.fills[one.status].colour if one.status else faint
        most_px = _RIGHT - _LEFT - 72
        aside = self._start + inwards * 72
        sheet.text((aside, 148), one.state, 37, colour=colour, bold=True, align=self._align, most_px=most_px)
        sheet.text((aside, 200), one.worked, 30, colour=faint, align=self._align, most_px=most_px)
        self._y = _HEADER

    def _bands(self) -> None:
        one = self._timeline
        self._label(one.whole.label, bold=True, beside=one.incidents_label)
        self._incidents()
        self._bars(one.whole.columns, _WHOLE)
        for band in one.components:
            self._label(band.label)
            self._bars(band.columns, _BAND)

    def _causes(self) -> None:
        if not self._timeline.causes:
            return
        self._label(self._timeline.causes_label, bold=True)
        self._y -= 4
        for label, seconds in self._timeline.causes:
            self._label(label)
            boxes = list(self._stretches(seconds))
            self._sheet.boxes([(_LEFT, self._y, _RIGHT, self._y + _CAUSE)], Fill(self._theme.track))
            self._sheet.boxes(boxes, Fill(self._theme.ink))
            self._y += _CAUSE + _SPACE / 2
        self._y += _SPACE / 2

    def _response(self) -> None:
        self._label(self._timeline.response_label, bold=True)
        height = _RESPONSE + self._spare
        top, bottom = self._y, self._y + height
        known = [taken for taken in self._timeline.response if taken]
        if known:
            most_ms = _rounded_up(1000 * max(_usual(known), *(typical for typical, _ in known)))
            self._scale(most_ms, top, bottom)
            taken = self._timeline.response
            self._curves([one and (1000 * one[0] / most_ms, 1000 * one[1] / most_ms) for one in taken], top, bottom)
        self._sheet.line([(_LEFT, bottom), (_RIGHT, bottom)], self._theme.grid, 2)
        self._y = bottom

    def _axis(self) -> None:
        ticks = self._timeline.ticks
        widest = max((self._sheet.width(label, 26) for _, label in ticks), default=0) + 24
        every = 1 + int(widest * len(ticks) / (_RIGHT - _LEFT)) if ticks else 1
        for number, (at, label) in enumerate(ticks):
            x = self._x(at)
            self._sheet.line([(x, self._y), (x, self._y + 10)], self._theme.faint, 2)
            if number % every:
                continue
            half = self._sheet.width(label, 26) / 2
            within = min(max(x, _LEFT + half - 16), _RIGHT - half + 16)
            self._sheet.text((within, self._y + 34), label, 26, colour=self._theme.faint, align="center")
        self._y += _AXIS

    def _legend(self) -> None:
        one, self._y = self._timeline, self._y + _SPACE
        step = (_RIGHT - _LEFT) / _LEGEND_COLUMNS
        for number, (status, label) in enumerate(one.legend):
            row, column = divmod(number, _LEGEND_COLUMNS)
            begin = _LEFT + column * step
            y = self._y + (row + 0.5) * _LEGEND_ROW
            if one.right_to_left:
                begin = _RIGHT - column * step
            side = -1 if one.right_to_left else 1
            left = min(begin, begin + side * 44)
            swatch = (left, y - 15, left + 44, y + 15)
            self._sheet.boxes([swatch], Fill(self._theme.track) if status is None else self._theme.fills[status])
            self._sheet.text((begin + side * 58, y), label, 26, align=self._align, most_px=step - 70)
        self._y += _LEGEND_ROW * -(-len(one.legend) // _LEGEND_COLUMNS)
        self._sheet.text((self._start, self._y + 30), one.zone, 24, colour=self._theme.faint, align=self._align)

    # --- pieces ------------------------------------------------------------------------------------------------------

    def _label(self, text: str, *, bold: bool = False, beside: str = "") -> None:
        y = self._y + _LABEL / 2 - 2
        most_px = _RIGHT - _LEFT
        if beside:
            end: Align = "left" if self._timeline.right_to_left else "right"
            at = (_LEFT + _RIGHT - self._start, y)
            self._sheet.text(at, beside, 28, colour=self._theme.faint, align=end, most_px=most_px / 2)
            most_px /= 2
        colour = self._theme.ink if bold else self._theme.faint
        self._sheet.text((self._start, y), text, 28, colour=colour, bold=bold, align=self._align, most_px=most_px)
        self._y += _LABEL

    def _incidents(self) -> None:
        """Draw each as a bracket over the bars; one that is not over runs out of the picture."""
        y = self._y + 8
        window = self._timeline.window
        shown = [(a, b) for a, b in self._timeline.incidents if b > window.since and a < window.until]
        for opened_at, closed_at in shown:
            left = self._x(max(opened_at, window.since))
            right = min(max(self._x(min(closed_at, window.until)), left + 8), _RIGHT)
            self._sheet.line([(left, y), (right, y)], self._theme.ink, 6)
            if closed_at < window.until:
                self._sheet.line([(right, y - 6), (right, y + 6)], self._theme.ink, 4)
            if opened_at >= window.since:
                self._sheet.dots([(left, y + 3)], self._theme.ink, 20, sign="v")
        self._y += 20 if self._timeline.incidents_label else 0

    def _bars(self, columns: Sequence[Column], height: float) -> None:
        draw_bars(self._sheet, columns, self._timeline.window.width_s, (_LEFT, self._y, _RIGHT, self._y + height))
        self._y += height + _SPACE

    def _stretches(self, seconds: Sequence[float]) -> Iterator[Box]:
        numbered = groupby(enumerate(seconds), key=lambda pair: pair[1] > 0)
        for seen, group in numbered:
            numbers = [number for number, _ in group]
            if seen:
                left, _ = edges(numbers[0], len(seconds), _LEFT, _RIGHT)
                _, right = edges(numbers[-1], len(seconds), _LEFT, _RIGHT)
                yield left, self._y, right, self._y + _CAUSE

    def _scale(self, most_ms: float, top: float, bottom: float) -> None:
        for part in (0.5, 1.0):
            y = bottom - part * (bottom - top)
            self._sheet.line([(_LEFT, y), (_RIGHT, y)], self._theme.grid, 2, dashed=True)
            self._sheet.text((_LEFT, y + 18), f"{part * most_ms:g}", 24, colour=self._theme.faint, ground=True)

    def _curves(self, values: Sequence[tuple[float, float] | None], top: float, bottom: float) -> None:
        """Draw the typical time as a line with the slow one as a shade over it, broken where nothing is known."""
        width = (_RIGHT - _LEFT) / len(values)
        fill = self._theme.fills[SEVERITY[-1]].colour
        for known, group in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
            if not known:
                continue
            points = [
                (_LEFT + (number + 0.5) * width, _down(pair[0], top, bottom), _down(pair[1], top, bottom))
                for number, pair in group
                if pair
            ]
            if len(points) == 1:
                self._sheet.dots([(points[0][0], points[0][1])], fill, 10)
                continue
            self._sheet.area([(x, slow, typical) for x, typical, slow in points], fill)
            self._sheet.line([(x, typical) for x, typical, _ in points], fill, 5)

    def _x(self, at: float) -> float:
        window = self._timeline.window
        return _LEFT + (at - window.since) / (window.until - window.since) * (_RIGHT - _LEFT)


def _height(timeline: Timeline) -> float:
    bands = _LABEL + _WHOLE + _SPACE + (20 if timeline.incidents_label else 0)
    bands += len(timeline.components) * (_LABEL + _BAND + _SPACE)
    causes = _LABEL - 4 + _SPACE / 2 if timeline.causes else 0
    causes += len(timeline.causes) * (_LABEL + _CAUSE + _SPACE / 2)
    legend = _SPACE + _LEGEND_ROW * -(-len(timeline.legend) // _LEGEND_COLUMNS)
    return _HEADER + bands + causes + _LABEL + _RESPONSE + _AXIS + legend + _FOOTER


def _down(part: float, top: float, bottom: float) -> float:
    return bottom - min(part, 1.0) * (bottom - top)


def _usual(known: Sequence[tuple[float, float]]) -> float:
    """Return how slow it usually is at its slowest: a few outliers shall not flatten the rest."""
    slow = sorted(slow for _, slow in known)
    return slow[int(0.9 * (len(slow) - 1))] * 1.1


def _rounded_up(value: float) -> float:
    """Return the next number that halves well: 10, 12, 16, 20, 30, 40, 60, 80, 100, 120 and so on."""
    step = 10.0
    while True:
        for times in (1, 1.2, 1.6, 2, 3, 4, 6, 8):
            if value <= times * step:
                return times * step
        step *= 10
