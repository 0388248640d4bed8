"""The outbox in a process of its own: it tells everybody a broadcast, and then its own figures.

Arguments: the Bot API's address, its token, how many people there are, how much faster than real its limits are, and
for how many seconds to go on with alerts and replies in between; 0 is until everybody was told, without any.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from telegram import Bot

from bench.beside import serve_until_closed
from bot.cli import spare_the_collector
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

_EVERY_S = 0.5
"""As often a reply, and an alert, wants to leave."""


class Watched(TelegramDelivery):
    """Counts what it sends."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.sent: dict[Priority, dict[str, float]] = {priority: {} for priority in Priority}
        self.left: list[float] = []
        self.floods = 0

    async def deliver(self, message: Message) -> Outcome:
        self.left.append(time.perf_counter())
        self.sent[message.priority].setdefault(message.chat, time.perf_counter())
        outcome = await super().deliver(message)
        self.floods += isinstance(outcome, NotSent)
        return outcome


async def tell(api: str, token: str, people: int, faster: float, seconds: float) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "db") as store, AiohttpRequest() as request:
            await meet(store, people)
            bot = Bot(token, f"{api}/bot", request=request, get_updates_request=AiohttpRequest(pool_size=1))
            delivery = Watched(bot, store.chats, language="en")
            pacer = Pacer(Rates().times(faster))
            outbox = Outbox(store.outbox, store.chats, delivery, pacer)
            running = asyncio.ensure_future(outbox.run())
            put_s = await _put(outbox, people)
            if seconds:
                figures = await _waits(outbox, delivery, pacer, people, seconds)
            else:
                figures = await _rate(delivery, people, put_s, faster)
            running.cancel()
            await asyncio.wait({running})
    return figures | {"put_s": put_s, "floods": delivery.floods, "resident_mb": most_resident_mb()}


async def _put(outbox: Outbox, people: int) -> float:
    began = time.perf_counter()
    names = [f"telegram:{number}" for number in range(1, people + 1)]
    await outbox.put(*(outgoing(name, "News.", Priority.BROADCAST, broadcast=1) for name in names))
    return time.perf_counter() - began


async def _rate(delivery: Watched, people: int, put_s: float, faster: float) -> dict[str, float]:
    """Return how long it takes, by Telegram's time: putting it in is not made faster by faster limits."""
    began = time.perf_counter()
    while len(delivery.sent[Priority.BROADCAST]) < people:  # noqa: ASYNC110 -- costs less than to be told of each
        await asyncio.sleep(0.01)
    took_s = put_s + (max(delivery.left) - began) * faster
    return {"took_s": took_s, "per_s": people / took_s}


async def _waits(outbox: Outbox, delivery: Watched, pacer: Pacer, people: int, seconds: float) -> dict[str, float]:
    """Return the longest wait of a reply and of an alert."""
    clock = asyncio.get_running_loop().time
    replies, alerts = [0.0], {}
    for number in range(int(seconds / _EVERY_S)):
        await asyncio.sleep(_EVERY_S)
        asked = clock()
        for at in pacer.turn(("reply", number), group=False, clock=clock):
            await asyncio.sleep(max(0.0, at - clock()))
        replies.append(clock() - asked)
        chat = f"telegram:{people - number}"
        alerts[chat] = time.perf_counter()
        await outbox.put(outgoing(chat, "Blocked.", Priority.ALERT))
    await asyncio.sleep(3)
    waits = [delivery.sent[Priority.ALERT].get(chat, float("inf")) - at for chat, at in alerts.items()]
    return {"reply_s": max(replies), "alert_s": max(waits)}


def most_resident_mb() -> float:
    """Return the most memory that this process has used. `getrusage` counts its parent's too, before the exec."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


async def meet(store: Store, people: int) -> None:
    """Let as many people be known."""
    for first in range(1, people + 1, 500):
        chats = range(first, min(first + 500, people + 1))
        await asyncio.gather(*(store.chats.meet(f"telegram:{number}", "private", now=1) for number in chats))


async def main(api: str, token: str, people: str, faster: str, seconds: str) -> None:
    await serve_until_closed(await tell(api, token, int(people), float(faster), float(seconds)))


if __name__ == "__main__":
    spare_the_collector()
    asyncio.run(main(*sys.argv[1:]))
