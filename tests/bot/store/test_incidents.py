"""Incidents are kept with the changes and the states that led to them, all of it or nothing, and for so long."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.incidents import HOST, Change, State, Subject, advance, in_directory, lose, of_service
from bot.store import StoreError
from bot.store.database import open_database
from bot.store.incidents import KEEP_CHANGES_S, KEEP_INCIDENTS_S, Incidents, Stage
from probes.model import Cause, Confidence, DirectoryFinding, Report, Status
from tests.bot.canned import report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WHATSAPP = of_service("whatsapp")
NSDI = in_directory("nsdi", "whatsapp")
BLOCKED = report("whatsapp", Status.BLOCKED, Cause.TLS_SNI_RESET)
DELISTED = DirectoryFinding(id="nsdi", status="delisted")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "db"


@pytest.fixture
async def incidents(path: Path) -> AsyncIterator[Incidents]:
    async with open_database(path) as database:
        yield Incidents(database)


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement).fetchall()


async def watch(incidents: Incidents, *reports: Report, at: float = 1000, every_s: float = 60) -> float:
    """Record these reports one after the other, as the monitor does; return when the last one was made."""
    for number, one in enumerate(reports):
        at += every_s if number else 0
        states, changes = advance(await incidents.states(), one, at, at)
        await incidents.record(one.target, states.values(), changes, due_at=at + 300, report=one)
    return at


async def heard(incidents: Incidents, after: int = 0) -> list[tuple[int, str, Subject]]:
    found = await incidents.changes_after(after, most=1000)
    return [(stored.id, stored.change.what, stored.change.subject) for stored in found]


async def test_what_a_measurement_led_to_is_there_after_a_restart(path: Path) -> None:
    async with open_database(path) as database:
        incidents = Incidents(database)
        await watch(incidents, report(), BLOCKED, BLOCKED)
        states = await incidents.states()
    async with open_database(path) as database:
        incidents = Incidents(database)
        assert await incidents.states() == states
        assert states[WHATSAPP].ongoing is not None
        assert await incidents.watched() == {"whatsapp": 1420}
        [found] = await incidents.open_incidents()
        assert (found.subject, found.severity, found.status) == (WHATSAPP, "block", Status.BLOCKED)
        assert (found.opened_at, found.closed_at, found.lost) == (1060, None, False)
        [stored] = await incidents.changes_after(0, most=10)
        assert (stored.id, stored.change.incident) == (1, found.id)
        assert (stored.change.what, stored.change.since) == ("opened", 1060)
        assert await incidents.evidence(found.id) == BLOCKED


@pytest.mark.parametrize("spoilt", [b"not compressed", zlib.compress(b"\xff"), zlib.compress(b"{}")])
async def test_a_report_that_cannot_be_read_is_passed_over(incidents: Incidents, path: Path, spoilt: bytes) -> None:
    await watch(incidents, BLOCKED, BLOCKED)
    [found] = await incidents.open_incidents()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE incident SET evidence = ?", (spoilt,))
    assert await incidents.evidence(found.id) is None


async def test_an_incident_keeps_its_course_and_the_worst_that_it_came_to(incidents: Incidents) -> None:
    partly = report("whatsapp", Status.DEGRADED, Cause.QUIC_DROPPED)
    await watch(incidents, *[partly] * 2, *[BLOCKED] * 2, *[partly] * 2, *[report()] * 2)
    [found] = await incidents.incidents_of(WHATSAPP, since=0)
    assert (found.severity, found.status, found.closed_at) == ("block", Status.BLOCKED, 1360)
    assert [(stage.at, stage.status) for stage in found.course] == [
        (1000, Status.DEGRADED),
        (1120, Status.BLOCKED),
        (1240, Status.DEGRADED),
    ]
    assert found.course[1] == Stage(
        at=1120,
        status=Status.BLOCKED,
        confidence=Confidence.CONFIRMED,
        causes=(Cause.TLS_SNI_RESET,),
        components=("web",),
    )
    assert await incidents.find(found.id) == found
    assert await incidents.find(99) is None
    assert await incidents.open_incidents() == []


async def test_incidents_are_found_by_their_subject_and_by_when_they_ended(incidents: Incidents) -> None:
    seen = replace(BLOCKED, directories=(DELISTED,))
    at = await watch(incidents, *[seen] * 4, *[report()] * 2)
    await watch(incidents, BLOCKED, BLOCKED, at=at + 3600)
    assert [(i.opened_at, i.closed_at) for i in await incidents.incidents_of(WHATSAPP, since=0)] == [
        (1000, 1240),
        (4900, None),
    ]
    assert [i.opened_at for i in await incidents.incidents_of(WHATSAPP, since=1240)] == [4900]
    assert [i.opened_at for i in await incidents.incidents_of(NSDI, since=0)] == [1000]
    assert [i.subject for i in await incidents.open_incidents()] == [NSDI, WHATSAPP]


async def test_changes_are_read_on_from_the_last_one_that_was_dealt_with(incidents: Incidents) -> None:
    assert await incidents.last_change_id() == 0
    await watch(incidents, BLOCKED, BLOCKED, report(), report())
    assert await heard(incidents) == [(1, "opened", WHATSAPP), (2, "closed", WHATSAPP)]
    assert await heard(incidents, after=1) == [(2, "closed", WHATSAPP)]
    assert [stored.id for stored in await incidents.changes_after(0, most=1)] == [1]
    assert await incidents.last_change_id() == 2


async def test_of_a_known_flapping_nobody_hears_and_history_has_it_all(incidents: Incidents) -> None:
    await watch(incidents, *[BLOCKED, BLOCKED, report(), report()] * 6)
    assert [what for _, what, _ in await heard(incidents)] == ["opened", "closed"] * 3 + ["flapping"]
    assert len(await incidents.incidents_of(WHATSAPP, since=0)) == 6


async def test_an_error_between_leaves_nothing_half_done(incidents: Incidents, path: Path) -> None:
    await watch(incidents, BLOCKED)
    before = (await incidents.states(), await incidents.watched())
    states, changes = advance(await incidents.states(), BLOCKED, 1060, 1060)
    broken = (*changes, replace(changes[0], what="opened", opened_at=None))  # NOT NULL: refused after the first is in
    with pytest.raises(StoreError):
        await incidents.record("whatsapp", states.values(), broken, due_at=2000)
    assert (await incidents.states(), await incidents.watched()) == before
    assert await incidents.open_incidents() == []
    assert await heard(incidents) == []
    await incidents.record("whatsapp", states.values(), changes, due_at=2000)
    assert len(await heard(incidents)) == 1
    assert rows(path, "SELECT count(*) FROM incident") == [(1,)]


async def test_what_nobody_wants_watched_is_lost_sight_of(incidents: Incidents) -> None:
    await watch(incidents, *[replace(BLOCKED, directories=(DELISTED,))] * 4)
    await watch(incidents, report("app", Status.BLOCKED), report("app", Status.BLOCKED), at=1001)
    states = await incidents.states()
    lost = [lose(states[WHATSAPP], 5000)]
    await incidents.unwatch(["whatsapp"], [change for change in lost if change], now=5000)
    [*_, (_, what, subject)] = await heard(incidents)
    assert (what, subject) == ("lost", WHATSAPP)
    assert list(await incidents.watched()) == ["app"]
    assert set(await incidents.states()) == {HOST, of_service("app")}
    assert [found.subject for found in await incidents.open_incidents()] == [of_service("app")]
    [found] = await incidents.incidents_of(NSDI, since=0)
    assert (found.closed_at, found.lost) == (5000, True)


async def test_no_incident_ends_before_it_began_by_a_clock_that_was_set_back(incidents: Incidents) -> None:
    await watch(incidents, BLOCKED, BLOCKED, at=100_000)
    await watch(incidents, report(), report(), at=5000)
    [found] = await incidents.incidents_of(WHATSAPP, since=0)
    assert (found.opened_at, found.closed_at) == (100_000, 100_000)


async def test_what_was_open_when_its_state_was_written_in_other_words_is_open_still_and_ends_once(
    incidents: Incidents, path: Path
) -> None:
    await watch(incidents, BLOCKED, BLOCKED)
    before = (await incidents.states())[WHATSAPP].ongoing
    rows(path, """UPDATE standing SET state = '{"colour": "red"}' WHERE kind = 'service'""")
    assert (await incidents.states())[WHATSAPP].ongoing == before
    await watch(incidents, BLOCKED, report(), report(), at=2000)
    assert [(i.opened_at, i.closed_at, i.lost) for i in await incidents.incidents_of(WHATSAPP, since=0)] == [
        (1000, 2060, False)
    ]
    assert [what for _, what, *_ in await heard(incidents)] == ["opened", "closed"]


async def test_changes_of_another_version_hold_up_nothing(incidents: Incidents, path: Path) -> None:
    await watch(incidents, BLOCKED, BLOCKED, report(), report())
    rows(path, """UPDATE change SET document = '{"what": "exploded"}' WHERE id = 1""")
    assert [stored.id for stored in await incidents.changes_after(0, most=1)] == [2]


async def test_growth_is_bounded(incidents: Incidents, path: Path) -> None:
    await watch(incidents, BLOCKED, BLOCKED, report(), report())
    await watch(incidents, BLOCKED, BLOCKED, at=2000 + KEEP_CHANGES_S)
    assert [number for number, *_ in await heard(incidents)] == [3]
    old, new = await incidents.incidents_of(WHATSAPP, since=0)
    assert await incidents.evidence(old.id) is None
    assert await incidents.evidence(new.id) == BLOCKED
    await watch(incidents, report(), report(), at=2000 + KEEP_INCIDENTS_S)
    assert [i.id for i in await incidents.incidents_of(WHATSAPP, since=0)] == [new.id]
    assert await incidents.last_change_id() == 4
    assert rows(path, "SELECT id FROM change") == [(4,)]


async def test_the_course_of_one_incident_is_bounded(incidents: Incidents, path: Path) -> None:
    partly = report("whatsapp", Status.DEGRADED, Cause.QUIC_DROPPED)
    await watch(incidents, *[BLOCKED, BLOCKED, partly, partly] * 30)
    [found] = await incidents.incidents_of(WHATSAPP, since=0)
    assert (len(found.course), found.course[0].at) == (40, 1000)
    assert len(json.loads(rows(path, "SELECT course FROM incident")[0][0])) == 40


async def test_a_change_is_read_as_it_was_written(incidents: Incidents) -> None:
    whole = Change(
        subject=NSDI,
        what="opened",
        severity="directory",
        at=30.5,
        since=10.25,
        opened_at=10.25,
        well_at=5.0,
        status=Status.BLOCKED,
        confidence=Confidence.LIKELY,
        causes=(Cause.DNS_DELISTED,),
        components=("web",),
        beyond_dns="ok",
        previous_status=Status.OK,
        previous_causes=(Cause.DNS_SPOOFED,),
        duration_s=20.25,
        times=2,
    )
    await incidents.record("whatsapp", [State(subject=NSDI)], [whole], due_at=0)
    [stored] = await incidents.changes_after(0, most=1)
    assert stored.change == replace(whole, incident=1)
