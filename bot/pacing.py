"""When a message may leave: not-before times on whatever monotonic clock the caller goes by. Pure.

A place in a lane is taken once and never given back: nothing that happens elsewhere lets a message leave earlier.
Waiting for a time to come, and finding out that Telegram wants a pause, is the caller's affair.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

SEVERAL = 3
"""Chats that have to report a flood limit before it counts as one for all."""
SEVERAL_WITHIN_S = 10.0
_HAIR_S = 1e-6
"""What rounding may not cost anybody a place."""
_MOST_LANES = 1024
"""Chats kept in mind before those are looked for that need not be."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many in any stretch of time."""

    count: int
    per_s: float


@dataclass(frozen=True, slots=True)
class Rates:
    """What Telegram allows, with a little to spare (core.telegram.org/bots/faq, "My bot is hitting limits").

    It says: about 30 messages a second overall, one a second in a chat with short bursts, 20 a minute in a group.
    Each burst and rate stay below that together: never 31 in one second, never 20 within a minute in a group.
    """

    overall: Rate = Rate(27, per_s=1)
    overall_burst: int = 3
    chat: Rate = Rate(1, per_s=1)
    chat_burst: int = 3
    group: Rate = Rate(19, per_s=60)

    def times(self, factor: float) -> Rates:
        """Return rates that are as much faster."""
        overall, chat, group = (Rate(rate.count, rate.per_s / factor) for rate in (self.overall, self.chat, self.group))
        return Rates(overall, self.overall_burst, chat, self.chat_burst, group)


class _Places(Protocol):
    """Hands out times, each no earlier than the one before."""

    def earliest(self, now: float) -> float: ...

    def take(self, at: float) -> None: ...

    def is_idle(self, now: float) -> bool: ...


class _Spaced:
    """Evenly spaced places, some of which may be used ahead of time (GCRA, ITU-T I.371 annex A)."""

    def __init__(self, rate: Rate, burst: int) -> None:
        self._interval_s = rate.per_s / rate.count
        self._ahead_s = (burst - 1) * self._interval_s + _HAIR_S
        self._next = float("-inf")

    def earliest(self, now: float) -> float:
        return max(now, self._next - self._ahead_s)

    def spare(self, now: float) -> float:
        """Return the same for whoever leaves one of the places ahead of time to others."""
        return max(now, self._next - max(0.0, self._ahead_s - self._interval_s))

    def take(self, at: float) -> None:
        self._next = max(self._next, at) + self._interval_s

    def is_idle(self, now: float) -> bool:
        return self._next <= now


class _Windowed:
    """So many places in any window of that length, as tightly as they like."""

    def __init__(self, rate: Rate) -> None:
        self._per_s = rate.per_s
        self._taken: deque[float] = deque(maxlen=rate.count)

    def earliest(self, now: float) -> float:
        if len(self._taken) < (self._taken.maxlen or 0):
            return now
        return max(now, self._taken[0] + self._per_s)

    def take(self, at: float) -> None:
        self._taken.append(at)

    def is_idle(self, now: float) -> bool:
        return not self._taken or self._taken[-1] + self._per_s <= now


class _Lane:
    """One chat's places, and until when Telegram wants none of them used."""

    def __init__(self, *places: _Places) -> None:
        self._places = places
        self.held_until = float("-inf")

    def earliest(self, now: float) -> float:
        return max(now, self.held_until, *(places.earliest(now) for places in self._places))

    def take(self, at: float) -> None:
        for places in self._places:
            places.take(at)

    def is_idle(self, now: float) -> bool:
        return self.held_until <= now and all(places.is_idle(now) for places in self._places)


class Pacer:
    """Tells everybody who wants to send when it may be done."""

    def __init__(self, rates: Rates | None = None) -> None:
        self.rates = rates or Rates()
        self._overall = _Spaced(self.rates.overall, self.rates.overall_burst)
        self._lanes: dict[Hashable, _Lane] = {}
        self._most_lanes = _MOST_LANES
        self._held_until = float("-inf")
        self._reports: dict[Hashable, tuple[float, float]] = {}

    def turn(self, chat: Hashable, *, group: bool, clock: Callable[[], float]) -> Iterator[float]:
        """Yield the times to wait for, one after the other; after the last the message may leave.

        Places overall are handed out only when the chat's own turn has come: a chat that must wait for long keeps
        nobody else waiting. `chat` is None for what belongs to no chat.
        """
        while True:
            yield self._place(self._lane(chat, group=group, now=clock()), clock())
            yield self._place(self._overall, max(clock(), self._held_until))
            if self.held_until(chat) <= clock():
                return

    def at_once(self, chat: Hashable, *, group: bool, now: float) -> bool:
        """Take a turn that need not wait, and tell whether there was one: for what is not worth waiting for."""
        lane = self._lane(chat, group=group, now=now)
        if self.held_until(chat) > now or max(lane.earliest(now), self._overall.earliest(now)) > now:
            return False
        self.take(chat, group=group, now=now)
        return True

    def spare_at(self, now: float) -> float:
        """Return when something may leave that nobody waits for, to whatever chat, unless others take that place.

        It reserves nothing and leaves a part of the burst: what takes its turn never waits behind it.
        """
        return max(self._held_until, self._overall.spare(now))

    def open_at(self, chat: Hashable, *, group: bool, now: float) -> float:
        """Return when a chat may be written to, whatever else goes on."""
        return self._lane(chat, group=group, now=now).earliest(now)

    def take(self, chat: Hashable, *, group: bool, now: float) -> None:
        """Use a place now, which is not before `spare_at` and `open_at`."""
        self._lane(chat, group=group, now=now).take(now)
        self._overall.take(now)

    def hold(self, chat: Hashable, wait_s: float, *, group: bool, now: float) -> None:
        """Note that Telegram wants a pause in a chat.

        Several chats at a time mean a pause for all, as long as the shortest of theirs: what is longer is their own.
        """
        lane = self._lane(chat, group=group, now=now)
        lane.held_until = max(lane.held_until, now + wait_s)
        since = now - SEVERAL_WITHIN_S
        recent = {key: (at, until) for key, (at, until) in self._reports.items() if at > since and until > now}
        self._reports = recent | {chat: (now, now + wait_s)}
        if len(self._reports) >= SEVERAL:
            self._held_until = max(self._held_until, min(until for _, until in self._reports.values()))

    def held_until(self, chat: Hashable) -> float:
        """Return until when nothing may leave for a chat, whatever turn it has."""
        lane = self._lanes.get(chat)
        return max(self._held_until, lane.held_until if lane else float("-inf"))

    @staticmethod
    def _place(places: _Places | _Lane, now: float) -> float:
        at = places.earliest(now)
        places.take(at)
        return at

    def _lane(self, chat: Hashable, *, group: bool, now: float) -> _Lane:
        if chat not in self._lanes:
            self._tidy(now)
            places: list[_Places] = [] if chat is None else [_Spaced(self.rates.chat, self.rates.chat_burst)]
            self._lanes[chat] = _Lane(*places, *([_Windowed(self.rates.group)] if group else []))
        return self._lanes[chat]

    def _tidy(self, now: float) -> None:
        """Forget the chats in which all is as if they had never been written to."""
        if len(self._lanes) >= self._most_lanes:
            self._lanes = {chat: lane for chat, lane in self._lanes.items() if not lane.is_idle(now)}
            self._most_lanes = max(_MOST_LANES, 2 * len(self._lanes))
