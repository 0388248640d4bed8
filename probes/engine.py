"""Checks one service on one network: components side by side, one budget, one report."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from probes import verdict
from probes.baseline import BaselineProbe
from probes.controls import shipped
from probes.directory_lookup import Directories
from probes.experiment import Experiment
from probes.model import Baseline, ComponentFinding, DirectoryFinding, Report, Status, Vantage
from probes.recorder import Recorder
from probes.turns import Turns
from probes.vantage import VantageProbe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probes.controls import Controls
    from probes.directory import Directory
    from probes.directory_lookup import Lookup
    from probes.model import Component, Service
    from probes.network import Network
    from probes.observations import AnyObservation

BUDGET_S = 20.0
"""What one check may take. An endpoint that has had no turn by then is `not_measured`."""
GRACE_S = 1.25
"""A national directory may take this much longer than the measurement: one that is silent is known by then.

So may what tells where this host is, after that.
"""


class Engine:
    """Checks services on a network; what it learns of the host itself is shared between checks."""

    def __init__(
        self,
        network: Network,
        *,
        controls: Controls | None = None,
        directories: Sequence[Directory] | None = None,
        location: str = "",
        budget_s: float = BUDGET_S,
        seed: int | None = None,
    ) -> None:
        self._network = network
        self._controls = controls or shipped()
        self._budget_s = budget_s
        self._rng = random.Random(seed)  # noqa: S311 - spaces steps apart; nothing secret
        self._turns = Turns()
        self._baseline: BaselineProbe | None = None
        self._directories = Directories(network, self._controls, self._rng, self._turns, directories)
        self._vantage = VantageProbe(network, location)

    async def check(
        self,
        service: Service,
        *,
        deep: bool = False,
        on_observation: Callable[[AnyObservation], None] | None = None,
    ) -> Report:
        """Measure a service once, `deep` with transfers. Each observation is handed on as it is made."""
        clock = asyncio.get_running_loop().time
        if self._baseline is None:
            self._baseline = BaselineProbe(self._network, self._controls, clock)
        started_at = datetime.now(UTC)
        recorder = Recorder(clock, on_observation)
        lookup = self._directories.look_up(service, recorder)
        components, elapsed_s = await self._measure(service, recorder, self._baseline, lookup, deep=deep)
        return _report(
            service,
            recorder,
            self._baseline,
            components,
            directories=lookup.findings,
            vantage=self._vantage.vantage,
            started_at=started_at,
            elapsed_s=elapsed_s,
        )

    async def _measure(
        self, service: Service, recorder: Recorder, baseline: BaselineProbe, lookup: Lookup, *, deep: bool
    ) -> tuple[list[tuple[ComponentFinding, verdict.BeyondDns]], float]:
        """Return what was found, and how long that took: not the wait for where this host is, once in hours."""
        async with asyncio.TaskGroup() as steps:
            looking = steps.create_task(lookup.run())
            locating = steps.create_task(self._vantage.locate())
            experiment = Experiment(
                self._network,
                self._controls,
                recorder=recorder,
                baseline=baseline,
                directories=lookup,
                rng=self._rng,
                turns=self._turns,
                tasks=steps,
                deadline_s=recorder.began_s + self._budget_s,
                deep=deep,
            )
            async with asyncio.TaskGroup() as measuring:
                found = [measuring.create_task(_measure_component(experiment, service, c)) for c in service.components]
            experiment.abandon()
            await asyncio.wait({looking}, timeout=GRACE_S)
            looking.cancel()
            elapsed_s = recorder.clock() - recorder.began_s
            await asyncio.wait({locating}, timeout=GRACE_S)
            locating.cancel()  # the next check goes on from what is known by now
        return [task.result() for task in found], elapsed_s


async def _measure_component(
    experiment: Experiment, service: Service, component: Component
) -> tuple[ComponentFinding, verdict.BeyondDns]:
    host = service.kind == "host"
    async with asyncio.TaskGroup() as tasks:
        follow = [experiment.follow(endpoint, component, in_clear_text=host) for endpoint in component.endpoints]
        endpoints = [tasks.create_task(following) for following in follow]
    found = {endpoint: task.result() for endpoint, task in zip(component.endpoints, endpoints, strict=True)}
    beyond = verdict.combine_beyond(one.beyond_dns for one in found.values() if one.applies)
    return verdict.combine_endpoints(component, found), beyond


def _report(
    service: Service,
    recorder: Recorder,
    baseline: BaselineProbe,
    components: Sequence[tuple[ComponentFinding, verdict.BeyondDns]],
    *,
    directories: tuple[DirectoryFinding, ...],
    vantage: Vantage,
    started_at: datetime,
    elapsed_s: float,
) -> Report:
    findings = verdict.withhold_bare_connects(service.components, [finding for finding, _ in components])
    overall = verdict.combine_components(findings)
    doubted = any(finding.status is not Status.OK for finding in findings)
    return Report(
        target=service.id,
        kind=service.kind,
        status=overall.status,
        confidence=overall.confidence,
        causes=overall.causes,
        components=tuple(findings),
        beyond_dns=_beyond_dns(components),
        directories=directories,
        baseline=baseline.result or Baseline(),
        vantage=vantage,
        started_at=started_at.isoformat(timespec="milliseconds"),
        elapsed_s=round(elapsed_s, 3),
        observations=(*recorder.observations, *(baseline.observations if doubted else ())),
    )


def _beyond_dns(components: Sequence[tuple[ComponentFinding, verdict.BeyondDns]]) -> verdict.BeyondDns:
    """Return whether the essential components would work with an honest resolver; what is extra doesn't decide that."""
    essential = [beyond for finding, beyond in components if finding.essential]
    return verdict.combine_beyond(essential or [beyond for _, beyond in components])
