"""Years of readings: made up by a seeded course of events, thinned by age, and put into a store at once."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, NamedTuple

from bot.history import Reading, settled, thinned
from bot.store import history
from bot.store.history import DAY_S, TIERS
from probes.model import Cause, Confidence, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import aiosqlite

    from bot.store.database import Database

COMPONENTS = ("web", "chat", "signup", "media", "calls")
_TROUBLES = (
    (Status.BLOCKED, (Cause.TLS_SNI_RESET, Cause.DNS_SPOOFED)),
    (Status.BLOCKED, (Cause.IP_DROPPED,)),
    (Status.DEGRADED, (Cause.FLOW_THROTTLED,)),
    (Status.DOWN, (Cause.SERVICE_DOWN,)),
    (Status.INCONCLUSIVE, (Cause.HOST_OFFLINE,)),
)


class Event(NamedTuple):
    """A time in which a service does not simply work; without a status nothing is measured."""

    begin: float
    end: float
    status: Status | None
    causes: tuple[Cause, ...] = ()


def events(now: float, days: float, seed: int) -> list[Event]:
    """Return troubles of all kinds, some a few minutes long, some weeks."""
    chance = random.Random(seed)
    found: list[Event] = []
    at = now - days * DAY_S
    while (at := at + chance.expovariate(1 / (6 * DAY_S))) < now:
        length_s = min(chance.lognormvariate(8.5, 2), 40 * DAY_S)
        status, causes = chance.choice(_TROUBLES) if chance.random() > 0.1 else (None, ())
        found.append(Event(at, at + length_s, status, causes))
        at += length_s
    return found


def readings(now: float, days: float, course: Sequence[Event], seed: int, interval_s: float = 300) -> Iterator[Reading]:
    """Yield what a monitor says that measures at this interval, a little irregularly."""
    chance = random.Random(seed)
    coming = list(reversed(course))
    at = now - days * DAY_S
    while (at := at + interval_s * chance.uniform(0.95, 1.05)) < now:
        while coming and coming[-1].end <= at:
            coming.pop()
        event = coming[-1] if coming and coming[-1].begin <= at else Event(at, at, Status.OK)
        if event.status is not None:
            yield _reading(at, event, chance)


def _reading(at: float, event: Event, chance: random.Random) -> Reading:
    status = event.status or Status.INCONCLUSIVE
    degraded = status is Status.DEGRADED
    parts = {id_: status if number < (2 if degraded else 5) else Status.OK for number, id_ in enumerate(COMPONENTS)}
    taken_s = None
    if status in {Status.OK, Status.DEGRADED}:
        daily = 1 + 0.4 * math.sin(at / DAY_S * 2 * math.pi)
        taken_s = round((4 if degraded else 1) * daily * chance.lognormvariate(-2, 0.3), 3)
    return Reading(at, None, status, Confidence.CONFIRMED, event.causes, "unknown", parts, taken_s, taken_s)


def thinned_by_age(measured: Sequence[Reading], now: float) -> list[Reading]:
    """Return what is kept of measurements at the time of the last one: the newest as they were."""
    kept = settled(measured, now)
    for tier in TIERS:
        due_to = (now - tier.age_s) // tier.stretch_s * tier.stretch_s
        kept = [
            *thinned((one for one in kept if one.at < due_to), tier.stretch_s),
            *(o for o in kept if o.at >= due_to),
        ]
    fresh_from = (now - TIERS[0].age_s) // TIERS[0].stretch_s * TIERS[0].stretch_s
    return [one._replace(until=None) if one.at >= fresh_from else one for one in kept]


async def put(database: Database, targets: Iterable[str], kept: Sequence[Reading], now: float) -> None:
    """Store readings that are thinned already, the same for each of these services."""
    names = " ".join(COMPONENTS)

    async def work(connection: aiosqlite.Connection) -> None:
        for target in targets:
            row = await history._row(connection, history._BEGIN, ("service", target, names, kept[0].at))
            assert row is not None
            await connection.executemany(history._ADD, [history._packed(row[0], one, names) for one in kept])
            for tier in TIERS:
                due_to = (now - tier.age_s) // tier.stretch_s * tier.stretch_s
                await connection.execute(tier.note, (due_to, row[0]))

    await database.transaction(work)
