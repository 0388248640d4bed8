"""Measures what people want watched, again and again, and keeps what that amounts to.

When a service is measured next, and what its readings mean, is decided in `bot.incidents`; who hears of a change, by
whoever reads the store's changes.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Protocol

from bot.checks import BusyError, CheckError
from bot.incidents import HOST, advance, agenda, lose

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable

    from bot.checks import Answer
    from bot.incidents import State, Subject
    from bot.store.incidents import Incidents
    from probes.catalogue import Catalogue
    from probes.model import Service

_log = logging.getLogger(__name__)

INTERVAL_S = 300.0
MOST_AT_ONCE = 3
"""Of its own measurements: `Checks` has turns for more, which are for people who wait."""
MOST_IN_A_HURRY = 5
"""The same while something is suspected: where all are blocked, each measurement takes long."""
HEAD_START_S = 30.0
"""What is suspected goes before others, even those that have waited for so much longer: or what hurries them would hold
it up."""
ORDERS_S = 30.0
"""How often it asks what people want watched."""
FORGET_S = 24 * 3600.0
"""How long a service is remembered that nobody wants watched: people change their minds."""
PROBE_S = 20.0
"""While the host is in doubt, one service is measured so often, to see whether it is back."""
HURRY_S = 600.0
"""The first sign of trouble with one service brings the turns of all others forward, at most so often.

What happens to a whole country happens to many at once, and is to be told as one.
"""
_HURRY_STEP_S = 1.0
_RETRY_S = 30.0
_CHANCES = 4
_LONGEST_PAUSE_S = 5.0
_SHORTEST_PAUSE_S = 0.2


class Checker(Protocol):
    """What answers: `bot.checks.Checks`, which is to report to `Monitor.heed` what others had measured."""

    async def check(self, service: Service, *, again: bool = False) -> Answer: ...


class Monitor:
    """Watches the services that somebody is interested in, each at its interval, a few side by side."""

    def __init__(
        self,
        checks: Checker,
        store: Incidents,
        catalogue: Catalogue,
        interested: Callable[[], Awaitable[Collection[str]]],
        *,
        interval_s: float = INTERVAL_S,
        on_change: Callable[[], None] = lambda: None,
        most_at_once: int = MOST_AT_ONCE,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        seed: int | None = None,
    ) -> None:
        """`interested` names the services, by id, that are to be watched; `on_change` hears that there are new changes.

        Times are in seconds since 1970 by `clock`, and pass by `sleep`.
        """
        self._checks = checks
        self._store = store
        self._catalogue = catalogue
        self._interested = interested
        self._interval_s = interval_s
        self._on_change = on_change
        self._most_at_once = most_at_once
        self._clock = clock
        self._sleep = sleep
        self._rng = random.Random(seed)  # noqa: S311 -- keeps services out of step; nothing secret
        self._states: dict[Subject, State] = {}
        self._due: dict[str, float] = {}
        self._wanted: dict[str, Service] = {}
        self._orders_at = float("-inf")
        self._probe_at = float("-inf")
        self._mute: set[str] = set()
        """Services whose measurements said nothing of the host since it came into doubt."""
        self._hurried_at = float("-inf")
        self._visited: set[str] = set()
        """Those that are being measured, or whose measurement is being kept."""
        self._heard: dict[str, Answer] = {}
        """What others had measured, by service: the last of each."""
        self._recording = asyncio.Lock()

    async def run(self) -> None:
        """Watch until cancelled; whatever goes wrong is tried again."""
        while not await self._recalled():
            await self._sleep(_RETRY_S)
        async with asyncio.TaskGroup() as visits:
            while True:
                await self._take_orders()
                for service in self._next(self._clock()):
                    self._begin(visits, service)
                for service, heard in self._take_heard():
                    self._begin(visits, service, heard)
                await self._sleep(self._pause_s(self._clock()))

    def heed(self, service: Service, answer: Answer) -> None:
        """Let what somebody else had measured of a watched service count as one of its own measurements, not as more.

        So a block that somebody meets is looked at again soon. What it takes to believe in it is the same; a first
        sign of trouble hurries the others, as one of its own would.
        """
        if service.id in self._idle:
            self._heard[service.id] = answer

    def _take_heard(self) -> list[tuple[Service, Answer]]:
        """Return what was heard; a service that is being measured just now gets its answer that way."""
        heard, self._heard = self._heard, {}
        return [(self._wanted[id_], answer) for id_, answer in heard.items() if id_ in self._idle]

    def _begin(self, visits: asyncio.TaskGroup, service: Service, heard: Answer | None = None) -> None:
        self._visited.add(service.id)
        visits.create_task(self._visit(service, heard), name=f"watch {service.id}")

    async def _recalled(self) -> bool:
        try:
            self._states = await self._store.states()
            self._due = await self._store.watched()
        except Exception:  # noqa: BLE001 -- the bot answers questions all the same
            _log.exception("What is watched could not be read")
            return False
        return True

    # --- what is watched ---------------------------------------------------------------------------------------------

    async def _take_orders(self) -> None:
        """Learn what people want watched, from time to time; what is wanted no more is not measured."""
        now = self._clock()
        if self._orders_at <= now < self._orders_at + ORDERS_S:
            return
        self._orders_at = now
        try:
            ids = await self._interested()
            self._wanted = {id_: service for id_ in ids if (service := self._catalogue.get(id_)) is not None}
            await self._reschedule(now)
        except Exception:  # noqa: BLE001 -- what was wanted until now is watched on
            _log.exception("What is to be watched could not be learned")

    async def _reschedule(self, now: float) -> None:
        if due := agenda.spread(self._due, self._wanted.keys() - self._visited, now=now, interval_s=self._interval_s):
            await self._store.schedule(due)
            self._due |= due
        gone = [id_ for id_, at in self._due.items() if id_ not in self._wanted and now - at > FORGET_S]
        if gone:
            async with self._recording:
                ends = [lose(state, now) for subject, state in self._states.items() if subject.service in gone]
                await self._store.unwatch(gone, [change for change in ends if change is not None], now=now)
                self._states = {s: state for s, state in self._states.items() if s.service not in gone}
            for id_ in gone:
                del self._due[id_]

    # --- whose turn it is --------------------------------------------------------------------------------------------

    def _next(self, now: float) -> list[Service]:
        """Return what to measure now, the most overdue first; one service alone while the host is in doubt."""
        if self._host_is_doubtful:
            return self._probe(now)
        self._mute.clear()
        suspected = self._wanted.keys() & {state.subject.service for state in self._states.values() if state.suspected}
        most = max(self._most_at_once, MOST_IN_A_HURRY) if suspected else self._most_at_once
        due = sorted(
            (at - HEAD_START_S if id_ in suspected else at, id_)
            for id_ in self._idle
            if (at := self._due.get(id_, now)) <= now
        )
        return [self._wanted[id_] for _, id_ in due[: max(most - len(self._visited), 0)]]

    def _probe(self, now: float) -> list[Service]:
        """Return the service that costs least of those whose check the host's trouble spoilt.

        One that says nothing of the host is not asked again for its sake: it may have troubles of its own.
        """
        if self._visited or not self._wanted or self._probe_at <= now < self._probe_at + PROBE_S:
            return []
        self._probe_at = now
        able = self._wanted.keys() - self._mute
        if not able:
            self._mute.clear()
            able = set(self._wanted)
        witnesses = able & set(self._states[HOST].witnesses)
        return [min((self._wanted[id_] for id_ in witnesses or able), key=_cost)]

    @property
    def _idle(self) -> Collection[str]:
        return self._wanted.keys() - self._visited

    @property
    def _host_is_doubtful(self) -> bool:
        host = self._states.get(HOST)
        return host is not None and host.doubtful

    @property
    def _heard_of_host(self) -> tuple[float | None, float | None]:
        """When something was last said for the host, and against it."""
        host = self._states.get(HOST)
        return (host.good_at, host.bad_at) if host else (None, None)

    def _pause_s(self, now: float) -> float:
        ahead_s = [at - now for id_ in self._idle if (at := self._due.get(id_, now)) > now]
        return max(min(_LONGEST_PAUSE_S, *ahead_s, _LONGEST_PAUSE_S), _SHORTEST_PAUSE_S)

    # --- one measurement ---------------------------------------------------------------------------------------------

    async def _visit(self, service: Service, heard: Answer | None) -> None:
        """Measure a service, unless it was `heard` how it is, and keep what that led to.

        Never fail, which would end the watch over everything.
        """
        of_host = self._heard_of_host
        try:
            await self._record(service, heard or await self._checks.check(service, again=True))
        except BusyError:
            self._due[service.id] = self._clock() + _RETRY_S
        except CheckError as error:
            _log.warning("The watch over %s missed a turn: %s", service.id, error)
            self._due[service.id] = self._clock() + self._interval_s
        except Exception:  # noqa: BLE001 -- whatever it is, the others are watched on
            _log.exception("What the watch over %s saw could not be kept", service.id)
            self._due[service.id] = self._clock() + _RETRY_S
        finally:
            self._visited.discard(service.id)
            if self._heard_of_host == of_host:
                self._mute.add(service.id)

    async def _record(self, service: Service, answer: Answer) -> None:
        """Advance the states in memory only once they have been stored: what was not stored is as if never measured."""
        async with self._recording:
            now = self._clock()
            after, changes = advance(self._states, answer.report, answer.measured_at, now)
            states = [state for subject, state in after.items() if state != self._states.get(subject)]
            due_at = self._next_due(service, after.values(), now)
            await self._store.record(service.id, states, changes, due_at=due_at, report=answer.report)
            is_new = any(self._is_new_sign(state) for state in states)
            self._states |= after
            self._due[service.id] = due_at
            if is_new:
                self._hurry(service, now)
        if any(not change.quiet for change in changes):
            self._on_change()

    def _is_new_sign(self, state: State) -> bool:
        """Tell whether something speaks against a service that nothing spoke against before."""
        before = self._states.get(state.subject)
        return state.subject.kind == "service" and state.suspected and not (before and before.doubtful)

    def _hurry(self, suspect: Service, now: float) -> None:
        """Measure the others soon, one after the other."""
        if self._hurried_at <= now < self._hurried_at + HURRY_S:
            return
        self._hurried_at = now
        others = sorted(self._due.keys() & self._wanted.keys() - {suspect.id}, key=self._due.__getitem__)
        for place, id_ in enumerate(others, start=1):
            self._due[id_] = min(self._due[id_], now + place * _HURRY_STEP_S)

    def _next_due(self, service: Service, states: Iterable[State], now: float) -> float:
        others = [self._due[id_] for id_ in self._wanted if id_ != service.id and id_ in self._due]
        chances = [self._rng.random() for _ in range(_CHANCES)]
        return agenda.next_due(states, now, interval_s=self._interval_s, chances=chances, others=others)


def _cost(service: Service) -> tuple[int, str]:
    return sum(len(component.endpoints) for component in service.components), service.id
