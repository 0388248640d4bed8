"""All that is known about one endpoint at one moment, arranged for the rules and the planner to ask.

Pure: a view over trials. It names and groups what was seen; it decides nothing (see `probes.rules`) and wants nothing
(see `probes.plan`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING

from probes.model import Baseline, Endpoint, Roots
from probes.network import Attempt, OutsideQuestion, Question
from probes.observations import Arm, DnsObservation, OutsideObservation, Purpose
from probes.pace import round_trip_of, silence_s
from probes.trials import RESOLVER_TROUBLE, Answer, Flow, Trial, family_of, fate_of, is_address
from probes.witnesses import Witnesses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.observations import AnyObservation

ADDRESSES_A_FAMILY = 2


@dataclass(frozen=True)
class Evidence:
    """What is known about one endpoint. `now_s`, `patience_s`, `line_rtt_s` make slowness visible; all in seconds."""

    endpoint: Endpoint
    trials: Sequence[Trial]
    system_resolvers: Sequence[str]
    trusted_resolvers: Sequence[str]
    baseline: Baseline | None
    baseline_ids: tuple[str, ...]
    working_families: frozenset[int]
    """The IP versions that are known, or at least not known not, to work on this host."""
    permits: Callable[[str, int], bool]
    now_s: float
    patience_s: float
    line_rtt_s: float | None
    """The shortest round trip seen: no answer comes sooner over this host's line. None while none is known."""
    useless_resolvers: frozenset[str] = frozenset()
    """Those of the system's resolvers that resolve nothing of what nobody blocks: how they fail shows nothing."""
    accepted: frozenset[tuple[str, int]] = frozenset()
    """Addresses and ports that took a connection from this host, for whatever endpoint."""
    delisted_ids: tuple[str, ...] = ()
    """Observations that show the name to be missing from a national DNS directory."""
    deep: bool = False
    """Whether transfers are wanted too."""
    roots: Roots | None = None
    """The endpoint's own authorities, if it has any."""
    pool: Sequence[Endpoint] = ()
    """The endpoints of its component."""

    def slow(self, trial: Trial) -> bool:
        """Tell whether a trial is still running, in a stage that takes longer than round trips explain."""
        return not trial.done and self.now_s - trial.stage_started_s > self.patience_s * trial.patience

    def next_slow_s(self) -> float:
        """Return when the next stage will count as slow; one that has yet to begin is taken to do so now."""
        running = [trial for trial in self.trials if not trial.done and not self.slow(trial)]
        due = (min(t.stage_started_s, self.now_s) + self.patience_s * t.patience for t in running)
        return min(due, default=math.inf) + 0.001

    @cached_property
    def awaits_first_flow(self) -> bool:
        """An address of the endpoint has not been heard of yet, well or ill."""
        return any(not any(f.done for f in self.at(flow.attempt.address)) for flow in self.own_flows)

    @cached_property
    def awaits_transfers(self) -> bool:
        """Data still moves, or may; not from a stranger's server that does not even take the connection."""
        moving = [flow for flow in self.flows if flow.attempt.transfer is not None and not flow.done]
        return any(flow.attempt.asked_host is None or not (flow.slow and flow.layer == "tcp") for flow in moving)

    @cached_property
    def awaits_pages(self) -> bool:
        """Not all has come yet that pages in clear text are held against."""
        held = {Purpose.SECURE_TWIN, Purpose.UNRELATED_ADDRESS, Purpose.UNRELATED_BASELINE}
        pending = any(flow.attempt.purpose in held and not flow.done for flow in self.flows)
        return bool(self.pages) and (pending or self.outside_pending)

    # --- names -------------------------------------------------------------------------------------------------------

    def questions(self, purpose: Purpose) -> Sequence[tuple[Question, Trial]]:
        """Return the DNS questions that were asked for this purpose."""
        return self._questions.get(purpose, ())

    @cached_property
    def _questions(self) -> dict[Purpose, list[tuple[Question, Trial]]]:
        questions: dict[Purpose, list[tuple[Question, Trial]]] = {}
        for trial in self.trials:
            if isinstance(trial.step, Question):
                questions.setdefault(trial.step.purpose, []).append((trial.step, trial))
        return questions

    def _answers(self, resolvers: Sequence[str], purpose: Purpose) -> list[Answer]:
        asked = self.questions(purpose)
        answers = []
        for resolver in resolvers:
            trials = [trial for question, trial in asked if question.resolver == resolver]
            if trials:
                seen = tuple(o for t in trials for o in t.observations if isinstance(o, DnsObservation))
                answers.append(Answer(resolver, seen, done=all(trial.done for trial in trials)))
        return answers

    @cached_property
    def system_answers(self) -> list[Answer]:
        """The first asking of each system resolver, in the system's order."""
        return self._answers(self.system_resolvers, Purpose.MEASURE)

    @cached_property
    def system_answer(self) -> Answer | None:
        """What a program on this host is told: the first resolver that settles the matter.

        Where none does, the first that answered, if it is of any use.
        """
        for answer in self.system_answers:
            if answer.addresses:
                return answer
            if not answer.done and not self.hesitates(answer):
                return None
            if answer.done and answer.failure not in RESOLVER_TROUBLE:
                return answer
        return max(self.system_answers, key=lambda a: (self._is_of_use(a), a.heard), default=None)

    @cached_property
    def useful_answers(self) -> list[Answer]:
        """What those of the system's resolvers say that were asked and are not known to resolve nothing at all."""
        return [answer for answer in self.system_answers if self._is_of_use(answer)]

    def _is_of_use(self, answer: Answer) -> bool:
        return answer.resolver not in self.useless_resolvers

    def hesitates(self, answer: Answer) -> bool:
        """Tell whether a question to this resolver takes longer than round trips explain."""
        asked = [trial for question, trial in self.questions(Purpose.MEASURE) if question.resolver == answer.resolver]
        return any(self.slow(trial) for trial in asked)

    @cached_property
    def repeated_answers(self) -> list[DnsObservation]:
        """The system resolvers' answers to the same question asked again, over UDP."""
        return [o for _, t in self.questions(Purpose.REPEAT) for o in t.observations if isinstance(o, DnsObservation)]

    def repeated_by(self, resolver: str) -> list[DnsObservation]:
        """Return those of one resolver: what another does tells nothing of it."""
        return [o for o in self.repeated_answers if o.resolver == resolver]

    @cached_property
    def tcp_answers(self) -> list[DnsObservation]:
        return [
            o for _, t in self.questions(Purpose.RESOLVER_TCP) for o in t.observations if isinstance(o, DnsObservation)
        ]

    @cached_property
    def root_answers(self) -> list[DnsObservation]:
        """What comes back in a root server's name when it is asked for the endpoint's."""
        return self._from_root(innocuous=False)

    @cached_property
    def root_controls(self) -> list[DnsObservation]:
        """What comes back when it is asked for an innocuous name."""
        return self._from_root(innocuous=True)

    def _from_root(self, *, innocuous: bool) -> list[DnsObservation]:
        asked = [t for q, t in self.questions(Purpose.ROOT_SERVER) if innocuous == (q.name != self.endpoint.host)]
        return [o for trial in asked for o in trial.observations if isinstance(o, DnsObservation)]

    @property
    def awaits_resolvers(self) -> bool:
        """Operators or root servers may still put the system's addresses in doubt; none of the former knows one yet."""
        known = set(self.system_addresses) & set(self.honest_addresses)
        return self.awaits_root or (not known and any(not answer.done for answer in self.honest_answers))

    @property
    def awaits_root(self) -> bool:
        """A root server may still be heard soon; and where it seems to have answered, the control at any time."""
        answered = any(o.addresses for o in self.root_answers)
        asked = [trial for _, trial in self.questions(Purpose.ROOT_SERVER) if not trial.done]
        return any(answered or not self.slow(trial) for trial in asked)

    @cached_property
    def honest_answers(self) -> list[Answer]:
        return self._answers(self.trusted_resolvers, Purpose.HONEST_RESOLVER)

    @cached_property
    def literal(self) -> bool:
        """The endpoint is an address itself: there is no name to resolve."""
        return is_address(self.endpoint.host)

    @property
    def applies(self) -> bool:
        """False for an address of a family that this host does not have: nothing is to be said of it."""
        return not self.literal or family_of(self.endpoint.host) in self.working_families

    @cached_property
    def system_addresses(self) -> tuple[str, ...]:
        """Every address that the system's resolvers gave, in any of the askings."""
        if self.literal:
            return (self.endpoint.host,)
        first = self.system_answer.addresses if self.system_answer else ()
        others = (address for answer in self.system_answers for address in self._in_place_of_lost(answer))
        again = (address for o in self.repeated_answers if o.failure is None for address in o.addresses)
        return tuple(dict.fromkeys((*first, *others, *again)))

    def _in_place_of_lost(self, answer: Answer) -> Iterable[str]:
        """The addresses of a family that the first resolver has left unanswered: a stub asks the next one for both."""
        first = self.system_answer
        heard = {o.query_type for o in first.observations if o.reply is not None} if first else set[str]()
        return (a for o in answer.observations if o.failure is None and o.query_type not in heard for a in o.addresses)

    @cached_property
    def honest_addresses(self) -> tuple[str, ...]:
        """The addresses that validated operators and the outside control gave."""
        if self.literal:
            return (self.endpoint.host,)
        told = [address for answer in self.honest_answers for address in answer.addresses]
        told += [address for outside in self.outside for address in outside.addresses]
        return tuple(dict.fromkeys(told))

    @cached_property
    def honest_voices(self) -> list[tuple[str, ...]]:
        """Observation ids of each independent source that resolved the name; the outside counts as one."""
        voices = [answer.ids for answer in self.honest_answers if answer.addresses]
        return voices + [(outside.id,) for outside in self.outside if outside.addresses][:1]

    @cached_property
    def dead_voices(self) -> list[tuple[str, ...]]:
        """Observation ids of each independent source that says that the name is empty or does not exist."""
        voices = [answer.ids for answer in self.honest_answers if answer.says_dead]
        dead = [o for o in self.outside if not o.addresses and o.dns_failure in {None, "dns_name_error"}]
        return voices + [(o.id,) for o in dead[:1]]

    @cached_property
    def honest_settled(self) -> bool:
        """Every trusted resolver has answered, or has failed to."""
        return bool(self.honest_answers) and all(answer.done for answer in self.honest_answers)

    @cached_property
    def tried(self) -> tuple[str, ...]:
        """Those of the system's addresses that the endpoint is tried at."""
        return self.few(self.system_addresses)

    @cached_property
    def name_doubted(self) -> bool:
        """The system's resolver failed or hesitates, or none of its addresses can be used, or none of them works."""
        if self.literal:
            return False
        if not self.system_addresses and any(self.slow(trial) for _, trial in self.questions(Purpose.MEASURE)):
            return True
        answer = self.system_answer
        if answer is None or not (answer.done or self.hesitates(answer)):
            return False
        return all(address in self.suspects for address in self.tried)

    @cached_property
    def disputed(self) -> bool:
        """Two operators give the same address, and the system's resolver none that any of them gives.

        Operators that differ among themselves only show that the owner's answers differ by place.
        """
        told = [set(answer.addresses) for answer in self.honest_answers]
        agreed = any(one & other for one, other in combinations(told, 2))
        settled = self.honest_settled and self.system_answer is not None and self.system_answer.done
        strange = bool(self.system_addresses) and not set(self.system_addresses) & set(self.honest_addresses)
        return settled and agreed and strange

    # --- connections -------------------------------------------------------------------------------------------------

    @cached_property
    def flows(self) -> list[Flow]:
        return [self._flow(trial) for trial in self.trials if isinstance(trial.step, Attempt)]

    def _flow(self, trial: Trial) -> Flow:
        attempt = trial.step
        assert isinstance(attempt, Attempt)  # noqa: S101 - the caller's condition, told to mypy
        steps = tuple(trial.observations)
        hasty = trial.done and self._ended_hastily(steps)
        return Flow(attempt, steps, trial.done, self.slow(trial), hasty, trial.started_s)

    def _ended_hastily(self, steps: Sequence[AnyObservation]) -> bool:
        """Tell whether a lost packet explains silence: by the connection's own round trip, else by the line's."""
        if not steps or fate_of(steps[-1].failure) != "silence":
            return False
        return steps[-1].elapsed_s < silence_s(round_trip_of(steps[0]) or self.line_rtt_s)

    @cached_property
    def name_flows(self) -> list[Flow]:
        """Those whose handshake shows whether an address belongs to the endpoint's name."""
        return [*self.own_flows, *self.controls(Purpose.SECURE_TWIN)]

    @cached_property
    def own_flows(self) -> list[Flow]:
        """Those that did what a client of the endpoint does."""
        own = {Purpose.MEASURE, Purpose.REPEAT, Purpose.HONEST_ADDRESS}
        return [flow for flow in self.flows if flow.attempt.purpose in own]

    def at(self, address: str) -> list[Flow]:
        """Return the endpoint's own flows at an address."""
        return self._own_by_address.get(address, [])

    @cached_property
    def _own_by_address(self) -> dict[str, list[Flow]]:
        flows: dict[str, list[Flow]] = {}
        for flow in self.own_flows:
            flows.setdefault(flow.attempt.address, []).append(flow)
        return flows

    @cached_property
    def suspects(self) -> list[str]:
        """The addresses at which something failed or hesitates, and nothing worked."""
        return [
            address
            for address, flows in self._own_by_address.items()
            if any(flow.suspicious for flow in flows) and not self.works_at(address)
        ]

    def controls(self, purpose: Purpose, address: str | None = None) -> list[Flow]:
        """Return the control flows of one purpose, at one address or at any."""
        return [
            flow
            for flow in self.flows
            if flow.attempt.arm is Arm.CONTROL
            and flow.attempt.purpose is purpose
            and (address is None or flow.attempt.address == address)
        ]

    def works_at(self, address: str) -> bool:
        return any(flow.works for flow in self.at(address))

    @cached_property
    def pages(self) -> list[Flow]:
        """Answers in clear text that could be somebody else's: all but the redirect to the same site over TLS."""
        if self.endpoint.scheme != "http":
            return []
        secure = f"https://{self.endpoint.host}/"
        return [f for f in self.own_flows if f.works and f.http and not (f.http.location or "").startswith(secure)]

    def usable(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Return those addresses that may be contacted and whose family works on this host."""
        return tuple(
            a for a in addresses if family_of(a) in self.working_families and self.permits(a, self.endpoint.port)
        )

    def few(self, addresses: Iterable[str]) -> tuple[str, ...]:
        """Return the first usable addresses of each family."""
        chosen: list[str] = []
        for address in self.usable(addresses):
            family = family_of(address)
            if sum(family_of(other) == family for other in chosen) < ADDRESSES_A_FAMILY:
                chosen.append(address)
        return tuple(chosen)

    @cached_property
    def troubled(self) -> bool:
        """Anything looks as if it did not work: only then are this host and the outside asked."""
        unwelcome = any(flow.turned_away or flow.errs for flow in self.own_flows)
        return self.name_doubted or unwelcome or bool(self.suspects or self.pages)

    @cached_property
    def wants_baseline(self) -> bool:
        """Nobody is to be blamed before this host is known to be well: in trouble, or where data is held back."""
        own = (flow for flow in self.flows if flow.attempt.purpose is Purpose.TRANSFER)
        return self.troubled or any(flow.held_back for flow in own)

    # --- the view from outside ---------------------------------------------------------------------------------------

    @cached_property
    def outside(self) -> list[OutsideObservation]:
        """The outside controls that answered."""
        return [
            o
            for trial in self.trials
            for o in trial.observations
            if isinstance(o, OutsideObservation) and o.failure is None
        ]

    @cached_property
    def outside_pending(self) -> bool:
        return any(isinstance(trial.step, OutsideQuestion) and not trial.done for trial in self.trials)

    @cached_property
    def witnesses(self) -> Witnesses:
        """The same, to be asked what they agree on."""
        return Witnesses(self.outside, self.endpoint.port, self.roots)
