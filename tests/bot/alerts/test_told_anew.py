"""What still waits to be sent is told anew when there is more to tell, and when it is wanted no more."""

from __future__ import annotations

import pytest

from bot.outbox.model import Result
from tests.bot.changes import NOON, SIGNAL, TELEGRAM, WHATSAPP, closed, opened
from tests.bot.telling import Telling, first_lines

A = "telegram:1"
BLOCKED = "WhatsApp — blocked since 11:58 UTC (confirmed)"
CLEAR = "WhatsApp — works again"


async def test_a_block_that_was_not_sent_before_its_end_is_told_as_one(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.look(after_s=30)
    telling.now = NOON + 600
    await telling.close(opened())
    told = first_lines(await telling.told(after_s=30))
    assert told == [(A, "WhatsApp — was blocked from 11:58 UTC to 12:09 UTC, works again")]
    assert await telling.told(after_s=600) == []


async def test_more_news_join_what_still_waits(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.look(after_s=30)
    await telling.happen(opened(TELEGRAM, at=telling.now))
    assert first_lines(await telling.told(after_s=30)) == [(A, "2 services are blocked")]


async def test_what_waits_in_one_topic_stays_while_another_is_on_its_way(telling: Telling) -> None:
    await telling.subscribe(A, "service:whatsapp", thread=1)
    await telling.subscribe(A, "service:telegram", thread=2)
    await telling.happen(opened(WHATSAPP), opened(TELEGRAM))
    await telling.look(after_s=30)
    assert [one.thread for one in await telling.deliver(most=1)] == [1]
    await telling.happen(opened(SIGNAL, at=telling.now))
    await telling.close(opened(TELEGRAM))
    found = [(one.thread, one.text.partition(" — ")[2].partition(" ")[0]) for one in await telling.told(after_s=30)]
    assert found == [(2, "blocked"), (2, "works")]


async def test_what_was_left_waiting_is_not_lost_when_more_is_told_anew(telling: Telling) -> None:
    await telling.subscribe(A, "service:whatsapp", thread=1)
    await telling.subscribe(A, "service:telegram", "service:signal", thread=2)
    await telling.happen(opened(WHATSAPP), opened(TELEGRAM))
    await telling.look(after_s=30)
    await telling.deliver(most=1)
    await telling.happen(opened(SIGNAL, at=telling.now, incident=3))
    await telling.look(after_s=30)
    await telling.happen(closed(opened(SIGNAL, incident=3), at=telling.now))
    blocked, over = first_lines(await telling.told(after_s=30))
    assert blocked == (A, "Telegram — blocked since 11:58 UTC (confirmed)")
    assert over == (A, "Signal — was blocked from 11:58 UTC to 12:00 UTC, works again")


@pytest.mark.parametrize("leave", ["unsubscribe", "mute"])
async def test_whoever_leaves_while_news_wait_is_not_told(telling: Telling, leave: str) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.look(after_s=30)
    if leave == "mute":
        await telling.wish(A, muted_until=telling.now + 3600)
    else:
        await telling.unsubscribe(A, "all")
    assert await telling.told(after_s=30) == []
    await telling.close(opened())
    assert await telling.told(after_s=30) == []


async def test_leaving_one_thing_leaves_the_other_news(telling: Telling) -> None:
    await telling.subscribe(A, "service:whatsapp", "service:telegram")
    await telling.happen(opened(WHATSAPP), opened(TELEGRAM))
    await telling.look(after_s=30)
    await telling.unsubscribe(A, "service:telegram")
    assert first_lines(await telling.told(after_s=5)) == [(A, BLOCKED)]


async def test_the_end_of_what_may_have_been_told_is_told_even_to_who_muted_it_meanwhile(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.look(after_s=30)
    [sent] = (await telling.store.outbox.exchange(most=1, now=telling.now)).messages
    lost = Result(message=sent.id, attempt=sent.attempts, state="waiting", next_at=telling.now, doubtful=True)
    await telling.store.outbox.exchange([lost], most=0, now=telling.now)
    await telling.wish(A, muted_until=NOON + 7200)
    await telling.close(opened())
    assert first_lines(await telling.told(after_s=30)) == [(A, BLOCKED), (A, CLEAR)]
