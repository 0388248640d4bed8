"""Broadcasts that are followed: what is wrong with one is nobody else's trouble, and an end is shown in the end."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing, suppress
from typing import TYPE_CHECKING

import pytest

from bot.broadcasts.broadcasts import Broadcasts, NotShown
from bot.outbox import Written
from bot.outbox.model import Result
from bot.store import Store
from bot.store.broadcasts import Usual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.broadcasts.model import Broadcast
    from bot.chat.panels import Seen
    from bot.chat.reply import Reply
    from bot.outbox import Content

OPERATOR = "telegram:1"


class Stage:
    """Shows to nobody, and fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.tried = 0
        self.shown: list[Reply] = []

    async def show(self, chat: str, message: str | None, reply: Reply) -> str | None:
        assert chat == OPERATOR
        self.tried += 1
        if self._failures:
            raise self._failures.pop(0)
        self.shown.append(reply)
        return message or "17"

    async def preview(self, chat: str, content: Content, language: str) -> None:
        raise NotImplementedError


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.broadcasts.broadcasts.SHOWN_EVERY_S", 0.01)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        await store.chats.meet(OPERATOR, "private", now=1)
        yield store


@pytest.fixture
def broadcasts(store: Store) -> Broadcasts:
    return Broadcasts(store.broadcasts, store.outbox, store.chats, usual=Usual("en", {}), per_s=27, wake=lambda: None)


@asynccontextmanager
async def followed(broadcasts: Broadcasts, stage: Stage) -> AsyncIterator[None]:
    task = asyncio.create_task(broadcasts.run(stage, {OPERATOR}))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def started(broadcasts: Broadcasts) -> int:
    id_ = await broadcasts.store.draft(OPERATOR, Written(html="Dear readers"), now=1)
    await broadcasts.start(id_)
    return id_


async def all_told(store: Store) -> None:
    while messages := (await store.outbox.exchange((), most=100, now=4e9)).messages:
        results = [Result(message=message.id, attempt=message.attempts, state="sent") for message in messages]
        await store.outbox.exchange(results, most=0, now=4e9)


async def finished(broadcasts: Broadcasts, id_: int) -> None:
    async with asyncio.timeout(20):
        while (one := await broadcasts.store.find(id_)) is None or one.state != "finished":  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.01)


async def tried(stage: Stage, times: int) -> None:
    async with asyncio.timeout(20):
        while stage.tried < times:  # noqa: ASYNC110 -- nothing tells of it
            await asyncio.sleep(0.01)


async def test_one_that_cannot_be_read_is_in_no_list_and_the_others_are(
    store: Store, broadcasts: Broadcasts, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [await started(broadcasts) for _ in range(3)]
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("UPDATE broadcast_variant SET document = '{\"sung\": 1}' WHERE broadcast = ?", (ids[0],))
        connection.execute("UPDATE broadcast SET audience = '{\"moods\": []}' WHERE id = ?", (ids[1],))
    for _ in range(2):
        assert [one.id for one in await store.broadcasts.active()] == [ids[2]]
        assert [one.id for one in await store.broadcasts.latest(9)] == [ids[2]]
    assert [record.levelname for record in caplog.records if "cannot be read" in record.message] == ["WARNING"] * 2


async def test_what_is_wrong_with_one_does_not_keep_the_next_from_its_end(
    store: Store, broadcasts: Broadcasts, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await started(broadcasts), await started(broadcasts)
    seen = broadcasts.seen

    async def broken(broadcast: Broadcast) -> Seen:
        if broadcast.id == first:
            raise ZeroDivisionError
        return await seen(broadcast)

    monkeypatch.setattr(broadcasts, "seen", broken)
    await all_told(store)
    async with followed(broadcasts, Stage()):
        await finished(broadcasts, second)


async def test_a_panel_that_was_not_shown_is_shown_later(store: Store, broadcasts: Broadcasts) -> None:
    id_ = await started(broadcasts)
    await all_told(store)
    stage = Stage(NotShown("no network"), NotShown("no network"), ZeroDivisionError())
    async with followed(broadcasts, stage):
        await finished(broadcasts, id_)
        await tried(stage, 4)
        async with asyncio.timeout(20):
            while await store.broadcasts.panel(id_) != "17":  # noqa: ASYNC110 -- nothing tells of it
                await asyncio.sleep(0.01)
    assert len(stage.shown) == 1
    assert stage.tried == 4
