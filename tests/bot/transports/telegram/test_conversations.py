"""Whole conversations over the real Telegram transport, against a strict Bot API on loopback."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from bot import app as parts
from bot.logs import redact
from bot.transports.errors import TransportError
from bot.transports.telegram import transport
from bot.transports.telegram.handlers import STALE_S
from tests.bot.canned import CannedEngine, CannedProber, report
from tests.bot.transports.telegram.served import drafted, no_feeds, say
from tests.fakes.telegram import FakeTelegram, User, faults

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bot.transports.telegram.served import Bot
    from tests.fakes.telegram import Chat


async def test_whoever_starts_is_told_what_the_bot_does(chat: Chat) -> None:
    await say(chat, "/start")
    assert "I measure whether a service can be reached" in (await chat.reply()).text


async def test_a_question_is_answered_while_it_is_measured_and_may_be_put_again(
    chat: Chat, prober: CannedProber
) -> None:
    prober.go.clear()
    await say(chat, "/check telegram")
    await drafted(chat, "Checking Telegram …")
    prober.go.set()
    answer = await chat.reply()
    assert "Telegram — blocked (confirmed)" in answer.text
    assert "the network filters by name" in answer.text
    assert answer.marked("date_time") == ["just now"]
    assert "TCP 192.0.2.1:443: connected" in answer.marked("expandable_blockquote")[0]
    assert answer.buttons == [["Check again", "Why?"], ["Details", "Alert me"]]

    prober.reports["telegram"] = report("telegram")
    press = await chat.press(answer, "Check again")
    await press.answered()
    await answer.until(lambda message: "1 second ago" in message.text)  # a new measurement so soon would tell nothing
    assert prober.asked == {"telegram": 1}
    assert chat.unread == []


async def test_a_name_that_is_misspelt_is_guessed(chat: Chat) -> None:
    await say(chat, "teelgram")
    guess = await chat.reply()
    await chat.press(guess, "Telegram")
    assert "Telegram — blocked" in (await chat.reply()).text


async def test_a_question_in_own_words_is_understood(chat: Chat) -> None:
    await say(chat, "ватсап?")
    await (await chat.reply()).until(lambda message: "WhatsApp — works" in message.text)
    assert chat.unread == []


async def test_several_targets_have_a_message_each(chat: Chat) -> None:
    await say(chat, "/check whatsapp telegram")
    first, second = await chat.replies(2)
    for message in (first, second):
        await message.until(lambda message: "—" in message.text)
    assert {message.text.split(" — ")[0] for message in (first, second)} == {"✅ WhatsApp", "⛔ Telegram"}


async def test_in_a_group_the_question_is_answered_and_talk_is_not(
    bot: Bot, api: FakeTelegram, prober: CannedProber
) -> None:
    person = api.user(1, "Amina", "en")
    async with bot.serving():
        group = api.supergroup("City", members=[person], topics=["Network"])
        await group.say(person, "is whatsapp down?", topic="Network")
        await group.say(person, f"/check@{api.me.username} whatsapp", topic="Network")
        answer = await group.reply()
        await answer.until(lambda message: "WhatsApp — works" in message.text)
        assert answer.reply_to is not None
        await group.say(person, f"@{api.me.username} telegram?", topic="Network")
        await (await group.reply()).until(lambda message: "Telegram — blocked" in message.text)
        await group.say(person, "/check@other_bot signal", topic="Network")
        await api.drained()
    assert group.unread == []
    assert prober.asked == {"whatsapp": 1, "telegram": 1}
    assert {call.params.get("message_thread_id") for call in api.called("sendMessage")} != {None}


async def test_an_edited_message_and_a_stale_one_are_not_answered(chat: Chat, prober: CannedProber) -> None:
    await say(chat, "/check signal", age_s=STALE_S + 60)
    said = await say(chat, "/help")
    await chat.reply()
    await chat.edit(said, "/check signal")
    await say(chat, "/help")
    await chat.reply()
    assert not prober.asked
    assert chat.unread == []


async def test_an_update_that_cannot_be_read_is_passed_over(
    chat: Chat, api: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    malformed: tuple[dict[str, Any], ...] = (
        {"message": {"message_id": "x"}},
        {"message": {"date": []}},
        {"callback_query": {"id": "1"}},
    )
    for broken in malformed:
        api.updates.push_raw(broken)
    await say(chat, "/help")
    await chat.reply()
    assert caplog.text.count("cannot be read and is passed over") == 3
    assert len(api.called("getUpdates")) < 10


async def test_a_second_asker_joins_the_running_measurement(bot: Bot, api: FakeTelegram, prober: CannedProber) -> None:
    prober.go.clear()
    async with bot.serving():
        chats = [api.private(api.user(number)) for number in range(1, 13)]
        for chat in chats:
            await say(chat, "whatsapp")
        for chat in chats:
            await drafted(chat, "Checking WhatsApp")
        prober.go.set()
        for chat in chats:
            assert "WhatsApp — works" in (await chat.reply()).text
    assert prober.asked == {"whatsapp": 1}
    assert all(len(chat.from_bot) == 1 for chat in chats)


# --- trouble on the way ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        faults.error(429, "Too Many Requests: retry after 1", {"retry_after": 1}),
        faults.error(400, "Bad Request: message to edit not found"),
        faults.bad_gateway(),
        faults.reset(processed=True),
        faults.captive_portal(),
    ],
)
async def test_a_final_edit_that_fails_is_tried_again_without_doubling_the_answer(
    group: Chat, amina: User, api: FakeTelegram, prober: CannedProber, fault: Any
) -> None:
    prober.go.clear()
    await group.say(amina, "/check whatsapp")
    await (await group.reply()).until(lambda message: "Checking" in message.text)
    api.fault("editMessageText", fault, contains="works")
    prober.go.set()
    await group.until(lambda: any("works" in message.text for message in group.from_bot), "answer")
    assert sum("works" in message.text for message in group.from_bot) == 1


async def test_an_answer_whose_sending_is_in_doubt_is_not_sent_twice(
    chat: Chat, api: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    api.fault("sendMessage", faults.cut(processed=True))
    await say(chat, "/help")
    await chat.reply()
    await say(chat, "/services")
    await chat.reply()
    assert chat.unread == []
    assert "was not answered" in caplog.text


@pytest.mark.parametrize(
    "fault",
    [
        faults.error(429, "Too Many Requests: retry after 1", {"retry_after": 1}),
        faults.error(400, "Bad Request: message drafts are not for this chat"),
        faults.error(404, "Not Found"),
        faults.reset(),
    ],
)
async def test_a_draft_that_fails_costs_no_answer(
    chat: Chat, api: FakeTelegram, prober: CannedProber, fault: Any
) -> None:
    prober.go.clear()
    api.fault("sendMessageDraft", fault)
    await say(chat, "whatsapp")
    await prober.begun.wait()
    await api.until(lambda: api.faults.is_over, "progress that fails")
    prober.go.set()
    answer = await chat.reply()
    await answer.until(lambda message: "WhatsApp — works" in message.text)
    assert len(chat.from_bot) == 1


async def test_progress_that_fails_in_a_group_costs_no_answer(
    group: Chat, amina: User, api: FakeTelegram, prober: CannedProber
) -> None:
    prober.go.clear()
    api.fault("sendMessage", faults.error(429, "Too Many Requests: retry after 1", {"retry_after": 1}))
    await group.say(amina, "/check whatsapp")
    await api.until(lambda: api.called("sendMessage"), "progress")
    prober.go.set()
    await group.until(lambda: any("works" in message.text for message in group.from_bot), "answer")
    assert len(group.from_bot) == 1


async def test_who_blocks_the_bot_in_the_middle_is_left_alone(
    chat: Chat, api: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    api.fault("sendMessage", faults.error(403, "Forbidden: bot was blocked by the user"))
    await say(chat, "/help")
    await say(chat, "/help")
    await chat.reply()
    assert "Traceback" not in caplog.text


async def test_an_outage_of_telegram_is_survived(chat: Chat, api: FakeTelegram) -> None:
    await say(chat, "/help")
    await chat.reply()
    await api.refuse_connections()
    await say(chat, "/services")
    await api.accept_connections()
    assert "Services I know by name" in (await chat.reply()).text


async def test_telegram_may_be_out_of_reach_at_the_start(bot: Bot, api: FakeTelegram) -> None:
    api.fault("getMe", faults.bad_gateway(), times=2)
    api.fault("deleteWebhook", faults.captive_portal())
    chat = api.private(api.user(1))
    async with bot.serving():
        await say(chat, "/help")
        await chat.reply()


async def test_a_second_poller_is_named(chat: Chat, api: FakeTelegram, caplog: pytest.LogCaptureFixture) -> None:
    api.fault("getUpdates", faults.error(409, "Conflict: terminated by other getUpdates request"))
    for _ in range(2):
        await say(chat, "/help")
        await chat.reply()
    assert "Another process polls Telegram with the same token" in caplog.text


async def test_a_refused_token_ends_the_transport_in_one_line(bot: Bot, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TransportError, match="Telegram refuses TELEGRAM_BOT_TOKEN"):
        async with bot.serving(telegram_bot_token=SecretStr("1:WRONG")) as task:
            await task
    assert "WRONG" not in caplog.text


# --- the end ---------------------------------------------------------------------------------------------------------


async def test_a_stop_answers_what_is_in_hand_and_takes_no_update_twice(
    bot: Bot, api: FakeTelegram, prober: CannedProber
) -> None:
    chat = api.private(api.user(1))
    prober.go.clear()
    async with bot.serving() as task:
        await say(chat, "whatsapp")
        await prober.begun.wait()
        task.cancel()
        await api.until(lambda: api.called("getUpdates")[-1].params.get("timeout") == 0, "a last confirmation")
        prober.go.set()
        await asyncio.wait({task})
    assert "WhatsApp — works" in chat.from_bot[0].text
    async with bot.serving():
        await say(chat, "/help")
        await chat.until(lambda: len(chat.from_bot) == 2, "help")
    assert prober.asked == {"whatsapp": 1}


async def test_a_stop_does_not_wait_for_ever(
    bot: Bot, api: FakeTelegram, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "GRACE_S", 0.01)
    prober.go.clear()
    chat = api.private(api.user(1))
    async with bot.serving():
        await say(chat, "whatsapp")
        await prober.begun.wait()
    assert prober.cancelled == 1


async def test_the_token_is_in_no_log_at_any_level(
    bot: Bot, api: FakeTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.fault("sendMessage", faults.reset())
    api.fault("getUpdates", faults.bad_gateway())
    chat = api.private(api.user(1))
    async with bot.serving():
        await say(chat, "/help")
        await say(chat, "/help")
        await chat.reply()
    assert caplog.records
    assert api.token not in redact(caplog.text)
    assert all(api.token not in record.getMessage() for record in caplog.records if record.name.startswith("bot"))


async def test_with_a_token_the_bot_serves_telegram(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probes.Prober", CannedEngine, raising=False)
    running = asyncio.create_task(
        parts.run(bot.settings(database_path=tmp_path / "other", feeds_file=no_feeds(tmp_path), registry_url=None))
    )
    chat = bot.api.private(bot.api.user(1))
    await say(chat, "whatsapp")
    assert "WhatsApp — works" in (await chat.reply()).text
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
