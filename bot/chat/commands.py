"""Which commands there are, to whom each is shown, and what a message says: a command and its rest, or free text.

What is done about it is the conversation's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)


class Shown(Enum):
    """In whose menu a command stands."""

    TO_ALL = auto()
    IN_PRIVATE = auto()
    TO_ADMINS = auto()
    """To whoever may change what is set in a chat: its administrators, in private anybody."""
    TO_OPERATORS = auto()
    """To those who run the bot, in private; for others there is no such command."""
    NOWHERE = auto()


COMMANDS = {
    "check": Shown.TO_ALL,
    "why": Shown.TO_ALL,
    "works": Shown.TO_ALL,
    "status": Shown.TO_ALL,
    "history": Shown.TO_ALL,
    "news": Shown.TO_ALL,
    "services": Shown.TO_ALL,
    "again": Shown.IN_PRIVATE,
    "subscribe": Shown.TO_ADMINS,
    "unsubscribe": Shown.TO_ADMINS,
    "subscriptions": Shown.TO_ADMINS,
    "mute": Shown.TO_ADMINS,
    "quiet": Shown.TO_ADMINS,
    "digest": Shown.TO_ADMINS,
    "language": Shown.TO_ADMINS,
    "privacy": Shown.TO_ADMINS,
    "forget": Shown.TO_ADMINS,
    "help": Shown.TO_ALL,
    "announcements": Shown.TO_ADMINS,
    "broadcast": Shown.TO_OPERATORS,
    "broadcasts": Shown.TO_OPERATORS,
    "variant": Shown.TO_OPERATORS,
    "stats": Shown.TO_OPERATORS,
    "health": Shown.TO_OPERATORS,
    "feeds": Shown.TO_OPERATORS,
    "details": Shown.NOWHERE,
    "past": Shown.NOWHERE,
    "start": Shown.NOWHERE,
}
"""Every command that there is, in the order of the menus."""
OF_ALERTS = frozenset({"subscribe", "unsubscribe", "subscriptions", "mute", "quiet", "digest", "announcements"})
"""Those about what a chat is told of its own accord: of no use where nothing can be."""


def is_about_the_chat(command: str) -> bool:
    """Tell whether a command is about the chat that it is said in, so that without one it is about nothing."""
    return COMMANDS.get(command) is Shown.TO_ADMINS


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it was read. Without a command, `rest` is all of it."""

    command: str | None
    rest: str
    bot: str | None = None
    """The bot that a command names: "/check@reachbot"."""


def parse(text: str) -> Message:
    """Read a message. Commands are case-insensitive, as people type them on phones."""
    text = text.strip()
    found = _COMMAND.fullmatch(text)
    if found is None:
        return Message(None, text)
    return Message(found[1].lower(), (found[3] or "").strip(), found[2])
