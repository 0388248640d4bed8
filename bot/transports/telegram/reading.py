"""What a message of Telegram's says, to whom, and where its answer belongs. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telegram import Chat, User
from telegram.constants import ChatType, MessageEntityType

from bot.chat import commands
from bot.chat.request import Attached
from bot.transports.telegram.calls import Place

if TYPE_CHECKING:
    from collections.abc import Collection

    from telegram import Message

    from bot.store.chats import Kind


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants of the bot, and where."""

    text: str
    place: Place
    chat: Chat | None
    """None for one that the bot is not in."""
    user: User | None
    editing: int | None = None
    """The message that the answer takes the place of."""
    may_change: bool | None = None
    """Whether they may change what is set in the chat; None where that depends on who they are."""
    attached: Attached = field(default_factory=Attached)


class Reader:
    """Knows which messages are for the bot."""

    def __init__(self, bot: User, known_commands: Collection[str]) -> None:
        self._bot = bot
        self._commands = frozenset(known_commands)
        self._mention = f"@{bot.username}".casefold()

    def is_addressed(self, message: Message) -> bool:
        """Tell whether a message is surely for the bot: in private, as an answer to it, or naming it."""
        answered = message.reply_to_message
        return (
            message.chat.type == ChatType.PRIVATE
            or (answered is not None and answered.from_user is not None and answered.from_user.id == self._bot.id)
            or self._mention
            in (text.casefold() for text in message.parse_entities([MessageEntityType.MENTION]).values())
        )

    def is_for_us(self, message: Message, text: str) -> bool:
        """Tell whether it wants an answer. A command for another bot does not, whoever it answers."""
        said = commands.parse(text)
        if said.bot is not None:
            return f"@{said.bot}".casefold() == self._mention
        return said.command in self._commands or self.is_addressed(message)

    def without_mention(self, text: str) -> str:
        """Return the text without the bot's name, but for that in a command: "/check@reachbot"."""
        return " ".join(word for word in text.split(" ") if word.casefold().strip(",:") != self._mention)


def place_of(message: Message) -> Place:
    """Return where the answer to a message belongs: its topic, and beneath it where others talk too."""
    private = message.chat.type == ChatType.PRIVATE
    return Place(
        message.chat.id,
        thread_id=message.message_thread_id if message.is_topic_message else None,
        reply_to=None if private else message.message_id,
    )


def asked_by(message: Message, text: str) -> Asked:
    """Return what a message asks; `text` is what it says."""
    # Whoever speaks in another chat's name may change nothing, whatever person Telegram puts there.
    may_change = None if message.sender_chat is None else is_anonymous_admin(message)
    return Asked(
        text, place_of(message), message.chat, message.from_user, may_change=may_change, attached=_attached(message)
    )


def said_in(message: Message) -> str | None:
    """Return the words of a message; those beneath a picture only where they are a command."""
    if message.text is None and (message.caption or "").startswith("/"):
        return message.caption
    return message.text


def _attached(message: Message) -> Attached:
    answered = message.reply_to_message
    return Attached(
        html=message.text_html_urled if message.text is not None else message.caption_html_urled,
        photo=message.photo[-1].file_id if message.photo else None,
        answered=str(answered.message_id) if answered else None,
    )


def asker_of(message: Message) -> int:
    """Return who is to be counted as asking: somebody who speaks in a chat's name is that chat."""
    if message.sender_chat is not None:
        return message.sender_chat.id
    return message.from_user.id if message.from_user else message.chat.id


def is_anonymous_admin(message: Message) -> bool:
    """Tell whether an administrator speaks in the group's own name: nobody else can.

    The sender that Telegram puts there is the same everywhere and proves nothing by itself.
    """
    return message.sender_chat is not None and message.sender_chat.id == message.chat.id


def kind_of(chat: Chat) -> Kind:
    """Return the kind of a chat as the store knows it."""
    if chat.type == ChatType.PRIVATE:
        return "private"
    return "channel" if chat.type == ChatType.CHANNEL else "group"
