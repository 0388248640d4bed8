"""Which chat, thread and message a request means, and whether the bot may do there what it wants."""

from typing import TYPE_CHECKING, Any

from tests.fakes.telegram.errors import ApiError, bad_request, forbidden
from tests.fakes.telegram.model import ChatState, Message

if TYPE_CHECKING:
    from tests.fakes.telegram.world import World

_NAMES = {"group": "group chat", "supergroup": "supergroup chat", "channel": "channel chat"}


def find_chat(world: "World", chat_id: Any) -> ChatState:
    """The chat by id or @username; a group that became a supergroup refuses with the new id."""
    if chat_id in {None, ""}:
        raise bad_request("chat_id is empty")
    by_name = (chat for chat in world.chats.values() if chat.username and f"@{chat.username}" == chat_id)
    chat = world.chats.get(chat_id) if isinstance(chat_id, int) else next(by_name, None)
    if chat is None:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", {"migrate_to_chat_id": chat.migrated_to})
    return chat


def reachable_chat(world: "World", chat_id: Any) -> ChatState:
    """The chat, provided the bot is in it."""
    chat = find_chat(world, chat_id)
    if refusal := _absence(world, chat):
        raise refusal
    return chat


def writable_chat(world: "World", chat_id: Any, *, permission: str = "can_send_messages") -> ChatState:
    """The chat, provided the bot may send there what `permission` names."""
    chat = reachable_chat(world, chat_id)
    member = chat.member(world.me)
    if chat.kind == "channel" and not member.is_admin:
        raise bad_request("need administrator rights in the channel chat")
    if chat.kind != "private" and not member.may(permission):
        what = "photos" if permission == "can_send_photos" else "text messages"
        raise bad_request(f"not enough rights to send {what} to the chat")
    return chat


def _absence(world: "World", chat: ChatState) -> ApiError | None:
    if chat.kind == "private":
        return _private_absence(world, chat)
    name = _NAMES[chat.kind]
    if chat.is_gone:
        return forbidden(f"the {name} was deleted")
    member = chat.member(world.me)
    if member.status == "kicked":
        return forbidden(f"bot was kicked from the {name}")
    return None if member.is_present else forbidden(f"bot is not a member of the {name}")


def _private_absence(world: "World", chat: ChatState) -> ApiError | None:
    if chat.is_gone:
        return forbidden("user is deactivated")
    if chat.member(world.me).status == "kicked":
        return forbidden("bot was blocked by the user")
    if chat.person and chat.person.is_bot:
        return forbidden("bot can't send messages to bots")
    return None if chat.is_started else forbidden("bot can't initiate conversation with a user")


def open_thread(world: "World", chat: ChatState, thread_id: int | None) -> int | None:
    """The thread to write in. Writing to General takes no id at all; 1 is refused although General is topic 1."""
    if thread_id is None:
        topic = chat.general if chat.is_forum else None
    elif chat.is_forum:
        topic = chat.topics.get(thread_id)
        if topic is None:
            raise bad_request("message thread not found")
    elif chat.kind == "supergroup" and chat.message(thread_id):
        topic = None
    else:
        raise bad_request("message thread not found")
    if topic and topic.is_closed and not chat.member(world.me).is_admin:
        raise bad_request("TOPIC_CLOSED")
    return thread_id


def own_message(chat: ChatState, message_id: Any, *, to: str) -> Message:
    """The bot's own message; `to` names the deed in the refusal ("edit")."""
    message = chat.message(message_id) if isinstance(message_id, int) else None
    if message is None:
        raise bad_request(f"message to {to} not found")
    if not message.by_bot:
        raise bad_request(f"message can't be {to}ed")
    return message
