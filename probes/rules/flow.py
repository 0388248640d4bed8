"""Rules for connections that work and then deliver too little: frozen after some kilobytes, or throttled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

from probes.evidence import Evidence
from probes.model import Cause, Confidence, Status
from probes.network import OutsideQuestion
from probes.observations import Purpose
from probes.rules.table import ENOUGH, Rule, confirmed_if, ids_of, say
from probes.trials import FREEZE_BYTES, SILENCE, Flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from probes.model import Finding

THROTTLED = 10
"""How many times slower than its control a transfer must be: less happens by itself (OONI dd-007, "extreme")."""


@dataclass(frozen=True)
class Pair:
    """Transfers that differ from their controls in nothing but the name that the network gets to see."""

    named: list[Flow]
    controls: list[Flow]


@dataclass(frozen=True)
class Haul:
    """Transfers one way, under the endpoint's name and under others."""

    evidence: Evidence
    direction: str

    def _of(self, purpose: Purpose) -> list[Flow]:
        return [
            flow
            for flow in self.evidence.flows
            if flow.attempt.purpose is purpose and flow.transfer and flow.transfer.direction == self.direction
        ]

    @cached_property
    def own(self) -> list[Flow]:
        return [flow for flow in self._of(Purpose.TRANSFER) if flow.attempt.asked_host is None]

    @cached_property
    def lent(self) -> list[Flow]:
        """Under the endpoint's name, at servers that have nothing to do with it."""
        return [flow for flow in self._of(Purpose.TRANSFER) if flow.attempt.asked_host is not None]

    @cached_property
    def here(self) -> list[Flow]:
        """Under another name, at the same address."""
        return self._of(Purpose.TRANSFER_CONTROL)

    @cached_property
    def elsewhere(self) -> list[Flow]:
        """Under another name, at an unrelated server."""
        return self._of(Purpose.UNRELATED_BASELINE)

    @cached_property
    def secure(self) -> list[Flow]:
        """Over TLS, at the same address, where the endpoint is in clear text."""
        return self._of(Purpose.SECURE_TWIN)

    @cached_property
    def pairs(self) -> list[Pair]:
        """At the endpoint's own address, and at each unrelated server that was told its name."""
        lenders = dict.fromkeys(flow.attempt.address for flow in self.lent)
        return [Pair(self.own, self.here), *(Pair(_at(a, self.lent), _at(a, self.elsewhere)) for a in lenders)]


def _at(address: str, flows: Iterable[Flow]) -> list[Flow]:
    return [flow for flow in flows if flow.attempt.address == address]


def _moved(flow: Flow) -> int:
    return flow.transfer.moved_bytes if flow.transfer else 0


def _frozen(flows: Iterable[Flow]) -> list[Flow]:
    return [f for f in flows if f.transfer and (f.transfer.stalled_after_bytes or 0) in FREEZE_BYTES]


def _passed(frozen: Iterable[Flow], flows: Iterable[Flow]) -> list[Flow]:
    """Return those that moved more than the frozen ones, without a stop."""
    most = max(map(_moved, frozen), default=0)
    return [f for f in flows if f.transfer and f.transfer.failure is None and _moved(f) > most]


def _as_large(own: Iterable[Flow], flows: Iterable[Flow]) -> list[Flow]:
    """Return those that moved at least half as much: what is through at once shows no rate."""
    most = max(map(_moved, own), default=0)
    return [flow for flow in flows if _rates([flow]) and 2 * _moved(flow) >= most]


def _rates(flows: Iterable[Flow]) -> list[float]:
    return [f.transfer.rate_bytes_s for f in flows if f.transfer and f.transfer.rate_bytes_s]


def _rates_a_round_trip(flows: Iterable[Flow]) -> list[float]:
    """Return how much is moved in a round trip: unlike a rate, this does not fall with the distance."""
    moved = [flow.transfer for flow in flows if flow.transfer]
    return [t.rate_bytes_s * t.info.min_rtt_s for t in moved if t.rate_bytes_s and t.info]


def _slower(own: list[Flow], others: list[Flow], rates: Callable[[Iterable[Flow]], list[float]] = _rates) -> bool:
    slow, free = rates(own), rates(_as_large(own, others))
    return len(slow) >= ENOUGH and len(free) >= ENOUGH and median(free) >= THROTTLED * median(slow)


def frozen_by_name(haul: Haul) -> Finding | None:
    """A transfer under the service's name stops for good after some kilobytes, again and again.

    Under another name the same server takes all of it, be it the service's or one that has nothing to do with it.
    Confirmed where it does so at least twice, else likely: a single transfer that passes may have been lucky.
    """
    told = [(frozen, _passed(frozen, pair.controls)) for pair in haul.pairs if (frozen := _frozen(pair.named))]
    shown = [(frozen, passed) for frozen, passed in told if len(frozen) >= ENOUGH and passed]
    if not shown:
        return None
    frozen, passed = max(shown, key=lambda one: len(one[1]) >= ENOUGH)
    confidence = confirmed_if(len(passed) >= ENOUGH)
    return say(Status.DEGRADED, confidence, Cause.FLOW_FROZEN, because=ids_of([*frozen, *passed]))


def frozen_by_address(haul: Haul) -> Finding | None:
    """A transfer to the address stops for good after some kilobytes, again and again, whatever name it goes under.

    An unrelated server takes all of it, and the outside control gets the service's page where this host gets the
    beginning of it. Likely: a server that stops in the middle looks much the same.
    """
    evidence = haul.evidence
    frozen = _frozen(haul.own)
    passed = _passed(frozen, haul.elsewhere)
    delivers = evidence.witnesses.succeeded("http", "") or not any(flow.page_froze for flow in evidence.own_flows)
    if len(frozen) < ENOUGH or not passed or not delivers:
        return None
    because = (*ids_of([*frozen, *passed]), *(outside.id for outside in evidence.outside))
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_FROZEN, because=because)


def frozen_everywhere(haul: Haul) -> Finding | None:
    """A transfer stops for good after some kilobytes, again and again, whatever server it goes to.

    Servers that have nothing to do with each other stop in the same place, so it is the network. Likely.
    """
    alike = _frozen([*haul.here, *haul.elsewhere])
    frozen = _frozen([*haul.own, *haul.lent])
    addresses = {f.attempt.address for f in (*frozen, *alike)}
    if len(frozen) < ENOUGH or len(addresses) < ENOUGH:
        return None
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_FROZEN, because=ids_of([*frozen, *alike]))


def throttled_by_name(haul: Haul) -> Finding | None:
    """Transfers under the service's name are at least ten times slower than as large ones under another name.

    Both go to the same server, the service's or one that has nothing to do with it, side by side, at least twice each.
    Confirmed.
    """
    for pair in haul.pairs:
        if _slower(pair.named, pair.controls):
            because = ids_of([*pair.named, *pair.controls])
            return say(Status.DEGRADED, Confidence.CONFIRMED, Cause.FLOW_THROTTLED, because=because)
    return None


def throttled_in_clear(haul: Haul) -> Finding | None:
    """Transfers in clear text are at least ten times slower than as large ones over TLS.

    Both go to the same address, side by side, at least twice each. Likely: a server's two ports are not quite the same.
    """
    if not _slower(haul.own, haul.secure):
        return None
    because = ids_of([*haul.own, *haul.secure])
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_THROTTLED, because=because)


def throttled_by_address(haul: Haul) -> Finding | None:
    """Transfers to the address move at least ten times less in a round trip than as large ones to an unrelated server.

    Side by side, at least twice each; a server that is merely far away moves as much in each of its longer round trips.
    Of what comes down this is said only where the outside control gets the page ten times faster as well. Likely: a
    server that is slow for visitors from here looks much the same.
    """
    if not _slower(haul.own, haul.elsewhere, _rates_a_round_trip):
        return None
    told = _outside_rates(haul)
    if haul.direction == "down" and max(told.values(), default=0.0) < THROTTLED * median(_rates(haul.own)):
        return None
    because = (*ids_of([*haul.own, *haul.elsewhere]), *told)
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_THROTTLED, because=because)


def _outside_rates(haul: Haul) -> dict[str, float]:
    """Return at what rate outside controls got as much, at least, all else that they did counted in, by observation."""
    most = max(map(_moved, haul.own), default=0)
    seen = [o for o in haul.evidence.outside if 2 * (o.http_body_bytes or 0) >= most and o.elapsed_s]
    return {o.id: (o.http_body_bytes or 0) / o.elapsed_s for o in seen}


def unclear(haul: Haul) -> Finding | None:
    """Transfers are held back, again and again.

    No control moved as much; or an unrelated server does not hold it back, and no outside control gets it that much
    faster. Nothing tells a network that slows data down from a slow server or a slow line.
    """
    held = [f for f in (*haul.own, *haul.lent) if f.held_back and (f.failure is None or f.failure in SILENCE)]
    controls = [*haul.here, *haul.elsewhere, *haul.secure]
    as_slow = len(_as_large(held, controls)) >= ENOUGH and not _slower(haul.own, haul.elsewhere, _rates_a_round_trip)
    if len(held) < ENOUGH or as_slow:
        return None
    cause = Cause.NO_OUTSIDE_CONTROL if _outside_failed(haul.evidence) else Cause.NOT_MEASURED
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, cause, because=ids_of([*held, *controls]))


def _outside_failed(evidence: Evidence) -> bool:
    """Tell whether somebody outside was asked, and nobody there had anything to say."""
    asked = [trial for trial in evidence.trials if isinstance(trial.step, OutsideQuestion)]
    return bool(asked) and all(trial.done for trial in asked) and not evidence.outside


RULES = (
    Rule("flow.frozen_by_name", frozen_by_name),
    Rule("flow.throttled_by_name", throttled_by_name),
    Rule("flow.frozen_by_address", frozen_by_address),
    Rule("flow.throttled_in_clear", throttled_in_clear),
    Rule("flow.throttled_by_address", throttled_by_address),
    Rule("flow.frozen_everywhere", frozen_everywhere),
    Rule("flow.unclear", unclear),
)
