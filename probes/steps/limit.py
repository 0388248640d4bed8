"""How long a step may take, on an event loop that may itself be held up.

A timer that goes off late was kept waiting by this host, and so was what has arrived meanwhile and is not read yet. The
step gets the time back that it was deprived of, so that no silence is told of that was this host's own.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

LATE_S = 0.05
"""By how much a timer may go off late all the same."""
_CHANCES = 3
"""How often a step gets time back: a host that is held up all the time is not waited for without end."""


class Limit:
    """An async context manager like `asyncio.timeout`, for a loop that is held up. Raises TimeoutError."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = max(timeout_s, 0.0)  # what should have ended already is not late
        self._timeout = asyncio.timeout(None)

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._loop = asyncio.get_running_loop()
        self._call_at(self._loop.time() + self._timeout_s, _CHANCES)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        await self._timeout.__aexit__(kind, error, traceback)

    def reschedule(self, when_s: float) -> None:
        """End at another of the loop's times."""
        self._timer.cancel()
        self._call_at(when_s, _CHANCES)

    def _call_at(self, when_s: float, chances: int) -> None:
        self._timer = self._loop.call_at(when_s, self._end, when_s, chances)

    def _end(self, when_s: float, chances: int) -> None:
        now_s = self._loop.time()
        late_s = now_s - when_s
        if late_s > LATE_S and chances:
            self._call_at(now_s + late_s, chances - 1)
        else:
            self._timeout.reschedule(now_s)
