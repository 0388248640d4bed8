"""The way back into one chat: an answer takes the place of its progress, and a failed call is worth what it says.

How a reply looks is `bot.transports.telegram.render`'s affair; which request it answers, the transport's.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from telegram import LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from bot.transports.telegram.render import render
from bot.transports.telegram.request import NotSentError, OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from telegram import Bot

    from bot.chat.conversation import Capabilities
    from bot.chat.reply import Reply
    from bot.transports.telegram.render import Rendered

_log = logging.getLogger(__name__)

_TRIES = 4
_FIRST_PAUSE_S = 0.5
_LONGEST_WAIT_S = 60.0
"""Of a flood limit; an answer that may come only later is given up."""
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_UNCHANGED = "message is not modified"
_CANNOT_EDIT = ("message to edit not found", "message can't be edited")


@dataclass(slots=True)
class Place:
    """Where in Telegram answers go."""

    chat_id: int
    thread_id: int | None = None
    reply_to: int | None = None
    """The question's message, where a chat has many askers."""


class TelegramResponder:
    """Answers one request. Keeps a message for each topic, `editing` for the first of them."""

    def __init__(self, bot: Bot, place: Place, capabilities: Capabilities, *, editing: int | None = None) -> None:
        self.capabilities = capabilities
        self._bot = bot
        self._place = place
        self._spare = editing
        self._messages: dict[str, int] = {}
        self._silent_until = 0.0

    async def progress(self, reply: Reply) -> None:
        """Show it, unless Telegram asked for a pause; nothing is repeated for it."""
        if self._silent_until > asyncio.get_running_loop().time():
            return
        try:
            await self._put(reply)
        except RetryAfter as error:
            self._silent_until = asyncio.get_running_loop().time() + seconds(error)
        except TelegramError as error:
            _log.info("Progress was not shown: %s", error)

    async def answer(self, reply: Reply) -> None:
        """Say it. Raises `TelegramError` where that cannot be done, or may have been done already."""
        try:
            await self._insist(reply)
        except Forbidden as error:
            _log.info("An answer is not wanted any more: %s", error)

    async def _insist(self, reply: Reply) -> None:
        """Try again what was surely not done, and what does no harm if done twice."""
        for pause_s in (_FIRST_PAUSE_S * 2**number for number in range(_TRIES - 1)):
            try:
                await self._put(reply)
            except RetryAfter as error:
                if seconds(error) > _LONGEST_WAIT_S:
                    raise
                await asyncio.sleep(seconds(error))
            except ChatMigrated as error:
                self._place.chat_id = error.new_chat_id
            except NotSentError:
                await asyncio.sleep(pause_s)
            except OutcomeUnknownError:
                if reply.topic not in self._messages:  # a message sent twice is worse than one that may be missing
                    raise
                await asyncio.sleep(pause_s)
            else:
                return
        await self._put(reply)

    async def _put(self, reply: Reply) -> None:
        """Edit the topic's message, or send its first one."""
        rendered = render(reply)
        if reply.topic and self._spare is not None:
            self._messages[reply.topic], self._spare = self._spare, None
        known = self._messages.get(reply.topic)
        if known is None or not await self._edited(known, rendered):
            sent = await self._send(rendered)
            if reply.topic:
                self._messages[reply.topic] = sent

    async def _edited(self, message_id: int, rendered: Rendered) -> bool:
        """Tell whether the message now says this; it may be gone."""
        try:
            await self._bot.edit_message_text(
                rendered.html,
                chat_id=self._place.chat_id,
                message_id=message_id,
                parse_mode=ParseMode.HTML,
                link_preview_options=_NO_PREVIEW,
                reply_markup=rendered.keyboard,
            )
        except BadRequest as error:
            said = error.message.casefold()
            if any(text in said for text in _CANNOT_EDIT):
                return False
            if _UNCHANGED not in said:
                raise
        return True

    async def _send(self, rendered: Rendered) -> int:
        reply_to = self._place.reply_to
        message = await self._bot.send_message(
            self._place.chat_id,
            rendered.html,
            message_thread_id=self._place.thread_id,
            parse_mode=ParseMode.HTML,
            link_preview_options=_NO_PREVIEW,
            reply_markup=rendered.keyboard,
            reply_parameters=ReplyParameters(reply_to, allow_sending_without_reply=True) if reply_to else None,
        )
        return message.message_id


def seconds(error: RetryAfter) -> float:
    """Return how long Telegram asks to wait; python-telegram-bot 22 has it in either form."""
    after = error.retry_after
    return after.total_seconds() if isinstance(after, timedelta) else float(after)


async def quietly(call: Callable[[], Awaitable[object]], what: str) -> None:
    """Make a call whose failure harms nobody."""
    try:
        await call()
    except TelegramError as error:
        _log.info("%s: %s", what, error)
