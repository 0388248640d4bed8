"""Seconds that pass faster than the wall's, and never many at once: a busy machine cannot make a limit look broken."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.transports.telegram import sender
from tests.fakes.telegram import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

_TICK_S = 0.001
_MOST_AT_ONCE_S = 0.05
"""Of hurried time in one tick: in it hardly more than one message may leave."""


class HurriedClock(Clock):
    """The time that both Telegram and the sender go by."""

    def __init__(self, factor: float) -> None:
        super().__init__(frozen_at=1_800_000_000)
        self._factor = factor
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def until(self, at: float) -> None:
        if at <= self.now():
            return
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((at, woken))
        await woken

    @asynccontextmanager
    async def running(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        monkeypatch.setattr(sender, "_clock", self.now)
        monkeypatch.setattr(sender, "_until", self.until)
        ticking = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            ticking.cancel()

    async def _tick(self) -> None:
        before = time.perf_counter()
        while True:
            await asyncio.sleep(_TICK_S)
            before, passed_s = time.perf_counter(), time.perf_counter() - before
            self.advance(min(passed_s * self._factor, _MOST_AT_ONCE_S))
            due = [woken for at, woken in self._sleepers if at <= self.now()]
            self._sleepers = [(at, woken) for at, woken in self._sleepers if at > self.now()]
            for woken in due:
                if not woken.done():
                    woken.set_result(None)
