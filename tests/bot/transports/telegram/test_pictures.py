"""Pictures arrive with their captions, take the place of each other, and make way for text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import words
from bot.chat.reply import Paragraph, Reply
from bot.transports.telegram import pictures
from tests.bot.transports.telegram.served import Bot, say

if TYPE_CHECKING:
    from tests.fakes.telegram import Chat


async def test_a_history_is_a_picture_with_a_caption_and_its_buttons_change_it(chat: Chat, bot: Bot) -> None:
    await say(chat, "whatsapp")
    await chat.reply()
    await say(chat, "/history whatsapp 24h")
    shown = await chat.reply()
    assert "photo" in shown.body
    assert shown.body["caption"].startswith("✅ WhatsApp — works since")
    before = shown.body["photo"]
    await chat.press(shown, words.PERIOD_BUTTONS["30d"])
    await shown.edited()
    assert shown.body["photo"] != before
    assert "30 days" in shown.body["caption"]
    assert len(chat.from_bot) == 2
    assert bot.api.called("editMessageMedia")


async def test_an_answer_in_words_stands_beneath_a_picture_that_cannot_become_it(chat: Chat) -> None:
    await say(chat, "whatsapp")
    await chat.reply()
    await say(chat, "/history whatsapp")
    shown = await chat.reply()
    await chat.press(shown, words.AGAIN_BUTTON)
    assert "WhatsApp — works" in (await chat.reply()).text


async def test_the_board_is_a_picture(chat: Chat) -> None:
    await say(chat, "whatsapp")
    await chat.reply()
    await say(chat, "/status")
    shown = await chat.reply()
    assert "photo" in shown.body
    assert words.BOARD in shown.body["caption"]


def test_a_caption_has_no_more_than_fits_beneath_a_picture() -> None:
    long = Reply(blocks=tuple(Paragraph("word " * 60) for _ in range(9)))
    assert len(pictures.caption(long).html) <= 1024
