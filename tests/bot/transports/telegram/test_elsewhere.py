"""Asked from chats that the bot is not in: while somebody types, by what they send, as a guest, by a link."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.chat import words
from bot.limits import Allowance
from bot.transports.telegram import handlers
from tests.bot.canned import CannedProber, report
from tests.bot.transports.telegram.served import BLOCKED, say
from tests.fakes.telegram import faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.store import Store
    from tests.bot.transports.telegram.served import Bot
    from tests.fakes.telegram import FakeTelegram, User


@pytest.fixture
async def serving(bot: Bot) -> AsyncIterator[Bot]:
    async with bot.serving():
        yield bot


async def offered(api: FakeTelegram, user: User, text: str) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await (await api.inline(user, text)).answered())["results"]
    return results


@pytest.mark.usefixtures("serving")
async def test_what_was_measured_is_sent_and_its_button_measures_anew(
    api: FakeTelegram, amina: User, store: Store, prober: CannedProber
) -> None:
    await store.save_report("telegram", BLOCKED, deep=False, measured_at=1_800_000_000)
    query = await api.inline(amina, "telegram")
    (result,) = (await query.answered())["results"]
    assert result["title"] == "Telegram — blocked (confirmed)"
    assert not prober.asked

    family = api.group(bot=None)
    message = await query.choose(0, family)
    assert "Telegram — blocked (confirmed)" in message.text
    assert message.marked("expandable_blockquote")
    prober.reports["telegram"] = report("telegram")
    press = await family.press(message, words.AGAIN_BUTTON, api.user(7, "Uncle"))
    await press.answered()
    await message.until(lambda message: "Telegram — works" in message.text)
    assert prober.asked["telegram"] == 1


@pytest.mark.usefixtures("serving")
async def test_what_was_not_measured_is_measured_once_it_is_sent(
    api: FakeTelegram, amina: User, prober: CannedProber
) -> None:
    query = await api.inline(amina, "whatsapp")
    (result,) = (await query.answered())["results"]
    assert result["description"] == words.INLINE_UNKNOWN
    await asyncio.sleep(0)
    assert not prober.asked
    message = await query.choose(0, api.group(bot=None))  # with feedback on, Telegram tells the bot
    await message.until(lambda message: "WhatsApp — works" in message.text)


@pytest.mark.usefixtures("serving")
async def test_a_person_who_types_is_offered_what_fits(api: FakeTelegram, amina: User) -> None:
    assert len(await offered(api, amina, "")) > 3
    assert [result["id"] for result in await offered(api, amina, "example.org")] == ["example.org"]
    assert [result["id"] for result in await offered(api, amina, "telegarm")] == ["telegram"]
    assert await offered(api, amina, "flurbl wibble") == []
    assert await offered(api, amina, "127.0.0.1") == []
    assert await offered(api, amina, f"https://{'x' * 60}.example.org") == []


@pytest.mark.usefixtures("serving")
async def test_a_single_service_can_be_asked_for_in_private(api: FakeTelegram, amina: User) -> None:
    answer = await (await api.inline(amina, "whatsapp")).answered()
    link = answer["button"]["start_parameter"]
    chat = api.private(amina)
    await say(chat, f"/start {link}")
    assert "WhatsApp — works" in (await chat.reply()).text


@pytest.mark.usefixtures("serving")
async def test_who_types_on_costs_nothing_and_breaks_nothing(
    api: FakeTelegram, amina: User, caplog: pytest.LogCaptureFixture
) -> None:
    (await api.inline(amina, "wha")).expire()
    assert await offered(api, amina, "whatsapp")
    assert "Traceback" not in caplog.text


async def test_typing_has_a_limit_of_its_own(
    bot: Bot, api: FakeTelegram, amina: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(handlers, "_OF_TYPING", Allowance(3, every_s=60))
    async with bot.serving():
        for _ in range(3):
            assert await offered(api, amina, "whatsapp")
        ignored = await api.inline(amina, "whatsapp")
        await api.drained()
        assert ignored.answer is None
        chat = api.private(amina)
        await say(chat, "/help")  # whoever types much may still ask
        await chat.reply()


@pytest.mark.usefixtures("serving")
async def test_a_message_that_was_deleted_is_not_written_anew(
    api: FakeTelegram, amina: User, caplog: pytest.LogCaptureFixture
) -> None:
    api.fault("editMessageText", faults.error(400, "Bad Request: MESSAGE_ID_INVALID"), times=None)
    query = await api.inline(amina, "whatsapp")
    await query.choose(0, api.group(bot=None))
    await api.until(lambda: api.called("editMessageText"), "an edit")
    await api.drained()
    assert not api.called("sendMessage")
    assert "Traceback" not in caplog.text


@pytest.mark.usefixtures("serving")
async def test_a_guest_is_answered_at_once_and_then_wholly(
    api: FakeTelegram, amina: User, prober: CannedProber
) -> None:
    prober.go.clear()
    family = api.group(bot=None)
    guest = await family.ask_guest(amina, "@reach_test_bot is telegram down?")
    await guest.answered()
    message = await family.reply()
    assert "Telegram was not measured lately" in message.text
    prober.go.set()
    await message.until(lambda message: "Telegram — blocked" in message.text)
    assert len(family.from_bot) == 1


@pytest.mark.usefixtures("serving")
async def test_a_guest_who_names_nothing_is_told_how(api: FakeTelegram, amina: User) -> None:
    guest = await api.group(bot=None).ask_guest(amina, "@reach_test_bot")
    said = (await guest.answered())["result"]["input_message_content"]["message_text"]
    assert said == words.GUEST_WHAT.format(bot="reach_test_bot")
