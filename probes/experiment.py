"""Runs a target's steps and the counterfactuals that their outcome calls for, within a budget.

What to do next is `probes.plan`'s to say, what it means `probes.verdict`'s. Here steps are started, each once, shared
between endpoints of the same name, spaced apart where they repeat, and left as soon as nothing that is still running
could change the verdict.
"""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from probes import targets
from probes.evidence import Evidence
from probes.model import Cause, Endpoint, Status
from probes.network import Attempt, OutsideQuestion, Question
from probes.observations import AnyObservation, Arm, OutsideObservation, Purpose
from probes.pace import Pace, round_trip_of
from probes.plan import next_steps, stands_for_domain
from probes.trials import Trial
from probes.verdict import (
    EndpointFinding,
    judge,
    judge_endless_redirects,
    judge_in_clear_text,
    not_measured,
    speaks_no_tls,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Coroutine, Iterable

    from probes.baseline import BaselineProbe
    from probes.controls import Controls
    from probes.directory_lookup import Lookup
    from probes.model import Component
    from probes.network import Network
    from probes.plan import Step
    from probes.recorder import Recorder
    from probes.turns import Turns


MAX_REDIRECTS = 10
_SPACING_S = 0.05
"""Repeats and controls start up to this much apart, in random order, so that they do not look like one burst."""
_GRACE = 0.1
"""Controls that a healthy answer does not need may still finish within this share of the time that it took."""
_TURNS_A_STAGE = 3
"""Of the event loop, in which what has come is noticed: a host that is busy itself takes no answer for a slow one."""
_MAX_PATH = 2048
_SECURE = ("https", 443)
_FIRST_ASKED = frozenset({Purpose.MEASURE, Purpose.HONEST_RESOLVER, Purpose.ROOT_SERVER})
_MAY_BE_DELISTED = frozenset({Cause.DNS_NXDOMAIN, Cause.DNS_NODATA})
"""Denials that a national directory may explain, and that are not told before it has been heard."""


class Experiment:
    """All the steps of one check, on one network."""

    def __init__(
        self,
        network: Network,
        controls: Controls,
        *,
        recorder: Recorder,
        baseline: BaselineProbe,
        directories: Lookup,
        rng: random.Random,
        turns: Turns,
        tasks: asyncio.TaskGroup,
        deadline_s: float,
        deep: bool = False,
    ) -> None:
        self._network = network
        self._system_resolvers = network.system_resolvers()
        self._trusted_resolvers = network.trusted_resolvers()
        self._controls = controls
        self._recorder = recorder
        self._baseline = baseline
        self._directories = directories
        self._rng = rng
        self._turns = turns
        self._tasks = tasks
        self._deadline_s = deadline_s
        self._deep = deep
        self._trials: dict[Step, Trial] = {}
        self._watchers: dict[Step, list[asyncio.Event]] = {}
        self._waiting: dict[Step, asyncio.Task[None]] = {}
        """The steps that have not begun."""
        self._rtts_s: tuple[float, ...] = ()
        """The shortest and the longest round trip seen."""
        self._accepted: set[tuple[str, int]] = set()
        """The addresses and ports that took a connection, for whatever endpoint."""
        self._running: set[asyncio.Task[None]] = set()

    # --- one target --------------------------------------------------------------------------------------------------

    async def follow(self, endpoint: Endpoint, component: Component, *, in_clear_text: bool = False) -> EndpointFinding:
        """Measure an endpoint and every redirect behind it, each hop as its own target; blame the hop that fails.

        A site that nobody can connect to over TLS is followed `in_clear_text`, where that is wanted.
        """
        hop = endpoint
        for _ in range(MAX_REDIRECTS + 1):
            evidence, found = await self._measure(hop, component)
            if in_clear_text and hop == endpoint and (hop.scheme, hop.port) == _SECURE and speaks_no_tls(found):
                clear = replace(endpoint, scheme="http", port=80)
                return judge_in_clear_text(found, await self.follow(clear, component))
            following = redirect_of(evidence)
            if following is None or found.finding.status is not Status.OK:
                return found
            hop = following
        return judge_endless_redirects(found, await self._outside_view(endpoint))

    async def _outside_view(self, endpoint: Endpoint) -> list[OutsideObservation]:
        answered = asyncio.Event()
        trial = self._start(OutsideQuestion(endpoint=endpoint, addresses=()), answered)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._deadline_s):
                while not trial.done:
                    answered.clear()
                    await answered.wait()
        return [o for o in trial.observations if isinstance(o, OutsideObservation)]

    def abandon(self) -> None:
        """Stop every step that is still running: what it would show is no longer waited for."""
        for task in self._running:
            task.cancel()

    async def _measure(self, endpoint: Endpoint, component: Component) -> tuple[Evidence, EndpointFinding]:
        changed = asyncio.Event()
        with self._baseline.watched_by(changed), self._directories.watched_by(changed):
            return await self._measure_until_settled(endpoint, component, changed)

    async def _measure_until_settled(
        self, endpoint: Endpoint, component: Component, changed: asyncio.Event
    ) -> tuple[Evidence, EndpointFinding]:
        mine: dict[Step, Trial] = {}
        while True:
            evidence = self._evidence(endpoint, component, mine.values())
            new = [step for step in next_steps(evidence, self._controls) if step not in mine]
            if new:  # which is to be heard before anything is judged
                mine.update((step, self._start(step, changed)) for step in new)
                if all(not mine[step].has_begun for step in new):
                    await self._wait(changed, min(evidence.next_slow_s(), evidence.now_s + evidence.patience_s))
                continue
            found = judge(evidence)
            settled_s = self._settled_at_s(evidence, found)
            if self._recorder.clock() >= min(self._deadline_s, settled_s):
                self._leave(mine, changed)
                return evidence, found or EndpointFinding(not_measured(), "unknown")
            await self._wait(changed, min(settled_s, evidence.next_slow_s()))

    async def _wait(self, changed: asyncio.Event, until_s: float) -> None:
        changed.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout_at(min(self._deadline_s, until_s)):
                await changed.wait()

    def _evidence(self, endpoint: Endpoint, component: Component, trials: Iterable[Trial]) -> Evidence:
        evidence = Evidence(
            endpoint=endpoint,
            trials=tuple(trials),
            system_resolvers=self._system_resolvers,
            trusted_resolvers=self._trusted_resolvers,
            baseline=self._baseline.result,
            baseline_ids=self._baseline.ids,
            useless_resolvers=self._baseline.useless_resolvers,
            accepted=frozenset(self._accepted),
            working_families=self._baseline.working_families,
            permits=self._network.permits,
            now_s=self._recorder.clock(),
            patience_s=self._pace.patience_s + _TURNS_A_STAGE * self._turns.lag_s(self._recorder.clock()),
            line_rtt_s=min((*self._rtts_s, *self._baseline.rtts_s), default=None),
            deep=(self._deep or component.transfer) and stands_for_domain(endpoint, component.endpoints),
            roots=component.roots,
            pool=component.endpoints,
            delisted_ids=self._directories.delisted(endpoint.host),
        )
        if evidence.wants_baseline:
            self._baseline.start(self._create_task)
        return evidence

    def _settled_at_s(self, evidence: Evidence, found: EndpointFinding | None) -> float:
        """Return when nothing that is still running can change what is found, if nothing happens until then."""
        if (evidence.wants_baseline and evidence.baseline is None) or self._awaits_directory(evidence, found):
            return math.inf
        if not evidence.applies or (evidence.baseline is not None and evidence.baseline.network == "offline"):
            return evidence.now_s
        pending = [trial for trial in evidence.trials if not trial.done]
        if not pending:
            return evidence.now_s
        if found is None or evidence.awaits_first_flow or evidence.awaits_transfers:
            return math.inf
        if found.finding.status is Status.OK:
            return math.inf if evidence.troubled or evidence.awaits_root else self._grace_ends_s(evidence)
        unsettled = evidence.awaits_resolvers or evidence.awaits_pages
        return evidence.now_s if found.is_final and not unsettled else math.inf

    def _awaits_directory(self, evidence: Evidence, found: EndpointFinding | None) -> bool:
        denied = found is not None and not _MAY_BE_DELISTED.isdisjoint(found.finding.causes)
        return denied and self._directories.may_tell_of(evidence.endpoint.host)

    def _grace_ends_s(self, evidence: Evidence) -> float:
        """Return until when the controls that were asked along with a healthy target may still answer."""
        ended_s = max(t.stage_started_s for t in evidence.trials if t.done and isinstance(t.step, Attempt))
        return ended_s + _GRACE * (ended_s - self._recorder.began_s)

    # --- steps -------------------------------------------------------------------------------------------------------

    @property
    def _pace(self) -> Pace:
        return Pace(max((*self._rtts_s, *self._baseline.rtts_s), default=None))

    def _start(self, step: Step, changed: asyncio.Event) -> Trial:
        """Start a step, or join it where it was started already, and have `changed` set as it shows something."""
        self._watchers.setdefault(step, []).append(changed)
        trial = self._trials.get(step)
        if trial is None:
            trial = self._trials[step] = Trial(step)
            self._waiting[step] = self._create_task(self._run(trial))
        return trial

    def _leave(self, steps: Iterable[Step], changed: asyncio.Event) -> None:
        """Withdraw those of the steps that have not begun, and that nobody else waits for."""
        for step in steps:
            self._watchers[step].remove(changed)
            if step in self._waiting and not self._watchers[step]:
                self._waiting.pop(step).cancel()
                del self._trials[step]

    def _create_task(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def _run(self, trial: Trial) -> None:
        await self._space(trial.step)
        async with self._turns.turn(ahead=_is_asked_about(trial.step)):
            del self._waiting[trial.step]
            trial.started_s = self._recorder.clock()
            try:
                await self._take(trial)
            finally:
                trial.done = True
                self._notify(trial.step)

    async def _space(self, step: Step) -> None:
        if not isinstance(step, OutsideQuestion) and step.purpose not in _FIRST_ASKED:
            wait_s = step.wait_s if isinstance(step, Attempt) else 0.0
            await asyncio.sleep(wait_s + self._rng.uniform(0, _SPACING_S))

    async def _take(self, trial: Trial) -> None:
        match trial.step:
            case Question() as question:
                timed = replace(question, timeout_s=self._pace.answer_s(question))
                self._see(trial, await self._network.ask(timed))
            case Attempt() as attempt:
                timed_attempt = replace(attempt, timeouts=self._pace.timeouts_of(attempt))
                await self._network.attempt(timed_attempt, lambda observation: self._see(trial, observation))
            case OutsideQuestion() as outside:
                for told in await self._network.ask_outside(outside):
                    self._see(trial, told)

    def _see(self, trial: Trial, observation: AnyObservation) -> None:
        began_s = trial.started_s if trial.is_parallel else trial.stage_started_s
        trial.observations.append(self._recorder.add(observation, began_s))
        if observation.step == "tcp" and observation.failure is None:
            self._accepted.add((observation.target.address or "", observation.target.port or 0))
        if (rtt_s := round_trip_of(observation)) is not None:
            self._rtts_s = min((*self._rtts_s, rtt_s)), max((*self._rtts_s, rtt_s))
        if observation.failure is not None:  # a success on the way calls for nothing before the step is done
            self._notify(trial.step)

    def _notify(self, step: Step) -> None:
        for changed in self._watchers.get(step, ()):
            changed.set()


def _is_asked_about(step: Step) -> bool:
    """Tell what the endpoint itself is asked from what that is held against."""
    return not isinstance(step, OutsideQuestion) and step.arm is Arm.EXPERIMENT


def redirect_of(evidence: Evidence) -> Endpoint | None:
    """Return where the endpoint's answer leads, None where it is final. No app follows one that denies a WebSocket."""
    if evidence.endpoint.scheme == "wss":
        return None
    for flow in evidence.own_flows:
        if flow.works and flow.http is not None and flow.http.location is not None:
            return _endpoint_of(urljoin(flow.http.url, flow.http.location))
    return None


def _endpoint_of(url: str) -> Endpoint | None:
    """Read a redirect's target as strictly as what people type; None for what would not be contacted anyway."""
    try:
        parts = urlsplit(url)
        site = targets.parse(f"{parts.scheme}://{parts.netloc}")
    except ValueError:
        return None
    return replace(site, path=f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"[:_MAX_PATH])
