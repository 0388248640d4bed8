"""Buttons: confirmed once and first, whatever they carry and however old they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.chat import words
from tests.bot.transports.telegram.served import CATALOGUE, Bot, say
from tests.fakes.telegram import faults

if TYPE_CHECKING:
    from bot.store import Store
    from tests.bot.canned import CannedProber
    from tests.fakes.telegram import Chat, User

LONG = f"https://example.org/{'a' * 60}"


async def test_a_button_with_much_to_say_says_it_after_a_restart_too(
    bot: Bot, amina: User, prober: CannedProber
) -> None:
    chat = bot.api.private(amina)
    async with bot.serving():
        await say(chat, f"/check {LONG}")
        answer = await chat.reply()
    assert len(str(answer.button(words.AGAIN_BUTTON)["callback_data"]).encode()) <= 64
    async with bot.serving():
        await chat.press(answer, words.AGAIN_BUTTON)
        await answer.edited()
    assert prober.asked == {"example.org": 1}
    assert "ago" in answer.text


async def test_a_button_whose_words_were_forgotten_says_so(bot: Bot, amina: User, store: Store) -> None:
    chat = bot.api.private(amina)
    async with bot.serving():
        await say(chat, f"/check {LONG}")
        answer = await chat.reply()
        await store.chats.save_buttons([], now=10**11)
        press = await chat.press(answer, words.AGAIN_BUTTON)
        assert (await press.answered())["text"] == words.BUTTON_FORGOTTEN
        await bot.api.drained()
    assert len(chat.from_bot) == 1
    assert not answer.edits


async def test_a_press_is_confirmed_before_anything_is_measured(chat: Chat, prober: CannedProber) -> None:
    await say(chat, "whatsapp")
    answer = await chat.reply()
    prober.go.clear()
    await say(chat, "/check telegram")  # nothing else holds it up either
    press = await chat.press(answer, words.AGAIN_BUTTON)
    await press.answered()
    prober.go.set()


async def test_a_press_that_telegram_gave_up_on_does_nothing(chat: Chat, bot: Bot, prober: CannedProber) -> None:
    await say(chat, "teelgram")
    guess = await chat.reply()
    (await chat.press(guess, "Telegram")).expire()
    await bot.api.until(lambda: bot.api.called("answerCallbackQuery"), "a confirmation")
    await bot.api.drained()
    assert not prober.asked


async def test_a_press_that_cannot_be_confirmed_is_obeyed_all_the_same(chat: Chat, bot: Bot) -> None:
    await say(chat, "teelgram")
    guess = await chat.reply()
    bot.api.fault("answerCallbackQuery", faults.bad_gateway())
    await chat.press(guess, "Telegram")
    assert "Telegram — blocked" in (await chat.reply()).text


async def test_pressed_often_it_is_measured_once_and_said_once(chat: Chat, prober: CannedProber) -> None:
    prober.go.clear()
    await say(chat, "whatsapp")
    await prober.begun.wait()
    prober.go.set()
    answer = await chat.reply()
    presses = [await chat.press(answer, words.AGAIN_BUTTON) for _ in range(4)]
    for press in presses:
        await press.answered()
    await answer.edited()
    assert prober.asked == {"whatsapp": 1}
    assert len(chat.from_bot) == 1


async def test_a_message_too_old_for_telegram_to_tell_of_is_changed_like_any_other(chat: Chat) -> None:
    await say(chat, "whatsapp")
    answer = await chat.reply()
    await chat.press(answer, words.AGAIN_BUTTON, accessible=False)
    await answer.until(lambda message: "WhatsApp — works" in message.text and message.versions)


async def test_under_a_message_that_cannot_be_changed_any_more_the_answer_stands_anew(chat: Chat) -> None:
    await say(chat, "whatsapp")
    answer = await chat.reply()
    await chat.press(answer, words.AGAIN_BUTTON)
    answer.deleted = True
    assert "WhatsApp — works" in (await chat.reply()).text


async def test_a_button_in_a_group_has_the_rights_of_whoever_presses_it(bot: Bot, amina: User, store: Store) -> None:
    boss = bot.api.user(2, "Boss")
    async with bot.serving():
        group = bot.api.supergroup(members=[amina], admins=[boss])
        await group.say(amina, "/language")
        choice = await group.reply()
        await group.press(choice, "English", amina)
        assert (await group.reply()).text == words.ADMINS_ONLY
        await group.press(choice, "English", boss)
        await choice.until(lambda message: message.text == words.LANGUAGE_SET.format(language="English"))
    chat = await store.chats.find(f"telegram:{group.id}")
    assert chat is not None
    assert chat.language == "en"


@pytest.mark.parametrize("service", [service.id for service in CATALOGUE])
def test_every_service_of_the_catalogue_fits_into_a_button(service: str) -> None:
    assert len(f"/again {service}".encode()) <= 64
