"""What is watched and when next, how each subject stands, its incidents, and the changes that people are to hear of.

What makes an incident is `bot.incidents`' affair; who hears of a change, others'. They read `changes_after` the last
one that they have dealt with.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bot.incidents import Change, Claim, Severity, State, Subject
from bot.incidents.model import Ongoing
from probes import reports
from probes.model import Cause, Confidence, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import aiosqlite

    from bot.store.database import Database
    from probes.model import Report

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

KEEP_INCIDENTS_S = 2 * 365 * 24 * 3600
KEEP_CHANGES_S = 90 * 24 * 3600
"""How long changes are kept, and the reports behind incidents that are over."""
_MOST_STAGES = 40
"""Of one incident: how it began, and the last ones."""
_WORST_FIRST = ("block", "degradation", "outage", "directory", "host")
_WORST_STATUS_FIRST = (Status.BLOCKED, Status.DOWN, Status.DEGRADED)

_WATCHED = "SELECT service, due_at FROM watch ORDER BY due_at, service"
_SCHEDULE = """
    INSERT INTO watch (service, due_at) VALUES (?, ?) ON CONFLICT (service) DO UPDATE SET due_at = excluded.due_at
"""
_UNWATCH = "DELETE FROM watch WHERE service = ?"
_ABOUT = """
    kind = 'service' AND subject = ?1 OR kind = 'directory' AND substr(subject, instr(subject, '/') + 1) = ?1
"""
_FORGET_STATES = f"DELETE FROM standing WHERE {_ABOUT}"  # noqa: S608 -- a constant
_LOSE = f"""
    UPDATE incident SET closed_at = max(opened_at, ?2), lost = 1 WHERE closed_at IS NULL AND ({_ABOUT})
"""  # noqa: S608 -- see above
_STATES = "SELECT kind, subject, state FROM standing"
_SAVE_STATE = """
    INSERT INTO standing (kind, subject, state) VALUES (?, ?, ?)
    ON CONFLICT (kind, subject) DO UPDATE SET state = excluded.state
"""
_LOSE_ONE = """
    UPDATE incident SET closed_at = max(opened_at, ?), lost = 1
    WHERE kind = ? AND subject = ? AND closed_at IS NULL
"""
_OPEN = """
    INSERT INTO incident (kind, subject, severity, status, opened_at, course) VALUES (?, ?, ?, ?, ?, ?) RETURNING id
"""
_FIND_OPEN = "SELECT id, severity, status, course FROM incident WHERE kind = ? AND subject = ? AND closed_at IS NULL"
_RETELL = "UPDATE incident SET severity = ?, status = ?, course = ? WHERE id = ?"
_CLOSE = "UPDATE incident SET closed_at = max(opened_at, ?) WHERE id = ?"
_PROVE = "UPDATE incident SET evidence = ? WHERE id = ?"
_EVIDENCE = "SELECT evidence FROM incident WHERE id = ?"
_INCIDENT = "id, kind, subject, severity, status, opened_at, closed_at, lost, course"
_FIND = f"SELECT {_INCIDENT} FROM incident WHERE id = ?"  # noqa: S608 -- see above
_ALL_OPEN = f"SELECT {_INCIDENT} FROM incident WHERE closed_at IS NULL ORDER BY opened_at, id"  # noqa: S608 -- see above
_SINCE = f"""
    SELECT {_INCIDENT} FROM incident WHERE closed_at IS NULL OR closed_at > ? ORDER BY opened_at, id
"""  # noqa: S608 -- see above
_OF_SUBJECT = f"""
    SELECT {_INCIDENT} FROM incident
    WHERE kind = ? AND subject = ? AND (closed_at IS NULL OR closed_at > ?) ORDER BY opened_at, id
"""  # noqa: S608 -- see above
_ADD_CHANGE = "INSERT INTO change (incident, at, document) VALUES (?, ?, ?)"
_CHANGES_AFTER = "SELECT id, document FROM change WHERE id > ? ORDER BY id"
_OPEN_CHANGES = """
    SELECT change.id, document FROM change JOIN incident ON incident.id = incident
    WHERE closed_at IS NULL ORDER BY change.id
"""
_LAST_CHANGE = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'change'"
_FORGET_OLD = (
    ("DELETE FROM change WHERE at < ?", KEEP_CHANGES_S),
    ("UPDATE incident SET evidence = NULL WHERE closed_at < ? AND evidence IS NOT NULL", KEEP_CHANGES_S),
    ("DELETE FROM incident WHERE closed_at < ?", KEEP_INCIDENTS_S),
)


@dataclass(frozen=True, slots=True)
class StoredChange:
    """A change and its place in the order of all changes."""

    id: int
    change: Change


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What an incident was like from `at` on."""

    at: float
    status: Status
    confidence: Confidence
    causes: tuple[Cause, ...] = ()
    components: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An incident from its first measurement to its last, or to now."""

    id: int
    subject: Subject
    severity: Severity
    """The worst that it came to, as is `status`."""
    status: Status
    opened_at: float
    closed_at: float | None
    lost: bool
    """How it ended is not known: `closed_at` is when nobody watched any longer."""
    course: tuple[Stage, ...]


class Incidents:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- what is watched ---------------------------------------------------------------------------------------------

    async def watched(self) -> dict[str, float]:
        """Return when each service is to be measured next, the most urgent first."""
        return dict(await self._database.fetch_all(_WATCHED))

    async def schedule(self, due: Mapping[str, float]) -> None:
        """Watch these services from now on, and measure them next at these times."""

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.executemany(_SCHEDULE, list(due.items()))

        await self._database.transaction(work)

    async def unwatch(self, services: Collection[str], changes: Sequence[Change], *, now: float) -> None:
        """Forget how these services stand; what was open is lost sight of, as `changes` tell."""

        async def work(connection: aiosqlite.Connection) -> None:
            for change in changes:
                await _keep(connection, change, None)
            for service in services:
                await connection.execute(_UNWATCH, (service,))
                await connection.execute(_FORGET_STATES, (service,))
                await connection.execute(_LOSE, (service, now))

        await self._database.transaction(work)

    async def states(self) -> dict[Subject, State]:
        """Return how every subject stands; what an older version wrote in words of its own is passed over.

        What is open stays so all the same: its end is still to be told.
        """
        rows = await self._database.fetch_all(_STATES)
        found = {Subject(kind, name): _read(_writing().state, text) for kind, name, text in rows}
        known = {subject: state for subject, state in found.items() if state is not None}
        return {one.subject: _regained(one) for one in await self.open_incidents()} | known

    async def record(
        self,
        service: str,
        states: Iterable[State],
        changes: Sequence[Change],
        *,
        due_at: float,
        report: Report | None = None,
    ) -> None:
        """Note what a measurement of a service led to, and when the next is due: all of it or nothing.

        `report` is kept with the incidents to which it shows something new.
        """
        standings = [(s.subject.kind, s.subject.name, _writing().state.dump(s)) for s in states]
        shows = any(change.what in {"opened", "changed"} for change in changes)
        evidence = zlib.compress(reports.dump(report).encode()) if report and shows else None

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_SCHEDULE, (service, due_at))
            await connection.executemany(_SAVE_STATE, standings)
            for change in changes:
                await _keep(connection, change, evidence)
            for statement, keep_s in _FORGET_OLD if changes else ():
                await connection.execute(statement, (changes[-1].at - keep_s,))

        await self._database.transaction(work)

    # --- what people hear of -----------------------------------------------------------------------------------------

    async def changes_after(self, id_: int, *, most: int) -> list[StoredChange]:
        """Return the changes that came after that one, in their order, those of a known flapping left out."""

        async def work(connection: aiosqlite.Connection) -> list[StoredChange]:
            found: list[StoredChange] = []
            async with connection.execute(_CHANGES_AFTER, (id_,)) as cursor:
                async for number, text in cursor:
                    if (change := _read(_writing().change, text)) is not None:
                        found.append(StoredChange(number, change))
                    if len(found) == most:
                        break
            return found

        return await self._database.transaction(work)

    async def open_changes(self) -> list[StoredChange]:
        """Return the changes of what is going on, in their order."""
        rows = await self._database.fetch_all(_OPEN_CHANGES)
        found = ((number, _read(_writing().change, text)) for number, text in rows)
        return [StoredChange(number, change) for number, change in found if change is not None]

    async def last_change_id(self) -> int:
        """Return the id of the last change that there was; 0 before the first one."""
        [(last,)] = await self._database.fetch_all(_LAST_CHANGE)
        return int(last)

    # --- what happened -----------------------------------------------------------------------------------------------

    async def find(self, id_: int) -> Incident | None:
        found = await self._incidents(_FIND, (id_,))
        return found[0] if found else None

    async def open_incidents(self) -> list[Incident]:
        """Return what is going on now, what began first before the others."""
        return await self._incidents(_ALL_OPEN, ())

    async def incidents_of(self, subject: Subject, *, since: float) -> list[Incident]:
        """Return the incidents of a subject that were not over by then, in their order."""
        return await self._incidents(_OF_SUBJECT, (subject.kind, subject.name, since))

    async def incidents_since(self, since: float) -> list[Incident]:
        """Return all incidents that were not over by then, in their order."""
        return await self._incidents(_SINCE, (since,))

    async def evidence(self, id_: int) -> Report | None:
        """Return the report that last showed something new of an incident, while it is kept."""
        rows = await self._database.fetch_all(_EVIDENCE, (id_,))
        if not rows or rows[0][0] is None:
            return None
        try:
            return reports.load(zlib.decompress(rows[0][0]).decode())
        except (zlib.error, UnicodeDecodeError, reports.ReportError) as error:
            _log.warning("The report behind incident %s is passed over: %s", id_, error)
            return None

    async def _incidents(self, statement: str, values: tuple[object, ...]) -> list[Incident]:
        return [_incident(row) for row in await self._database.fetch_all(statement, values)]


# --- one change ------------------------------------------------------------------------------------------------------


async def _keep(connection: aiosqlite.Connection, change: Change, evidence: bytes | None) -> None:
    """Bring the incident up to date, and note the change if people are to hear of it."""
    incident = await (_opened if change.what == "opened" else _followed)(connection, change)
    if evidence is not None and change.what in {"opened", "changed"}:
        await connection.execute(_PROVE, (evidence, incident))
    if not change.quiet:
        document = _writing().change.dump(replace(change, incident=incident))
        await connection.execute(_ADD_CHANGE, (incident, change.at, document))


async def _opened(connection: aiosqlite.Connection, change: Change) -> int | None:
    subject = (change.subject.kind, change.subject.name)
    # One that is open still, though the state that led here knew of none: only one may be, and no other could begin.
    await connection.execute(_LOSE_ONE, (change.since, *subject))
    course = _writing().course.dump((_stage(change),))
    opened = (*subject, change.severity, change.status, change.opened_at, course)
    async with connection.execute(_OPEN, opened) as cursor:
        row = await cursor.fetchone()
    return row[0] if row else None


async def _followed(connection: aiosqlite.Connection, change: Change) -> int | None:
    async with connection.execute(_FIND_OPEN, (change.subject.kind, change.subject.name)) as cursor:
        row = await cursor.fetchone()
    if row is None:
        return None
    incident, severity, status, text = row
    if change.what == "closed":
        await connection.execute(_CLOSE, (change.since, incident))
    elif change.what == "changed":
        course = (*(_read(_writing().course, text) or ()), _stage(change))
        kept = course[:1] + course[1:][-_MOST_STAGES + 1 :]
        worst = min((change.severity, change.status), (severity, Status(status)), key=_gravity)
        await connection.execute(_RETELL, (*worst, _writing().course.dump(kept), incident))
    return int(incident)


def _gravity(said: tuple[str, Status]) -> tuple[int, int]:
    severity, status = said
    return _WORST_FIRST.index(severity), _WORST_STATUS_FIRST.index(status)


def _stage(change: Change) -> Stage:
    return Stage(
        at=change.since,
        status=change.status,
        confidence=change.confidence,
        causes=change.causes,
        components=change.components,
    )


def _incident(row: tuple[Any, ...]) -> Incident:
    id_, kind, subject, severity, status, opened_at, closed_at, lost, course = row
    return Incident(
        id=id_,
        subject=Subject(kind, subject),
        severity=severity,
        status=Status(status),
        opened_at=opened_at,
        closed_at=closed_at,
        lost=bool(lost),
        course=_read(_writing().course, course) or (),
    )


def _regained(incident: Incident) -> State:
    """Return how a subject stands of which only its incident is known."""
    last = incident.course[-1] if incident.course else None
    claim = Claim(
        status=last.status if last else incident.status,
        confidence=last.confidence if last else Confidence.POSSIBLE,
        causes=last.causes if last else (),
        components=last.components if last else (),
    )
    said = dict.fromkeys(cause for stage in incident.course for cause in stage.causes)
    ongoing = Ongoing(opened_at=incident.opened_at, claim=claim, said=tuple(said), worst=incident.status)
    return State(subject=incident.subject, ongoing=ongoing, moved_at=incident.opened_at)


# --- values as JSON --------------------------------------------------------------------------------------------------


class _Written(Generic[_T]):
    """How values of a type are written down."""

    def __init__(self, type_: Any) -> None:  # noqa: ANN401 -- a type, as pydantic takes it
        from pydantic import TypeAdapter  # noqa: PLC0415 -- see `_writing`

        self._adapter: TypeAdapter[_T] = TypeAdapter(type_)

    def dump(self, value: _T) -> str:
        return self._adapter.dump_json(value, exclude_defaults=True).decode()

    def load(self, text: str) -> _T:
        return self._adapter.validate_json(text)


@dataclass(frozen=True)
class _Writing:
    state: _Written[State]
    change: _Written[Change]
    course: _Written[tuple[Stage, ...]]


@cache
def _writing() -> _Writing:
    """Build the (de)serialisers when they are first needed: that takes longer than their work."""
    return _Writing(_Written(State), _Written(Change), _Written(tuple[Stage, ...]))


def _read(written: _Written[_T], text: str) -> _T | None:
    try:
        return written.load(text)
    except ValueError as error:
        _log.warning("A record of another version is passed over: %s", str(error).splitlines()[0])
        return None
