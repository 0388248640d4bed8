"""Rows of figures beside their targets, as plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADINGS = ("benchmark", "figure", "target", "verdict")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One figure. `value` is None where it cannot be had here; `detail` then says why."""

    name: str
    value: float | None = None
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None
    detail: str = ""
    wrong: bool = False
    """What was measured did not do what it should have done: the figure is worth nothing then."""

    @property
    def figure(self) -> str:
        if self.value is None:
            return self.detail
        return f"{_short(self.value)}{self.unit}" + (f"  ({self.detail})" if self.detail else "")

    @property
    def target(self) -> str:
        if self.at_most is not None:
            return f"≤ {_short(self.at_most)}{self.unit}"
        return f"≥ {_short(self.at_least)}{self.unit}" if self.at_least is not None else ""

    @property
    def verdict(self) -> str:
        if self.wrong:
            return "missed"
        if self.value is None or not self.target:
            return ""
        above = self.at_most is not None and self.value > self.at_most
        below = self.at_least is not None and self.value < self.at_least
        return "missed" if above or below else "met"


def render(rows: Sequence[Row]) -> str:
    """Return the rows in columns, under their headings."""
    lines = [HEADINGS, *((row.name, row.figure, row.target, row.verdict) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(f"{cell:{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def _short(value: float) -> str:
    """Three figures that matter, and no exponent."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
