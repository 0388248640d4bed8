"""Who begins next: steps are let in one a turn of the event loop, so that those under way are heard in between.

Hundreds of connections that began in one go would keep each other waiting, and look slow where the network is not. Nor
are more of them under way at a time than this process may have sockets: one that got none would look like a failure.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MOST = 400
"""A step has two sockets at most, and 1,024 descriptors are usual. A healthy catalogue has some 250 under way."""
_LATELY_S = 1.0


class Turns:
    """A queue with two ranks, for one event loop. Whoever waits may be cancelled."""

    def __init__(self, most: int = MOST) -> None:
        """`most` may be under way at a time."""
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._behind: deque[asyncio.Future[None]] = deque()
        self._free = most
        self._due = False
        self._called_s = 0.0
        self._longest_s, self._until_s = 0.0, 0.0

    @asynccontextmanager
    async def turn(self, *, ahead: bool) -> AsyncIterator[None]:
        """Wait for one's turn, and hold it. Those `ahead` go before all others."""
        await self._wait(self._ahead if ahead else self._behind)
        try:
            yield
        finally:
            self._give_back()

    def lag_s(self, now_s: float) -> float:
        """Return how long the longest of the loop's last turns took: so much later is anything noticed here."""
        return self._longest_s if now_s < self._until_s else 0.0

    async def _wait(self, queue: deque[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._call()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():  # it was this one's turn already
                self._give_back()
            raise

    def _give_back(self) -> None:
        self._free += 1
        self._call()

    def _call(self) -> None:
        if not self._due:
            self._due = True
            loop = asyncio.get_running_loop()
            self._called_s = loop.time()
            loop.call_soon(self._let_in)

    def _let_in(self) -> None:
        self._due = False
        self._note(asyncio.get_running_loop().time())
        for queue in (self._ahead, self._behind):
            while queue and self._free:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    self._free -= 1
                    self._call()
                    return

    def _note(self, now_s: float) -> None:
        turn_s = now_s - self._called_s
        if turn_s >= self._longest_s or now_s >= self._until_s:
            self._longest_s, self._until_s = turn_s, now_s + _LATELY_S
