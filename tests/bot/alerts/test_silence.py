"""What is told to who wants quiet, or was muted: the end of what was told at once, the rest afterwards, if it lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.alerts.hours import Quiet
from bot.store import Store
from tests.bot.changes import NOON, SIGNAL, TELEGRAM, WHATSAPP, opened
from tests.bot.telling import Telling, first_lines

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

A, B = "telegram:1", "telegram:2"
BLOCKED = "WhatsApp — blocked since 11:58 UTC (confirmed)"
CLEAR = "WhatsApp — works again"


@pytest.fixture
async def telling(tmp_path: Path) -> AsyncIterator[Telling]:
    async with Store.open(tmp_path / "db") as store:
        yield Telling(store)


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
