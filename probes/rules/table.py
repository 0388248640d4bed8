"""What a rule is, and the helpers that every rule shares. The rules themselves stand in the files beside this one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from probes.evidence import Evidence
from probes.model import Cause, Confidence, Finding, Status
from probes.observations import Purpose
from probes.trials import ANSWERED, Flow, fate_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.observations import HttpObservation

LAYERS = ("tcp", "tls", "http", "mtproto", "quic", "stun", "transfer")
"""Lowest first."""
ENOUGH = 2
"""How many times something must be seen on fresh sockets before it is said: one lost packet is no block."""
REFUSAL = "refusal."
"""Fingerprint ids of pages by which services themselves turn visitors away."""

Subject = TypeVar("Subject")


@dataclass(frozen=True, slots=True)
class Rule(Generic[Subject]):
    """One named line of the verdict table."""

    name: str
    judge: Callable[[Subject], Finding | None]

    @property
    def saw(self) -> str:
        """What must have been seen: the first paragraph of the rule's docstring."""
        return " ".join(inspect.cleandoc(self.judge.__doc__ or "").split("\n\n")[0].split())

    @property
    def proof(self) -> str:
        """Which control proves it, and how sure it makes: the second paragraph."""
        return " ".join(inspect.cleandoc(self.judge.__doc__ or "").split("\n\n")[1].split())

    def __call__(self, subject: Subject) -> Finding | None:
        finding = self.judge(subject)
        return finding and Finding(
            status=finding.status,
            confidence=finding.confidence,
            causes=finding.causes,
            because=tuple(dict.fromkeys(i for i in finding.because if i)),
            rules=(self.name,),
        )


def first_match(rules: Iterable[Rule[Subject]], subject: Subject) -> Finding | None:
    """Return what the first rule that applies says."""
    return next((finding for rule in rules if (finding := rule(subject)) is not None), None)


def say(status: Status, confidence: Confidence, *causes: Cause, because: Iterable[str] = ()) -> Finding:
    return Finding(status=status, confidence=confidence, causes=causes, because=tuple(because))


def confirmed_if(condition: bool) -> Confidence:
    return Confidence.CONFIRMED if condition else Confidence.LIKELY


def ids_of(flows: Iterable[Flow]) -> tuple[str, ...]:
    return tuple(i for flow in flows for i in flow.ids)


def block_pages(http: HttpObservation) -> list[str]:
    """Return the ids of the known block pages that a response matches."""
    return [f for f in http.fingerprints if not f.startswith(REFUSAL)]


@dataclass(frozen=True)
class Suspect:
    """An address at which the endpoint does not work, with the controls that were made for it."""

    evidence: Evidence
    address: str

    @cached_property
    def failed(self) -> list[Flow]:
        return [flow for flow in self.evidence.at(self.address) if flow.failed]

    @cached_property
    def worst(self) -> Flow:
        """The failed flow that got furthest: residual blocking makes later ones stop earlier."""
        return max(self.failed, key=lambda flow: LAYERS.index(flow.layer))

    @property
    def connected(self) -> bool:
        """A connection to the address was made at least once: what fails now is not the address as such."""
        return any(flow.tcp is not None and flow.tcp.failure is None for flow in self.evidence.at(self.address))

    @property
    def layer(self) -> str:
        return self.worst.layer

    @property
    def failure(self) -> str | None:
        return self.worst.failure

    @property
    def fate(self) -> str | None:
        return fate_of(self.failure)

    @cached_property
    def alike(self) -> list[Flow]:
        """The failed flows that share the worst one's fate."""
        return [flow for flow in self.failed if flow.shares_fate(self.layer, self.failure)]

    @property
    def unanimous(self) -> bool:
        """No attempt at this address ended in another way."""
        return len(self.alike) == len(self.failed)

    @property
    def repeated(self) -> bool:
        return len(self.alike) >= ENOUGH

    @property
    def lasting(self) -> bool:
        """It is no matter of a moment: silence takes its time, and of answers one came well after the first."""
        return self.fate not in ANSWERED or any(flow.attempt.wait_s for flow in self.alike)

    @property
    def from_the_start(self) -> bool:
        """The first attempt of all met it: a server that limits how often it is called turns down later ones alone.

        One that was not waited for as long as these answers take to come could not meet any.
        """
        taken_s = min(flow.steps[-1].elapsed_s for flow in self.alike)
        heard = (f for f in self.evidence.at(self.address) if not (f.hasty and f.steps[-1].elapsed_s < taken_s))
        first = min(heard, key=lambda flow: flow.started_s)
        return self.fate not in ANSWERED or first in self.alike

    @property
    def exhausted(self) -> bool:
        """The address took connections, and at no port that did takes any more: its server limits them."""
        if self.fate not in ANSWERED:
            return False
        others = self.evidence.controls(Purpose.OTHER_PORT, self.address)
        asked = {self.evidence.endpoint.port, *(flow.attempt.endpoint.port for flow in others)}
        took = any((self.address, port) in self.evidence.accepted for port in asked)
        return took and not any(flow.reached("tcp") for flow in others)

    @property
    def explained_by_slowness(self) -> bool:
        """Silence, though what was said last has been acknowledged: the server has it, and takes its time."""
        return self.fate == "silence" and any(flow.acknowledged or not flow.steps[-1].info for flow in self.alike)

    def outside(self, layer: str) -> bool | None:
        """Tell whether the server was heard at a layer from outside; None where nobody can say."""
        evidence = self.evidence
        if layer == "tls" and evidence.roots and fate_of(evidence.witnesses.certificate(self.address)) == "certificate":
            return True  # a control that does not know this service's authorities has at least seen its certificate
        return evidence.witnesses.succeeded(layer, self.address)

    def corroborated(self, layer: str) -> bool:
        """Attempts on fresh sockets failed alike here, and several outside controls tell the same."""
        return self.repeated and self.evidence.witnesses.agreeing(layer, self.address) >= ENOUGH

    @property
    def outside_ids(self) -> tuple[str, ...]:
        return tuple(o.id for o in self.evidence.outside)

    # --- the cells of the 2×2 ----------------------------------------------------------------------------------------

    @cached_property
    def innocuous_here(self) -> list[Flow]:
        """Another name at this address, where the server was heard."""
        flows = self.evidence.controls(Purpose.INNOCUOUS_NAME, self.address)
        return [flow for flow in flows if flow.reached(self.layer)]

    @cached_property
    def innocuous_here_alike(self) -> list[Flow]:
        """Another name at this address, which went the same way."""
        flows = self.evidence.controls(Purpose.INNOCUOUS_NAME, self.address)
        return [flow for flow in flows if flow.shares_fate(self.layer, self.failure)]

    @cached_property
    def name_elsewhere_alike(self) -> list[Flow]:
        """The suspect name at an unrelated server, which went the same way."""
        flows = self.evidence.controls(Purpose.UNRELATED_ADDRESS)
        return [flow for flow in flows if flow.shares_fate(self.layer, self.failure)]

    @cached_property
    def innocuous_elsewhere(self) -> list[Flow]:
        """An innocuous name at an unrelated server, which was heard."""
        return [flow for flow in self.evidence.controls(Purpose.UNRELATED_BASELINE) if flow.reached(self.layer)]

    @cached_property
    def name_elsewhere_heard(self) -> list[Flow]:
        """The suspect name at an unrelated server, which was heard: it is not the name."""
        return [flow for flow in self.evidence.controls(Purpose.UNRELATED_ADDRESS) if flow.reached(self.layer)]

    @property
    def elsewhere_told(self) -> bool:
        """Every unrelated server that was told the name has shown something by now, be it silence."""
        flows = self.evidence.controls(Purpose.UNRELATED_ADDRESS)
        told = {flow.attempt.address for flow in flows if flow.done or flow.slow}
        return told == {flow.attempt.address for flow in flows}

    @property
    def follows_the_name(self) -> bool:
        """The fate goes with the name to every server that has nothing to do with it, and only with the name.

        Silence may be a lost packet, and so has to be met twice; where another name is met by silence here as well, the
        server may just be slow, and only what is met elsewhere counts.
        """
        needed = 1
        if self.fate == "silence":
            others = self.evidence.controls(Purpose.INNOCUOUS_NAME, self.address)
            cut_off = any(flow.failed and flow.layer != self.layer for flow in others)
            needed = ENOUGH if self.innocuous_here or cut_off else 2 * ENOUGH
        follows = len(self.name_elsewhere_alike) >= needed and not self.name_elsewhere_heard
        return follows and bool(self.innocuous_elsewhere)
