"""The commands about a chat itself: its language, what is kept of it, and that it be forgotten.

What is answered to everything else is the conversation's affair.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from bot.chat import replies, words
from bot.chat.language import LANGUAGES, say, speaking
from bot.chat.reply import Button, Items, Line, Paragraph, Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.chat.commands import Message
    from bot.chat.request import Request, Responder
    from bot.store import Chat, Chats

PRIVACY = "privacy"
FORGET = "forget"
LANGUAGE = "language"
WITHOUT_A_TRACE = {PRIVACY, FORGET}
"""Commands by which a chat does not become known."""
_EACH_OWN = "own"


class Keeper(Protocol):
    """Who keeps something of chats."""

    async def kept(self, chat: str) -> Iterable[str]:
        """Return what is kept of a chat, in words."""


class SettingsDesk:
    """Tells and changes what is kept of a chat."""

    commands = (LANGUAGE, PRIVACY, FORGET)

    def __init__(self, chats: Chats, *others: Keeper) -> None:
        """`others` keep something of a chat as well, and can tell what."""
        self._chats = chats
        self._others = others

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of `commands`."""
        await responder.answer(await self._reply(message, request))

    async def _reply(self, message: Message, request: Request) -> Reply:
        if message.command == PRIVACY:
            besides = [text for other in self._others for text in await other.kept(request.chat)]
            return privacy(await self._chats.find(request.chat), besides)
        if message.command == LANGUAGE and not message.rest:
            return languages(await self._chats.find(request.chat))
        if not await request.may_change():
            return replies.plain(say(words.ADMINS_ONLY))
        if message.command == FORGET:
            return await _forget(request.chat, self._chats)
        await self._chats.meet(request.chat, request.kind, now=time.time())  # what is set needs something to be set in
        return await _speak(message.rest, request.chat, self._chats)


async def _forget(chat: str, chats: Chats) -> Reply:
    await chats.forget(chat)
    return replies.plain(say(words.FORGOTTEN))


async def _speak(text: str, chat: str, chats: Chats) -> Reply:
    """Speak the language that is named by its code or its own name."""
    wanted = text.casefold()
    if wanted == _EACH_OWN:
        await chats.set_language(chat, None)
        return _said(say(words.LANGUAGE_FREE))
    for code, name in LANGUAGES.items():
        if wanted in {code, name.casefold()}:
            await chats.set_language(chat, code)
            with speaking(code):
                return _said(say(words.LANGUAGE_SET, language=name))
    return _said(say(words.LANGUAGE_UNKNOWN), _choices())


def languages(chat: Chat | None) -> Reply:
    """Return which language is spoken in a chat, and which there are."""
    chosen = chat.language if chat else None
    text = say(words.LANGUAGE_NOW, language=LANGUAGES.get(chosen, chosen)) if chosen else say(words.LANGUAGE_EACH_OWN)
    return _said(text, _choices())


def _said(text: str, buttons: tuple[tuple[Button, ...], ...] = ()) -> Reply:
    return Reply(topic=LANGUAGE, blocks=(Paragraph(text),), buttons=buttons)


def _choices() -> tuple[tuple[Button, ...], ...]:
    own = Button(say(words.LANGUAGE_OWN_BUTTON), f"/{LANGUAGE} {_EACH_OWN}")
    return (*((Button(name, f"/{LANGUAGE} {code}"),) for code, name in LANGUAGES.items()), (own,))


def privacy(chat: Chat | None, besides: Iterable[str] = ()) -> Reply:
    """Return what is kept of a chat, `besides` what is set in it, and what never is."""
    lines = tuple(map(Line, (*_kept(chat), *besides))) if chat else ()
    kept = Items(say(words.KEPT), lines) if lines else Paragraph(say(words.KEPT_NOTHING))
    always = (words.NOT_KEPT, words.KEPT_HOSTS, words.KEPT_FORGET)
    return Reply(blocks=(kept, *(Paragraph(say(text)) for text in always)))


def _kept(chat: Chat) -> Iterator[str]:
    yield say(words.KEPT_ID, id=chat.id.rpartition(":")[2])
    if chat.language:
        yield say(words.KEPT_LANGUAGE, language=LANGUAGES.get(chat.language, chat.language))
    else:
        yield say(words.KEPT_EACH_OWN_LANGUAGE)
