"""What is put in is told once, in order, whatever happens on the way; nothing keeps what is more urgent waiting."""

from __future__ import annotations

import asyncio
import itertools
import time
from typing import TYPE_CHECKING, Any

import pytest

from bot.outbox import Priority, books
from bot.outbox import outbox as outbox_module
from bot.outbox.delivery import ChatGone, ChatMoved, Muted, NotSent, Rejected, Unknown
from bot.pacing import Rates
from bot.store import Store, StoreError
from bot.transports.errors import TransportError
from tests.bot.outbox.memory import HASTY, Running, alert, outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from bot.outbox.delivery import Outcome
    from bot.outbox.model import Result, State
    from bot.store.outbox import Claimed

CHATS = tuple(f"telegram:{number}" for number in range(1, 6))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        for chat in CHATS:
            await store.chats.meet(chat, "private", now=1)
        yield store


@pytest.fixture
def bot(store: Store) -> Running:
    return Running(store)


async def settled(store: Store, **counts: int) -> None:
    """Wait until so many messages are in each state, and none in any other."""
    async with asyncio.timeout(20):
        while await store.outbox.backlog() != counts:  # noqa: ASYNC110 -- the store has no events to wait for
            await asyncio.sleep(0.001)


async def test_what_is_put_in_is_told_in_each_chats_order(bot: Running) -> None:
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, f"{number}") for number in range(20) for chat in CHATS))
        await bot.delivery.until(lambda: len(bot.delivery.delivered) == 100)
    for chat in CHATS:
        assert bot.delivery.texts(chat) == [str(number) for number in range(20)]
    await settled(bot.store, sent=100)


async def test_what_was_put_in_before_is_told_after_a_start(bot: Running) -> None:
    await bot.store.outbox.put([alert(CHATS[0], "a")], now=1)
    async with bot.running():
        await settled(bot.store, sent=1)


async def test_what_somebody_else_added_is_told_when_woken(bot: Running) -> None:
    async with bot.running() as outbox:
        await bot.store.outbox.put([alert(CHATS[0], "a")], now=1)
        outbox.wake()
        await settled(bot.store, sent=1)


async def test_what_is_meant_for_later_is_told_in_time_without_being_woken(bot: Running) -> None:
    async with bot.running() as outbox:
        await outbox.put(alert(CHATS[0], "a", not_before=time.time() + 0.2))
        await bot.delivery.until(lambda: bot.delivery.delivered)
    assert bot.delivery.tried[0][1].attempts == 1


@pytest.mark.parametrize(
    ("outcome", "state", "chat_state"),
    [
        (ChatGone("blocked"), "dead", "gone"),
        (Muted("no rights"), "waiting", "muted"),
        (Rejected("bad markup"), "dead", "active"),
        (ZeroDivisionError(), "dead", "active"),
    ],
)
async def test_what_cannot_be_told_keeps_nobody_else_waiting(
    bot: Running, outcome: Outcome | Exception, state: State, chat_state: str
) -> None:
    bot.delivery.script[CHATS[0]].append(outcome)
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, "a") for chat in CHATS))
        await settled(bot.store, **{state: 1, "sent": 4})
    known = await bot.store.chats.find(CHATS[0])
    assert known is not None
    assert known.state == chat_state


async def test_a_chat_that_is_gone_is_told_nothing_more(bot: Running) -> None:
    bot.delivery.script[CHATS[0]].append(ChatGone("blocked"))
    async with bot.running() as outbox:
        await outbox.put(*(alert(CHATS[0], text) for text in "abc"))
        await settled(bot.store, dead=3)
    assert len(bot.delivery.tried) == 1


async def test_a_chat_that_moved_is_followed(bot: Running) -> None:
    bot.delivery.script[CHATS[0]].append(ChatMoved("telegram:-1001"))
    async with bot.running() as outbox:
        await outbox.put(alert(CHATS[0], "a"), alert(CHATS[0], "b"))
        await settled(bot.store, sent=2)
    assert bot.delivery.texts("telegram:-1001") == ["a", "b"]
    assert bot.delivery.delivered[0].doubts == 0


async def test_what_surely_did_not_arrive_is_told_later_and_unmarked(bot: Running) -> None:
    bot.delivery.script[CHATS[0]].extend([NotSent("no connection")] * 3)
    async with bot.running() as outbox:
        await outbox.put(alert(CHATS[0], "a"))
        await settled(bot.store, sent=1)
    (message,) = bot.delivery.delivered
    assert (message.attempts, message.doubts) == (4, 0)


async def test_what_may_have_arrived_is_repeated_and_marked_but_no_broadcast(bot: Running) -> None:
    for chat in CHATS[:2]:
        bot.delivery.script[chat].append(Unknown("cut"))
    async with bot.running() as outbox:
        await outbox.put(alert(CHATS[0], "a"), outgoing(CHATS[1], "b", Priority.BROADCAST, broadcast=1))
        await settled(bot.store, sent=1, unknown=1)
    assert [(message.chat, message.doubts) for message in bot.delivery.delivered] == [(CHATS[0], 1)]


async def test_a_pause_that_the_platform_wants_of_a_chat_is_kept_by_it_alone(bot: Running) -> None:
    bot.delivery.script[CHATS[0]].append(NotSent("flood", retry_after_s=0.5))
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, "a") for chat in CHATS))
        await settled(bot.store, sent=5)
    begins = [at for at, message in bot.delivery.tried if message.chat == CHATS[0]]
    assert begins[1] - begins[0] >= 0.5
    assert bot.delivery.delivered[-1].chat == CHATS[0]


async def test_a_pause_that_several_want_holds_back_all(bot: Running) -> None:
    for chat in CHATS[:3]:
        bot.delivery.script[chat].append(NotSent("flood", retry_after_s=1.5))
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, "a") for chat in CHATS[:3]))
        await bot.delivery.until(lambda: len(bot.delivery.tried) == 3)
        await settled(bot.store, waiting=3)
        await outbox.put(*(alert(chat, "b") for chat in CHATS[3:]))
        await settled(bot.store, sent=5)
    times = [at for at, _ in bot.delivery.tried]
    assert times[3] - times[2] >= 1.4


async def test_while_nothing_can_be_sent_one_message_at_a_time_tries(bot: Running) -> None:
    for chat in CHATS:
        bot.delivery.script[chat].extend([NotSent("no connection")] * 5)
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, "a") for chat in CHATS))
        await settled(bot.store, sent=5)
    later = [at for at, _ in bot.delivery.tried][len(CHATS) : 5 * len(CHATS)]
    gaps = [second - first for first, second in itertools.pairwise(later)]
    assert min(gaps) >= HASTY.unreached.first_s * 0.9


async def test_while_questions_are_not_answered_nothing_is_tried(bot: Running) -> None:
    bot.delivery.script[CHATS[0]].append(NotSent("no connection"))
    bot.delivery.silent = True
    async with bot.running() as outbox:
        await outbox.put(alert(CHATS[0], "a"))
        await bot.delivery.until(lambda: bot.delivery.questions >= 3)
        await outbox.put(*(alert(chat, "b") for chat in CHATS))
        asked = bot.delivery.questions
        await bot.delivery.until(lambda: bot.delivery.questions >= asked + 5)
    async with bot.running():
        asked = bot.delivery.questions
        await bot.delivery.until(lambda: bot.delivery.questions >= asked + 5)
        assert len(bot.delivery.tried) == 1
        bot.delivery.silent = False
        await settled(bot.store, sent=6)


@pytest.mark.parametrize("failure", [TransportError("refused"), ZeroDivisionError()])
async def test_a_question_that_goes_wrong_stops_it_only_where_the_bot_is_refused(
    bot: Running, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers, failures = bot.delivery.answers, [failure]

    async def failing() -> bool:
        if failures:
            raise failures.pop()
        return await answers()

    monkeypatch.setattr(bot.delivery, "answers", failing)
    bot.delivery.script[CHATS[0]].append(NotSent("no connection"))
    await bot.outbox.put(alert(CHATS[0], "a"))
    if isinstance(failure, TransportError):
        with pytest.raises(TransportError, match="refused"):
            await bot.outbox.run()
        assert await bot.store.outbox.backlog() == {"waiting": 1}
    else:
        async with bot.running():
            await settled(bot.store, sent=1)


async def test_a_token_that_is_refused_stops_it_and_loses_nothing(bot: Running) -> None:
    bot.delivery.script[CHATS[0]].append(TransportError("refused"))
    await bot.outbox.put(*(alert(chat, text) for text in "ab" for chat in CHATS))
    with pytest.raises(TransportError, match="refused"):
        await bot.outbox.run()
    counts = await bot.store.outbox.backlog()
    assert counts.get("sent", 0) + counts["waiting"] == 10
    async with bot.running():
        await settled(bot.store, sent=10)
    assert all(message.doubts == 0 for message in bot.delivery.delivered)


async def test_a_database_that_is_of_no_use_for_a_while_loses_nothing(
    bot: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "_PAUSE_S", 0.01)
    real = bot.store.outbox.exchange
    failures = [StoreError("the disk is full")] * 3

    async def failing(results: Sequence[Result], **how: Any) -> Claimed:
        if results and failures:
            raise failures.pop()
        return await real(results, **how)

    monkeypatch.setattr(bot.store.outbox, "exchange", failing)
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, text) for text in "ab" for chat in CHATS))
        await settled(bot.store, sent=10)
    assert len(bot.delivery.tried) == 10


# --- stopping --------------------------------------------------------------------------------------------------------


async def test_a_stop_lets_end_what_is_in_flight_and_gives_back_the_rest(store: Store) -> None:
    bot = Running(store, rates=Rates(overall_burst=1))
    bot.delivery.gate.clear()
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, "a") for chat in CHATS))
        await bot.delivery.until(lambda: len(bot.delivery.tried) == 2)
        asyncio.get_running_loop().call_later(0.1, bot.delivery.gate.set)
    assert await store.outbox.backlog() == {"sent": 2, "waiting": 3}
    async with bot.running():
        await settled(store, sent=5)
    assert {(message.attempts, message.doubts) for message in bot.delivery.delivered} == {(1, 0)}


async def test_what_is_leased_while_it_stops_is_given_back(bot: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    real, asked, gate = bot.store.outbox.exchange, asyncio.Event(), asyncio.Event()

    async def slow(results: Sequence[Result], **how: Any) -> Claimed:
        claimed = await real(results, **how)
        if claimed.messages:
            asked.set()
            await gate.wait()
        return claimed

    monkeypatch.setattr(bot.store.outbox, "exchange", slow)
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, "a") for chat in CHATS))
        await asked.wait()
        asyncio.get_running_loop().call_later(0.1, gate.set)
    assert await bot.store.outbox.backlog() == {"waiting": 5}
    assert not bot.delivery.tried


async def test_a_stop_waits_for_nobody_who_does_not_answer(bot: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "GRACE_S", 0.05)
    bot.delivery.gate.clear()
    async with bot.running() as outbox:
        await outbox.put(alert(CHATS[0], "a"), outgoing(CHATS[1], "b", Priority.BROADCAST, broadcast=1))
        await bot.delivery.until(lambda: len(bot.delivery.tried) == 2)
    assert await bot.store.outbox.backlog() == {"unknown": 1, "waiting": 1}
    bot.delivery.gate.set()
    async with bot.running():
        await settled(bot.store, sent=1, unknown=1)
    assert bot.delivery.delivered[0].doubts == 1


async def test_what_was_being_sent_when_the_process_died_is_in_doubt(bot: Running) -> None:
    await bot.store.outbox.put([alert(CHATS[0], "a"), outgoing(CHATS[1], "b", Priority.BROADCAST)], now=1)
    await bot.store.outbox.exchange(most=9, now=1)
    async with bot.running():
        await settled(bot.store, sent=1, unknown=1)
    (message,) = bot.delivery.delivered
    assert (message.chat, message.doubts) == (CHATS[0], 1)


# --- what is urgent --------------------------------------------------------------------------------------------------


async def test_behind_a_broadcast_a_reply_leaves_at_once_and_an_alert_soon(store: Store) -> None:
    await many_chats(store, 2000)
    bot = Running(store, rates=Rates())
    async with bot.running() as outbox:
        await outbox.put(*(outgoing(f"telegram:{chat}", "b", Priority.BROADCAST) for chat in range(1, 2001)))
        await bot.delivery.until(lambda: len(bot.delivery.tried) >= 20)
        clock = asyncio.get_running_loop().time
        waits_s = []
        for reply in range(10):
            began = clock()
            for at in bot.pacer.turn(f"reply {reply}", group=False, clock=clock):
                await asyncio.sleep(max(0.0, at - clock()))
            waits_s.append(clock() - began)
        began = clock()
        await outbox.put(alert(CHATS[0], "alert"))
        await bot.delivery.until(lambda: "alert" in bot.delivery.texts())
        alert_s = clock() - began
    assert max(waits_s) < 0.5
    assert alert_s < 1
    assert_never_too_fast([at for at, _ in bot.delivery.tried])


async def many_chats(store: Store, count: int) -> None:
    async def work(connection: Any) -> None:
        chats = [(f"telegram:{number}",) for number in range(1, count + 1)]
        await connection.executemany(
            "INSERT OR IGNORE INTO chat (id, kind, state_since) VALUES (?, 'private', 1)", chats
        )

    await store._database.transaction(work)


def assert_never_too_fast(times: list[float]) -> None:
    assert all(later - first >= 1 - 1e-6 for first, later in zip(times, times[30:], strict=False))
