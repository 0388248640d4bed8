"""How long an event loop was held up."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_TICK_S = 0.002

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Watched(Generic[Result]):
    """Work that was done: how long it took, by how much a timer was late at worst meanwhile, and what came of it."""

    elapsed_s: float
    stall_s: float
    result: Result


async def watched(work: Callable[[], Awaitable[Result]]) -> Watched[Result]:
    """Do the work under a timer's eyes."""
    stall_s = 0.0

    async def watch() -> None:
        nonlocal stall_s
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            stall_s = max(stall_s, time.perf_counter() - began - _TICK_S)

    watching = asyncio.ensure_future(watch())
    began = time.perf_counter()
    try:
        result = await work()
    finally:
        watching.cancel()
    return Watched(time.perf_counter() - began, stall_s, result)
