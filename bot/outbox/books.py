"""What is leased and what became of it, on its way to and from the store: one transaction at a time, for both.

So results of many messages are written to the disk together when there are many, and nobody waits when there are few.
"""

from __future__ import annotations

import asyncio
import logging
import math
from typing import TYPE_CHECKING, NamedTuple

from bot.outbox import policy
from bot.outbox.bell import Bell
from bot.outbox.delivery import Unknown
from bot.store.database import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.outbox.model import Message, Priority, Result
    from bot.outbox.policy import Patience
    from bot.store.outbox import OutboxStore

_log = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often to look for messages that nobody told of."""
GATHER_S = 0.02
"""How long to wait for more: each write to the disk takes its time, whether it is of one result or of many."""
_PAUSE_S = 1.0
"""After the store was of no use."""


class Wanted(NamedTuple):
    """What could be sent: so many messages of these priorities; others at that time, by the event loop's clock."""

    most: int
    priorities: tuple[Priority, ...]
    others_at: float = math.inf


class Books:
    """Leases messages when some are wanted, and notes results. `now` is the time since 1970."""

    def __init__(self, store: OutboxStore, patience: Patience, now: Callable[[], float]) -> None:
        self._store = store
        self._patience = patience
        self._now = now
        self._results: list[Result] = []
        self._hurried: list[int] = []
        self._bell = Bell()
        self._closing = False
        self.has_more = False
        """Whether more was due, when last looked, than could be sent."""

    def note(self, *results: Result) -> None:
        """Have it stored what became of leased messages."""
        self._results += results
        self._bell.ring()

    def hurry(self, messages: Iterable[int]) -> None:
        """Let messages that wait for another try be due at once."""
        self._hurried += messages
        self._bell.ring()

    def look(self) -> None:
        """Look for messages now."""
        self._bell.ring()

    def close(self) -> None:
        """Come to an end as soon as all results are stored."""
        self._closing = True
        self._bell.ring()

    async def keep(self, wanted: Callable[[], Wanted], lease: Callable[[list[Message]], None]) -> None:
        """Hand out messages to `lease` as they are `wanted`, until closed. What cannot be stored is stored later."""
        self._closing = False
        recovered = False
        while not self._closing or self._results:
            look_at = _clock() + _PAUSE_S
            try:
                if not recovered:
                    await self._recover()
                    recovered = True
                look_at = await self._exchange(wanted(), lease)
            except StoreError as error:
                _log.warning("The outbox has to wait for the database: %s", error)
            if not self._closing or self._results:
                await self._bell.wait(look_at)
                await asyncio.sleep(GATHER_S)

    async def _recover(self) -> None:
        """Treat what was leased when the process ended as what it is: it may have arrived."""
        now = self._now()
        for message in await self._store.leased(now=now):
            self._results.append(policy.decide(message, _INTERRUPTED, self._patience, now=now, jitter=1))

    async def _exchange(self, wanted: Wanted, lease: Callable[[list[Message]], None]) -> float:
        """Return when to do this again, by the event loop's clock, unless something happens before."""
        results, self._results = self._results, []
        hurried, self._hurried = self._hurried, []
        now = self._now()
        try:
            messages, next_at = await self._store.exchange(
                results, hurried=hurried, most=wanted.most, priorities=wanted.priorities, now=now
            )
        except StoreError:
            self._results = results + self._results
            self._hurried += hurried
            raise
        lease(messages)
        self.has_more = next_at is not None and next_at <= now
        if self.has_more and len(messages) >= wanted.most:
            next_at = None  # it is asked for when there is room
        look_at = math.inf if next_at is None else _clock() + next_at - now
        return min(look_at, wanted.others_at, _clock() + LOOK_S)


_INTERRUPTED = Unknown("interrupted")


def _clock() -> float:
    return asyncio.get_running_loop().time()
