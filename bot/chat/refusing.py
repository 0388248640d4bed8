"""The desk at which readers say that they want no announcements; alerts are not affected."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bot.chat import replies
from bot.chat import words as general
from bot.chat.language import say
from bot.chat.words import broadcasts as words

if TYPE_CHECKING:
    from bot.chat.commands import Message
    from bot.chat.reply import Reply
    from bot.chat.request import Request, Responder
    from bot.store.refusals import Refusals

NO_MORE = "/announcements off"
"""The order in the button of each announcement."""


class RefusalDesk:
    """Tells and changes whether a chat gets announcements."""

    commands = ("announcements",)

    def __init__(self, refusals: Refusals) -> None:
        self._refusals = refusals

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer whether there are any, after having changed that if it is asked for."""
        await responder.answer(await self._reply(message.rest, request))

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
