"""Whom a broadcast goes to, that it begins once, and what is noted of it together with its messages."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from bot.alerts.subscriptions import Subscription
from bot.broadcasts.broadcasts import tally
from bot.broadcasts.model import Audience, Broadcast, Tally, remaining_s
from bot.outbox import Copied, Written
from bot.outbox.model import Message, Result
from bot.store import Store, StoreError
from bot.store.broadcasts import Usual

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.outbox.model import State

ALICE, BORIS, CITY, NEWS, GONE = "telegram:1", "telegram:2", "telegram:-3", "telegram:-4", "telegram:5"
USUAL = Usual("en", {"whatsapp": "messenger", "telegram": "messenger", "youtube": "video"})
TEXT = Written(html="<b>Dear readers</b>")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        for chat in (ALICE, BORIS, GONE):
            await store.chats.meet(chat, "private", now=1)
        await store.chats.meet(CITY, "group", now=1)
        await store.chats.meet(NEWS, "channel", now=1)
        await store.chats.set_language(BORIS, "ru")
        await store.chats.set_language(NEWS, "ru")
        await store.chats.set_state(GONE, "gone", now=1)
        yield store


async def subscribe(store: Store, chat: str, target: str) -> None:
    await store.subscriptions.subscribe(chat, [Subscription(target)], language="en", cursor=0, told={})


async def draft(store: Store, audience: Audience | None = None) -> int:
    id_ = await store.broadcasts.draft(ALICE, TEXT, now=1)
    await store.broadcasts.address(id_, audience or Audience())
    return id_


async def found(store: Store, id_: int) -> Broadcast:
    broadcast = await store.broadcasts.find(id_)
    assert broadcast is not None
    return broadcast


async def waiting(store: Store) -> list[Message]:
    return (await store.outbox.exchange((), most=100, now=10)).messages


async def end(store: Store, message: Message, state: State) -> None:
    result = Result(message=message.id, attempt=message.attempts, state=state)
    await store.outbox.exchange((result,), most=0, now=11)


# --- audiences -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("audience", "chats"),
    [
        (Audience(), {ALICE, BORIS, CITY, NEWS}),
        (Audience(kinds=frozenset({"private"})), {ALICE, BORIS}),
        (Audience(kinds=frozenset({"group", "channel"})), {CITY, NEWS}),
        (Audience(languages=frozenset({"ru"})), {BORIS, NEWS}),
        (Audience(languages=frozenset({"en"})), {ALICE, CITY}),
        (Audience(kinds=frozenset({"private"}), languages=frozenset({"ru"})), {BORIS}),
        (Audience(services=frozenset({"whatsapp"})), {ALICE, CITY, NEWS}),
        (Audience(services=frozenset({"telegram"})), {CITY, NEWS}),
        (Audience(services=frozenset({"youtube"})), {NEWS}),
        (Audience(services=frozenset({"whatsapp"}), kinds=frozenset({"group"})), {CITY}),
        (Audience(languages=frozenset({"sw"})), set()),
    ],
)
async def test_an_audience_is_who_is_within_each_of_its_sets(store: Store, audience: Audience, chats: set[str]) -> None:
    await subscribe(store, ALICE, "service:whatsapp")
    await subscribe(store, CITY, "category:messenger")
    await subscribe(store, NEWS, "all")
    assert await store.broadcasts.how_many(audience, USUAL) == len(chats)
    id_ = await draft(store, audience)
    assert (await found(store, id_)).audience == audience
    assert await store.broadcasts.start(id_, USUAL, now=2) == len(chats)
    assert {message.chat for message in await waiting(store)} == chats


async def test_whoever_wants_none_is_in_no_audience_and_is_spared_what_is_on_its_way(store: Store) -> None:
    first, second = await draft(store), await draft(store)
    assert await store.broadcasts.start(first, USUAL, now=2) == 4
    await store.refusals.refuse(ALICE, now=3)
    assert await store.refusals.refuses(ALICE)
    assert await store.broadcasts.start(second, USUAL, now=3) == 3
    assert ALICE not in {message.chat for message in await waiting(store)}
    counts = tally(await store.outbox.counts(first))
    assert (counts.withdrawn, counts.left, counts.total) == (1, 3, 4)
    await store.refusals.accept(ALICE)
    assert await store.broadcasts.how_many(Audience(), USUAL) == 4


async def test_whoever_refuses_meanwhile_is_told_nothing_once_more(store: Store) -> None:
    id_ = await draft(store)
    await store.broadcasts.start(id_, USUAL, now=2)
    for message in await waiting(store):
        await end(store, message, "unknown")
    await store.refusals.refuse(ALICE, now=12)
    await store.broadcasts.stop(id_, now=12)
    assert await store.broadcasts.resend(id_, now=13)
    again = (await store.outbox.exchange((), most=100, now=14)).messages
    assert {message.chat for message in again} == {BORIS, CITY, NEWS}
    assert (await store.outbox.counts(id_))["unknown"] == 1


async def test_what_could_not_be_sent_while_its_chat_refused_is_not_tried_again(store: Store) -> None:
    id_ = await draft(store)
    await store.broadcasts.start(id_, USUAL, now=2)
    messages = await waiting(store)
    await store.refusals.refuse(ALICE, now=10)
    for message in messages:
        result = Result(message=message.id, attempt=message.attempts, state="waiting", next_at=12.0)
        await store.outbox.exchange((result,), most=0, now=11)
    again = (await store.outbox.exchange((), most=100, now=14)).messages
    assert {message.chat for message in again} == {BORIS, CITY, NEWS}
    assert (await store.outbox.counts(id_))["cancelled"] == 1


async def test_a_refusal_is_forgotten_with_its_chat(store: Store) -> None:
    await store.refusals.refuse(ALICE, now=3)
    await store.chats.forget(ALICE)
    assert not await store.refusals.refuses(ALICE)
    await store.refusals.refuse("telegram:99", now=3)
    assert not await store.refusals.refuses("telegram:99")


async def test_the_terminal_is_in_no_audience_and_is_not_counted(store: Store) -> None:
    await store.chats.meet("console", "private", now=1)
    await subscribe(store, "console", "all")
    assert await store.broadcasts.how_many(Audience(), USUAL) == 4
    assert await store.broadcasts.start(await draft(store), USUAL, now=2) == 4
    assert "console" not in {message.chat for message in await waiting(store)}
    counts = await store.statistics.counts(now=200)
    assert sum(count for *_, count in counts.chats) == 4
    assert counts.subscriptions == ()


# --- what is said ----------------------------------------------------------------------------------------------------


async def test_each_chat_is_told_in_its_language_what_there_is_in_it(store: Store) -> None:
    id_ = await draft(store)
    russian = Copied(chat=ALICE, message_id=7)
    await store.broadcasts.say(id_, "ru", TEXT)
    await store.broadcasts.say(id_, "ru", russian)
    assert (await found(store, id_)).variants == {"": TEXT, "ru": russian}
    await store.broadcasts.start(id_, USUAL, now=2)
    told = {message.chat: message.content for message in await waiting(store)}
    assert told == {ALICE: TEXT, CITY: TEXT, BORIS: russian, NEWS: russian}


async def test_what_another_version_wrote_is_an_error_and_begins_nothing(store: Store, tmp_path: Path) -> None:
    id_ = await draft(store)
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("UPDATE broadcast_variant SET document = '{\"sung\": 1}'")
    with pytest.raises(StoreError, match="another version"):
        await store.broadcasts.start(id_, USUAL, now=2)
    assert await waiting(store) == []


# --- states ----------------------------------------------------------------------------------------------------------


async def test_it_begins_once_and_all_of_it_or_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = await draft(store)
    with monkeypatch.context() as broken:
        broken.setattr("bot.store.broadcasts._outgoing", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            await store.broadcasts.start(id_, USUAL, now=2)
    assert (await found(store, id_)).state == "draft"
    assert await store.broadcasts.start(id_, USUAL, now=2) == 4
    assert await store.broadcasts.start(id_, USUAL, now=3) is None
    assert (await found(store, id_)).started_at == 2
    assert tally(await store.outbox.counts(id_)).total == 4


async def test_a_pause_and_a_stop_hold_the_messages_in_the_same_moment(store: Store) -> None:
    id_ = await draft(store)
    assert not await store.broadcasts.pause(id_, now=2)
    await store.broadcasts.start(id_, USUAL, now=2)
    assert await store.broadcasts.pause(id_, now=2)
    assert await waiting(store) == []
    assert tally(await store.outbox.counts(id_)).left == 4
    assert await store.broadcasts.resume(id_, now=2)
    first, *others = await waiting(store)
    await end(store, first, "unknown")
    for message in others:
        await end(store, message, "waiting")
    assert await store.broadcasts.stop(id_, now=3)
    assert not await store.broadcasts.resume(id_, now=3)
    assert tally(await store.outbox.counts(id_)) == Tally(unknown=1, withdrawn=3)
    assert (await found(store, id_)).ended_at == 3
    assert await store.broadcasts.resend(id_, now=4)
    assert [message.chat for message in await waiting(store)] == [first.chat]
    assert (await found(store, id_)).ended_at is None


async def test_a_pause_that_cannot_hold_the_messages_is_none(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    id_ = await draft(store)
    await store.broadcasts.start(id_, USUAL, now=2)
    monkeypatch.setattr("bot.store.broadcasts.pausing", lambda *_: (("UPDATE no_such_table SET a = 1", ()),))
    with pytest.raises(StoreError):
        await store.broadcasts.pause(id_, now=2)
    assert (await found(store, id_)).state == "running"


async def test_a_time_is_kept_until_it_is_a_draft_again(store: Store) -> None:
    id_ = await draft(store)
    assert await store.broadcasts.move(id_, "scheduled", before=("draft",), start_at=50.0, now=2)
    assert [(one.id, one.start_at) for one in await store.broadcasts.active()] == [(id_, 50.0)]
    await store.broadcasts.address(id_, Audience(kinds=frozenset({"group"})))
    assert (await found(store, id_)).audience == Audience()
    assert await store.broadcasts.move(id_, "draft", before=("scheduled",), now=3)
    assert (await found(store, id_)).start_at is None
    assert await store.broadcasts.active() == []


async def test_the_latest_come_first_a_page_at_a_time(store: Store) -> None:
    ids = [await draft(store) for _ in range(5)]
    assert [one.id for one in await store.broadcasts.latest(3)] == ids[:1:-1]
    assert [one.id for one in await store.broadcasts.latest(3, 3)] == [ids[1], ids[0]]


async def test_where_it_is_shown_is_remembered(store: Store) -> None:
    id_ = await draft(store)
    assert await store.broadcasts.panel(id_) is None
    await store.broadcasts.show_in(id_, "17")
    assert await store.broadcasts.panel(id_) == "17"
    assert await store.broadcasts.find(id_ + 1) is None


# --- counts ----------------------------------------------------------------------------------------------------------


def test_every_state_of_a_message_is_counted_once() -> None:
    states: tuple[State, ...] = ("waiting", "leased", "paused", "sent", "unknown", "dead", "expired", "cancelled")
    told = tally(dict.fromkeys(states, 1))
    assert told == Tally(sent=1, unknown=1, failed=1, left=3, withdrawn=2)
    assert told.total == len(states)
    assert told.share == pytest.approx(5 / 8)
    assert remaining_s(told, 27) == pytest.approx(3 / 27)
    assert Tally().share == 1.0


async def test_statistics_count_chats_subscriptions_and_messages(store: Store) -> None:
    await subscribe(store, ALICE, "service:whatsapp")
    await subscribe(store, CITY, "service:whatsapp")
    await subscribe(store, NEWS, "all")
    await store.broadcasts.start(await draft(store), USUAL, now=100)
    counts = await store.statistics.counts(now=200)
    assert set(counts.chats) == {
        ("private", None, 1), ("private", "ru", 1), ("group", None, 1), ("channel", "ru", 1)
    }  # fmt: skip
    assert counts.subscriptions == (("service:whatsapp", 2), ("all", 1))
    assert counts.messages == {"waiting": 4}
    health = await store.statistics.health(now=200)
    assert health.oldest_waits_since == 100
    assert health.size_bytes > 10_000
