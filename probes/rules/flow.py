"""Rules for connections that work and then deliver too little: frozen after some kilobytes, or throttled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING

from probes.evidence import Evidence
from probes.model import Cause, Confidence, Status
from probes.observations import Purpose
from probes.rules.table import ENOUGH, Rule, ids_of, say
from probes.trials import FREEZE_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.model import Finding
    from probes.trials import Flow

THROTTLED = 10
"""How many times slower than its control a transfer must be: less happens by itself (OONI dd-007, "extreme")."""


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
        return self._of(Purpose.TRANSFER)

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
    def frozen(self) -> list[Flow]:
        return [f for f in self.own if f.transfer and (f.transfer.stalled_after_bytes or 0) in FREEZE_BYTES]

    def passed(self, flows: Iterable[Flow]) -> list[Flow]:
        """Return those that moved more than the frozen ones, without a stop."""
        most = max((f.transfer.moved_bytes for f in self.frozen if f.transfer), default=0)
        return [f for f in flows if f.transfer and f.transfer.failure is None and f.transfer.moved_bytes > most]


def _rates(flows: Iterable[Flow]) -> list[float]:
    return [f.transfer.rate_bytes_s for f in flows if f.transfer and f.transfer.rate_bytes_s]


def _rates_a_round_trip(flows: Iterable[Flow]) -> list[float]:
    """Return how much is moved in a round trip: unlike a rate, this does not fall with the distance."""
    moved = [flow.transfer for flow in flows if flow.transfer]
    return [t.rate_bytes_s * t.info.min_rtt_s for t in moved if t.rate_bytes_s and t.info]


def frozen_by_name(haul: Haul) -> Finding | None:
    """A transfer under the service's name stops for good after some kilobytes, again and again.

    Under another name the same address takes all of it. Confirmed.
    """
    passed = haul.passed(haul.here)
    if len(haul.frozen) < ENOUGH or not passed:
        return None
    because = ids_of([*haul.frozen, *passed])
    return say(Status.DEGRADED, Confidence.CONFIRMED, Cause.FLOW_FROZEN, because=because)


def frozen_by_address(haul: Haul) -> Finding | None:
    """A transfer to the address stops for good after some kilobytes, again and again, whatever name it goes under.

    An unrelated server takes all of it, and the outside control gets the service's page where this host gets the
    beginning of it. Likely: a server that stops in the middle looks much the same.
    """
    evidence = haul.evidence
    passed = haul.passed(haul.elsewhere)
    delivers = evidence.witnesses.succeeded("http", "") or not any(flow.page_froze for flow in evidence.own_flows)
    if len(haul.frozen) < ENOUGH or not passed or not delivers:
        return None
    because = (*ids_of([*haul.frozen, *passed]), *(outside.id for outside in evidence.outside))
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_FROZEN, because=because)


def frozen_everywhere(haul: Haul) -> Finding | None:
    """A transfer stops for good after some kilobytes, again and again, whatever server it goes to.

    Servers that have nothing to do with each other stop in the same place, so it is the network. Likely.
    """
    alike = [f for f in (*haul.here, *haul.elsewhere) if f.transfer and f.transfer.stalled_after_bytes]
    addresses = {f.attempt.address for f in (*haul.frozen, *alike)}
    if len(haul.frozen) < ENOUGH or len(addresses) < ENOUGH:
        return None
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_FROZEN, because=ids_of([*haul.frozen, *alike]))


def throttled_by_name(haul: Haul) -> Finding | None:
    """Transfers under the service's name are at least ten times slower than as large ones under another name.

    Both go to the same address, in turns, at least twice each. Confirmed.
    """
    if not _slower(_rates(haul.own), _rates(haul.here)):
        return None
    because = ids_of([*haul.own, *haul.here])
    return say(Status.DEGRADED, Confidence.CONFIRMED, Cause.FLOW_THROTTLED, because=because)


def throttled_in_clear(haul: Haul) -> Finding | None:
    """Transfers in clear text are at least ten times slower than as large ones over TLS.

    Both go to the same address, in turns, at least twice each. Likely: a server's two ports are not quite the same.
    """
    if not _slower(_rates(haul.own), _rates(haul.secure)):
        return None
    because = ids_of([*haul.own, *haul.secure])
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_THROTTLED, because=because)


def throttled_by_address(haul: Haul) -> Finding | None:
    """Transfers to the address move at least ten times less in a round trip than as large ones to an unrelated server.

    In turns, at least twice each; a server that is merely far away moves as much in each of its longer round trips.
    Likely: a slow server looks much the same.
    """
    if not _slower(_rates_a_round_trip(haul.own), _rates_a_round_trip(haul.elsewhere)):
        return None
    because = ids_of([*haul.own, *haul.elsewhere])
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.FLOW_THROTTLED, because=because)


def _slower(own: list[float], others: list[float]) -> bool:
    return len(own) >= ENOUGH and len(others) >= ENOUGH and median(others) >= THROTTLED * median(own)


RULES = (
    Rule("flow.frozen_by_name", frozen_by_name),
    Rule("flow.throttled_by_name", throttled_by_name),
    Rule("flow.frozen_by_address", frozen_by_address),
    Rule("flow.throttled_in_clear", throttled_in_clear),
    Rule("flow.throttled_by_address", throttled_by_address),
    Rule("flow.frozen_everywhere", frozen_everywhere),
)
