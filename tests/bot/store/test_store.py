"""The store keeps reports over restarts, whole, and says in one line why it cannot be opened."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.store import Store, StoredReport, StoreError
from bot.store.database import migrations, open_database
from bot.store.history import KEEP_HOSTS_S
from probes.model import Cause, Status
from tests.bot.canned import report

if TYPE_CHECKING:
    from pathlib import Path

BLOCKED = report("whatsapp", Status.BLOCKED, Cause.TLS_SNI_RESET, Cause.DNS_SPOOFED)


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


async def test_a_report_survives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "db"
    async with Store.open(path) as store:
        await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=100.5)
    async with Store.open(path) as store:
        assert await store.latest_report("service", "whatsapp", deep=False) == StoredReport(BLOCKED, 100.5)
        assert await store.latest_report("service", "whatsapp", deep=True) is None
        assert await store.latest_report("host", "whatsapp", deep=False) is None


async def test_the_last_report_takes_the_place_of_the_one_before_and_history_keeps_both(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=100)
        await store.save_report("whatsapp", report(), deep=False, measured_at=200)
        assert await store.latest_report("service", "whatsapp", deep=False) == StoredReport(report("whatsapp"), 200)
    assert rows(tmp_path / "db", "SELECT at, status, confidence, causes FROM reading ORDER BY at") == [
        (100, "blocked", "confirmed", "tls.sni_reset dns.spoofed"),
        (200, "ok", "confirmed", ""),
    ]


async def test_what_people_typed_is_forgotten_though_nothing_is_measured_any_more(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await store.save_report("example.org", report(kind="host"), deep=False, measured_at=100)
        await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=100)
        await store.forget(now=101 + KEEP_HOSTS_S)
        assert await store.latest_report("host", "example.org", deep=False) is None
        assert await store.latest_report("service", "whatsapp", deep=False) is not None
    assert rows(tmp_path / "db", "SELECT target FROM series JOIN reading ON series = id") == [("whatsapp",)]


async def test_what_people_typed_is_forgotten_after_a_day(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await store.save_report("example.org", report(kind="host"), deep=False, measured_at=100)
        await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=101 + KEEP_HOSTS_S)
        assert await store.latest_report("host", "example.org", deep=False) is None
    assert rows(tmp_path / "db", "SELECT target FROM series JOIN reading ON series = id") == [("whatsapp",)]


async def test_reports_since_a_moment_come_one_by_one_and_unreadable_ones_not_at_all(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        for number, target in enumerate(("telegram", "whatsapp", "signal", "max")):
            await store.save_report(target, report(target), deep=False, measured_at=100 + number)
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("UPDATE latest_report SET document = '{}' WHERE target = 'signal'")
    async with Store.open(tmp_path / "db") as store:
        assert [stored.report.target async for stored in store.reports_since(101)] == ["whatsapp", "max"]


async def test_a_report_in_the_words_of_another_version_is_passed_over(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=100)
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("""UPDATE latest_report SET document = '{"target": "whatsapp"}'""")
    async with Store.open(tmp_path / "db") as store:
        assert await store.latest_report("service", "whatsapp", deep=False) is None


async def test_the_file_is_in_wal_mode_and_left_without_a_log(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=1)
        assert (tmp_path / "db-wal").stat().st_size > 0
    assert not (tmp_path / "db-wal").exists()
    assert rows(tmp_path / "db", "PRAGMA journal_mode") == [("wal",)]


# --- what cannot be opened -------------------------------------------------------------------------------------------


async def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as caught:
        async with Store.open(path):
            pass
    assert "\n" not in str(caught.value)
    return str(caught.value)


async def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written: Not a directory" in await refusal(tmp_path / "file" / "db")
    assert "cannot be written: No such file or directory" in await refusal(tmp_path / "missing" / "db")
    (tmp_path / "folder").mkdir()
    assert "cannot be written: Is a directory" in await refusal(tmp_path / "folder")


async def test_what_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "db").write_text("a letter to a friend\n" * 100)
    assert "file is not a database" in await refusal(tmp_path / "db")
    assert (tmp_path / "db").read_text().startswith("a letter")


async def test_a_damaged_database_is_refused(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        for minute in range(200):
            await store.save_report(f"s{minute}", report(), deep=False, measured_at=minute)
    content = bytearray((tmp_path / "db").read_bytes())
    content[3 * 4096 : 6 * 4096] = b"\xa5" * 3 * 4096
    (tmp_path / "db").write_bytes(content)
    assert "damaged" in await refusal(tmp_path / "db") or "malformed" in await refusal(tmp_path / "db")


async def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    newer = len(migrations()) + 1
    with closing(sqlite3.connect(tmp_path / "db")) as connection:
        connection.execute(f"PRAGMA user_version = {newer}")
    assert f"newer reachbot (schema {newer}; this one knows {newer - 1})" in await refusal(tmp_path / "db")
    assert rows(tmp_path / "db", "SELECT count(*) FROM sqlite_schema") == [(0,)]


async def test_a_second_process_is_refused_and_may_come_when_the_first_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "db"
    script = (
        "import asyncio, pathlib, sys\nfrom bot.store import Store, StoreError\n"
        "async def main():\n    async with Store.open(pathlib.Path(sys.argv[1])):\n        pass\n"
        "try:\n    asyncio.run(main())\nexcept StoreError as error:\n    sys.exit(str(error))\n"
    )

    async def other() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", script, str(path)]
        return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)

    async with Store.open(path):
        refused = await other()
    assert refused.stderr == f"the database {path} is in use by another reachbot\n"
    assert (await other()).returncode == 0


# --- migrations ------------------------------------------------------------------------------------------------------


async def test_every_migration_leads_to_the_schema_of_a_fresh_file(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "fresh"):
        pass
    for version in range(len(migrations())):
        old = tmp_path / f"v{version}"
        with closing(sqlite3.connect(old)) as connection:
            for number, script in enumerate(migrations()[:version], start=1):
                connection.executescript(f"{script}; PRAGMA user_version = {number}")
        async with Store.open(old):
            pass
        schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"
        assert rows(old, schema) == rows(tmp_path / "fresh", schema)
        assert rows(old, "PRAGMA user_version") == [(len(migrations()),)]


async def test_a_migration_that_fails_leaves_nothing_of_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [*migrations(), "CREATE TABLE half (a INTEGER) STRICT; CREATE TABLE half (b INTEGER) STRICT;"]
    monkeypatch.setattr("bot.store.database.migrations", lambda: broken)
    assert "already exists" in await refusal(tmp_path / "db")
    assert rows(tmp_path / "db", "PRAGMA user_version") == [(len(broken) - 1,)]
    assert rows(tmp_path / "db", "SELECT name FROM sqlite_schema WHERE name = 'half'") == []


# --- transactions ----------------------------------------------------------------------------------------------------


async def test_work_that_fails_is_undone_and_the_next_goes_on(tmp_path: Path) -> None:
    async with open_database(tmp_path / "db") as database:

        async def failing(connection: Any) -> None:
            await connection.execute("CREATE TABLE never (a INTEGER)")
            raise LookupError

        with pytest.raises(LookupError):
            await database.transaction(failing)

        async def counting(connection: Any) -> Any:
            return await connection.execute_fetchall("SELECT count(*) FROM sqlite_schema WHERE name = 'never'")

        assert list(await database.transaction(counting)) == [(0,)]


async def test_transactions_of_many_tasks_do_not_collide(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        async with asyncio.TaskGroup() as group:
            for minute in range(50):
                group.create_task(store.save_report(f"s{minute}", report(), deep=False, measured_at=minute))
        found = await store.latest_report("service", "s49", deep=False)
        assert found is not None
    assert rows(tmp_path / "db", "SELECT count(*) FROM reading") == [(50,)]


class Gate:
    """Holds the database's thread, so that a test decides how far a transaction gets."""

    def __init__(self, connection: Any) -> None:
        self._opened = threading.Event()
        self._waiting = asyncio.ensure_future(connection._execute(self._opened.wait))

    async def open(self) -> None:
        self._opened.set()
        await self._waiting


async def test_a_transaction_cancelled_within_begin_takes_place_and_its_caller_waits_for_it(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        connection = store._database._connection
        gate = Gate(connection)
        await asyncio.sleep(0)
        saving = asyncio.create_task(store.save_report("whatsapp", BLOCKED, deep=False, measured_at=1))
        await asyncio.sleep(0)
        for _ in range(3):  # whoever cancels again changes nothing
            saving.cancel()
            await asyncio.sleep(0)
        assert not saving.done()
        await gate.open()
        with pytest.raises(asyncio.CancelledError):
            await saving
        assert not connection.in_transaction
        assert await store.latest_report("service", "whatsapp", deep=False) == StoredReport(BLOCKED, 1)


async def test_one_cancelled_while_it_waits_for_its_turn_changes_nothing(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        gate = Gate(store._database._connection)
        await asyncio.sleep(0)
        first = asyncio.create_task(store.save_report("whatsapp", BLOCKED, deep=False, measured_at=1))
        second = asyncio.create_task(store.save_report("whatsapp", report(), deep=False, measured_at=2))
        await asyncio.sleep(0)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        await gate.open()
        await first
        assert await store.latest_report("service", "whatsapp", deep=False) == StoredReport(BLOCKED, 1)


@pytest.mark.parametrize("turns", range(12))
async def test_wherever_a_save_is_cancelled_it_is_whole_or_not_there(tmp_path: Path, turns: int) -> None:
    async with Store.open(tmp_path / "db") as store:
        database = store._database
        saving = asyncio.create_task(store.save_report("whatsapp", BLOCKED, deep=False, measured_at=1))
        for _ in range(turns):
            await asyncio.sleep(0)
            await database._connection.execute("SELECT 1")  # one more turn of the database's thread
        saving.cancel()
        await asyncio.wait({saving})
        assert not database._connection.in_transaction
        await store.save_report("telegram", report(), deep=False, measured_at=2)
        kept = await store.latest_report("service", "whatsapp", deep=False) is not None
    assert rows(tmp_path / "db", "SELECT count(*) FROM reading") == [(2 if kept else 1,)]


async def test_another_writer_on_the_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "db"
    async with Store.open(path) as store:
        await store._database._connection.execute("PRAGMA busy_timeout = 1")
        with closing(sqlite3.connect(path, isolation_level=None)) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="database is locked"):
                await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=1)
            stranger.execute("ROLLBACK")
        await store.save_report("whatsapp", BLOCKED, deep=False, measured_at=1)
