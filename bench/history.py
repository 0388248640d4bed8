"""History: the size of a year of it, and how long its pictures take, query and first import included.

The year is made up (`tests.bot.pasts`), thinned by the code that thins it as it comes, and put into a database for 35
services: five courses of events, each for seven of them.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.stalls import watched
from bench.table import Row
from bot.chat.chronicle import Chronicle
from bot.chat.commands import parse
from bot.chat.past import Incident
from bot.chat.request import Capabilities, Request
from bot.history import Reading
from bot.store import Store
from probes.catalogue import Catalogue
from probes.model import Service, Status
from tests.bot.pasts import Event, events, put, readings, thinned_by_age

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from bench.runs import Size
    from bot.chat.reply import Reply

ABOUT = "history: size of a year of 35 services, time of a picture, stalls while it is drawn"
_NOW = 1_795_426_800.0
_SERVICES, _COURSES = 35, 5


def measure(size: Size) -> list[Row]:
    return asyncio.run(_measure(size.pick(366.0, 3.0), size.pick(7, 1)))


async def _measure(days: float, rounds: int) -> list[Row]:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "bench.sqlite3"
        async with Store.open(path) as store:
            empty_bytes = path.stat().st_size
            courses = await _fill(store, days)
            desk = _desk(store, courses[0])
            rows = [*await _pictures(desk, rounds), await _adding(store, rounds * 10)]
        used = path.stat().st_size - empty_bytes
    return [
        Row(name="a year of 35 services at 5 min", value=used / 1e6, unit=" MB", at_most=60),
        Row(name="of it, a service", value=used / _SERVICES / 1000, unit=" kB"),
        *rows,
    ]


async def _fill(store: Store, days: float) -> list[list[Event]]:
    """Give every service its past, and return the courses of events."""
    ids = [service.id for service in Catalogue.load()][:_SERVICES]
    courses = [events(_NOW, days, seed) for seed in range(_COURSES)]
    for seed, course in enumerate(courses):
        kept = thinned_by_age(list(readings(_NOW, days, course, seed)), _NOW)
        await put(store.history._database, ids[seed::_COURSES], kept, _NOW)
    return courses


def _desk(store: Store, course: Sequence[Event]) -> Callable[[str], Awaitable[Reply]]:
    """Return what answers a command; incidents are those of the course."""
    troubles = [Incident(one.begin, one.end) for one in course if one.status in {Status.BLOCKED, Status.DOWN}]

    async def incidents_of(service: Service, since: float) -> list[Incident]:  # noqa: ARG001 -- the same for each
        return [one for one in troubles if (one.closed_at or _NOW) > since]

    chronicle = Chronicle(store.history, Catalogue.load(), incidents_of=incidents_of, clock=lambda: _NOW)

    async def ask(text: str) -> Reply:
        heard = _Heard()
        await chronicle.obey(parse(text), Request(chat="bench", text=text), heard)
        return heard.replies[0]

    return ask


class _Heard:
    capabilities = Capabilities(pictures=True)

    def __init__(self) -> None:
        self.replies: list[Reply] = []

    async def progress(self, reply: Reply) -> None: ...

    async def answer(self, reply: Reply) -> None:
        self.replies.append(reply)


# --- pictures --------------------------------------------------------------------------------------------------------


async def _pictures(ask: Callable[[str], Awaitable[Reply]], rounds: int) -> list[Row]:
    service = next(iter(Catalogue.load())).id
    first = await watched(partial(ask, f"/history {service} 1y"))
    rows = [
        Row(
            name="/history 1y, the first of a process",
            value=first.elapsed_s,
            unit=" s",
            detail="matplotlib is imported",
        )
    ]
    for asked, name in ((f"/history {service} 1y", "/history 1y"), ("/status", "/status of 35 services")):
        taken = [await watched(partial(ask, asked)) for _ in range(rounds)]
        drawn = all(one.result.picture for one in taken)
        stall_ms = 1000 * median(one.stall_s for one in taken)
        rows += [
            Row(name=name, value=median(one.elapsed_s for one in taken), unit=" s", at_most=1.5, wrong=not drawn),
            Row(name=f"longest stall of {asked.split()[0]}", value=stall_ms, unit=" ms", at_most=100),
        ]
    picture = first.result.picture
    size_kb = len(picture.png) / 1000 if picture else 0.0
    return [*rows, Row(name="the picture of a year", value=size_kb, unit=" kB")]


# --- readings --------------------------------------------------------------------------------------------------------


async def _adding(store: Store, count: int) -> Row:
    service = next(iter(Catalogue.load())).id
    taken_ms = []
    for number in range(count):
        began = time.perf_counter()
        await store.history.add("service", service, Reading(_NOW + 300 * number, None, Status.OK))
        taken_ms.append(1000 * (time.perf_counter() - began))
    return Row(name="one more reading", value=median(taken_ms), unit=" ms", detail="thinning included")
