"""The calls that put a message before people, one by one, and what Telegram's refusals of them say.

When they are made, and what is done about a refusal, is `bot.transports.telegram.sender`'s affair.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from telegram import LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, RetryAfter, TelegramError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram import Bot, Message

    from bot.transports.telegram.render import Rendered

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

PLATFORM = "telegram"
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

# Telegram's own words, which python-telegram-bot capitalises in its way.
_UNCHANGED = ("message is not modified",)
_CANNOT_EDIT = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "there is no text in the message to edit",  # but a picture
)
_NO_THREAD = ("topic_closed", "topic_deleted", "message thread not found")
_MUTED = ("not enough rights to send text messages", "chat_write_forbidden", "have no rights to send a message")
_NO_CHAT = ("chat not found",)


def stored_id(chat_id: int) -> str:
    """Return a chat's id as the store and the conversation know it."""
    return f"{PLATFORM}:{chat_id}"


def chat_id_of(stored: str) -> int:
    """Return the chat's id as Telegram knows it. Raises ValueError for a chat that is not Telegram's."""
    platform, _, chat_id = stored.partition(":")
    if platform != PLATFORM:
        raise ValueError(f"{stored} is no chat of Telegram's")
    return int(chat_id)


@dataclass(slots=True)
class Place:
    """Where messages go. What Telegram says about the chat on the way is noted here."""

    chat_id: int | None
    """None for a message that was sent by way of another chat's input line: it has only its `inline_id`."""
    thread_id: int | None = None
    reply_to: int | None = None
    """The question's message, where a chat has many askers."""
    inline_id: str | None = None
    muted: bool = False
    """Whether the bot may not write there, as far as it is known."""

    @property
    def here(self) -> int:
        """Return the chat's id. Raises ValueError where there is none: only edits reach such a message."""
        if self.chat_id is None:
            raise ValueError("the message was sent by way of another chat's input line")
        return self.chat_id

    @property
    def is_group(self) -> bool:
        """Tell whether the limits for groups hold here."""
        return self.chat_id is not None and self.chat_id < 0

    @property
    def is_private(self) -> bool:
        """Tell whether whoever asked is alone with the bot here."""
        return self.chat_id is not None and self.chat_id > 0

    @property
    def lane(self) -> str | None:
        """Return what is limited as one."""
        return self.inline_id if self.chat_id is None else stored_id(self.chat_id)


async def send(bot: Bot, place: Place, rendered: Rendered) -> Message:
    """Send a message."""
    reply_to = place.reply_to
    return await bot.send_message(
        place.here,
        rendered.html,
        message_thread_id=place.thread_id,
        parse_mode=ParseMode.HTML,
        link_preview_options=_NO_PREVIEW,
        reply_markup=rendered.keyboard,
        reply_parameters=ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None,
    )


async def send_photo(bot: Bot, place: Place, photo: str, caption: Rendered) -> Message:
    """Send a picture that Telegram has already, by its id there."""
    return await bot.send_photo(
        place.here,
        photo,
        caption=caption.html,
        message_thread_id=place.thread_id,
        parse_mode=ParseMode.HTML,
        reply_markup=caption.keyboard,
    )


async def copy(bot: Bot, place: Place, source: int, message_id: int, rendered: Rendered) -> int:
    """Send what stands in another chat as it is there, with buttons of its own; return its id."""
    copied = await bot.copy_message(
        place.here, source, message_id, message_thread_id=place.thread_id, reply_markup=rendered.keyboard
    )
    return copied.message_id


async def edit(bot: Bot, place: Place, message_id: int | None, rendered: Rendered) -> bool:
    """Tell whether the message now says this; it may be gone."""
    try:
        await bot.edit_message_text(
            rendered.html,
            chat_id=place.chat_id,
            message_id=message_id,
            inline_message_id=place.inline_id,
            parse_mode=ParseMode.HTML,
            link_preview_options=_NO_PREVIEW,
            reply_markup=rendered.keyboard,
        )
    except BadRequest as error:
        return is_edited(error)
    return True


async def draft(bot: Bot, place: Place, draft_id: int, rendered: Rendered) -> bool:
    """Show a message that is still being written, in a private chat."""
    if place.chat_id is None:
        return False
    return await bot.send_message_draft(
        place.chat_id, draft_id, rendered.html, message_thread_id=place.thread_id, parse_mode=ParseMode.HTML
    )


async def quietly(call: Callable[[], Awaitable[_T]], what: str) -> _T | None:
    """Make a call whose failure harms nobody."""
    try:
        return await call()
    except TelegramError as error:
        _log.info("%s: %s", what, error)
        return None


def seconds(error: RetryAfter) -> float:
    """Return how long Telegram asks to wait; python-telegram-bot 22 has it in either form."""
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


def is_edited(error: BadRequest) -> bool:
    """Tell whether a message says what it was to say in spite of a refusal; raise the refusal if it tells neither."""
    if _says(error, _UNCHANGED):
        return True
    if _says(error, _CANNOT_EDIT):
        return False
    raise error


def is_threadless(error: BadRequest) -> bool:
    """Tell whether a topic is closed or gone."""
    return _says(error, _NO_THREAD)


def is_muted(error: BadRequest) -> bool:
    """Tell whether the bot may not write in a chat that it is in."""
    return _says(error, _MUTED)


def is_chatless(error: BadRequest) -> bool:
    """Tell whether there is no such chat, or not for this bot."""
    return _says(error, _NO_CHAT)


def is_unwritable(error: BadRequest) -> bool:
    """Tell whether nothing can be written there, whatever it is."""
    return is_threadless(error) or is_muted(error) or is_chatless(error)


def _says(error: BadRequest, texts: tuple[str, ...]) -> bool:
    said = error.message.casefold()
    return any(text in said for text in texts)
