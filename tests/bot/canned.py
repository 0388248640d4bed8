"""Reports, services and a prober that hands them out: what the bot's tests have in place of a network."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

from probes.model import Cause, Component, ComponentFinding, Confidence, Endpoint, Report, Service, Status
from probes.observations import AnyObservation, Arm, Purpose, Target, TcpObservation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def service(id_: str = "whatsapp", name: str = "WhatsApp", **changes: Any) -> Service:
    host = id_ if "." in id_ else f"{id_}.example"
    site = Component(id="web", endpoints=(Endpoint("https", host, 443, "/"),))
    chat = Component(id="chat", endpoints=(Endpoint("tcp", host, 5222),))
    return replace(Service(id=id_, name=name, category="messenger", components=(site, chat)), **changes)


WHATSAPP = service(aliases={"ru": ("ватсап",)})
TELEGRAM = service("telegram", "Telegram", aliases={"ru": ("телеграм",)})
SIGNAL = service("signal", "Signal")
HOST = service("example.org", "example.org", kind="host", category="")


def step(id_: str = "o1", **changes: Any) -> TcpObservation:
    target = Target(host="whatsapp.example", address="192.0.2.1", port=443)
    plain = TcpObservation(id=id_, arm=Arm.EXPERIMENT, purpose=Purpose.MEASURE, target=target, elapsed_s=0.02)
    return replace(plain, **changes)


def finding(id_: str = "web", status: Status = Status.OK, *causes: Cause, **changes: Any) -> ComponentFinding:
    plain = ComponentFinding(
        id=id_, essential=True, status=status, confidence=Confidence.CONFIRMED, causes=causes, because=("o1",)
    )
    return replace(plain, **changes)


def report(target: str = "whatsapp", status: Status = Status.OK, *causes: Cause, **changes: Any) -> Report:
    plain = Report(
        target=target,
        kind="service",
        status=status,
        confidence=Confidence.CONFIRMED,
        causes=causes,
        components=(finding("web", status, *causes),),
        started_at="2026-11-23T06:00:00Z",
        elapsed_s=0.5,
        observations=(step(),),
    )
    return replace(plain, **changes)


class CannedProber:
    """Answers from a table, after as many observations as it is told, and when it is let go."""

    def __init__(self, *reports: Report, observations: tuple[AnyObservation, ...] = ()) -> None:
        self.reports = {report.target: report for report in reports}
        self.observations = observations
        self.asked: Counter[str] = Counter()
        self.deep: list[bool] = []
        self.running = 0
        self.most_running = 0
        self.cancelled = 0
        self.begun = asyncio.Event()
        self.crowded = asyncio.Event()
        """More than one check is running."""
        self.go = asyncio.Event()
        self.go.set()
        self.error: Exception | None = None

    async def prepare(self, services: Iterable[Service]) -> None:
        """Need nothing."""

    async def check(
        self,
        service: Service,
        *,
        deep: bool = False,
        on_observation: Callable[[AnyObservation], None] | None = None,
    ) -> Report:
        self.asked[service.id] += 1
        self.deep.append(deep)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        for observation in self.observations:
            if on_observation:
                on_observation(observation)
        self.begun.set()
        if self.running > 1:
            self.crowded.set()
        try:
            await self.go.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        if self.error:
            raise self.error
        return self.reports.get(service.id) or report(service.id, kind=service.kind)


class CannedEngine(CannedProber):
    """Stands where the engine stands."""

    def __init__(self, **_: object) -> None:
        super().__init__()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass
