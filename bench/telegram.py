"""Updates a second through our transport, beside python-telegram-bot's stock one in the same run.

An update is fetched by a long poll, handled in a task of its own and answered by one message. Both sides are the same
`telegram.Bot` and the same code but for the `BaseRequest` below it, with a pool as large as what is in flight and time
to wait for it. The fake Bot API has a process of its own; it neither validates nor limits, and takes 80 ms for a call.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from bench.beside import running
from bench.runs import Size, interleaved, ratio
from bench.table import Row
from bot.transports.telegram.request import AiohttpRequest, Timeouts

if TYPE_CHECKING:
    from collections.abc import Callable

    from telegram import Update

ABOUT = "updates a second, beside python-telegram-bot's stock transport"
_LATENCY_S = 0.08
_PATIENCE_S = 120.0


def measure(size: Size) -> list[Row]:
    return asyncio.run(_measure(size))


async def _measure(size: Size) -> list[Row]:
    crowds = size.pick(((256, 5.0), (32, None)), ((8, None),))
    rows = []
    async with running("bench.fake_telegram", str(_LATENCY_S)) as api:
        for in_flight, at_least in crowds:
            sides = [partial(_updates_a_second, api, kind, in_flight) for kind in (_ours, _stock)]
            ours, theirs = await interleaved(size.pick(3, 1), *sides)
            name = f"{in_flight} in flight, {1000 * _LATENCY_S:.0f} ms a call, ours ÷ stock"
            detail = f"{median(ours):.0f} beside {median(theirs):.0f} updates a second"
            rows.append(Row(name=name, value=ratio(ours, theirs), unit="×", at_least=at_least, detail=detail))
    return rows


def _ours(pool_size: int) -> BaseRequest:
    timeouts = Timeouts(pool_s=_PATIENCE_S, connect_s=_PATIENCE_S, write_s=_PATIENCE_S, read_s=_PATIENCE_S)
    return AiohttpRequest(pool_size=pool_size, timeouts=timeouts)


def _stock(pool_size: int) -> BaseRequest:
    return HTTPXRequest(
        connection_pool_size=pool_size,
        pool_timeout=_PATIENCE_S,
        connect_timeout=_PATIENCE_S,
        write_timeout=_PATIENCE_S,
        read_timeout=_PATIENCE_S,
    )


async def _updates_a_second(api: dict[str, Any], kind: Callable[[int], BaseRequest], in_flight: int) -> float:
    """Open every connection first, then handle twice as many updates as are in flight."""
    base = f"{api['api']}/bot"
    async with Bot(api["token"], base_url=base, request=kind(in_flight), get_updates_request=kind(1)) as bot:
        echo = _Echo(bot, in_flight)
        await echo.handle(in_flight)
        updates = 2 * in_flight
        began = time.perf_counter()
        await echo.handle(updates)
        return updates / (time.perf_counter() - began)


class _Echo:
    """Answers each update in a task of its own, so many at once."""

    def __init__(self, bot: Bot, in_flight: int) -> None:
        self._bot = bot
        self._room = asyncio.Semaphore(in_flight)
        self._offset = 0

    async def handle(self, updates: int) -> None:
        """Take that many, and return when all are answered."""
        async with asyncio.TaskGroup() as group:
            while updates:
                batch = await self._bot.get_updates(offset=self._offset, limit=min(updates, 100), timeout=30)
                for update in batch:
                    self._offset = update.update_id + 1
                    await self._room.acquire()
                    group.create_task(self._answer(update))
                updates -= len(batch)

    async def _answer(self, update: Update) -> None:
        try:
            assert update.message is not None
            await self._bot.send_message(update.message.chat_id, f"Asked: {update.message.text}")
        finally:
            self._room.release()
