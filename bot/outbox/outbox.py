"""The part that runs: sends what is leased when it may leave, and takes in how each turned out.

What is done about an outcome is decided in `bot.outbox.policy`, when a message may leave in `bot.pacing`; leasing and
noting, beside the sending, is the affair of `bot.outbox.books`.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
import random
import time
from typing import TYPE_CHECKING

from bot.outbox import policy
from bot.outbox.asking import until_answered
from bot.outbox.bell import Bell
from bot.outbox.books import Books, Wanted
from bot.outbox.delivery import ChatMoved, NotSent, Outcome, Rejected, Unknown
from bot.outbox.model import Message, Outgoing, Priority
from bot.outbox.policy import Outage, Patience
from bot.store.database import StoreError
from bot.transports.errors import TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.outbox.delivery import Delivery
    from bot.pacing import Pacer
    from bot.store.chats import Chats
    from bot.store.outbox import OutboxStore

_log = logging.getLogger(__name__)

MOST_IN_FLIGHT = 32
"""Enough for the rate that Telegram allows when it takes a second for each."""
AHEAD_S = 0.3
"""For how long messages are leased ahead: what is leased when the process is killed is in doubt."""
HELD_S = 1.0
"""What may leave only after so long is given back meanwhile."""
SEND_S = 60.0
"""Longer than any time-out on the way."""
GRACE_S = 1.5
"""How long a stop waits for what is in flight."""
_LAST_WORD_S = 1.0
"""How long it waits after that until all is noted."""
_TIDY_S = 24 * 3600.0


class Outbox:
    """Tells chats what they are to be told, in the order of urgency, below the platform's limits.

    `now` is the time since 1970 by which messages become due; the pacer goes by the event loop's clock.
    """

    def __init__(
        self,
        store: OutboxStore,
        chats: Chats,
        delivery: Delivery,
        pacer: Pacer,
        *,
        patience: Patience | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._chats = chats
        self._delivery = delivery
        self._pacer = pacer
        self._patience = patience or Patience()
        self._now = now
        self._outage = Outage(self._patience)
        self._most_ahead = math.ceil(AHEAD_S * pacer.rates.overall.count / pacer.rates.overall.per_s)
        self._ready: list[tuple[Priority, int, Message]] = []
        self._numbers = itertools.count()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._books = Books(store, self._patience, now)
        self._sending = Bell()
        self._silence = Bell()
        self._failed: set[int] = set()
        """What failed since the platform fell silent, if it did."""
        self._stopping = False
        self._broken: TransportError | None = None

    async def put(self, *outgoing: Outgoing) -> None:
        """Let messages wait for their turn. Raises `StoreError`."""
        await self._store.put(outgoing, now=self._now())
        self.wake()

    def wake(self) -> None:
        """Look for messages at once: some were added."""
        self._books.look()

    async def run(self) -> None:
        """Send until cancelled; then let what is in flight end, and give back the rest.

        What was leased when the process last ended is in doubt. Raises `TransportError` when nothing can be sent.
        """
        self._stopping, self._broken = False, None
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._books.keep(self._wanted, self._lease))
            beside = [group.create_task(self._tidy()), group.create_task(self._ask())]
            try:
                await self._send_all(group)
            finally:
                for task in beside:
                    task.cancel()
                await self._stop(keeping)
        if self._broken:
            raise self._broken

    # --- sending -----------------------------------------------------------------------------------------------------

    async def _send_all(self, group: asyncio.TaskGroup) -> None:
        while self._broken is None:
            await self._sending.wait(self._start(group))

    def _start(self, group: asyncio.TaskGroup) -> float:
        """Send what may leave now; return when to look again, unless something happens before."""
        while self._ready and len(self._in_flight) < self._room():
            clock = _clock()
            at = self._open_at(self._ready[0][0], clock)
            if at > clock + HELD_S:
                self._give_back(*(message for _, _, message in self._ready), at=clock)  # leased again when it opens
                self._ready.clear()
                break
            if at > clock:
                return at
            self._begin(heapq.heappop(self._ready)[2], clock, group)
        return math.inf

    def _begin(self, message: Message, clock: float, group: asyncio.TaskGroup) -> None:
        """Send a message, unless its chat has to be left alone for a while."""
        if self._books.has_more:
            self._books.look()
        if (at := self._pacer.open_at(message.chat, group=message.is_group, now=clock)) > clock:
            self._give_back(message, at=at)
            return
        self._pacer.take(message.chat, group=message.is_group, now=clock)
        self._in_flight.add(group.create_task(self._send(message)))

    async def _send(self, message: Message) -> None:
        outcome: Outcome = Unknown("stopped")
        try:
            async with asyncio.timeout(SEND_S):
                outcome = await self._delivery.deliver(message)
            if isinstance(outcome, ChatMoved):
                await self._chats.move(message.chat, outcome.chat)
        except TransportError as error:
            self._broken = error
            outcome = NotSent(str(error))
        except TimeoutError:
            outcome = Unknown("no answer in time")
        except StoreError as error:
            outcome = NotSent(f"moved, which could not be noted: {error}")
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with this one, the others are to be sent
            _log.exception("A message could not be sent")
            outcome = Rejected(f"broken: {type(error).__name__}")
        finally:
            self._in_flight -= {asyncio.current_task()}
            self._note(message, outcome)

    def _note(self, message: Message, outcome: Outcome) -> None:
        """Take in how a message turned out."""
        clock = _clock()
        if isinstance(outcome, NotSent) and outcome.retry_after_s is not None:
            self._pacer.hold(message.chat, outcome.retry_after_s, group=message.is_group, now=clock)
        self._outage.note(outcome, clock)
        result = policy.decide(message, outcome, self._patience, now=self._now(), jitter=random.random())  # noqa: S311 -- no secret
        if not self._outage.is_on:
            self._failed.clear()
        elif result.state == "waiting":
            self._failed.add(message.id)
        if result.state in {"dead", "unknown"}:
            _log.info("A message ended as %s: %s", result.state, result.failure)
        self._books.note(result)
        self._sending.ring()
        if not self._outage.answers:
            self._silence.ring()

    async def _ask(self) -> None:
        """While nothing gets through, find out when the platform answers again; what failed meanwhile is due then.

        Where it has answered all the time, it may be the message that it cannot take: that keeps its own pause.
        """
        while True:
            while self._outage.answers:
                await self._silence.wait(math.inf)
            if await until_answered(self._answers, self._patience.unreached):
                self._books.hurry(self._failed)
                self._failed.clear()
            self._outage.end_silence()
            self._books.look()

    async def _answers(self) -> bool:
        try:
            return await self._delivery.answers()
        except TransportError as error:
            self._broken = error
            self._sending.ring()
        except Exception:  # noqa: BLE001 -- whatever is wrong with a question, others are to be put
            _log.exception("The platform could not be asked")
        return False

    def _give_back(self, *messages: Message, at: float) -> None:
        """Let messages wait in the store that cannot leave before `at`, by the event loop's clock."""
        due = self._now() + at - _clock()
        self._books.note(*(policy.give_back(message, at=due) for message in messages))

    def _room(self) -> int:
        """Return how many may be in flight at once."""
        return 1 if self._outage.is_on else MOST_IN_FLIGHT

    def _open_at(self, priority: Priority, clock: float) -> float:
        """Return when a message of such a priority may leave, to whatever chat."""
        return max(self._pacer.spare_at(clock), self._outage.resumes_at(priority))

    def _wanted(self) -> Wanted:
        """Return what could be sent soon: no more is leased, as that would be in doubt after a crash."""
        clock = _clock()
        soon = clock + HELD_S
        opens = {priority: self._open_at(priority, clock) for priority in Priority}
        priorities = tuple(priority for priority, at in opens.items() if at <= soon and not self._stopping)
        room = min(self._most_ahead, self._room() - len(self._in_flight)) - len(self._ready)
        others_at = min((at for at in opens.values() if at > soon), default=math.inf)
        return Wanted(max(0, room) if priorities else 0, priorities, others_at)

    def _lease(self, messages: list[Message]) -> None:
        if self._stopping:  # asked for before
            self._give_back(*messages, at=_clock())
            return
        for message in messages:
            heapq.heappush(self._ready, (message.priority, next(self._numbers), message))
        self._sending.ring()

    async def _stop(self, keeping: asyncio.Task[None]) -> None:
        """Let end what is in flight; give back the rest, and note all that is known."""
        self._stopping = True
        self._give_back(*(message for _, _, message in self._ready), at=_clock())  # while the others end, it is stored
        self._ready.clear()
        for wait_s in (GRACE_S, None):
            if self._in_flight:
                await asyncio.wait(self._in_flight, timeout=wait_s)
            for task in self._in_flight:
                task.cancel()
        self._books.close()
        await asyncio.wait({keeping}, timeout=_LAST_WORD_S)
        keeping.cancel()

    async def _tidy(self) -> None:
        """Forget what ended long ago, from time to time."""
        while True:
            try:
                while await self._store.forget(now=self._now()):
                    pass
            except StoreError as error:
                _log.warning("Old messages were not forgotten: %s", error)
            await asyncio.sleep(_TIDY_S)


def _clock() -> float:
    return asyncio.get_running_loop().time()
