"""The way to a platform, and the seven ways in which it can turn out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from bot.outbox.model import Message


@dataclass(frozen=True, slots=True)
class Sent:
    """It is there."""

    platform_id: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """It is surely not there, and may be some time later."""

    reason: str
    retry_after_s: float | None = None
    """How long the platform asks to wait with this chat; None where it was not reached at all."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may be there: the request left, and no answer came back."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChatGone:
    """The chat is no more, or does not want the bot."""

    reason: str


@dataclass(frozen=True, slots=True)
class ChatMoved:
    """It is not there: the chat has another id now."""

    chat: str


@dataclass(frozen=True, slots=True)
class Muted:
    """The bot is in the chat and may not write."""

    reason: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """The platform does not take what it says, now or later."""

    reason: str


Outcome = Sent | NotSent | Unknown | ChatGone | ChatMoved | Muted | Rejected


def is_silence(outcome: Outcome) -> bool:
    """Tell whether the platform said nothing at all: it was not reached, or did not answer."""
    return isinstance(outcome, Unknown) or (isinstance(outcome, NotSent) and outcome.retry_after_s is None)


class Delivery(Protocol):
    """Sends one message, once; or asks whether that is worth trying."""

    async def deliver(self, message: Message) -> Outcome:
        """Return how it turned out. A cancelled one may have arrived.

        Raises `TransportError` where nothing can be sent at all before the operator does something.
        """
        ...

    async def answers(self) -> bool:
        """Tell whether the platform answers, by a question that changes nothing there. Raises as `deliver` does."""
        ...
