"""Pictures with their captions, as calls and as they look. When calls are made is the sender's affair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import InputMediaPhoto, ReplyParameters
from telegram.constants import MessageLimit, ParseMode
from telegram.error import BadRequest

from bot.transports.telegram import calls
from bot.transports.telegram.render import render

if TYPE_CHECKING:
    from telegram import Bot, Message

    from bot.chat.reply import Reply
    from bot.transports.telegram.calls import Place
    from bot.transports.telegram.render import Rendered

_FILE_NAME = "reachbot.png"


def caption(reply: Reply) -> Rendered:
    """Return what stands beneath the picture of a reply: less fits there than into a message."""
    return render(reply, MessageLimit.CAPTION_LENGTH)


async def send_photo(bot: Bot, place: Place, png: bytes, rendered: Rendered) -> Message:
    """Send a picture that Telegram has not yet."""
    reply_to = place.reply_to
    return await bot.send_photo(
        place.here,
        png,
        caption=rendered.html,
        filename=_FILE_NAME,
        message_thread_id=place.thread_id,
        parse_mode=ParseMode.HTML,
        reply_markup=rendered.keyboard,
        reply_parameters=ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None,
    )


async def edit_photo(bot: Bot, place: Place, message_id: int | None, png: bytes, rendered: Rendered) -> bool:
    """Tell whether the message, a picture or not, is now this picture; it may be gone."""
    picture = InputMediaPhoto(png, caption=rendered.html, parse_mode=ParseMode.HTML, filename=_FILE_NAME)
    try:
        await bot.edit_message_media(
            picture, chat_id=place.chat_id, message_id=message_id, reply_markup=rendered.keyboard
        )
    except BadRequest as error:
        return calls.is_edited(error)
    return True
