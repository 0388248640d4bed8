"""What a broadcast is: what it says in which language, to whom, and how far it has got.

Pure. How it reaches people is `bot.outbox`' affair; what operators see of it, `bot.chat.broadcasting`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bot.outbox.model import Content

State = Literal["draft", "scheduled", "running", "paused", "finished", "stopped", "cancelled"]
"""Finished: nothing is left to be sent. Stopped: an operator wanted no more of it. Cancelled: it never began."""
OVER: frozenset[State] = frozenset({"finished", "stopped", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Which chats are meant: those that are within each of the sets that are not empty."""

    kinds: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset()
    """Subscribed to alerts about one of these."""

    def __bool__(self) -> bool:
        """Tell whether it is narrower than everyone."""
        return bool(self.kinds or self.languages or self.services)


@dataclass(frozen=True, slots=True, kw_only=True)
class Broadcast:
    """One message to many. Times are in seconds since 1970."""

    id: int
    made_by: str
    """The chat of the operator who wrote it."""
    made_at: float
    state: State = "draft"
    audience: Audience = field(default_factory=Audience)
    variants: Mapping[str, Content] = field(default_factory=dict)
    """What it says by language; under "" what everybody else gets."""
    start_at: float | None = None
    """When it is to begin, if that was set."""
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of the messages of a broadcast."""

    sent: int = 0
    unknown: int = 0
    """They may have arrived, or not."""
    failed: int = 0
    left: int = 0
    withdrawn: int = 0
    """Not told any more, because it was stopped or because of its age."""

    @property
    def total(self) -> int:
        """Return the size of the audience."""
        return self.sent + self.unknown + self.failed + self.left + self.withdrawn

    @property
    def share(self) -> float:
        """Return how much of it is done, from 0 to 1."""
        return 1.0 if not self.total else 1 - self.left / self.total


def remaining_s(tally: Tally, per_s: float) -> float:
    """Return how long the rest takes at a rate of messages a second."""
    return tally.left / per_s
