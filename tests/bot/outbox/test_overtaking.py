"""Alerts that are called back while others of the same chat are on their way: no news is lost, and none told twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.outbox.model import Result
from bot.store import Store
from tests.bot.alerts.test_announcer import BLOCKED, CLEAR
from tests.bot.changes import SIGNAL, TELEGRAM, opened
from tests.bot.telling import Telling, first_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from bot.outbox import Message

A = "telegram:1"


@pytest.fixture
async def telling(tmp_path: Path) -> AsyncIterator[Telling]:
    async with Store.open(tmp_path / "db") as store:
        yield Telling(store)


async def leased(telling: Telling) -> list[Message]:
    return (await telling.store.outbox.exchange(most=100, now=telling.now)).messages


async def not_sent(telling: Telling, messages: Sequence[Message]) -> None:
    back = [Result(message=one.id, attempt=one.attempts, state="waiting", next_at=telling.now) for one in messages]
    await telling.store.outbox.exchange(back, most=0, now=telling.now)


async def test_news_that_did_not_leave_while_more_were_added_are_told_before_those(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.look(after_s=30)
    on_its_way = await leased(telling)
    await telling.happen(opened(TELEGRAM, at=telling.now))
    await telling.look(after_s=30)
    await not_sent(telling, on_its_way)
    await telling.happen(opened(SIGNAL, at=telling.now))
    told = first_lines(await telling.told(after_s=30))
    assert told == [(A, BLOCKED), (A, "2 services are blocked")]
    await telling.close(opened())
    assert first_lines(await telling.told(after_s=30)) == [(A, CLEAR)]


async def test_only_what_was_added_last_is_taken_back_from_whoever_leaves(telling: Telling) -> None:
    await telling.subscribe(A, "service:whatsapp", "service:telegram")
    await telling.happen(opened())
    await telling.look(after_s=30)
    on_its_way = await leased(telling)
    await telling.happen(opened(TELEGRAM, at=telling.now))
    await telling.look(after_s=30)
    await not_sent(telling, on_its_way)
    await telling.unsubscribe(A, "service:telegram")
    assert first_lines(await telling.told(after_s=30)) == [(A, BLOCKED)]
