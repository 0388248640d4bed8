"""The outbox in a process of its own: tells a broadcast to everybody, alerts and replies in between, and its figures.

Arguments: the Bot API's address, its token, how many people there are, and how much faster than real its limits are.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from telegram import Bot

from bench.beside import serve_until_closed
from bot.outbox import Priority
from bot.outbox.delivery import NotSent, Outcome
from bot.outbox.outbox import Outbox
from bot.pacing import Pacer, Rates
from bot.store import Store
from bot.transports.telegram.delivery import TelegramDelivery
from bot.transports.telegram.request import AiohttpRequest
from tests.bot.outbox.memory import outgoing

if TYPE_CHECKING:
    from bot.outbox.model import Message

_REPLY_EVERY_S = 1.0
_ALERT_EVERY_S = 5.0
"""By Telegram's time."""


class Watched(TelegramDelivery):
    """Counts what it sends."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.sent: dict[Priority, dict[str, float]] = {priority: {} for priority in Priority}
        self.left: list[float] = []
        self.floods = 0

    async def deliver(self, message: Message) -> Outcome:
        self.left.append(time.perf_counter())
        if message.priority is Priority.ALERT:
            self.sent[Priority.ALERT][message.chat] = time.perf_counter()
        outcome = await super().deliver(message)
        self.floods += isinstance(outcome, NotSent)
        self.sent[message.priority].setdefault(message.chat, time.perf_counter())
        return outcome


async def tell(api: str, token: str, people: int, faster: float) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "db") as store, AiohttpRequest() as request:
            await _meet(store, people)
            bot = Bot(token, f"{api}/bot", request=request, get_updates_request=AiohttpRequest(pool_size=1))
            delivery = Watched(bot, store.chats, language="en")
            pacer = Pacer(Rates().times(faster))
            outbox = Outbox(store.outbox, store.chats, delivery, pacer)
            async with asyncio.TaskGroup() as group:
                running = group.create_task(outbox.run())
                return await _measured(outbox, delivery, pacer, people, faster, running)


async def _measured(
    outbox: Outbox, delivery: Watched, pacer: Pacer, people: int, faster: float, running: asyncio.Task[None]
) -> dict[str, float]:
    replies, alerts, used = [0.0], {}, count()
    began = time.perf_counter()
    await outbox.put(
        *(outgoing(f"telegram:{number}", "News.", Priority.BROADCAST, broadcast=1) for number in range(1, people + 1))
    )
    put_s = time.perf_counter() - began

    async def reply() -> None:
        clock = asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(_REPLY_EVERY_S / faster)
            asked = clock()
            for at in pacer.turn(("reply", next(used)), group=False, clock=clock):
                await asyncio.sleep(max(0.0, at - clock()))
            replies.append(clock() - asked)

    async def alarm() -> None:
        for number in count(people, -1):
            await asyncio.sleep(_ALERT_EVERY_S / faster)
            alerts[f"telegram:{number}"] = time.perf_counter()
            await outbox.put(outgoing(f"telegram:{number}", "Blocked.", Priority.ALERT))

    async with asyncio.TaskGroup() as group:
        beside = [group.create_task(reply()), group.create_task(alarm())]
        while len(delivery.sent[Priority.BROADCAST]) < people:  # noqa: ASYNC110 -- costs less than to be told of each
            await asyncio.sleep(0.01)
        for task in beside:
            task.cancel()
    running.cancel()
    took_s = max(delivery.left) - began
    waits = [delivery.sent[Priority.ALERT].get(chat, 0.0) - at for chat, at in alerts.items()]
    return {
        "put_s": put_s,
        "took_s": took_s * faster,
        "places": (len(delivery.left) + next(used)) / (took_s * faster),
        "floods": delivery.floods,
        "reply_s": max(replies) * faster,
        "alert_s": max(waits, default=0.0) * faster,
        "resident_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


async def _meet(store: Store, people: int) -> None:
    for first in range(1, people + 1, 500):
        chats = range(first, min(first + 500, people + 1))
        await asyncio.gather(*(store.chats.meet(f"telegram:{number}", "private", now=1) for number in chats))


async def main(api: str, token: str, people: str, faster: str) -> None:
    await serve_until_closed(await tell(api, token, int(people), float(faster)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
