"""Messages are kept with what causes them, leased in order, and known by what became of them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.reply import Block, Button, Moment, Reply
from bot.outbox import Copied, Outgoing, Priority, Said, Written, document
from bot.outbox.model import Message, Result
from bot.store import Store, StoreError
from bot.store import outbox as outbox_module
from bot.store.database import migrations
from bot.store.outbox import FORGOTTEN_AT_ONCE, KEEP_BROADCAST_S, KEEP_ENDED_S, OutboxStore
from bot.store.withholding import pausing, resending, resuming, stopping
from tests.bot.outbox.memory import alert, outgoing, said, text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from bot.outbox import Content
    from bot.outbox.model import State

A, B, GROUP = "telegram:1", "telegram:2", "telegram:-3"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        for chat in (A, B):
            await store.chats.meet(chat, "private", now=1)
        await store.chats.meet(GROUP, "group", now=1)
        yield store


def rows(path: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(statement).fetchall()


async def claim(store: Store, *, now: float, most: int = 100, results: Sequence[Result] = ()) -> list[Message]:
    return (await store.outbox.exchange(results, most=most, now=now)).messages


async def texts(store: Store, *, now: float, most: int = 100) -> list[str]:
    return [text_of(message) for message in await claim(store, now=now, most=most)]


def result(message: Message, state: State, **more: Any) -> Result:
    return Result(message=message.id, attempt=message.attempts, state=state, **more)


# --- contents --------------------------------------------------------------------------------------------------------

WRITTEN = Written(html="<b>a</b>", photo="photo1", buttons=((Button("No more", "/quiet"),),))


MOMENTS = st.builds(Moment, at=st.floats(0, 4e9))
BLOCKS = st.one_of(MOMENTS, *(st.builds(kind) for kind in get_args(Block) if kind is not Moment))


@given(st.builds(Reply, blocks=st.lists(BLOCKS, max_size=5).map(tuple)))
def test_any_reply_is_read_as_it_was_written(reply: Reply) -> None:
    assert document.load(document.dump(Said(reply))) == Said(reply)


@pytest.mark.parametrize("content", [WRITTEN, Written(html="a"), Copied(chat=A, message_id=7)])
def test_any_content_is_read_as_it_was_written(content: Content) -> None:
    assert document.load(document.dump(content)) == content


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"said": 1}', '{"said": {"blocks": [{"kind": "song"}]}}'])
def test_what_is_no_content_is_told_from_one(text: str) -> None:
    with pytest.raises(document.DocumentError, match="not a content"):
        document.load(text)


async def test_what_many_are_told_is_stored_once(store: Store, tmp_path: Path) -> None:
    await store.outbox.put([alert(chat, "the same") for chat in (A, B, GROUP)], now=1)
    assert rows(tmp_path / "db", "SELECT count(*) FROM content") == [(1,)]
    assert await texts(store, now=1) == ["the same"] * 3


async def test_a_content_stored_before_can_be_told(store: Store) -> None:
    async def work(connection: Any) -> None:
        content = await OutboxStore.keep(connection, WRITTEN, 1)
        await OutboxStore.add(connection, Outgoing(chat=A, content=content, priority=Priority.BROADCAST), 1)

    await store._database.transaction(work)
    (message,) = await claim(store, now=1)
    assert message.content == WRITTEN


async def test_a_content_that_this_version_cannot_read_ends_there(store: Store, tmp_path: Path) -> None:
    await store.outbox.put([alert(A, "old"), alert(B, "new")], now=1)
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("""UPDATE content SET document = '{"sung": 1}' WHERE document LIKE '%old%'""")
    assert await texts(store, now=1) == ["new"]
    assert rows(tmp_path / "db", "SELECT failure FROM message WHERE state = 'dead'") == [("unreadable",)]


# --- putting in ------------------------------------------------------------------------------------------------------


async def test_a_change_that_fails_leaves_no_message_of_it(store: Store) -> None:
    async def work(connection: Any) -> None:
        await OutboxStore.add(connection, alert(A, "blocked"), 1)
        await connection.execute("INSERT INTO chat (id) VALUES (NULL)")

    with pytest.raises(StoreError):
        await store._database.transaction(work)
    assert await store.outbox.backlog() == {}


async def test_chats_that_are_unknown_or_gone_are_passed_over(store: Store) -> None:
    await store.chats.set_state(A, "gone", now=2)
    await store.outbox.put([alert(A, "a"), alert(B, "b"), alert("telegram:99", "c")], now=3)
    assert await texts(store, now=3) == ["b"]


async def test_a_message_knows_its_chat(store: Store) -> None:
    await store.chats.set_language(GROUP, "ru")
    await store.chats.set_state(GROUP, "muted", now=2)
    await store.outbox.put([alert(GROUP, "a"), alert(B, "b", thread=9)], now=1)
    first, second = await claim(store, now=1)
    assert (first.chat, first.is_group, first.language, first.muted, first.thread) == (GROUP, True, "ru", True, None)
    assert (second.chat, second.is_group, second.language, second.muted, second.thread) == (B, False, None, False, 9)


async def test_what_waits_is_forgotten_with_its_chat(store: Store) -> None:
    await store.outbox.put([alert(A, "a"), alert(B, "b")], now=1)
    await store.chats.forget(A)
    assert await texts(store, now=1) == ["b"]


# --- order -----------------------------------------------------------------------------------------------------------


async def test_the_most_urgent_leaves_first_then_what_is_due_first(store: Store) -> None:
    await store.outbox.put([outgoing(A, "digest", Priority.DIGEST)], now=1)
    await store.outbox.put([outgoing(B, "broadcast", Priority.BROADCAST)], now=2)
    await store.outbox.put([outgoing(GROUP, "alert", Priority.ALERT)], now=3)
    await store.outbox.put([outgoing(B, "late alert", Priority.ALERT)], now=4)
    assert await texts(store, now=4, most=3) == ["alert", "late alert", "broadcast"]


async def test_only_the_priorities_asked_for_are_leased(store: Store) -> None:
    await store.outbox.put([outgoing(A, "b", Priority.BROADCAST), alert(B, "a", not_before=9)], now=1)
    claimed = await store.outbox.exchange(most=9, now=1, priorities=(Priority.ALERT,))
    assert claimed == ([], 9)
    assert await store.outbox.exchange(most=9, now=1, priorities=()) == ([], None)


async def test_the_next_of_a_chat_leaves_when_the_one_before_is_out_of_the_way(store: Store) -> None:
    await store.outbox.put([alert(A, "1"), alert(A, "2"), alert(A, "3"), alert(B, "4")], now=1)
    first, other = await claim(store, now=1)
    assert (text_of(first), text_of(other)) == ("1", "4")
    assert await claim(store, now=2) == []
    assert await claim(store, now=3, results=[result(first, "waiting", next_at=9)]) == []
    (again,) = await claim(store, now=9)
    assert (again.id, again.attempts) == (first.id, 2)
    (second,) = await claim(store, now=9, results=[result(again, "dead")])
    (third,) = await claim(store, now=9, results=[result(second, "unknown")])
    assert [text_of(second), text_of(third)] == ["2", "3"]


async def test_an_alert_does_not_stand_behind_a_broadcast_but_a_broadcast_behind_an_alert(store: Store) -> None:
    await store.outbox.put([outgoing(A, "b1", Priority.BROADCAST), alert(A, "a"), alert(B, "c")], now=1)
    await store.outbox.put([outgoing(B, "b2", Priority.BROADCAST)], now=1)
    assert await texts(store, now=1) == ["a", "c", "b1"]


async def test_what_is_meant_for_later_keeps_nothing_waiting(store: Store) -> None:
    await store.outbox.put([outgoing(A, "tomorrow", Priority.BROADCAST, not_before=100)], now=1)
    await store.outbox.put([outgoing(A, "today", Priority.DIGEST)], now=1)
    claimed = await store.outbox.exchange(most=9, now=1)
    assert [text_of(message) for message in claimed.messages] == ["today"]
    assert claimed.next_at == 100
    assert await texts(store, now=100) == ["tomorrow"]


async def test_many_for_few_chats_keep_the_others_waiting_for_a_few_looks_only(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "_LOOKED_AT_AT_ONCE", 10)
    await store.outbox.put([alert(A, f"{number}") for number in range(25)], now=1)
    await store.outbox.put([alert(B, "b")], now=1)
    looks = [await texts(store, now=1, most=4) for _ in range(5)]
    assert [text for look in looks for text in look] == ["0", "b"]


async def test_what_comes_too_late_is_not_told(store: Store) -> None:
    await store.outbox.put([alert(A, "old", expires_at=5), alert(A, "new"), alert(B, "doubtful", expires_at=5)], now=1)
    leased = {text_of(message): message for message in await claim(store, now=1)}
    again = [
        result(leased["old"], "waiting", next_at=6),
        result(leased["doubtful"], "waiting", next_at=6, doubtful=True),
    ]
    await claim(store, now=6, results=again)
    assert await texts(store, now=6) == ["new"]
    assert await store.outbox.backlog() == {"expired": 1, "leased": 1, "unknown": 1}


def test_looking_for_what_is_due_reads_nothing_else(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "plan")) as connection:
        for script in migrations():
            connection.executescript(script)
        values = {"priorities": "[1]", "now": 1, "most": 1}
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {outbox_module._DUE}", values)]
    assert not any("TEMP B-TREE" in step or (step.startswith("SCAN") and "json_each" not in step) for step in plan)
    assert plan[0].startswith("SEARCH message USING INDEX message_due (priority=? AND next_at<?)")
    assert any("message_by_chat (chat=? AND state=? AND priority=? AND id<?)" in step for step in plan)


# --- results ---------------------------------------------------------------------------------------------------------


async def test_a_result_of_an_earlier_attempt_counts_for_nothing(store: Store) -> None:
    await store.outbox.put([alert(A, "a")], now=1)
    (first,) = await claim(store, now=1)
    (second,) = await claim(store, now=1, results=[result(first, "waiting", next_at=1)])
    await claim(store, now=1, results=[result(first, "sent", platform_id="7")])
    assert await store.outbox.leased(now=1) == [second]


async def test_an_attempt_that_was_none_is_not_counted_and_a_doubtful_one_is_remembered(store: Store) -> None:
    await store.outbox.put([alert(A, "a")], now=1)
    (first,) = await claim(store, now=1)
    (second,) = await claim(store, now=1, results=[result(first, "waiting", next_at=1, untried=True)])
    assert (second.attempts, second.doubts) == (1, 0)
    (third,) = await claim(store, now=1, results=[result(second, "waiting", next_at=1, doubtful=True)])
    assert (third.attempts, third.doubts) == (2, 1)


async def test_what_a_result_says_about_the_chat_is_noted_with_it(store: Store) -> None:
    await store.outbox.put([alert(A, "a"), alert(B, "b")], now=1)
    first, second = await claim(store, now=1)
    await claim(store, now=2, results=[result(first, "dead", chat_state="muted"), result(second, "sent")])
    chat, other = await store.chats.find(A), await store.chats.find(B)
    assert [known and known.state for known in (chat, other)] == ["muted", "active"]


async def test_a_chat_that_is_gone_takes_with_it_what_waits_for_it_whoever_notes_that(
    store: Store, tmp_path: Path
) -> None:
    await store.outbox.put([alert(chat, text) for text in "123" for chat in (A, B)], now=1)
    first, _ = await claim(store, now=1)
    await claim(store, now=2, most=0, results=[result(first, "dead", failure="blocked", chat_state="gone")])
    await store.chats.set_state(B, "gone", now=3)
    states = "SELECT chat, state, failure, ended_at FROM message ORDER BY chat, id"
    gone = [(A, "dead", "blocked", 2), (A, "dead", "gone", 2), (A, "dead", "gone", 2)]
    in_flight = [(B, "leased", "", None), (B, "dead", "gone", 3), (B, "dead", "gone", 3)]
    assert rows(tmp_path / "db", states) == gone + in_flight


async def test_messages_follow_a_chat_to_its_new_id(store: Store) -> None:
    await store.outbox.put([alert(GROUP, "1"), alert(GROUP, "2")], now=1)
    (first,) = await claim(store, now=1)
    await store.chats.move(GROUP, "telegram:-1003")
    (again,) = await claim(store, now=1, results=[result(first, "waiting", next_at=1, untried=True)])
    assert (again.chat, text_of(again)) == ("telegram:-1003", "1")
    (second,) = await claim(store, now=1, results=[result(again, "sent")])
    assert text_of(second) == "2"


# --- overtaking ------------------------------------------------------------------------------------------------------


async def test_what_was_not_told_yet_is_called_back_by_what_overtakes_it(store: Store) -> None:
    await store.outbox.put([alert(A, "in flight", subject="whatsapp")], now=1)
    await claim(store, now=1)
    await store.outbox.put(
        [
            alert(A, "blocked", subject="whatsapp"),
            alert(A, "worse", subject="whatsapp"),
            alert(A, "other", subject="signal"),
            alert(B, "elsewhere", subject="whatsapp"),
        ],
        now=1,
    )
    overtaken = await store._database.transaction(
        lambda connection: store.outbox.overtake(connection, A, "whatsapp", 2)
    )
    assert overtaken == [(said("blocked"), False), (said("worse"), False)]
    assert await store.outbox.backlog() == {"cancelled": 2, "leased": 1, "waiting": 2}


async def test_whoever_overtakes_learns_that_it_may_have_been_told(store: Store) -> None:
    await store.outbox.put([alert(A, "blocked", subject="whatsapp")], now=1)
    (first,) = await claim(store, now=1)
    await claim(store, now=1, results=[result(first, "waiting", next_at=5, doubtful=True)])
    overtaken = await store._database.transaction(
        lambda connection: store.outbox.overtake(connection, A, "whatsapp", 2)
    )
    assert overtaken == [(said("blocked"), True)]


# --- broadcasts ------------------------------------------------------------------------------------------------------


def broadcast(*chats: str) -> list[Outgoing]:
    return [outgoing(chat, "news", Priority.BROADCAST, broadcast=7) for chat in chats]


async def test_a_broadcast_can_be_paused_and_goes_on_where_it_was(store: Store) -> None:
    await store.outbox.put([*broadcast(A, B, GROUP), alert(A, "alert")], now=1)
    alert_, first = await claim(store, now=1, most=2)
    await store._database.write(*pausing(7, 2))
    assert await claim(store, now=3, results=[result(alert_, "sent"), result(first, "waiting", next_at=3)]) == []
    assert await store.outbox.counts(7) == {"paused": 3}
    await store._database.write(*resuming(7))
    assert len(await claim(store, now=3)) == 3


async def test_what_is_added_to_a_paused_broadcast_waits_with_it(store: Store) -> None:
    await store._database.write(*pausing(7, 1))
    await store.outbox.put(broadcast(A), now=1)
    assert await claim(store, now=1) == []


async def test_a_broadcast_that_was_stopped_sends_nothing_more_not_even_what_failed(store: Store) -> None:
    await store.outbox.put(broadcast(A, B, GROUP), now=1)
    first, second = await claim(store, now=1, most=2)
    await store._database.write(*pausing(7, 2))
    await store._database.write(*stopping(7, 2))
    await store._database.write(*resuming(7))
    assert await claim(store, now=3, results=[result(first, "waiting", next_at=3), result(second, "sent")]) == []
    assert await store.outbox.counts(7) == {"cancelled": 2, "sent": 1}


async def test_what_is_behind_a_paused_broadcast_goes_ahead(store: Store) -> None:
    await store.outbox.put([*broadcast(A), outgoing(A, "digest", Priority.DIGEST)], now=1)
    assert await texts(store, now=1, most=0) == []
    (first,) = await claim(store, now=1)
    await claim(store, now=1, most=0, results=[result(first, "waiting", next_at=1)])
    await store._database.write(*pausing(7, 1))
    assert await texts(store, now=1) == ["digest"]


async def test_what_may_not_have_arrived_is_sent_again_only_by_hand(store: Store) -> None:
    await store.outbox.put(broadcast(A, B), now=1)
    first, second = await claim(store, now=1)
    unknown = result(first, "unknown", doubtful=True)
    assert await claim(store, now=2, results=[unknown, result(second, "sent")]) == []
    await store._database.write(*stopping(7, 2))
    await store._database.write(*resending(7, 3))
    (again,) = await claim(store, now=3)
    assert (again.id, again.doubts) == (first.id, 1)
    (once_more,) = await claim(store, now=4, results=[result(again, "waiting", next_at=4)])
    await claim(store, now=4, results=[result(once_more, "sent")])
    assert await store.outbox.counts(7) == {"sent": 2}


# --- keeping it small ------------------------------------------------------------------------------------------------


async def test_what_ended_long_ago_is_forgotten_and_what_waits_is_not(store: Store, tmp_path: Path) -> None:
    await store.outbox.put([alert(A, "a"), alert(B, "b"), *broadcast(GROUP)], now=1)
    leased = await claim(store, now=1)
    await claim(store, now=10, most=0, results=[result(message, "sent") for message in leased])
    await store.outbox.put([alert(A, "c")], now=10)
    await store._database.write(*stopping(7, 10))
    counts = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM content)"
    for now, left in ((9 + KEEP_ENDED_S, (4, 4)), (11 + KEEP_ENDED_S, (2, 4)), (11 + KEEP_BROADCAST_S, (1, 1))):
        assert not await store.outbox.forget(now=now)
        assert rows(tmp_path / "db", counts) == [left]
    assert rows(tmp_path / "db", "SELECT count(*) FROM broadcast_hold") == [(0,)]
    assert await texts(store, now=11) == ["c"]


async def test_forgetting_takes_many_small_steps(store: Store) -> None:
    await store.outbox.put([alert(A, "a", expires_at=0.5) for _ in range(FORGOTTEN_AT_ONCE + 1)], now=1)
    for _ in range(3):
        await claim(store, now=1, most=1000)
    assert await store.outbox.backlog() == {"expired": FORGOTTEN_AT_ONCE + 1}
    assert await store.outbox.forget(now=2 + KEEP_ENDED_S)
    assert not await store.outbox.forget(now=2 + KEEP_ENDED_S)
    assert await store.outbox.backlog() == {}
