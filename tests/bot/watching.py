"""What the monitor's tests have in place of a network, a disk and a week: in virtual time, all of it in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bot.checks import Answer
from bot.monitor import Monitor
from bot.store import StoreError
from bot.store.incidents import Incidents
from probes.catalogue import Catalogue
from probes.model import Cause, Confidence, Status
from tests.bot.canned import report, service

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from bot.incidents import Change, State, Subject
    from probes.model import Report, Service

START = 1_700_000_000.0


class Memory(Incidents):
    """The store, without a disk."""

    def __init__(self) -> None:
        self.kept_states: dict[Subject, State] = {}
        self.due: dict[str, float] = {}
        self.changes: list[Change] = []
        self.failing = False
        self.records = 0

    async def watched(self) -> dict[str, float]:
        self._fail()
        return dict(self.due)

    async def schedule(self, due: Mapping[str, float]) -> None:
        self._fail()
        self.due |= due

    async def unwatch(self, services: Collection[str], changes: Sequence[Change], *, now: float) -> None:  # noqa: ARG002 -- as the store has it
        self._fail()
        self.changes += changes
        self.kept_states = {s: state for s, state in self.kept_states.items() if s.service not in services}
        for id_ in services:
            del self.due[id_]

    async def states(self) -> dict[Subject, State]:
        self._fail()
        return dict(self.kept_states)

    async def record(
        self,
        service: str,
        states: Iterable[State],
        changes: Sequence[Change],
        *,
        due_at: float,
        report: Report | None = None,
    ) -> None:
        await asyncio.sleep(0.002)
        self._fail()
        assert report is not None
        self.records += 1
        self.kept_states |= {state.subject: state for state in states}
        self.due[service] = due_at
        self.changes += changes

    def _fail(self) -> None:
        if self.failing:
            raise StoreError("the disk is full")


class World:
    """Services by the minute: `report_of` says what a check finds that ends at a time, and `took_s` how long it takes.

    A watch over it can be stopped and started again, as a bot is.
    """

    def __init__(self, *ids: str, report_of: Callable[[str, float], Report] = lambda id_, _: report(id_)) -> None:
        self.catalogue = Catalogue(tuple(service(id_, id_) for id_ in ids))
        self.wanted: set[str] = set(ids)
        self.report_of = report_of
        self.took_s = 1.0
        self.error: Exception | None = None
        self.store = Memory()
        self.asked: list[tuple[float, str]] = []
        self.running: Counter[str] = Counter()
        self.most_running = 0
        self.told: list[float] = []
        self.set_back_s = 0.0
        self.monitor: Monitor | None = None

    @property
    def now(self) -> float:
        loop_s = asyncio.get_running_loop().time()
        return START + loop_s - self.set_back_s

    @property
    def passed_s(self) -> float:
        return asyncio.get_running_loop().time()

    async def check(self, service: Service, *, again: bool = False) -> Answer:
        assert again
        assert not self.running[service.id], "nobody is measured twice at once"
        self.asked.append((self.passed_s, service.id))
        self.running[service.id] += 1
        self.most_running = max(self.most_running, self.running.total())
        try:
            await asyncio.sleep(self.took_s)
        finally:
            self.running[service.id] -= 1
        if self.error:
            raise self.error
        return self.hear(service.id)

    def hear(self, id_: str) -> Answer:
        """Measure a service at once, and let the monitor hear of it, as it hears of all that anybody asks for."""
        answer = Answer(self.report_of(id_, self.passed_s), self.now)
        assert self.monitor
        found = self.catalogue.get(id_)
        assert found
        self.monitor.heed(found, answer)
        return answer

    async def interested(self) -> Collection[str]:
        return self.wanted

    async def watch(self, for_s: float, *, interval_s: float = 300.0, **changes: Any) -> None:
        """Run a monitor for so long, and kill it."""
        self.monitor = Monitor(
            self,
            self.store,
            self.catalogue,
            self.interested,
            interval_s=interval_s,
            on_change=lambda: self.told.append(self.passed_s),
            clock=lambda: self.now,
            seed=7,
            **changes,
        )
        watching = asyncio.create_task(self.monitor.run())
        await asyncio.wait({watching}, timeout=for_s)
        if watching.done():
            await watching
        watching.cancel()
        await asyncio.wait({watching})

    def times(self, id_: str, since_s: float = 0.0) -> list[float]:
        """When a service was asked for, in seconds."""
        return [at for at, asked in self.asked if asked == id_ and at >= since_s]

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(change.subject.name, change.what) for change in self.store.changes if not change.quiet]


def blocked(id_: str, confidence: Confidence = Confidence.LIKELY) -> Report:
    """Return what is found of a service that is blocked."""
    return report(id_, Status.BLOCKED, Cause.TLS_SNI_RESET, confidence=confidence)


def retargeted(found: Report, id_: str) -> Report:
    """Return what was found of one service as if it had been another's."""
    return replace(found, target=id_, kind="service")
