"""What happens to the bot and to the chats it is in: added, removed, muted, promoted, moved to a new id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telegram import ChatMemberRestricted
from telegram.constants import ChatMemberStatus

from bot.transports.telegram.calls import stored_id
from bot.transports.telegram.reading import kind_of

if TYPE_CHECKING:
    from telegram import ChatMember, ChatMemberUpdated, Message

    from bot.store import Chats
    from bot.store.chats import State

_ABSENT = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}


async def note(change: ChatMemberUpdated, chats: Chats, *, now: float) -> None:
    """Note whether the bot can write in a chat from now on. A person who blocks the bot has it banned."""
    chat = stored_id(change.chat.id)
    state = _state(change.new_chat_member)
    if state != "gone":
        await chats.meet(chat, kind_of(change.chat), now=now)
    await chats.set_state(chat, state, now=now)


async def follow(message: Message, chats: Chats) -> bool:
    """Put the new id of a chat in the place of the old one, if that is what the message tells."""
    old, new = message.migrate_from_chat_id or message.chat.id, message.migrate_to_chat_id or message.chat.id
    if old == new:
        return False
    await chats.move(stored_id(old), stored_id(new))
    return True


def _state(member: ChatMember) -> State:
    if member.status in _ABSENT:
        return "gone"
    if isinstance(member, ChatMemberRestricted):
        if not member.is_member:
            return "gone"
        return "active" if member.can_send_messages else "muted"
    return "active"
