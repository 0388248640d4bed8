"""Who may change what is set in a chat."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from telegram.constants import ChatMemberStatus

from bot.transports.telegram.calls import quietly

if TYPE_CHECKING:
    from telegram import Bot

KEEP_S = 60.0
"""How long an answer of Telegram's is believed: who was just promoted need not wait for long."""
_MOST_KNOWN = 1000
_ADMINS = {ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR}


class Admins:
    """Asks Telegram who is an administrator of a group, and remembers it for a while."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._known: dict[tuple[int, int], tuple[float, bool]] = {}

    async def has(self, chat_id: int, user_id: int) -> bool:
        """Tell whether a person is an administrator of a group; whom Telegram says nothing of is none."""
        now = asyncio.get_running_loop().time()
        until, known = self._known.get((chat_id, user_id), (0.0, False))
        if now < until:
            return known
        member = await quietly(lambda: self._bot.get_chat_member(chat_id, user_id), "Who administers is unknown")
        is_admin = member is not None and member.status in _ADMINS
        if member is not None:
            self._remember(chat_id, user_id, is_admin=is_admin, until=now + KEEP_S)
        return is_admin

    def forget(self, chat_id: int) -> None:
        """Ask anew in a chat where something changed."""
        self._known = {key: known for key, known in self._known.items() if key[0] != chat_id}

    def _remember(self, chat_id: int, user_id: int, *, is_admin: bool, until: float) -> None:
        if len(self._known) >= _MOST_KNOWN:
            self._known.clear()
        self._known[chat_id, user_id] = (until, is_admin)
