"""The fake carries a bot written with an ordinary library, unpatched."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, ApplicationBuilder, CallbackQueryHandler, ContextTypes, MessageHandler, filters

from tests.fakes.telegram import FakeTelegram

Context = ContextTypes.DEFAULT_TYPE
_AGAIN = InlineKeyboardMarkup([[InlineKeyboardButton("Again", callback_data="again")]])


async def _echo(update: Update, _: Context) -> None:
    assert update.message is not None
    await update.message.reply_text(f"<b>{update.message.text}</b>", parse_mode="HTML", reply_markup=_AGAIN)


async def _again(update: Update, _: Context) -> None:
    assert update.callback_query is not None
    await update.callback_query.answer("once more")
    await update.callback_query.edit_message_text("Again!", reply_markup=_AGAIN)


@asynccontextmanager
async def _running_bot(api: FakeTelegram) -> AsyncIterator[Application[Any, Any, Any, Any, Any, Any]]:
    app = ApplicationBuilder().token(api.token).base_url(f"{api.base_url}/bot").build()
    app.add_handler(MessageHandler(filters.TEXT, _echo))
    app.add_handler(CallbackQueryHandler(_again))
    async with app:
        assert app.updater is not None
        await app.updater.start_polling(timeout=10)
        await app.start()
        try:
            yield app
        finally:
            await app.updater.stop()
            await app.stop()


async def test_an_echo_bot_of_python_telegram_bot_converses() -> None:
    async with FakeTelegram() as api, _running_bot(api):
        amina = api.user(1, "Amina", "sw")
        chat = api.private(amina)
        await chat.say(amina, "/check whatsapp")
        answer = await chat.reply()
        assert answer.marked("bold") == ["/check whatsapp"]
        press = await chat.press(answer, "Again")
        assert (await press.answered())["text"] == "once more"
        await answer.edited()
        assert chat.transcript() == "[1] Amina: /check whatsapp\n[2] bot: Again! (edited)\n    [Again]"
