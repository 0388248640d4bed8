"""Chats are known by what was set in them: it survives a crash, follows a new id everywhere, and can be forgotten."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Any

import pytest

from bot.store import Chat, Store
from bot.store.chats import KEEP_BUTTONS_S, KEEP_GONE_S, token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

GROUP = "telegram:-4001"
SUPERGROUP = "telegram:-1001000004001"


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        yield store


async def test_a_chat_is_known_once_it_spoke_and_keeps_what_was_set(store: Store) -> None:
    assert await store.chats.find(GROUP) is None
    assert await store.chats.meet(GROUP, "group", now=1) == Chat(id=GROUP, kind="group")
    await store.chats.set_language(GROUP, "ru")
    known = Chat(id=GROUP, kind="group", language="ru")
    assert await store.chats.meet(GROUP, "group", now=2) == known
    assert await store.chats.find(GROUP) == known


async def test_chats_that_speak_at_once_become_known_by_a_single_write(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions = []
    real = store.chats._database.transaction

    async def counted(work: Any) -> Any:
        transactions.append(work)
        return await real(work)

    monkeypatch.setattr(store.chats._database, "transaction", counted)
    names = [f"telegram:{number}" for number in range(500)]
    met = await asyncio.gather(*(store.chats.meet(name, "private", now=1) for name in names))
    assert [chat.id for chat in met] == names
    assert len(transactions) <= 2
    assert sorted(await store.chats.active()) == sorted(names)


async def test_one_of_a_crowd_that_goes_away_leaves_the_others_known(store: Store) -> None:
    tasks = [asyncio.create_task(store.chats.meet(f"telegram:{number}", "private", now=1)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert [chat.id for chat in await asyncio.gather(*tasks[1:])] == [f"telegram:{number}" for number in range(1, 5)]


async def test_what_is_gone_is_not_written_to_until_it_speaks_again(store: Store) -> None:
    await store.chats.meet(GROUP, "group", now=1)
    await store.chats.meet("telegram:1", "private", now=1)
    await store.chats.set_state(GROUP, "gone", now=2)
    assert await store.chats.active() == ["telegram:1"]
    assert (await store.chats.meet(GROUP, "group", now=3)).state == "active"
    assert await store.chats.active() == [GROUP, "telegram:1"]


async def test_a_muted_chat_stays_muted_whoever_speaks_there(store: Store) -> None:
    await store.chats.meet(GROUP, "group", now=1)
    await store.chats.set_state(GROUP, "muted", now=2)
    assert (await store.chats.meet(GROUP, "group", now=3)).state == "muted"


async def test_a_chat_that_has_long_been_gone_is_forgotten(store: Store) -> None:
    for chat in (GROUP, "telegram:1", "telegram:2"):
        await store.chats.meet(chat, "group", now=1)
    await store.chats.set_state(GROUP, "gone", now=10)
    await store.chats.set_state("telegram:1", "gone", now=11)
    await store.chats.set_state("telegram:1", "gone", now=12 + KEEP_GONE_S)
    assert await store.chats.find(GROUP) is None
    assert await store.chats.find("telegram:1") is None
    assert await store.chats.find("telegram:2") is not None


@asynccontextmanager
async def with_followers(path: Path) -> AsyncIterator[Store]:
    """A store with two tables more, as those will look that belong to a chat."""
    async with Store.open(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("""
            CREATE TABLE follower (
                chat TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE, service TEXT, UNIQUE (chat, service)
            ) STRICT;
            CREATE TABLE letter (recipient TEXT NOT NULL REFERENCES chat (id) ON DELETE CASCADE) STRICT;
        """)
    async with Store.open(path) as store:
        await store.chats.meet(GROUP, "group", now=1)
        await store.chats.set_language(GROUP, "fr")
        yield store


def add(path: Path, table: str, *values: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)


async def test_a_new_id_takes_the_place_of_the_old_one_in_every_table(tmp_path: Path) -> None:
    async with with_followers(tmp_path / "db") as store:
        add(tmp_path / "db", "follower", GROUP, "whatsapp")
        add(tmp_path / "db", "letter", GROUP)
        await store.chats.move(GROUP, SUPERGROUP)
        assert await store.chats.find(GROUP) is None
        assert await store.chats.find(SUPERGROUP) == Chat(id=SUPERGROUP, kind="group", language="fr")
    assert rows(tmp_path / "db", "SELECT * FROM follower") == [(SUPERGROUP, "whatsapp")]
    assert rows(tmp_path / "db", "SELECT * FROM letter") == [(SUPERGROUP,)]


async def test_what_the_new_id_had_already_is_kept_and_not_doubled(tmp_path: Path) -> None:
    async with with_followers(tmp_path / "db") as store:
        await store.chats.meet(SUPERGROUP, "group", now=2)
        for values in ((GROUP, "whatsapp"), (GROUP, "signal"), (SUPERGROUP, "whatsapp")):
            add(tmp_path / "db", "follower", *values)
        for _ in range(2):  # an error and a service message may both tell of it
            await store.chats.move(GROUP, SUPERGROUP)
        assert await store.chats.find(SUPERGROUP) == Chat(id=SUPERGROUP, kind="group", language="fr")
    followers = "SELECT * FROM follower ORDER BY service"
    assert rows(tmp_path / "db", followers) == [(SUPERGROUP, "signal"), (SUPERGROUP, "whatsapp")]


async def test_moving_to_the_same_id_or_from_an_unknown_one_does_no_harm(store: Store) -> None:
    await store.chats.meet(GROUP, "group", now=1)
    await store.chats.move(GROUP, GROUP)
    await store.chats.move("telegram:-5", "telegram:-6")
    assert await store.chats.active() == [GROUP]


async def test_whatever_belongs_to_a_chat_is_forgotten_with_it(tmp_path: Path) -> None:
    async with with_followers(tmp_path / "db") as store:
        add(tmp_path / "db", "follower", GROUP, "whatsapp")
        await store.chats.forget(GROUP)
        assert await store.chats.find(GROUP) is None
    assert rows(tmp_path / "db", "SELECT * FROM follower") == []


async def test_every_table_with_a_chat_in_it_takes_part_in_both(store: Store, tmp_path: Path) -> None:
    del store
    tables = rows(tmp_path / "db", "SELECT name FROM sqlite_schema WHERE type = 'table'")
    for (table,) in tables:
        columns = {row[1] for row in rows(tmp_path / "db", f"PRAGMA table_info('{table}')")}
        references = {row[3]: row[6] for row in rows(tmp_path / "db", f"PRAGMA foreign_key_list('{table}')")}
        assert "chat" not in columns or references.get("chat") == "CASCADE", f"{table}.chat must REFERENCES chat (id)"


async def test_a_button_says_what_it_said_before_a_restart(tmp_path: Path) -> None:
    command = f"/again {'ё' * 60}.рф"
    async with Store.open(tmp_path / "db") as store:
        await store.chats.save_buttons([command], now=1)
    async with Store.open(tmp_path / "db") as store:
        assert await store.chats.command(token(command)) == command
        await store.chats.save_buttons([], now=2 + KEEP_BUTTONS_S)
        assert await store.chats.command(token(command)) is None


_SETTLER = """
import asyncio, sys
from pathlib import Path
from bot.store import Store

async def main():
    async with Store.open(Path(sys.argv[1])) as store:
        number = 0
        while True:
            number += 1
            await store.chats.meet("telegram:1", "private", now=1)
            await store.chats.set_language("telegram:1", str(number))
            print(number, flush=True)

asyncio.run(main())
"""


def last_said_before_a_kill(path: Path, said: int) -> int:
    """Let a process set one thing after the other, and kill it after it acknowledged that many."""
    command = [sys.executable, "-c", _SETTLER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(said)]
        process.send_signal(signal.SIGKILL)
        return int((lines + process.stdout.readlines())[-1])


@pytest.mark.parametrize("said", [1, 7, 40])
async def test_a_kill_loses_no_setting_that_was_acknowledged(tmp_path: Path, said: int) -> None:
    last = last_said_before_a_kill(tmp_path / "db", said)
    async with Store.open(tmp_path / "db") as store:
        chat = await store.chats.find("telegram:1")
    assert chat is not None
    assert chat.language in {str(last), str(last + 1)}
