"""How much one person and one chat may ask, and in which order askers are served. Pure.

Limits refuse a flood at the door; the fair queue shares out what is let in. How fast answers may leave is
`bot.pacing`'s affair.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

_T = TypeVar("_T")

_MOST_KNOWN = 4096
"""Askers kept in mind before those are looked for whose limits are whole again."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many questions at once, and one more every so many seconds."""

    burst: int
    every_s: float


OF_A_USER = Allowance(6, every_s=5)
OF_A_CHAT = Allowance(12, every_s=4)
"""A group's; in a private chat its person's own comes first. Below what answers a group may get in a minute."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Somebody asked too much."""

    wait_s: float
    """When to come back."""
    tell: bool
    """Whether to say so: once, and not again before that time."""


class _Bucket:
    __slots__ = ("_allowance", "_at", "_left", "told_until")

    def __init__(self, allowance: Allowance, now: float) -> None:
        self._allowance = allowance
        self._left = float(allowance.burst)
        self._at = now
        self.told_until = float("-inf")

    def wait_s(self, now: float) -> float:
        """Return how long until there is one to take; 0 when there is."""
        self._left = min(self._allowance.burst, self._left + max(0.0, now - self._at) / self._allowance.every_s)
        self._at = now
        return max(0.0, 1 - self._left) * self._allowance.every_s

    def take(self) -> None:
        self._left -= 1

    def is_whole(self, now: float) -> bool:
        return self.wait_s(now) == 0 and self._left >= self._allowance.burst


class Limits:
    """Counts what everybody asks."""

    def __init__(self, user: Allowance = OF_A_USER, chat: Allowance = OF_A_CHAT) -> None:
        self._user = user
        self._chat = chat
        self._buckets: dict[tuple[str, Hashable], _Bucket] = {}
        self._most_known = _MOST_KNOWN

    def ask(self, *, user: Hashable, chat: Hashable, now: float) -> Refusal | None:
        """Count one question; return why it is refused, if it is. What is refused counts for nothing."""
        buckets = (
            self._bucket(("user", user), self._user, now),
            self._bucket(("chat", chat), self._chat, now),
        )
        slowest = max(buckets, key=lambda bucket: bucket.wait_s(now))
        wait_s = slowest.wait_s(now)
        if not wait_s:
            for bucket in buckets:
                bucket.take()
            return None
        tell = slowest.told_until <= now
        if tell:
            slowest.told_until = now + wait_s
        return Refusal(wait_s, tell)

    def _bucket(self, key: tuple[str, Hashable], allowance: Allowance, now: float) -> _Bucket:
        if key not in self._buckets:
            if len(self._buckets) >= self._most_known:
                self._buckets = {known: bucket for known, bucket in self._buckets.items() if not bucket.is_whole(now)}
                self._most_known = max(_MOST_KNOWN, 2 * len(self._buckets))
            self._buckets[key] = _Bucket(allowance, now)
        return self._buckets[key]


class FairQueue(Generic[_T]):
    """Serves chats in turn, each from its own line, however long another's is.

    most_waiting, most_running: of one chat.
    """

    def __init__(self, *, most_waiting: int, most_running: int) -> None:
        self._most_waiting = most_waiting
        self._most_running = most_running
        self._lines: dict[Hashable, deque[_T]] = {}
        self._running: Counter[Hashable] = Counter()
        self._ready: dict[Hashable, None] = {}
        self._waiting = 0

    def __len__(self) -> int:
        """Return how many wait."""
        return self._waiting

    def put(self, chat: Hashable, item: _T) -> bool:
        """Let it wait in its chat's line; False where that one is full."""
        line = self._lines.setdefault(chat, deque())
        if len(line) >= self._most_waiting:
            return False
        line.append(item)
        self._waiting += 1
        self._line_up(chat)
        return True

    def take(self) -> tuple[Hashable, _T] | None:
        """Return whose turn it is and what waited there; `done` is owed for it. None where nothing may run."""
        if not self._ready:
            return None
        chat = next(iter(self._ready))
        del self._ready[chat]
        item = self._lines[chat].popleft()
        self._waiting -= 1
        self._running[chat] += 1
        self._line_up(chat)
        return chat, item

    def done(self, chat: Hashable) -> None:
        """Make room for the next of that chat."""
        self._running[chat] -= 1
        self._line_up(chat)
        if not self._running[chat]:
            del self._running[chat]

    def _line_up(self, chat: Hashable) -> None:
        """Put the chat behind all that are ready, if it has something that may run."""
        if not self._lines[chat]:
            if not self._running[chat]:
                del self._lines[chat]
        elif self._running[chat] < self._most_running:
            self._ready.setdefault(chat)
