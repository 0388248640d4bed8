"""Waiting for something to become true, without sleeping."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_S = 30.0
"""Until a test gives up what it waits for: only where something is broken does anybody wait so long."""


class Changes:
    """Tells everybody who waits that something may have changed.

    Like asyncio.Condition, but `fire` needs no lock, so that code without a single await can call it.
    """

    def __init__(self) -> None:
        self._waiting: set[asyncio.Future[None]] = set()

    def fire(self) -> None:
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, probe: Callable[[], T], *, timeout_s: float | None) -> T:
        """The first truthy value of `probe`; raises TimeoutError after `timeout_s`."""
        async with asyncio.timeout(timeout_s):
            while not (value := probe()):
                waiter = asyncio.get_running_loop().create_future()
                self._waiting.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiting.discard(waiter)
        return value
