"""The bot's part of a broadcast in a process of its own: it tells everybody, and then its own figures.

Arguments: the Bot API's address, its token, how many people there are, how much faster than real its limits and the
bot's pauses are, and the port of `bench.prompts` that says the alerts which want to leave in between; 0 is none.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from telegram import Bot

from bench.beside import serve_until_closed
from bench.prompts import prompts
from bench.telling import Watched, meet, most_resident_mb
from bot.broadcasts.broadcasts import Broadcasts, tally
from bot.chat.broadcasting import announcement
from bot.cli import spare_the_collector
from bot.outbox import Priority
from bot.outbox.outbox import Outbox
from bot.outbox.policy import Patience, Pause
from bot.pacing import Pacer, Rates
from bot.store import Store
from bot.store.broadcasts import Usual
from bot.transports.telegram.request import AiohttpRequest
from bot.transports.telegram.sender import Sender
from bot.transports.telegram.stage import TelegramStage
from tests.bot.outbox.memory import outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.broadcasts.model import Tally

_OPERATOR = "telegram:1"
_WARM = 0.1
"""Of all messages; what grows later would grow for ever."""


class Parts(NamedTuple):
    """What runs."""

    store: Store
    outbox: Outbox
    broadcasts: Broadcasts
    delivery: Watched


async def main(api: str, token: str, people: str, faster: str, port: str) -> None:
    async with _running(api, token, float(faster)) as parts:
        await meet(parts.store, int(people))
        figures = await _tell(parts, int(people), float(faster), int(port))
    await serve_until_closed(figures)


@asynccontextmanager
async def _running(api: str, token: str, faster: float) -> AsyncIterator[Parts]:
    with TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "db") as store, AiohttpRequest() as request:
            bot = Bot(token, f"{api}/bot", request=request, get_updates_request=AiohttpRequest(pool_size=1))
            delivery = Watched(bot, store.chats, language="en")
            pacer = Pacer(Rates().times(faster))
            outbox = Outbox(store.outbox, store.chats, delivery, pacer, patience=_patience(faster))
            per_s = pacer.rates.overall.count / pacer.rates.overall.per_s
            broadcasts = Broadcasts(
                store.broadcasts, store.outbox, store.chats, usual=Usual("en", {}), per_s=per_s, wake=outbox.wake
            )
            stage = TelegramStage(delivery, Sender(bot, pacer, store.chats), pacer)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(outbox.run()), group.create_task(broadcasts.run(stage, {_OPERATOR}))]
                yield Parts(store, outbox, broadcasts, delivery)
                for task in tasks:
                    task.cancel()


def _patience(faster: float) -> Patience:
    usual = Patience()
    pauses = (usual.not_sent, usual.unknown, usual.unreached, usual.unanswered)
    return Patience(*(Pause(pause.first_s / faster, pause.longest_s / faster) for pause in pauses))


async def _tell(parts: Parts, people: int, faster: float, port: int) -> dict[str, float]:
    """Broadcast to the end; return what came of it, and how long it took by Telegram's time."""
    id_ = await parts.store.broadcasts.draft(_OPERATOR, announcement("News."), now=1)
    asked = time.perf_counter()
    await parts.broadcasts.start(id_)
    began = time.perf_counter()
    alerts = asyncio.ensure_future(_alert(parts.outbox, people, port))
    grown_mb = await _growth(parts.delivery, people)
    await _sent(parts.delivery, people)
    told = await _end(parts, id_)
    await alerts
    await _all_told(parts.store)
    put_s, took_s = began - asked, began - asked + (max(parts.delivery.left) - began) * faster
    return {
        "put_s": put_s,
        "took_s": took_s,
        "per_s": people / took_s,
        "floods": parts.delivery.floods,
        "resident_mb": most_resident_mb(),
        "grown_mb": grown_mb,
        "sent": told.sent,
        "unknown": told.unknown,
        "total": told.total,
    }


async def _growth(delivery: Watched, people: int) -> float:
    """Return how much more memory is in use when nearly all are told than when a few were."""
    await _sent(delivery, int(people * _WARM))
    before = _resident_mb()
    await _sent(delivery, int(people * (1 - _WARM)))
    return _resident_mb() - before


async def _sent(delivery: Watched, count: int) -> None:
    while len(delivery.sent[Priority.BROADCAST]) < count:  # noqa: ASYNC110 -- costs less than to be told of each
        await asyncio.sleep(0.01)


async def _end(parts: Parts, id_: int) -> Tally:
    while (told := tally(await parts.store.outbox.counts(id_))).left:  # noqa: ASYNC110 -- the store tells nobody
        await asyncio.sleep(0.05)
    return told


async def _all_told(store: Store) -> None:
    while {"waiting", "leased"} & (await store.outbox.backlog()).keys():  # noqa: ASYNC110 -- the store tells nobody
        await asyncio.sleep(0.05)


async def _alert(outbox: Outbox, people: int, port: int) -> None:
    """Put in the alerts that are asked for until no more are, each for a chat of its own as long as there are any."""
    if not port:
        return
    chat = 0
    async for text in prompts(port):
        chat = chat or people
        await outbox.put(outgoing(f"telegram:{chat}", text, Priority.ALERT))
        chat -= 1


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    spare_the_collector()
    asyncio.run(main(*sys.argv[1:]))
