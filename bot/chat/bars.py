"""Rows of bars: each is a part of the time, as high as what was measured of it, in the colours of its states."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat.charts import Fill
from bot.history import SEVERITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.chat.charts import Box, Sheet
    from bot.columns import Column
    from probes.model import Status

_GAP_PX = 2.0
"""Between two bars; between very narrow ones half as much."""
_NARROW_PX = 6.0
_LEAST_SHARE = 0.2
"""Of a bar's height that anything gets which was seen at all: nothing is too short to be shown."""
_FULL_SHARE = 0.85
"""Measured so much, a time counts as measured whole."""


def draw_bars(sheet: Sheet, columns: Sequence[Column], width_s: float, within: Box) -> None:
    """Draw columns of `width_s` seconds side by side; where nothing was measured, only the ground is to be seen."""
    left, top, right, bottom = within
    sheet.boxes([within], Fill(sheet.theme.track))
    boxes: dict[Status, list[Box]] = {}
    for number, column in enumerate(columns):
        begin, end = edges(number, len(columns), left, right)
        base = bottom
        for status, share in shares(column, width_s):
            high = base - share * (bottom - top)
            boxes.setdefault(status, []).append((begin, round(high), end, round(base)))
            base = high
    for status, found in boxes.items():
        sheet.boxes(found, sheet.theme.fills[status])


def edges(number: int, count: int, left: float, right: float) -> tuple[float, float]:
    """Return where one of `count` columns begins and ends, on whole pixels."""
    width = (right - left) / count
    return round(left + number * width), round(left + (number + 1) * width) - (
        _GAP_PX if width > _NARROW_PX else _GAP_PX / 2
    )


def shares(column: Column, width_s: float) -> list[tuple[Status, float]]:
    """Return what share of a bar's height each state has, worst first: each can be seen, together no more than 1."""
    measured = sum(column.values()) / width_s
    scale = 1 / (measured * width_s) if measured >= _FULL_SHARE else 1 / width_s
    found = [(status, max(column[status] * scale, _LEAST_SHARE)) for status in SEVERITY if column.get(status)]
    whole = sum(share for _, share in found)
    if whole <= 1:
        return found
    least = _LEAST_SHARE * len(found)
    shrunk = (1 - least) / (whole - least)
    return [(status, _LEAST_SHARE + (share - _LEAST_SHARE) * shrunk) for status, share in found]
