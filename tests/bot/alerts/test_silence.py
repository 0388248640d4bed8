"""What is told to who wants quiet, or was muted: the end of what was told at once, the rest afterwards, if it lasts."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.alerts.hours import Quiet
from bot.alerts.subscriptions import Told
from bot.store.announcements import Telling as Holding
from probes.model import Status
from tests.bot.changes import NOON, SIGNAL, TELEGRAM, WHATSAPP, changed, opened
from tests.bot.telling import Telling, first_lines

A, B = "telegram:1", "telegram:2"
BLOCKED = "WhatsApp — blocked since 11:58 UTC (confirmed)"
CLEAR = "WhatsApp — works again"


async def test_quiet_hours_end_with_a_catch_up(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.subscribe(B, "all")
    await telling.wish(A, quiet=Quiet(11 * 60, 14 * 60))
    await telling.happen(opened())
    assert first_lines(await telling.told(after_s=30)) == [(B, BLOCKED)]
    telling.now = NOON + 3600
    await telling.close(opened())
    await telling.happen(opened(SIGNAL, at=telling.now))
    assert [one.chat for one in await telling.told(after_s=30)] == [B]
    telling.now = NOON + 2 * 3600
    [caught_up] = await telling.told()
    assert caught_up.text.splitlines()[:2] == ["1 service is blocked", "While you wanted quiet (11:00–14:00):"]
    assert "WhatsApp — was blocked from 11:58 UTC to 12:59 UTC" in caught_up.text
    await telling.close(opened(SIGNAL, incident=2, at=NOON + 3600))
    [later] = [one for one in await telling.told(after_s=30) if one.chat == A]
    assert later.text.startswith("Signal — works again\nIt was blocked for"), "no catch-up any more"


async def test_a_clock_that_was_set_back_lets_nobody_wait_longer_than_quiet_hours_are(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.wish(A, quiet=Quiet(11 * 60, 14 * 60))
    telling.now = NOON + 30 * 24 * 3600
    await telling.happen(opened(at=telling.now))
    assert await telling.told(after_s=30) == []
    telling.now = NOON + 2 * 3600
    assert len(await telling.told()) == 1


async def test_nobody_is_held_over_and_over_where_the_clocks_go_back_by_two_hours(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.wish(A, quiet=Quiet(4 * 60 + 1, 4 * 60), zone="Antarctica/Troll")
    telling.now = datetime(2027, 10, 30, 4, 1, tzinfo=ZoneInfo("Antarctica/Troll")).timestamp()
    await telling.happen(opened(at=telling.now - 60))
    async with asyncio.timeout(10):
        assert await telling.told() == []
    last = await telling.store.incidents.last_change_id()
    assert await telling.store.announcements.oldest_cursor(up_to=last, now=telling.now) is None
    assert await telling.told(after_s=25.9 * 3600) == []
    assert len(await telling.told(after_s=0.09 * 3600)) == 1


async def test_who_is_held_again_is_not_looked_for_for_ever(telling: Telling) -> None:
    """However long that is: by a rule of zones that nobody thought of, it is longer than any is thought to be."""
    await telling.subscribe(A, "all")
    await telling.happen(opened())

    async def hold() -> int:
        held = Holding(told={}, held_until=NOON + 30 * 24 * 3600)
        return await telling.store.announcements.tell(lambda _: held, {}, behind=1, up_to=1, most=100, now=NOON)

    assert [await hold(), await hold()] == [1, 0]


async def test_new_quiet_hours_are_held_against_what_waits(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.look(after_s=30)
    await telling.wish(A, quiet=Quiet(11 * 60, 14 * 60))
    assert await telling.told() == []
    await telling.wish(A, quiet=None)
    assert first_lines(await telling.told()) == [(A, BLOCKED)]


async def test_what_was_told_is_cleared_even_in_a_muted_chat(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened())
    await telling.told(after_s=30)
    await telling.wish(A, muted_until=NOON + 7200)
    await telling.happen(opened(TELEGRAM, at=telling.now))
    await telling.close(opened())
    assert first_lines(await telling.told(after_s=30)) == [(A, CLEAR)]


@pytest.mark.parametrize("ends", ["by itself", "at once"])
async def test_what_is_still_going_on_when_a_mute_ends_is_told_and_what_is_over_is_not(
    telling: Telling, ends: str
) -> None:
    await telling.subscribe(A, "all")
    await telling.happen(opened(WHATSAPP))
    await telling.told(after_s=30)
    await telling.wish(A, muted_until=NOON + 3600)
    telling.now = NOON + 600
    await telling.happen(opened(TELEGRAM, at=telling.now), opened(SIGNAL, at=telling.now, incident=3))
    await telling.told(after_s=30)
    await telling.close(opened(TELEGRAM, at=NOON + 600))
    assert await telling.told(after_s=600) == []
    if ends == "at once":
        await telling.wish(A, muted_until=None)
    else:
        telling.now = NOON + 3600
    assert first_lines(await telling.told()) == [(A, "Signal — blocked since 12:08 UTC (confirmed)")]
    assert await telling.told(after_s=600) == []
    await telling.close(opened(SIGNAL, at=NOON + 600, incident=3))
    assert first_lines(await telling.told(after_s=30)) == [(A, "Signal — works again")]


@pytest.mark.parametrize(
    ("then", "told"),
    [
        ((Status.BLOCKED,), [(A, "WhatsApp — now blocked altogether")]),
        ((Status.BLOCKED, Status.DEGRADED), []),
        ((Status.DOWN, Status.BLOCKED), [(A, "WhatsApp — now blocked altogether")]),
    ],
)
async def test_what_became_worse_in_a_mute_is_told_when_it_ends_if_it_still_is(
    telling: Telling, then: tuple[Status, ...], told: list[tuple[str, str]]
) -> None:
    await telling.subscribe(A, "all", degradations=True)
    trouble = opened(status=Status.DEGRADED)
    await telling.happen(trouble)
    assert first_lines(await telling.told(after_s=30)) == [(A, "WhatsApp — works only in part since 11:58 UTC")]
    await telling.wish(A, muted_until=NOON + 3600)
    for status in then:
        trouble = changed(trouble, at=telling.now + 60, status=status)
        await telling.happen(trouble)
        assert await telling.told(after_s=600) == []
    telling.now = NOON + 3600
    assert first_lines(await telling.told()) == told
    assert await telling.told(after_s=600) == []
    await telling.wish(A, muted_until=telling.now + 60)
    assert await telling.told(after_s=600) == [], "it is told once"
    await telling.close(trouble)
    assert first_lines(await telling.told(after_s=30)) == [(A, CLEAR)]


async def test_what_was_worse_before_it_was_subscribed_to_is_not_what_a_mute_hid(telling: Telling) -> None:
    await telling.happen(opened(), changed(opened(), at=NOON + 60, status=Status.DEGRADED))
    told = {WHATSAPP: Told(1, Status.DEGRADED, NOON - 120)}
    await telling.subscribe(A, "all", degradations=True, told=told)
    await telling.wish(A, muted_until=NOON + 3600)
    assert await telling.told(after_s=4000) == []


async def test_a_mute_that_ends_in_quiet_hours_is_caught_up_with_after_them(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.wish(A, muted_until=NOON + 3600, quiet=Quiet(12 * 60 + 30, 14 * 60))
    await telling.happen(opened())
    assert await telling.told(after_s=30) == []
    telling.now = NOON + 3600
    assert await telling.told() == []
    telling.now = NOON + 2 * 3600
    assert first_lines(await telling.told()) == [(A, BLOCKED)]


async def test_what_is_told_after_a_mute_and_still_waits_is_told_anew_with_more(telling: Telling) -> None:
    await telling.subscribe(A, "all")
    await telling.wish(A, muted_until=NOON + 3600)
    await telling.happen(opened(WHATSAPP))
    await telling.look(after_s=30)
    telling.now = NOON + 3600
    await telling.look()
    await telling.happen(opened(TELEGRAM, at=telling.now))
    assert first_lines(await telling.told(after_s=30)) == [(A, "2 services are blocked")]
    await telling.wish(A, muted_until=telling.now + 60)
    await telling.happen(opened(SIGNAL, at=telling.now))
    await telling.look(after_s=30)
    await telling.look(after_s=30)
    await telling.wish(A, muted_until=telling.now + 60)
    assert await telling.told() == [], "what waits is held against the new mute"
    assert len(await telling.told(after_s=60)) == 1
