"""The commands about a chat itself: what is kept of it, and that it be forgotten.

What is answered to everything else is the conversation's affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import replies, words
from bot.chat.reply import Items, Line, Paragraph, Reply
from bot.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from bot.store import Chat, Chats

PRIVACY = "privacy"
FORGET = "forget"
COMMANDS = frozenset({PRIVACY, FORGET})


async def obey(command: str, chat: str, chats: Chats, may_change: Callable[[], Awaitable[bool]]) -> Reply:
    """Do what one of `COMMANDS` says, and return what is said to it. Raises `StoreError` where nothing can be known."""
    if command == PRIVACY:
        return privacy(await chats.find(chat))
    if not await may_change():
        return replies.plain(words.ADMINS_ONLY)
    try:
        await chats.forget(chat)
    except StoreError:
        return replies.plain(words.NOT_FORGOTTEN)
    return replies.plain(words.FORGOTTEN)


def privacy(chat: Chat | None) -> Reply:
    """Return what is kept of a chat, and what never is."""
    kept = (Items(words.KEPT, tuple(map(Line, _kept(chat)))),) if chat else (Paragraph(words.KEPT_NOTHING),)
    return Reply(blocks=(*kept, Paragraph(words.NOT_KEPT), Paragraph(words.KEPT_HOSTS), Paragraph(words.KEPT_FORGET)))


def _kept(chat: Chat) -> Iterator[str]:
    yield words.KEPT_ID.format(id=chat.id.rpartition(":")[2])
    if chat.language:
        yield words.KEPT_LANGUAGE.format(language=chat.language)
    else:
        yield words.KEPT_EACH_OWN_LANGUAGE
    if chat.thread is not None:
        yield words.KEPT_THREAD.format(thread=chat.thread)
