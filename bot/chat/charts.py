"""Drawing: a sheet measured in pixels, its colours and signs, and the way from a thread to a PNG.

What is drawn on it is `bot.chat.timeline`'s and `bot.chat.board`'s affair. matplotlib is imported with the first
picture only, and used by its objects: `pyplot` keeps every figure alive.

Texts are set in DejaVu Sans, which comes with matplotlib and has Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew and
Arabic letters; matplotlib 3.11 shapes them and sets their direction by itself. It has neither Indic nor East Asian
ones: such a text is for the caption (`drawable`).
"""

from __future__ import annotations

import asyncio
import threading
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import starmap
from typing import TYPE_CHECKING, Any, Literal, cast

from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties

    Box = tuple[float, float, float, float]
    """Left, top, right, bottom."""

WIDTH_PX = 1080
"""Of every picture: what phones show without scaling up."""
_DPI = 100
_POINTS_PER_PX = 72 / _DPI
_COLOURS = 128
"""Of a picture: a dozen, and the shades between them at the edges of letters."""
_SMALLEST = 0.72
"""To what part of its size a text is made smaller before it is cut."""
_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "GEORGIAN", "HEBREW", "ARABIC", "COMBINING")
_DIRECTIONS = (0x200E, 0x200F, *range(0x2066, 0x206A))
"""Signs without a shape (Unicode annex 9, §2)."""
_drawing = threading.Lock()
"""matplotlib is not made for several threads at once."""

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Fill:
    """How a state is filled in: people who see no colours go by the pattern."""

    colour: str
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """The colours of a picture. Each has a ground of its own, so that either can be read in any chat."""

    paper: str
    ink: str
    faint: str
    grid: str
    track: str
    """Where nothing was measured."""
    on_fill: str
    """Signs upon a filled state."""
    fills: Mapping[Status, Fill]


# The hues are those that Okabe and Ito chose to be told apart by everybody (jfly.uni-koeln.de/color), made lighter for
# the dark ground and darker for the light one.
DARK = Theme(
    paper="#10171E",
    ink="#F1F4F6",
    faint="#9AA8B4",
    grid="#2B3742",
    track="#19232C",
    on_fill="#10171E",
    fills={
        Status.OK: Fill("#27A486"),
        Status.DEGRADED: Fill("#F0B73A", "//"),
        Status.BLOCKED: Fill("#EE6A3C", "xx"),
        Status.DOWN: Fill("#CE8BD4", ".."),
        Status.INCONCLUSIVE: Fill("#75838F", "--"),
    },
)
LIGHT = Theme(
    paper="#FAF9F6",
    ink="#17212B",
    faint="#5B6873",
    grid="#DCD9D1",
    track="#EFEDE7",
    on_fill="#FFFFFF",
    fills={
        Status.OK: Fill("#14937A"),
        Status.DEGRADED: Fill("#E39F1B", "//"),
        Status.BLOCKED: Fill("#CE4A1C", "xx"),
        Status.DOWN: Fill("#A356AC", ".."),
        Status.INCONCLUSIVE: Fill("#98A3AC", "--"),
    },
)
THEMES = {"dark": DARK, "light": LIGHT}
SIGNS = {
    Status.OK: "✓",
    Status.DEGRADED: "~",
    Status.BLOCKED: "✗",
    Status.DOWN: "↓",
    Status.INCONCLUSIVE: "?",
}


def drawable(text: str) -> bool:
    """Tell whether the letters of a text can be drawn."""
    return all(unicodedata.name(sign, "").startswith(_SCRIPTS) for sign in text if sign.isalpha())


async def painted(draw: Callable[[], bytes]) -> bytes:
    """Return what `draw` draws, in a thread, one picture at a time."""

    def alone() -> bytes:
        with _drawing:
            return draw()

    return await asyncio.to_thread(alone)


class Sheet:
    """A page of pixels, with its origin at the top left."""

    def __init__(self, height_px: int, theme: Theme, *, right_to_left: bool = False) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 -- a third of a second and 40 MB
        from matplotlib.figure import Figure  # noqa: PLC0415 -- see above
        from matplotlib.font_manager import FontProperties  # noqa: PLC0415 -- see above

        self.theme = theme
        self.right_to_left = right_to_left
        figure = Figure(figsize=(WIDTH_PX / _DPI, height_px / _DPI), dpi=_DPI, facecolor=theme.paper)
        self._canvas = FigureCanvasAgg(figure)
        self._renderer = cast("RendererAgg", self._canvas.get_renderer())  # type: ignore[no-untyped-call]
        self._axes = figure.add_axes((0, 0, 1, 1))
        self._axes.set_axis_off()
        self._axes.set(xlim=(0, WIDTH_PX), ylim=(height_px, 0), autoscale_on=False)
        self._font: Callable[..., FontProperties] = FontProperties

    def text(
        self,
        at: tuple[float, float],
        text: str,
        size_px: float,
        *,
        colour: str | None = None,
        bold: bool = False,
        align: Align = "left",
        most_px: float = WIDTH_PX,
        ground: bool = False,
    ) -> None:
        """Write a line around the height `at[1]`, made smaller and at last cut where it is wider than `most_px`.

        With `ground` it stands on paper, whatever was drawn there.
        """
        text, size_px = self._fitted(text, size_px, most_px, bold=bold)
        self._axes.text(
            *at,
            text,
            fontproperties=self._properties(size_px, bold=bold),
            color=colour or self.theme.ink,
            ha=align,
            va="center_baseline",
            parse_math=False,
            zorder=4 if ground else 3,
            bbox={"facecolor": self.theme.paper, "alpha": 0.75, "lw": 0, "pad": 1} if ground else None,
        )

    def width(self, text: str, size_px: float, *, bold: bool = False) -> float:
        """Return how many pixels wide a line is."""
        properties = self._properties(size_px, bold=bold)
        width, _, _ = self._renderer.get_text_width_height_descent(text, properties, False)  # type: ignore[no-untyped-call]
        return float(width)

    def boxes(self, boxes: Iterable[Box], fill: Fill, *, ground: str | None = None) -> None:
        """Fill boxes with a colour and, in the colour of the ground, its pattern."""
        from matplotlib.collections import PolyCollection  # noqa: PLC0415 -- see above

        corners = list(starmap(_corners, boxes))
        if not corners:
            return
        hatch: dict[str, Any] = (
            {"hatch": fill.pattern, "hatchcolor": ground or self.theme.paper} if fill.pattern else {}
        )
        self._axes.add_collection(
            PolyCollection(corners, facecolors=fill.colour, linewidths=0, antialiaseds=False, **hatch), autolim=False
        )

    def line(
        self, points: Sequence[tuple[float, float]], colour: str, width_px: float, *, dashed: bool = False
    ) -> None:
        """Draw a line through points."""
        xs, ys = zip(*points, strict=True)
        self._axes.plot(
            xs, ys, color=colour, lw=width_px * _POINTS_PER_PX, ls=":" if dashed else "-", solid_capstyle="round"
        )

    def dots(self, points: Sequence[tuple[float, float]], colour: str, size_px: float, *, sign: str = "o") -> None:
        """Put a sign of matplotlib's at each point."""
        if points:
            xs, ys = zip(*points, strict=True)
            self._axes.plot(xs, ys, color=colour, marker=sign, ms=size_px * _POINTS_PER_PX, ls="", mew=0)

    def area(self, points: Sequence[tuple[float, float, float]], colour: str) -> None:
        """Shade what lies between two lines: of each point x, and y of both."""
        xs, above, below = zip(*points, strict=True)
        self._axes.fill_between(xs, above, below, color=colour, alpha=0.3, lw=0)

    def mark(self, centre: tuple[float, float], status: Status | None, size_px: float) -> None:
        """Put a state's sign in a disc of its colour; for none an empty ring."""
        if status is None:
            self.dots([centre], self.theme.grid, size_px)
            return
        self.dots([centre], self.theme.fills[status].colour, size_px)
        self.text(centre, SIGNS[status], size_px * 0.66, colour=self.theme.on_fill, bold=True, align="center")

    def png(self) -> bytes:
        """Return the page with as many colours as it needs, a third of its size: networks that are blocked are slow."""
        from PIL import Image  # noqa: PLC0415 -- comes with matplotlib

        self._canvas.draw()  # type: ignore[no-untyped-call]
        size = self._canvas.get_width_height()
        pixels = self._canvas.buffer_rgba()  # type: ignore[no-untyped-call]
        page = Image.frombuffer("RGBA", size, pixels, "raw", "RGBA", 0, 1)
        out = BytesIO()
        page.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        return out.getvalue()

    def _properties(self, size_px: float, *, bold: bool) -> FontProperties:
        weight = "bold" if bold else "normal"
        return self._font(family="DejaVu Sans", size=size_px * _POINTS_PER_PX, weight=weight)

    def _fitted(self, text: str, size_px: float, most_px: float, *, bold: bool) -> tuple[str, float]:
        text = "".join(sign if ord(sign) in _signs() else "" for sign in text)
        wide = self.width(text, size_px, bold=bold)
        if wide <= most_px:
            return text, size_px
        size_px *= max(_SMALLEST, most_px / wide)
        while len(text) > 1 and self.width(text, size_px, bold=bold) > most_px:
            text = text[:-2].rstrip() + "…"
        return text, size_px


@cache
def _signs() -> Collection[int]:
    """Return the code points that the font has, and those that steer the direction of others."""
    from matplotlib.font_manager import findfont  # noqa: PLC0415 -- see above
    from matplotlib.ft2font import FT2Font  # noqa: PLC0415 -- see above

    return {*FT2Font(findfont("DejaVu Sans")).get_charmap(), *_DIRECTIONS}


def _corners(left: float, top: float, right: float, bottom: float) -> list[tuple[float, float]]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
