"""What a message says: a command and what follows it, or free text. What is done about it is the conversation's."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+(.*))?", re.DOTALL)


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
