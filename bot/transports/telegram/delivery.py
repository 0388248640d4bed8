"""Messages of the outbox → calls of the Bot API, and Telegram's answers → what became of each message.

A message is sent once here, or not at all; whether it is sent again is decided in `bot.outbox`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from telegram.constants import MessageLimit
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.chat.language import say, speaking, translated
from bot.chat.reply import Paragraph, Reply
from bot.chat.words_outbox import REPEATED
from bot.outbox.delivery import ChatGone, ChatMoved, Muted, NotSent, Outcome, Rejected, Sent, Unknown, is_silence
from bot.outbox.model import Copied, Said, Written
from bot.transports.errors import TransportError
from bot.transports.telegram import calls
from bot.transports.telegram.calls import Place, chat_id_of, stored_id
from bot.transports.telegram.polling import REFUSED
from bot.transports.telegram.render import Rendered, render
from bot.transports.telegram.request import NotSentError
from bot.transports.telegram.sender import kept

if TYPE_CHECKING:
    from telegram import Bot

    from bot.chat.reply import Button
    from bot.outbox.model import Content, Message
    from bot.store import Chats

_SOMEBODY_ELSE = "Another process uses Telegram with the same token: stop one of the two"


class TelegramDelivery:
    """Sends what waits for Telegram's chats. `language` is spoken where none was chosen."""

    def __init__(self, bot: Bot, chats: Chats, *, language: str) -> None:
        self._bot = bot
        self._chats = chats
        self._language = language

    async def deliver(self, message: Message) -> Outcome:
        """Return how it turned out. Raises `TransportError` when Telegram refuses the bot itself."""
        try:
            return Sent(str(await self._send(message)))
        except BadRequest as error:
            if message.thread is None or not calls.is_threadless(error):
                return _outcome(error)
        except TelegramError as error:
            return _outcome(error)
        return await self.deliver(replace(message, thread=None))  # the topic is gone: there is the general one

    async def answers(self) -> bool:
        """Tell whether the Bot API answers. Raises `TransportError` when Telegram refuses the bot itself."""
        try:
            await self._bot.get_me()
        except TelegramError as error:
            return not is_silence(_outcome(error))
        return True

    async def _send(self, message: Message) -> int:
        """Return the id that the message has in its chat."""
        with speaking(message.language or self._language):
            rendered = _rendered(message.content, say(REPEATED) if message.doubts else "")
        if rendered.long_commands:
            await kept(lambda: self._chats.save_buttons(rendered.long_commands, now=time.time()))
        place = Place(chat_id_of(message.chat), message.thread)
        match message.content:
            case Copied(chat=chat, message_id=message_id):
                return await calls.copy(self._bot, place, chat_id_of(chat), message_id, rendered)
            case Written(photo=str(photo)):
                return (await calls.send_photo(self._bot, place, photo, rendered)).message_id
            case _:
                return (await calls.send(self._bot, place, rendered)).message_id


def _rendered(content: Content, mark: str) -> Rendered:
    """Return what it looks like, with the mark before it; what is copied looks as it does, and has buttons only."""
    match content:
        case Said(reply):
            return render(replace(reply, blocks=(Paragraph(mark), *reply.blocks)) if mark else reply)
        case Written(html=html, photo=photo):
            most = MessageLimit.CAPTION_LENGTH if photo else MessageLimit.MAX_TEXT_LENGTH
            return replace(_buttons(content.buttons), html=_marked(html, mark, most))
        case Copied():
            return _buttons(content.buttons)


def _buttons(rows: tuple[tuple[Button, ...], ...]) -> Rendered:
    """Return buttons whose labels were written for everybody, in the language of whoever gets them."""
    spoken = tuple(tuple(replace(button, label=translated(button.label)) for button in row) for row in rows)
    return render(Reply(blocks=(), buttons=spoken))


def _marked(html: str, mark: str, most: int) -> str:
    """Return the text with the mark before it, where that is sure not to make it too long."""
    marked = f"{escape(mark, quote=False)}\n\n{html}"
    return marked if mark and len(marked.encode("utf-16-le")) // 2 <= most else html


def _outcome(error: TelegramError) -> Outcome:
    """Return what an error says about the message (the kinds are told apart in `bot.transports.telegram.request`)."""
    match error:
        case RetryAfter() | NotSentError():
            return NotSent(error.message, calls.seconds(error) if isinstance(error, RetryAfter) else None)
        case ChatMigrated():
            return ChatMoved(stored_id(error.new_chat_id))
        case Forbidden():
            return ChatGone(error.message)
        case BadRequest():
            return _refusal(error)
        case NetworkError():
            return Unknown(error.message)
        case InvalidToken() | Conflict():
            raise TransportError(REFUSED if isinstance(error, InvalidToken) else _SOMEBODY_ELSE) from error
        case _:
            return Rejected(error.message)


def _refusal(error: BadRequest) -> Outcome:
    if calls.is_chatless(error):
        return ChatGone(error.message)
    return Muted(error.message) if calls.is_muted(error) else Rejected(error.message)
