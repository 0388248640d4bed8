"""What passes between a transport and a conversation: a request, what the transport can do, and the way back.

A desk answers some of the requests. What is said is a `bot.chat.reply.Reply`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.store.chats import Kind

if TYPE_CHECKING:
    from collections.abc import Collection

    from bot.chat.commands import Message
    from bot.chat.reply import Reply


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Attached:
    """What a message has beside its plain text, for the commands that pass messages on."""

    html: str = ""
    """The text with its markup, in the HTML that the platform reads."""
    photo: str | None = None
    """A picture, by the platform's name for it."""
    answered: str | None = None
    """The message that it answers, by the platform's name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody said."""

    chat: str
    """Where, by a name that the transport gives; empty for a chat that the bot is not in."""
    kind: Kind = "private"
    thread: int | None = None
    """The topic of the chat in which it was said."""
    text: str
    language: str = "en"
    addressed: bool = True
    """Whether it is surely meant for the bot: in a group most is not."""
    may_change: Callable[[], Awaitable[bool]] = _always
    """Tells whether whoever asks may change what is set in the chat."""
    operator: bool = False
    """Whether it comes from one of those who run the bot."""
    attached: Attached = Attached()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a transport can do."""

    edits: bool = False
    """Whether a later message can take the place of an earlier one, so that answers may come in any order."""
    progress_interval_s: float | None = None
    """The least time between two messages of progress; None where progress is not shown."""
    pictures: bool = False
    """Whether it shows them."""
    bot_name: str | None = None
    """What people call the bot in commands ("/check@reachbot")."""


class Responder(Protocol):
    """The way back to whoever made one request. It keeps what belongs together by the replies' topics."""

    @property
    def capabilities(self) -> Capabilities:
        """What the transport can do."""

    async def progress(self, reply: Reply) -> None:
        """Show what is known so far. Not worth raising for: the answer is still to come."""

    async def answer(self, reply: Reply) -> None:
        """Say it, in place of the progress of the same topic."""


class Desk(Protocol):
    """Where some of the commands are answered."""

    @property
    def commands(self) -> Collection[str]:
        """Their names, all of them in `bot.chat.commands.COMMANDS`."""

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of them. May raise `StoreError`, which the conversation answers for all desks."""
