"""Who asks why hears of the last measurement, however old; only where there is none is one made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.chat import words
from bot.chat.conversation import Conversation
from bot.chat.why import WhyDesk
from bot.checks import Checks
from bot.store import Store
from probes.model import Cause, Status
from tests.bot.canned import CannedProber, report, step
from tests.bot.chat.test_conversation import CATALOGUE, ask
from tests.bot.chat.test_reasons import blocked
from tests.bot.chat.test_replies import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

DAY_S = 24 * 3600.0


class Setting:
    """A conversation with a desk for evidence, its prober, and a clock."""

    def __init__(self) -> None:
        self.prober = CannedProber(blocked(), observations=(step(),))
        self.now = 1_800_000_000.0
        self.conversation: Conversation


@pytest.fixture
async def setting(tmp_path: Path) -> AsyncIterator[Setting]:
    setting = Setting()
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as group:
        checks = Checks(setting.prober, store, group, cache_s=60, clock=lambda: setting.now)
        setting.conversation = Conversation(checks, CATALOGUE, desks=[WhyDesk(checks, CATALOGUE)])
        yield setting


async def said(setting: Setting, text: str) -> str:
    listener = await ask(setting.conversation, text)
    return "\n".join(map(text_of, listener.answers))


async def test_without_any_measurement_one_is_made(setting: Setting) -> None:
    assert "[handshake.name_blocked]" in await said(setting, "/why whatsapp")
    assert setting.prober.asked == {"whatsapp": 1}


async def test_of_the_last_measurement_everything_is_shown_whatever_its_age(setting: Setting) -> None:
    await said(setting, "/check whatsapp")
    setting.now += 5 * DAY_S
    assert "Measured 5 days ago" in await said(setting, "/why ватсап")
    assert "5 observations" in await said(setting, "/details whatsapp")
    assert setting.prober.asked == {"whatsapp": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/why", words.WHY_WHAT),
        ("/details", words.WHY_WHAT),
        ("/why flurbl wibble", words.NOT_UNDERSTOOD),
        ("/why 127.0.0.1", "“127.0.0.1” is an IP address"),
    ],
)
async def test_what_cannot_be_shown_is_told_in_a_line(setting: Setting, text: str, told: str) -> None:
    assert told in await said(setting, text)
    assert not setting.prober.asked


async def test_a_measurement_that_breaks_is_apologised_for(setting: Setting) -> None:
    setting.prober.error = RuntimeError("a fault of ours")
    assert words.BROKEN.partition("{")[0] in await said(setting, "/why whatsapp")


async def test_several_services_are_shown_in_their_order(setting: Setting) -> None:
    setting.prober.reports["telegram"] = report("telegram", Status.DOWN, Cause.SERVICE_DOWN)
    text = await said(setting, "/why telegram whatsapp")
    assert text.index("Telegram — down") < text.index("WhatsApp — blocked")
