"""What changes is told once, to whoever wants to hear of it, when they want to hear."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.alerts import bulletin
from bot.alerts import digest as digests
from bot.alerts.hours import Quiet
from bot.alerts.subscriptions import Told
from bot.incidents import HOST, Claim, State
from bot.incidents.model import Run
from bot.news import Story
from bot.outbox.delivery import Muted
from bot.outbox.policy import Patience, decide
from bot.store import Store, StoreError
from probes.model import Cause, Status, Vantage
from tests.bot.canned import report
from tests.bot.changes import NOON, SIGNAL, TELEGRAM, WHATSAPP, changed, closed, opened
from tests.bot.telling import CATALOGUE, Telling, first_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.alerts.hearing import Item
    from bot.alerts.hours import Digest
    from bot.alerts.wording import Setting
    from bot.chat.reply import Reply
    from probes.model import Service

A, B, C = "telegram:1", "telegram:2", "telegram:-3"
BLOCKED = "WhatsApp — blocked since 11:58 UTC (confirmed)"
CLEAR = "WhatsApp — works again"


async def test_whoever_subscribed_is_told_and_nobody_else(telling: Telling) -> None:
    await telling.subscribe(A, "service:whatsapp")
    await telling.subscribe(B, "service:telegram")
    await telling.subscribe(C, "category:messenger")
    await telling.happen(opened())
    assert first_lines(await telling.told(after_s=30)) == [(A, BLOCKED), (C, BLOCKED)]
    assert telling.rung
    assert await telling.told(after_s=60) == []
    await telling.close(opened())
    assert first_lines(await telling.told(after_s=30)) == [(A, CLEAR), (C, CLEAR)]
    assert await telling.told(after_s=3600) == []


async def test_news_wait_for_others_so_that_many_services_are_one_message(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened(WHATSAPP))
    assert await telling.told(after_s=20) == []
    await telling.happen(opened(TELEGRAM, at=telling.now), opened(SIGNAL, at=telling.now))
    assert first_lines(await telling.told(after_s=10)) == [(A, "3 services are blocked")]


async def test_news_wait_a_little_longer_for_what_is_suspected(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened(WHATSAPP))
    run = Run(since=NOON, last=NOON, count=1, claims=(Claim(status=Status.BLOCKED),))
    suspected = State(subject=TELEGRAM, run=run)
    await telling.store.incidents.record("telegram", (suspected,), (), due_at=NOON)
    assert await telling.told(after_s=31) == []
    await telling.happen(opened(TELEGRAM, at=telling.now))
    assert first_lines(await telling.told(after_s=14)) == [(A, "2 services are blocked")], "not for ever"
    await telling.happen(opened(SIGNAL, at=NOON + 600))
    telling.now = NOON + 630
    assert len(await telling.told()) == 1, "an old suspicion keeps nothing back"


async def test_news_from_the_future_are_not_waited_for(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened(at=NOON + 3600))
    assert len(await telling.told()) == 1


async def test_a_chat_that_wakes_takes_fresh_news_along_and_lets_them_ripen_for_the_others(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.wish(A, quiet=Quiet(11 * 60, 13 * 60))
    await telling.happen(opened(SIGNAL))
    await telling.subscribe(B, "service:whatsapp", "service:telegram")
    assert await telling.told(after_s=30) == []
    telling.now = NOON + 3600 - 5
    await telling.happen(opened(WHATSAPP, at=telling.now))
    assert first_lines(await telling.told(after_s=5)) == [(A, "2 services are blocked")]
    await telling.happen(opened(TELEGRAM, at=telling.now))
    assert await telling.told(after_s=20) == []
    assert [one.chat for one in await telling.told(after_s=5)] == [B], "in one message, when the first of them is ripe"
    assert [one.chat for one in await telling.told(after_s=5)] == [A]


async def test_whoever_runs_the_bot_hears_nothing_old_because_a_chat_wakes(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        telling = Telling(store, operators=(C,))
        await telling.subscribe(A, "all")
        await telling.wish(A, quiet=Quiet(11 * 60, 13 * 60))
        await telling.subscribe(B, "all")
        await telling.happen(OFFLINE)
        await telling.told(after_s=30)
        await telling.meet(C)
        telling.now = NOON + 3600
        assert [one.chat for one in await telling.told()] == [A]


async def test_each_chat_is_told_in_its_language_and_topic(telling: Telling) -> None:
    await telling.subscribe(A, "service:whatsapp")
    await telling.meet(B, language="ru")
    await telling.subscribe(B, "all", thread=7)
    await telling.happen(opened())
    english, russian = await telling.told(after_s=30)
    assert (english.thread, russian.thread) == (None, 7)
    assert english.text != russian.text


async def test_a_chat_that_cannot_be_written_to_is_spared_for_good(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.store.chats.set_state(A, "gone", now=NOON)
    await telling.happen(opened())
    await telling.look(after_s=30)
    await telling.meet(A)
    assert await telling.told(after_s=30) == []


async def test_a_chat_in_which_nobody_may_write_for_now_is_told_everything_once_somebody_may(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.store.chats.set_state(A, "muted", now=NOON)
    assert "whatsapp" in await telling.store.subscriptions.services(CATALOGUE), "it is watched for such a chat, too"
    await telling.happen(opened())
    await telling.look(after_s=30)
    [tried] = (await telling.store.outbox.exchange(most=1, now=telling.now)).messages
    again = decide(tried, Muted("no rights"), Patience(), now=telling.now, jitter=1)
    await telling.store.outbox.exchange([again], most=0, now=telling.now)
    telling.now = NOON + 3600
    await telling.close(opened())
    told = first_lines(await telling.told(after_s=30))
    assert told == [(A, "WhatsApp — was blocked from 11:58 UTC to 12:59 UTC, works again")]


async def test_what_is_said_of_a_thing_is_said_in_the_order_of_events(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.look(after_s=30)
    await telling.deliver()
    await telling.happen(changed(opened(), at=telling.now, causes=(Cause.DNS_NXDOMAIN,)))
    assert first_lines(await telling.told(after_s=30)) == [(A, "WhatsApp — still blocked, and more was added")]


# --- the bot's own troubles ------------------------------------------------------------------------------------------

OFFLINE = opened(HOST, Status.DOWN, severity="host", causes=(Cause.HOST_OFFLINE,))


async def test_the_hosts_trouble_is_told_to_operators_and_to_whoever_hears_everything(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        telling = Telling(store, operators=(A, "telegram:404"))
        await telling.meet(A)
        await telling.subscribe(B, "all")
        await telling.subscribe(C, "category:messenger")
        await telling.look()
        await telling.happen(OFFLINE)
        trouble = "This bot's own network is in trouble since 11:58 UTC"
        assert sorted(first_lines(await telling.told(after_s=30))) == [(A, trouble), (B, trouble)]
        await telling.happen(opened())
        assert [one.chat for one in await telling.told(after_s=30)] == [B, C]
        await telling.happen(closed(OFFLINE, at=telling.now))
        assert {one.chat for one in await telling.told(after_s=30)} == {A, B}


# --- what explains it ------------------------------------------------------------------------------------------------


class OneStory:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []

    async def about(self, service: Service, language: str, country: str | None) -> Sequence[Story]:
        self.asked.append((service.id, language, country))
        return [Story(title="Why", url="https://a.example/", source="Paper", published_at=None, language=language)]


async def test_an_alert_has_what_the_report_and_the_news_add(tmp_path: Path) -> None:
    stories = OneStory()
    async with Store.open(tmp_path / "db") as store:
        telling = Telling(store, stories=stories)
        await telling.subscribe(A, "all")
        seen = report("whatsapp", Status.BLOCKED, vantage=Vantage(network="Example Net", country="ZZ"))
        await telling.happen(opened(), report=seen)
        [alert] = await telling.told(after_s=30)
    assert "In the news\nWhy (Paper)" in alert.text
    assert "from this bot's host (Example Net, ZZ)." in alert.text
    assert stories.asked == [("whatsapp", "en", "ZZ")]


class NoStory:
    async def about(self, service: Service, language: str, country: str | None) -> Sequence[Story]:
        raise StoreError(f"no news of {service.id} in {language} for {country}")


async def test_an_alert_is_told_without_the_news_that_cannot_be_had(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Store.open(tmp_path / "db") as store:
        telling = Telling(store, stories=NoStory())
        await telling.subscribe(A, "all")
        await telling.happen(opened())
        assert first_lines(await telling.told(after_s=30)) == [(A, BLOCKED)]
    assert "What is in the news about whatsapp" in caplog.text


# --- when asked for late ---------------------------------------------------------------------------------------------


async def test_what_was_told_when_it_was_asked_for_is_not_told_again_but_cleared(telling: Telling) -> None:
    await telling.subscribe(B, "all")
    await telling.wish(A, quiet=None)
    await telling.happen(opened())
    await telling.subscribe(A, "service:whatsapp", told={WHATSAPP: Told(1, Status.BLOCKED, NOON)})
    assert [one.chat for one in await telling.told(after_s=30)] == [B]
    await telling.close(opened())
    assert sorted(first_lines(await telling.told(after_s=30))) == [(A, CLEAR), (B, CLEAR)]


# --- digests ---------------------------------------------------------------------------------------------------------


async def test_a_digest_comes_once_when_it_is_due(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.told(after_s=30)
    await telling.close(opened())
    await telling.told(after_s=30)
    await telling.wish(A, digest="daily", digest_at=NOON + 21 * 3600)
    telling.now = NOON + 21 * 3600
    [digest] = await telling.told()
    assert digest.text.splitlines() == [
        "The last 24 hours",
        "WhatsApp — 1 incident, 1 minute in all; works now",
        "3 other services had no incidents.",
    ]
    assert await telling.told(after_s=3600) == []
    telling.now = NOON + 45 * 3600
    [nothing] = await telling.told()
    assert nothing.text == "The last 24 hours: nothing happened to what you subscribed to."


async def test_a_digest_that_is_due_by_a_clock_that_was_set_back_comes_all_the_same(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.wish(A, digest="daily", digest_at=NOON + 365 * 24 * 3600)
    assert len(await telling.told()) == 1
    assert await telling.told(after_s=3600) == []
    assert len(await telling.told(after_s=24 * 3600)) == 1


async def test_a_digest_waits_for_the_end_of_quiet_hours_and_a_muted_chat_gets_none(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.wish(A, digest="weekly", digest_at=NOON, quiet=Quiet(11 * 60, 13 * 60))
    await telling.subscribe(B, "all")
    await telling.wish(B, digest="daily", digest_at=NOON, muted_until=NOON + 60)
    assert await telling.told() == []
    telling.now = NOON + 3600
    assert [one.chat for one in await telling.told()] == [A]


async def test_a_digest_that_cannot_be_worded_keeps_no_other_back(
    telling: Telling, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await telling.subscribe(A, "service:whatsapp")
    await telling.wish(A, digest="weekly", digest_at=NOON)
    await telling.subscribe(B, "all")
    await telling.wish(B, digest="daily", digest_at=NOON)
    real = digests.digest

    def digest(kind: Digest, *rest: Any) -> Reply:
        if kind == "weekly":
            raise KeyError("a status that nobody knows")
        return real(kind, *rest)

    monkeypatch.setattr("bot.alerts.announcer.digest", digest)
    assert [one.chat for one in await telling.told()] == [B]
    assert f"The digest of {A} could not be made" in caplog.text
    assert not await telling.store.announcements.are_digests_due(telling.now), "it is not tried for ever"


# --- running ---------------------------------------------------------------------------------------------------------


async def test_a_look_that_fails_is_made_again(telling: Telling, monkeypatch: pytest.MonkeyPatch) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    looks: list[float] = []
    real = telling.announcer.look

    async def look() -> None:
        looks.append(telling.now)
        if len(looks) == 1:
            raise StoreError("the disk is full")
        await real()
        if telling.rung:
            raise asyncio.CancelledError

    monkeypatch.setattr(telling.announcer, "look", look)
    with pytest.raises(asyncio.CancelledError):
        await telling.announcer.run()
    assert looks == [NOON + 5 * number for number in range(7)]
    assert len(await telling.deliver()) == 1


async def test_what_cannot_be_worded_keeps_nothing_else_back(
    telling: Telling, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await telling.subscribe(A, "service:whatsapp")
    await telling.subscribe(B, "service:telegram")
    real = bulletin.message

    def message(items: Sequence[Item], setting: Setting) -> Reply:
        if items[0].change.subject == WHATSAPP:
            raise KeyError("a status that nobody knows")
        return real(items, setting)

    monkeypatch.setattr("bot.alerts.occasion.message", message)
    await telling.happen(opened(WHATSAPP), opened(TELEGRAM))
    assert first_lines(await telling.told(after_s=30)) == [
        (A, "Something has changed, and I cannot put it into words: WhatsApp. Ask me how it is: /check"),
        (B, "Telegram — blocked since 11:58 UTC (confirmed)"),
    ]
    assert "Some news could not be worded" in caplog.text


async def test_a_crowd_is_told_a_content_that_is_stored_once(telling: Telling) -> None:
    for number in range(450):
        await telling.subscribe(f"telegram:{number}", "all")
    await telling.happen(opened())
    told = await telling.told(after_s=30)
    assert len({one.chat for one in told}) == len(told) == 450
    kept = await telling.store.outbox._database.transaction(
        lambda connection: connection.execute_fetchall("SELECT count(*) FROM content")
    )
    assert [tuple(row) for row in kept] == [(1,)]


@pytest.mark.parametrize("crash_at", [0, 1, 2])
async def test_a_crash_between_the_batches_loses_nobody_and_tells_nobody_twice(
    telling: Telling, monkeypatch: pytest.MonkeyPatch, crash_at: int
) -> None:
    monkeypatch.setattr("bot.alerts.announcer.MOST_AT_ONCE", 10)
    for number in range(25):
        await telling.subscribe(f"telegram:{number}", "all")
    await telling.happen(opened())
    real, batches = telling.store.announcements.tell, 0

    async def tell(*args: Any, **more: Any) -> int:
        nonlocal batches
        if batches == crash_at:
            raise StoreError("power cut")
        batches += 1
        return await real(*args, **more)

    monkeypatch.setattr(telling.store.announcements, "tell", tell)
    with pytest.raises(StoreError):
        await telling.look(after_s=30)
    monkeypatch.setattr(telling.store.announcements, "tell", real)
    told = await telling.told(after_s=5)
    assert sorted(one.chat for one in told) == sorted(f"telegram:{number}" for number in range(25))
