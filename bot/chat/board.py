"""The picture of all services: how each stands, and its last day as a row of bars.

What does not work has a line of its own with the reason; what works stands in two columns beneath. The words arrive
worded (`bot.chat.standing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.chat.bars import draw_bars
from bot.chat.charts import DARK, WIDTH_PX, Sheet, Theme
from bot.columns import Column
from probes.model import Status

if TYPE_CHECKING:
    from bot.chat.charts import Align

LEAST_HEIGHT_PX = 480
MOST_ROWS = 24
"""Services with a line of their own."""
MOST_CELLS = 60
"""Services in the two columns."""
_MARGIN = 48.0
_HEADER = 114.0
_SUMS = 56.0
_SUMS_IN_LINE = 3
_ROW = 84.0
_CELL = 58.0
_BETWEEN = 24.0
_FOOTER = 60.0
_ROW_BARS = 340.0
_CELL_BARS = 176.0
_CELL_WIDTH = (WIDTH_PX - 2 * _MARGIN - _BETWEEN) / 2


@dataclass(frozen=True, slots=True)
class Entry:
    """One service."""

    name: str
    status: Status | None
    """None where it was not measured lately."""
    reason: str
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """All that the picture shows."""

    title: str
    beside: str
    sums: Sequence[tuple[Status | None, str]]
    rows: Sequence[Entry]
    cells: Sequence[Entry]
    column_s: float
    """What a bar stands for."""
    footer: str
    right_to_left: bool = False


def draw(board: Board, theme: Theme = DARK) -> bytes:
    """Return the picture, a PNG. Slow, and for one thread at a time: see `charts.painted`."""
    return _Page(board, theme).png()


class _Page:
    """The picture while it is drawn from top to bottom; mirrored, where people read that way."""

    def __init__(self, board: Board, theme: Theme) -> None:
        self._board = board
        self._theme = theme
        height = max(LEAST_HEIGHT_PX, _height(board))
        self._sheet = Sheet(int(height), theme, right_to_left=board.right_to_left)
        self._y = 0.0

    def png(self) -> bytes:
        self._header()
        for entry in self._board.rows[:MOST_ROWS]:
            self._row(entry)
        self._y += _BETWEEN if self._board.rows else 0
        cells = self._board.cells[:MOST_CELLS]
        for number, entry in enumerate(cells):
            row, column = divmod(number, 2)
            self._cell(entry, self._y + (row + 0.5) * _CELL, column * (_CELL_WIDTH + _BETWEEN))
        self._y += _CELL * -(-len(cells) // 2)
        self._text(_MARGIN, self._y + 34, self._board.footer, 24, colour=self._theme.faint)
        return self._sheet.png()

    def _header(self) -> None:
        self._text(_MARGIN, 72, self._board.title, 52, bold=True, most_px=620)
        self._text(WIDTH_PX - _MARGIN, 76, self._board.beside, 28, colour=self._theme.faint, at_end=True, most_px=340)
        x, y = _MARGIN, _HEADER + _SUMS / 2
        for number, (status, text) in enumerate(self._board.sums):
            width = 46 + self._sheet.width(text, 28)
            if number == _SUMS_IN_LINE:
                x, y = _MARGIN, y + _SUMS
            self._mark(x + 18, y, status, 36)
            self._text(x + 46, y, text, 28)
            x += width + 36
        self._y = _HEADER + _SUMS * _sum_lines(self._board) + _BETWEEN

    def _row(self, entry: Entry) -> None:
        middle = self._y + _ROW / 2
        most_px = WIDTH_PX - 2 * _MARGIN - 64 - _ROW_BARS - 24
        self._mark(_MARGIN + 24, middle, entry.status, 46)
        self._text(_MARGIN + 64, middle - 17, entry.name, 34, bold=True, most_px=most_px)
        self._text(_MARGIN + 64, middle + 22, entry.reason, 25, colour=self._theme.faint, most_px=most_px)
        self._bars(entry, WIDTH_PX - _MARGIN - _ROW_BARS, middle - 24, (_ROW_BARS, 48))
        self._y += _ROW

    def _cell(self, entry: Entry, middle: float, left: float) -> None:
        self._mark(left + _MARGIN + 18, middle, entry.status, 36)
        name_px = _CELL_WIDTH - 50 - _CELL_BARS - 12
        self._text(left + _MARGIN + 50, middle, entry.name, 29, most_px=name_px)
        self._bars(entry, left + _MARGIN + _CELL_WIDTH - _CELL_BARS, middle - 17, (_CELL_BARS, 34))

    def _bars(self, entry: Entry, left: float, top: float, size: tuple[float, float]) -> None:
        width, height = size
        if self._board.right_to_left:
            left = WIDTH_PX - left - width
        draw_bars(self._sheet, entry.columns, self._board.column_s, (left, top, left + width, top + height))

    def _mark(self, x: float, y: float, status: Status | None, size: float) -> None:
        self._sheet.mark((WIDTH_PX - x if self._board.right_to_left else x, y), status, size)

    def _text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        *,
        colour: str | None = None,
        bold: bool = False,
        at_end: bool = False,
        most_px: float = WIDTH_PX,
    ) -> None:
        mirrored = self._board.right_to_left
        align: Align = "right" if at_end != mirrored else "left"
        at = (WIDTH_PX - x if mirrored else x, y)
        self._sheet.text(at, text, size, colour=colour, bold=bold, align=align, most_px=most_px)


def _height(board: Board) -> float:
    rows, cells = min(len(board.rows), MOST_ROWS), min(len(board.cells), MOST_CELLS)
    sums = _SUMS * _sum_lines(board) + _BETWEEN
    return _HEADER + sums + rows * _ROW + (_BETWEEN if rows else 0) + -(-cells // 2) * _CELL + _FOOTER


def _sum_lines(board: Board) -> int:
    """Return how many lines the sums have: a second one from the fourth on."""
    return 1 if len(board.sums) <= _SUMS_IN_LINE else 2
