"""Who begins next: steps are let in one a turn of the event loop, so that those under way are heard in between.

Hundreds of connections that began in one go would keep each other waiting, and look slow where the network is not.
"""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """A queue with two ranks, for one event loop. Whoever waits may be cancelled."""

    def __init__(self) -> None:
        self._ahead: deque[asyncio.Future[None]] = deque()
        self._behind: deque[asyncio.Future[None]] = deque()
        self._due = False

    async def wait(self, *, ahead: bool) -> None:
        """Return when it is one's turn. Those `ahead` go before all others."""
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        (self._ahead if ahead else self._behind).append(turn)
        if not self._due:
            self._due = True
            loop.call_soon(self._let_in)
        await turn

    def _let_in(self) -> None:
        for queue in (self._ahead, self._behind):
            while queue:
                turn = queue.popleft()
                if not turn.done():
                    turn.set_result(None)
                    asyncio.get_running_loop().call_soon(self._let_in)
                    return
        self._due = False
