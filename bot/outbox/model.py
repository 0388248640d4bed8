"""What waits to be told to a chat that did not ask for it just now: contents, who gets them, and how far each has come.

How a content looks is the transport's affair; what is done about a failure, `bot.outbox.policy`'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

from bot.chat.reply import Button, Reply

State = Literal["waiting", "leased", "paused", "sent", "unknown", "dead", "expired", "cancelled"]
"""Leased: it is being sent. Unknown: it may have arrived. Dead: it cannot be told there, for the reason given."""


class Priority(IntEnum):
    """What goes first where several wait. An answer waits for none of them: it is not stored."""

    ALERT = 1
    BROADCAST = 2
    DIGEST = 3


@dataclass(frozen=True, slots=True)
class Said:
    """The bot's own words, in one language."""

    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """Somebody's text with its markup, or a picture with that below it."""

    html: str
    photo: str | None = None
    """The platform's own id of the file."""
    buttons: tuple[tuple[Button, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A message that stands in a chat already, as it is."""

    chat: str
    message_id: int
    buttons: tuple[tuple[Button, ...], ...] = ()


Content = Said | Written | Copied


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A message that is to be told to a chat. Times are in seconds since 1970."""

    chat: str
    content: Content | int
    """Itself, or the id that it is stored by: what many are told is stored once."""
    priority: Priority
    thread: int | None = None
    """The topic that it goes to; without one, the general one."""
    subject: str = ""
    """What it is about, by which a later message can overtake it."""
    not_before: float = 0.0
    expires_at: float | None = None
    """When it is not worth telling any more."""
    broadcast: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message that is leased to whoever sends it."""

    id: int
    chat: str
    is_group: bool
    language: str | None
    """What was chosen in the chat."""
    muted: bool
    """Whether the bot may not write there, as far as it is known."""
    thread: int | None
    content: Content
    priority: Priority
    attempts: int
    """This one included."""
    doubts: int
    """How many earlier ones may have arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What becomes of a leased message. A result for an attempt that is not the last one counts for nothing."""

    message: int
    attempt: int
    state: State
    next_at: float | None = None
    """When to try again, if it waits."""
    failure: str = ""
    platform_id: str | None = None
    doubtful: bool = False
    """Whether this attempt may have arrived."""
    untried: bool = False
    """Whether there was no attempt after all."""
    chat_state: Literal["active", "muted", "gone"] | None = None
    """What has become known of the chat, if anything has."""
