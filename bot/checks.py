"""An answer to a question: from the cache, shared with whoever asks the same just now, or measured afresh.

What is measured and how is the prober's affair; how an answer is worded, the chat's.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING, NamedTuple, Protocol

from bot.store import StoreError
from bot.store.history import KEEP_HOSTS_S
from probes.model import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.store import Store
    from probes.model import Service
    from probes.observations import AnyObservation

    Listener = Callable[[AnyObservation], None]
    Hearer = Callable[[Service, "Answer"], None]

_log = logging.getLogger(__name__)

AGAIN_S = 10.0
"""Who asks for a fresh measurement gets one of this age: more often, nobody learns anything."""
MEASUREMENT_LIMIT_S = 120.0
"""A safety net beyond the prober's own deadline."""
MOST_RUNNING = 8
MOST_WAITING = 200
"""Measurements that wait for their turn; who asks for one more is told that the bot is busy."""
MOST_REMEMBERED = 500
"""Answers kept in memory; the others are read from the store."""


class Prober(Protocol):
    """What measures."""

    async def check(
        self, service: Service, *, deep: bool = False, on_observation: Listener | None = None
    ) -> Report: ...


class CheckError(Exception):
    """The measurement broke: a fault of this program, not of the network. The log has it under `reference`."""

    def __init__(self, reference: str) -> None:
        super().__init__(f"the log says why, under {reference}")
        self.reference = reference


class BusyError(Exception):
    """Too many measurements wait for their turn already."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A report and how old it was when it was handed out; None if it was measured for whoever gets it."""

    report: Report
    measured_at: float
    """When the measurement ended, in seconds since 1970."""
    age_s: float | None = None


class _Key(NamedTuple):
    kind: str
    target: str
    deep: bool


class _Flight:
    """One measurement that is under way, and everybody who waits for it."""

    def __init__(self) -> None:
        self.outcome: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None] | None = None
        self.reference = secrets.token_hex(4)
        self.waiting = 0
        self._seen: list[AnyObservation] = []
        self._listeners: list[Listener] = []

    def join(self, listener: Listener | None) -> None:
        """Count one more in, and tell the newcomer what was seen so far before everything else."""
        self.waiting += 1
        if listener:
            self._listeners.append(listener)
            for observation in self._seen:
                _tell(listener, observation)

    def leave(self, listener: Listener | None) -> None:
        self.waiting -= 1
        if listener:
            self._listeners.remove(listener)

    def abandon(self) -> None:
        """End without an answer; should anybody still wait, it was not they who asked for that."""
        if self.waiting:
            self.outcome.set_exception(RuntimeError("the measurement was cancelled"))
        else:
            self.outcome.cancel()

    def observe(self, observation: AnyObservation) -> None:
        self._seen.append(observation)
        for listener in tuple(self._listeners):
            _tell(listener, observation)


class Checks:
    """Answers everybody, and measures each target once at a time.

    Measurements run in `tasks`. One goes on when whoever asked first goes away, for as long as anybody waits; when all
    have gone it is cancelled, so that nothing is measured that nobody will read and a stop need not wait for it.
    """

    def __init__(
        self,
        prober: Prober,
        store: Store,
        tasks: asyncio.TaskGroup,
        *,
        cache_s: float,
        most_running: int = MOST_RUNNING,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._prober = prober
        self._store = store
        self._tasks = tasks
        self._cache_s = cache_s
        self._clock = clock
        self._turns = asyncio.Semaphore(most_running)
        self._flights: dict[_Key, _Flight] = {}
        self._remembered: OrderedDict[_Key, Answer] = OrderedDict()
        self._hearers: list[Hearer] = []

    def report_to(self, hearer: Hearer) -> None:
        """Tell `hearer` of every measurement as it ends, but deep ones: what was measured, and not who asked.

        Those find what others do not look for, and an ordinary one would seem to refute it.
        """
        self._hearers.append(hearer)

    async def check(
        self, service: Service, *, again: bool = False, deep: bool = False, listener: Listener | None = None
    ) -> Answer:
        """Return what is known of a service, measured now unless a fresh answer is at hand.

        `again` asks for a new measurement. `listener` hears of every observation, those included that were made before
        this question joined in. Raises `CheckError` and `BusyError`.
        """
        key = _Key(service.kind, asked_as(service), deep)
        fresh_s = min(AGAIN_S, self._cache_s) if again else self._cache_s
        if answer := self._recall(key, fresh_s):
            return answer
        flight = self._flights.get(key) or self._launch(key, service, fresh_s)
        return await self._wait(key, flight, listener)

    def latest(self) -> Answer | None:
        """Return the last answer that is in memory, whatever it is about."""
        return max(self._remembered.values(), key=lambda answer: answer.measured_at, default=None)

    async def last(self, service: Service) -> Answer | None:
        """Return what was measured of a service last, for as long as it is kept; nothing is measured for it."""
        key = _Key(service.kind, asked_as(service), deep=False)
        kept_s = KEEP_HOSTS_S if service.kind == "host" else inf
        return self._recall(key, kept_s) or await self._stored(key, kept_s)

    def _recall(self, key: _Key, fresh_s: float) -> Answer | None:
        """Return the answer in memory with its age if it is fresh: not too old, nor of a clock that was set back."""
        known = self._remembered.get(key)
        if known is None:
            return None
        age_s = self._clock() - known.measured_at
        return replace(known, age_s=age_s) if 0 <= age_s < fresh_s else None

    async def _wait(self, key: _Key, flight: _Flight, listener: Listener | None) -> Answer:
        flight.join(listener)
        try:
            return await asyncio.shield(flight.outcome)
        except Exception as error:
            raise CheckError(flight.reference) from error
        finally:
            flight.leave(listener)
            if not flight.waiting and not flight.outcome.done() and flight.task:
                self._land(key, flight)
                flight.task.cancel()

    def _launch(self, key: _Key, service: Service, fresh_s: float) -> _Flight:
        if len(self._flights) >= MOST_WAITING:
            raise BusyError
        flight = self._flights[key] = _Flight()
        flight.task = self._tasks.create_task(self._fly(key, flight, service, fresh_s), name=f"check {service.id}")
        return flight

    def _land(self, key: _Key, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]

    async def _fly(self, key: _Key, flight: _Flight, service: Service, fresh_s: float) -> None:
        """Settle the flight's outcome; never fail, which would end the group with everything in it."""
        try:
            answer = await self._stored(key, fresh_s) or await self._measured(key, flight, service)
            flight.outcome.set_result(answer)
        except asyncio.CancelledError:
            flight.abandon()
            raise
        except Exception as error:  # noqa: BLE001 -- whatever the prober's fault is, those who wait are told
            _log.exception("The check of %s broke (%s)", service.id, flight.reference)
            flight.outcome.set_exception(error)
            return
        finally:
            self._land(key, flight)
        if answer.age_s is None:
            for hearer in () if key.deep else self._hearers:
                _tell(hearer, service, answer)
            await self._keep(key, answer)

    async def _stored(self, key: _Key, fresh_s: float) -> Answer | None:
        if key in self._remembered:  # and too old, or nobody would look here
            return None
        try:
            stored = await self._store.latest_report(key.kind, key.target, deep=key.deep)
        except StoreError as error:
            _log.warning("A stored report could not be read: %s", error)
            return None
        if stored is None:
            return None
        self._remember(key, Answer(stored.report, stored.measured_at))
        return self._recall(key, fresh_s)

    async def _measured(self, key: _Key, flight: _Flight, service: Service) -> Answer:
        async with self._turns, asyncio.timeout(MEASUREMENT_LIMIT_S):
            report = await self._prober.check(service, deep=key.deep, on_observation=flight.observe)
        answer = Answer(report, self._clock())
        self._remember(key, answer)
        return answer

    async def _keep(self, key: _Key, answer: Answer) -> None:
        try:
            await self._store.save_report(key.target, answer.report, deep=key.deep, measured_at=answer.measured_at)
        except StoreError as error:
            _log.warning("A report could not be stored: %s", error)

    def _remember(self, key: _Key, answer: Answer) -> None:
        self._remembered[key] = answer
        self._remembered.move_to_end(key)
        if len(self._remembered) > MOST_REMEMBERED:
            self._remembered.popitem(last=False)


def asked_as(service: Service) -> str:
    """Return what people write to ask for this service: its id, or a host's URL where the name alone says less."""
    url = str(service.components[0].endpoints[0])
    return service.id if service.kind == "service" or url == f"https://{service.id}/" else url


def _tell(listener: Callable[..., None], *heard: object) -> None:
    """Tell one listener; its fault is nobody else's."""
    try:
        listener(*heard)
    except Exception:  # noqa: BLE001 -- whatever it is, the measurement goes on
        _log.exception("A listener to a check failed")
