"""The history of what was measured: every reading, thinned with its age, so that a year of it stays small.

How readings are thinned and what they add up to is `bot.history`'s affair.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.history import HOLD_S, Reading, ongoing, settled, thinned
from bot.store.database import fetch_all
from probes.model import Cause, Confidence, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import aiosqlite

    from bot.store.database import Database

DAY_S = 24 * 3600.0
KEEP_S = 400 * DAY_S
"""How long readings of services are kept: a year, and some for its begin to be whole."""
KEEP_HOSTS_S = DAY_S
"""How long anything is kept of a bare host: somebody typed its name."""
MOST_STRETCHES = 48
"""That are thinned in one transaction, so that a long absence is made up for in many."""

_SERIES = "id, components, oldest_at, fine_to, coarse_to"
_BEGIN = f"""
    INSERT INTO series (kind, target, components, oldest_at, fine_to, coarse_to) VALUES (?1, ?2, ?3, ?4, ?4, ?4)
    ON CONFLICT (kind, target) DO UPDATE SET oldest_at = min(oldest_at, excluded.oldest_at)
    RETURNING {_SERIES}
"""  # noqa: S608 -- the columns are a constant
_FIND = f"SELECT {_SERIES} FROM series WHERE kind = ? AND target = ?"  # noqa: S608 -- see above
_NAME_COMPONENTS = "UPDATE series SET components = ? WHERE id = ?"
_READING = "at, until, times, status, confidence, causes, beyond_dns, components, response_ms, slowest_ms"
_ADD = f"INSERT OR REPLACE INTO reading (series, {_READING}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 -- see above
_BETWEEN = f"SELECT {_READING} FROM reading WHERE series = ? AND at >= ? AND at < ? ORDER BY at"  # noqa: S608 -- see above
_LAST_BEFORE = "SELECT max(at) FROM reading WHERE series = ? AND at < ?"
_FIRST_FROM = "SELECT min(at) FROM reading WHERE series = ? AND at >= ?"
_DROP = "DELETE FROM reading WHERE series = ? AND at >= ? AND at < ?"
_BACKWARDS = f"""
    SELECT {_READING} FROM reading WHERE series = ?1 AND at >= (
        SELECT coalesce(max(at), 0) FROM reading
        WHERE series = ?1 AND status <> 'inconclusive' AND status NOT IN (SELECT value FROM json_each(?2))
    ) ORDER BY at
"""  # noqa: S608 -- see above
_BOARD = f"""
    SELECT target, series.components, {_READING.replace("components", "reading.components")}
    FROM series JOIN reading ON series = series.id
    WHERE kind = ? AND target IN (SELECT value FROM json_each(?)) AND at >= ?
    ORDER BY series, at
"""  # noqa: S608 -- see above
_FORGET = (
    "DELETE FROM reading WHERE series IN (SELECT id FROM series WHERE kind = ?1 AND oldest_at < ?2) AND at < ?2",
    """DELETE FROM series WHERE kind = ?1 AND oldest_at < ?2
       AND NOT EXISTS (SELECT * FROM reading WHERE series = series.id)""",
    """UPDATE series SET oldest_at = (SELECT min(at) FROM reading WHERE series = series.id)
       WHERE kind = ?1 AND oldest_at < ?2""",
)
_LETTERS = {
    Status.OK: "o",
    Status.DEGRADED: "d",
    Status.BLOCKED: "b",
    Status.DOWN: "n",
    Status.INCONCLUSIVE: "i",
}
_BY_LETTER = {letter: status for status, letter in _LETTERS.items()}
_STATUSES = {status.value: status for status in Status}
_CONFIDENCES = {confidence.value: confidence for confidence in Confidence}
_CAUSES = {cause.value: cause for cause in Cause}
_ABSENT = "-"


class Tier(NamedTuple):
    """From which age on readings are thinned, to stretches of what length, and where it is noted how far that is."""

    age_s: float
    stretch_s: float
    mark: str
    note: str


TIERS = (
    Tier(7 * DAY_S, 1800.0, "fine_to", "UPDATE series SET fine_to = ? WHERE id = ?"),
    Tier(90 * DAY_S, 3 * 3600.0, "coarse_to", "UPDATE series SET coarse_to = ? WHERE id = ?"),
)


@dataclass(frozen=True, slots=True)
class Since:
    """How long a state has lasted, as far as the measurements tell. Times are in seconds since 1970."""

    at: float
    """The first measurement of a row that all say it; what could not tell is left aside."""
    otherwise_at: float | None
    """The last one before that which could tell, if it said otherwise: the change lies between. None where none did."""
    times: int
    """Measurements since then."""


class _Series(NamedTuple):
    id: int
    components: str
    oldest_at: float
    fine_to: float
    coarse_to: float


class History:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database, *, hold_s: float = HOLD_S) -> None:
        """`hold_s` is how long a measurement speaks for what follows."""
        self._database = database
        self._hold_s = hold_s

    async def add(self, kind: str, target: str, new: Reading) -> None:
        """Add a reading, thin what has come of age, and forget what is too old."""

        async def work(connection: aiosqlite.Connection) -> None:
            await self.write(connection, kind, target, new)

        await self._database.transaction(work)

    async def write(self, connection: aiosqlite.Connection, kind: str, target: str, new: Reading) -> None:
        """Do what `add` does, as part of a transaction."""
        row = await _row(connection, _BEGIN, (kind, target, " ".join(new.components), new.at))
        if row is None:
            return
        series = await _with_components(connection, _Series(*row), new.components)
        await connection.execute(_ADD, _packed(series.id, new, series.components))
        for tier in TIERS:
            await self._thin(connection, series, tier, new.at)
        await self.forget(connection, now=new.at)

    @staticmethod
    async def forget(connection: aiosqlite.Connection, *, now: float) -> None:
        """Forget what has been kept for long, within anybody's transaction."""
        for kept, keep_s in (("host", KEEP_HOSTS_S), ("service", KEEP_S)):
            for statement in _FORGET:
                await connection.execute(statement, (kept, now - keep_s))

    async def readings(self, kind: str, target: str, *, since: float, now: float) -> list[Reading]:
        """Return what was measured of a target, settled, the reading that reaches into the time included."""

        async def work(connection: aiosqlite.Connection) -> tuple[str, Sequence[aiosqlite.Row]]:
            row = await _row(connection, _FIND, (kind, target))
            if row is None:
                return "", ()
            series = _Series(*row)
            before = await _row(connection, _LAST_BEFORE, (series.id, since))
            begin = before[0] if before and before[0] is not None else since
            return series.components, await fetch_all(connection, _BETWEEN, (series.id, begin, now + 1))

        components, rows = await self._database.transaction(work)
        return await asyncio.to_thread(self._settled, components, rows, now)

    async def board(self, targets: Iterable[str], *, since: float, now: float) -> dict[str, list[Reading]]:
        """Return the readings of several services, settled; of those without any, nothing."""
        asked = json.dumps(list(targets))

        async def work(connection: aiosqlite.Connection) -> Sequence[aiosqlite.Row]:
            return await fetch_all(connection, _BOARD, ("service", asked, since))

        rows = await self._database.transaction(work)
        return await asyncio.to_thread(self._by_target, rows, now)

    async def since(self, kind: str, target: str, statuses: Collection[Status], *, now: float) -> Since | None:
        """Return how long a target has had one of these statuses; None where what was measured last says otherwise.

        A pause longer than `bot.history.BRIDGE_S` is as far as it reaches back.
        """
        asked = json.dumps(sorted(statuses))

        async def work(connection: aiosqlite.Connection) -> Sequence[aiosqlite.Row]:
            row = await _row(connection, _FIND, (kind, target))
            return await fetch_all(connection, _BACKWARDS, (row[0], asked)) if row else ()

        rows = await self._database.transaction(work)
        return await asyncio.to_thread(self._since, rows, statuses, now)

    def _settled(self, components: str, rows: Iterable[aiosqlite.Row], now: float) -> list[Reading]:
        return settled([_reading(row, components) for row in rows], now, self._hold_s)

    def _by_target(self, rows: Iterable[aiosqlite.Row], now: float) -> dict[str, list[Reading]]:
        found: dict[str, list[Reading]] = {}
        for target, components, *row in rows:
            found.setdefault(target, []).append(_reading(row, components))
        return {target: settled(readings, now, self._hold_s) for target, readings in found.items()}

    def _since(self, rows: Iterable[aiosqlite.Row], statuses: Collection[Status], now: float) -> Since | None:
        readings = self._settled("", rows, now)
        first = ongoing(readings, statuses)
        if first is None:
            return None
        lasting = [one for one in readings if one.at >= first.at and one.status in statuses]
        before = readings[0] if readings[0].status not in {*statuses, Status.INCONCLUSIVE} else None
        return Since(first.at, _last_at(before) if before else None, sum(one.times for one in lasting))

    async def _thin(self, connection: aiosqlite.Connection, series: _Series, tier: Tier, now: float) -> None:
        """Thin the oldest stretches that are due, a bounded number of them."""
        due_to = (now - tier.age_s) // tier.stretch_s * tier.stretch_s
        begin: float = getattr(series, tier.mark)
        if begin >= due_to:
            return
        first = await _row(connection, _FIRST_FROM, (series.id, begin))
        oldest_at = first[0] if first and first[0] is not None else due_to
        begin = min(oldest_at // tier.stretch_s * tier.stretch_s, due_to)
        end = min(begin + MOST_STRETCHES * tier.stretch_s, due_to)
        if begin < end:
            await self._thin_between(connection, series, tier.stretch_s, (begin, end))
        await connection.execute(tier.note, (end, series.id))

    async def _thin_between(
        self, connection: aiosqlite.Connection, series: _Series, stretch_s: float, between: tuple[float, float]
    ) -> None:
        rows = await fetch_all(connection, _BETWEEN, (series.id, *between))
        after = await _row(connection, _FIRST_FROM, (series.id, between[1]))
        next_at = after[0] if after and after[0] is not None else between[1] + self._hold_s
        kept = thinned(self._settled(series.components, rows, next_at), stretch_s)
        await connection.execute(_DROP, (series.id, *between))
        await connection.executemany(_ADD, [_packed(series.id, one, series.components) for one in kept])


def _last_at(one: Reading) -> float:
    """Return when a settled reading was last measured, as far as that is still known."""
    return one.at if one.times == 1 or one.until is None else one.until


# --- rows ------------------------------------------------------------------------------------------------------------


async def _with_components(connection: aiosqlite.Connection, series: _Series, components: Iterable[str]) -> _Series:
    """Return the series with places for all these components."""
    named = " ".join(dict.fromkeys((*series.components.split(), *components)))
    if named != series.components:
        await connection.execute(_NAME_COMPONENTS, (named, series.id))
    return series._replace(components=named)


def _packed(series: int, one: Reading, components: str) -> tuple[object, ...]:
    letters = "".join(
        _LETTERS[one.components[id_]] if id_ in one.components else _ABSENT for id_ in components.split()
    ).rstrip(_ABSENT)
    response_ms, slowest_ms = map(_milliseconds, (one.response_s, one.slowest_s))
    said = (one.status, one.confidence, " ".join(one.causes), one.beyond_dns)
    return (series, one.at, one.until, one.times, *said, letters, response_ms, slowest_ms)


def _milliseconds(seconds: float | None) -> int | None:
    return None if seconds is None else round(1000 * seconds)


def _reading(row: Iterable[Any], components: str) -> Reading:
    at, until, times, status, confidence, causes, beyond_dns, letters, response_ms, slowest_ms = row
    return Reading(
        at,
        until,
        _STATUSES.get(status, Status.INCONCLUSIVE),  # in the words of another version
        _CONFIDENCES.get(confidence, Confidence.POSSIBLE),
        _causes(causes),
        beyond_dns,
        _components(components, letters),
        None if response_ms is None else response_ms / 1000,
        None if slowest_ms is None else slowest_ms / 1000,
        times,
    )


@lru_cache(maxsize=4096)
def _components(ids: str, letters: str) -> Mapping[str, Status]:
    return {id_: _BY_LETTER[letter] for id_, letter in zip(ids.split(), letters, strict=False) if letter in _BY_LETTER}


@lru_cache(maxsize=4096)
def _causes(text: str) -> tuple[Cause, ...]:
    return tuple(_CAUSES[cause] for cause in text.split() if cause in _CAUSES)


async def _row(connection: aiosqlite.Connection, statement: str, values: tuple[object, ...]) -> aiosqlite.Row | None:
    async with connection.execute(statement, values) as cursor:
        return await cursor.fetchone()
