"""Questions a second that are answered without a new measurement.

Asked one after the other, in one process: of the cache in memory, of the whole conversation from the text of a message
to the reply that a transport renders, and of the database as after a restart.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.table import Row
from bot.chat.conversation import Conversation
from bot.chat.request import Capabilities, Request
from bot.checks import Checks
from bot.store import Store
from probes.catalogue import Catalogue
from tests.bot.canned import CannedProber, report, service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from bench.runs import Size
    from bot.chat.reply import Reply

ABOUT = "questions a second answered from the cache"
_CACHE_S = 3600.0
_ASKERS = 1000


class Counting:
    """A transport that throws every reply away, after counting it."""

    capabilities = Capabilities()

    def __init__(self) -> None:
        self.replies = 0

    async def progress(self, _: Reply) -> None: ...

    async def answer(self, _: Reply) -> None:
        self.replies += 1


def measure(size: Size) -> list[Row]:
    with TemporaryDirectory() as directory:
        return asyncio.run(_measure(Path(directory) / "bench.sqlite3", questions=size.pick(5000, 20)))


async def _measure(database: Path, questions: int) -> list[Row]:
    stored = questions // 10
    async with Store.open(database) as store:
        async with _checks(store) as (checks, prober):
            crowd_ms = 1000 * await _crowd(checks, prober)
            in_memory = await _a_second(questions, lambda _: checks.check(service()))
            in_words = await _conversations_a_second(checks, questions)
        for number in range(stored):
            await store.save_report(f"s{number}", report(f"s{number}"), deep=False, measured_at=time.time())
        async with _checks(store) as (checks, prober):
            from_disk = await _a_second(stored, lambda number: checks.check(service(f"s{number}")))
            _expect(sum(prober.asked.values()) == 0, "stored reports are used")
    return [
        Row(name="questions answered from memory", value=in_memory, unit=" a second"),
        Row(name="messages answered, from text to reply", value=in_words, unit=" a second"),
        Row(name="questions answered from the database", value=from_disk, unit=" a second"),
        Row(name=f"{_ASKERS:,} who ask at once, one measurement", value=crowd_ms, unit=" ms until all have it"),
    ]


@asynccontextmanager
async def _checks(store: Store) -> AsyncIterator[tuple[Checks, CannedProber]]:
    prober = CannedProber()
    async with asyncio.TaskGroup() as tasks:
        yield Checks(prober, store, tasks, cache_s=_CACHE_S), prober


async def _crowd(checks: Checks, prober: CannedProber) -> float:
    began = time.perf_counter()
    await asyncio.gather(*(checks.check(service()) for _ in range(_ASKERS)))
    elapsed_s = time.perf_counter() - began
    _expect(sum(prober.asked.values()) == 1, "one measurement serves all")
    return elapsed_s


async def _a_second(questions: int, ask: Callable[[int], Awaitable[object]]) -> float:
    began = time.perf_counter()
    for number in range(questions):
        await ask(number)
    return questions / (time.perf_counter() - began)


async def _conversations_a_second(checks: Checks, questions: int) -> float:
    conversation, screen = Conversation(checks, Catalogue.load()), Counting()
    request = Request(chat="bench", text="is whatsapp working?")
    figure = await _a_second(questions, lambda _: conversation.handle(request, screen))
    _expect(screen.replies == questions, "every message is answered")
    return figure


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise RuntimeError(f"it should be so that {what}")
