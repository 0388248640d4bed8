"""Something to wait for: a ring, or a time."""

from __future__ import annotations

import asyncio
import math


class Bell:
    """Wakes whoever waits; a ring that nobody waited for is heard by the next one. For one listener."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, until: float) -> None:
        """Return when it rings, or at that time by the event loop's clock."""
        timer = None if math.isinf(until) else asyncio.get_running_loop().call_at(until, self.ring)
        try:
            await self._rung.wait()
        finally:
            self._rung.clear()
            if timer:
                timer.cancel()
