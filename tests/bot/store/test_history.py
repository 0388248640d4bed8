"""History stays for a year and stays small; what somebody typed is gone after a day."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.history import HOLD_S, Reading, settled, shares
from bot.store import Store
from bot.store.database import migrations
from bot.store.history import DAY_S, KEEP_HOSTS_S, KEEP_S, MOST_STRETCHES, Since
from probes.model import Cause, Confidence, Status
from tests.bot.canned import report
from tests.bot.pasts import events, put, readings, thinned_by_age

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

OK, BLOCKED = Status.OK, Status.BLOCKED
NOW = 400 * DAY_S


def said(at: float, status: Status = OK, **changes: Any) -> Reading:
    parts = {"web": status, "calls": OK}
    taken: dict[str, Any] = {"components": parts, "response_s": 0.123, "slowest_s": 0.123}
    return Reading(at, None, status, Confidence.LIKELY)._replace(**(taken | changes))


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        yield store


async def add(store: Store, readings: Iterable[Reading], target: str = "whatsapp", kind: str = "service") -> None:
    async def work(connection: Any) -> None:
        for one in readings:
            await store.history.write(connection, kind, target, one)

    await store.history._database.transaction(work)


async def known(store: Store, now: float, since: float = 0.0) -> list[Reading]:
    return await store.history.readings("service", "whatsapp", since=since, now=now)


# --- in and out ------------------------------------------------------------------------------------------------------


async def test_a_reading_comes_back_as_it_was(store: Store) -> None:
    new = said(100, BLOCKED, causes=(Cause.TLS_SNI_RESET, Cause.DNS_SPOOFED), beyond_dns="blocked")
    await store.history.add("service", "whatsapp", new)
    assert await known(store, 200) == [new._replace(until=200)]
    assert await store.history.readings("host", "whatsapp", since=0, now=200) == []


async def test_components_keep_their_places_when_others_come_and_go(store: Store) -> None:
    parts: list[dict[str, Status]] = [{"web": OK, "chat": BLOCKED}, {"calls": BLOCKED, "web": OK}, {"chat": OK}, {}]
    await add(store, [said(300 * n, components=part) for n, part in enumerate(parts)])
    assert [one.components for one in await known(store, 1200)] == parts


async def test_the_reading_that_reaches_into_a_time_belongs_to_it(store: Store) -> None:
    await add(store, [said(0), said(300), said(600)])
    assert [one.at for one in await known(store, 900, since=400)] == [300, 600]


async def test_words_of_another_version_are_read_as_nothing_told(store: Store, tmp_path: Path) -> None:
    await store.history.add("service", "whatsapp", said(100))
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("UPDATE reading SET status = 'strange', confidence = 'sure', causes = 'ip.eaten'")
    (found,) = await known(store, 200)
    assert (found.status, found.confidence, found.causes) == (Status.INCONCLUSIVE, Confidence.POSSIBLE, ())


async def test_a_saved_report_is_in_the_history(store: Store) -> None:
    await store.save_report("whatsapp", report("whatsapp", BLOCKED, Cause.IP_DROPPED), deep=False, measured_at=100)
    (found,) = await known(store, 130)
    assert (found.status, found.causes, found.components, found.response_s) == (
        BLOCKED,
        (Cause.IP_DROPPED,),
        {"web": BLOCKED},
        None,
    )


async def test_the_board_has_every_service_that_was_measured(store: Store) -> None:
    await add(store, [said(0), said(300)])
    await add(store, [said(200, BLOCKED)], "telegram")
    board = await store.history.board(["whatsapp", "telegram", "signal"], since=100, now=500)
    assert {id_: [one.at for one in found] for id_, found in board.items()} == {"whatsapp": [300], "telegram": [200]}


# --- since when ------------------------------------------------------------------------------------------------------


async def test_a_state_lasts_since_the_first_of_the_measurements_in_a_row(store: Store) -> None:
    await add(store, [said(300 * n, BLOCKED if n > 3 else OK) for n in range(8)])
    assert await store.history.since("service", "whatsapp", {BLOCKED}, now=2200) == Since(1200, 900, 4)
    assert await store.history.since("service", "whatsapp", {OK}, now=2200) is None
    assert await store.history.since("service", "signal", {OK}, now=2200) is None


async def test_what_was_always_so_has_no_begin_that_is_known(store: Store) -> None:
    await add(store, [said(0), said(300)])
    assert await store.history.since("service", "whatsapp", {OK}, now=400) == Since(0, None, 2)


async def test_behind_a_long_pause_nothing_is_claimed(store: Store) -> None:
    await add(store, [said(0, BLOCKED), said(90_000, BLOCKED), said(90_300, BLOCKED)])
    assert await store.history.since("service", "whatsapp", {BLOCKED}, now=90_400) == Since(90_000, None, 2)


# --- growth ----------------------------------------------------------------------------------------------------------


def steadily(days: float, interval_s: float = 300.0, blocked_at: float = -1) -> list[Reading]:
    count = int(days * DAY_S / interval_s)
    return [said(n * interval_s, BLOCKED if n == blocked_at else OK) for n in range(count)]


async def test_old_readings_are_thinned_as_new_ones_come_and_nothing_is_lost(store: Store, tmp_path: Path) -> None:
    past = steadily(9, blocked_at=100)
    await add(store, past)
    now = past[-1].at
    found = await known(store, now)
    fresh = [one for one in found if one.at >= now - 7 * DAY_S]
    old = [one for one in found if one.at < (now - 7 * DAY_S) // 1800 * 1800]
    assert len(fresh) == 7 * 288 + 1
    assert len(old) == pytest.approx(2 * 48, abs=3)
    assert shares(found) == pytest.approx(shares(settled(past, now)))
    assert [(one.at, one.until) for one in found if one.status is BLOCKED] == [(30_000, 30_300)]
    assert rows(tmp_path / "db", "SELECT count(*) FROM series") == [(1,)]


async def test_what_is_stored_is_what_the_pure_code_makes_of_it(store: Store) -> None:
    past = steadily(95, interval_s=2400, blocked_at=50)
    await add(store, past)
    now = past[-1].at
    assert await known(store, now) == settled(thinned_by_age(past, now), now)


async def test_a_long_absence_is_made_up_for_little_by_little(store: Store) -> None:
    await add(store, steadily(4))
    late = 400 * DAY_S - 60
    before = await known(store, late)
    await store.history.add("service", "whatsapp", said(late - 1000))
    after = await known(store, late)
    assert 0 < len(before) - len(after) <= 6 * MOST_STRETCHES * 6
    for number in range(6):
        await store.history.add("service", "whatsapp", said(late - 900 + number))
    assert len([one for one in await known(store, late) if one.at < 4 * DAY_S]) == 4 * 8
    assert shares(await known(store, 5 * DAY_S)) == pytest.approx(shares(settled(steadily(4), 5 * DAY_S)))


async def test_after_more_than_a_year_readings_go(store: Store) -> None:
    await add(store, [said(0), said(1000)])
    await add(store, [said(500)], "telegram")
    await store.history.add("service", "signal", said(KEEP_S + 700))
    assert [one.at for one in await known(store, KEEP_S)] == [1000]
    assert await store.history.board(["telegram"], since=0, now=KEEP_S) == {}


async def test_hosts_are_forgotten_after_a_day_their_names_too(store: Store, tmp_path: Path) -> None:
    await add(store, [said(0)], "example.org", "host")
    await add(store, [said(0), said(1000)], "example.net", "host")
    await store.history.add("service", "whatsapp", said(KEEP_HOSTS_S + 500))
    assert rows(tmp_path / "db", "SELECT target, oldest_at FROM series WHERE kind = 'host'") == [("example.net", 1000)]
    assert rows(tmp_path / "db", "SELECT count(*) FROM reading") == [(2,)]


async def test_a_service_costs_a_bounded_number_of_bytes_a_year(tmp_path: Path) -> None:
    """Three services with troubles of all kinds; the whole budget is that of 35."""
    sizes = []
    for number in range(2):
        path = tmp_path / f"db{number}"
        async with Store.open(path) as store:
            for seed in range(3 * number):
                past = list(readings(NOW, 366, events(NOW, 366, seed), seed))
                await put(store._database, [f"s{seed}"], thinned_by_age(past, NOW), NOW)
        sizes.append(path.stat().st_size)
    assert (sizes[1] - sizes[0]) / 3 < 60_000_000 / 35


# --- the table that was before ---------------------------------------------------------------------------------------


async def test_what_was_measured_before_is_kept_by_the_migration(tmp_path: Path) -> None:
    old = next(number for number, script in enumerate(migrations()) if "DROP TABLE measurement" in script)
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        for script in migrations()[:old]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {old}")
        connection.executemany(
            "INSERT INTO measurement (kind, target, deep, measured_at, status, confidence, causes, beyond_dns)"
            " VALUES (?, ?, ?, ?, ?, 'likely', ?, 'unknown')",
            [
                ("service", "whatsapp", 0, 100.5, "blocked", "tls.sni_reset dns.spoofed"),
                ("service", "whatsapp", 1, 300.0, "ok", ""),
                ("host", "example.org", 0, 300.0, "ok", ""),
            ],
        )
    async with Store.open(tmp_path / "db") as store:
        first, second = await known(store, 400)
        assert (first.at, first.status, first.confidence) == (100.5, BLOCKED, Confidence.LIKELY)
        assert first.causes == (Cause.TLS_SNI_RESET, Cause.DNS_SPOOFED)
        assert (first.until, second.until, second.status) == (300, 400, OK)
        await store.history.add("service", "whatsapp", said(500))
        assert [one.components for one in await known(store, 500 + HOLD_S)] == [{}, {}, {"web": OK, "calls": OK}]
        assert len(await store.history.readings("host", "example.org", since=0, now=400)) == 1
    assert rows(tmp_path / "db", "SELECT name FROM sqlite_schema WHERE name = 'measurement'") == []
