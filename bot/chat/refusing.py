"""The desk at which readers say that they want no announcements; alerts are not affected."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from bot.chat import replies
from bot.chat import words as general
from bot.chat.language import say
from bot.chat.words import broadcasts as words
from bot.store import StoreError

if TYPE_CHECKING:
    from bot.chat.commands import Message
    from bot.chat.conversation import Request, Responder
    from bot.chat.reply import Reply
    from bot.store.refusals import Refusals

_log = logging.getLogger(__name__)

NO_MORE = "/announcements off"
"""The order in the button of each announcement."""


class RefusalDesk:
    """Tells and changes whether a chat gets announcements."""

    commands = ("announcements",)

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer; a chat that the bot is not in gets none anyway."""
        if not request.chat:
            return
        try:
            reply = await self._reply(message.rest, request)
        except StoreError as error:
            _log.warning("The database was of no use: %s", error)
            reply = replies.plain(say(general.NOT_NOW))
        await responder.answer(reply)

    async def _reply(self, wish: str, request: Request) -> Reply:
        if wish in {"on", "off"}:
            if not await request.may_change():
                return replies.plain(say(general.ADMINS_ONLY))
            if wish == "off":
                await self._refusals.refuse(request.chat, now=time.time())
            else:
                await self._refusals.accept(request.chat)
        refused = await self._refusals.refuses(request.chat)
        return replies.plain(say(words.REFUSING if refused else words.ACCEPTING))

    async def kept(self, chat: str) -> list[str]:
        """Return what is kept of a chat here, for whoever asks."""
        return [say(words.KEPT_REFUSAL)] if await self._refusals.refuses(chat) else []
