"""How often things are measured, in which order, and what stands for all the runs."""

from __future__ import annotations

import asyncio
from enum import Enum
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

T = TypeVar("T")


class Size(Enum):
    """FULL is for figures, TINY only shows that a benchmark still runs."""

    FULL = "full"
    TINY = "tiny"

    def pick(self, full: T, tiny: T) -> T:
        return full if self is Size.FULL else tiny


async def interleaved(rounds: int, *sides: Callable[[], Awaitable[float]], rest_s: float = 0.0) -> list[list[float]]:
    """Measure A B A B …, so that whatever else the machine does hits all sides alike; return each side's figures.

    `rest_s` lets what one side leaves behind, such as connections to close, end before the next begins.
    """
    figures: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for taken, side in zip(figures, sides, strict=True):
            await asyncio.sleep(rest_s)
            taken.append(await side())
    return figures


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))
