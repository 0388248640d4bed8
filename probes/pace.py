"""How long to wait: pure, from the round trips that were seen.

A lost SYN is sent again after 1 s (RFC 6298 §2), so a connect gets time for one repeat, and a handshake as much.
Patience, after which a step counts as slow and its counterfactuals start, is shorter: starting them early costs some
traffic, never a wrong verdict.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from probes.network import Timeouts
from probes.observations import Arm, DnsObservation, Purpose

if TYPE_CHECKING:
    from probes.network import Attempt, Question
    from probes.observations import AnyObservation, TcpObservation

_UNKNOWN_RTT_S = 0.25
_LONGEST_RTT_S = 4.0
"""A congested satellite or 2G line; what takes longer cannot be measured within a check."""
_LONGEST_ANSWER_S = 1.5
"""The most of a resolver's answer that may be the way there and back: the rest is its own search."""
_UNHEARD_S = 3.7
"""A host that has heard nobody for this long is offline: long enough for a round trip of three seconds."""
_SYN_RETRY_S = 1.0
_PERSON_S = 10.0
"""How long a person looks at an empty page (Nielsen, "Response Times", 1993)."""
_STUB_S = 5.0
"""How long programs wait for the system's resolver (resolv.conf(5)): it may have to search, so less is no silence."""


def round_trip_of(observation: AnyObservation) -> float | None:
    """Return the round trip that a step shows, in seconds; a resolver's own search counts in, to be safe.

    A resolver that answers fast tells nothing of the line, as it may stand before it: in the router, on this host.
    Where something was sent again, the kernel may count from the first time.
    """
    if isinstance(observation, DnsObservation):
        heard = observation.transport == "udp" and observation.reply and observation.elapsed_s >= _UNKNOWN_RTT_S
        return min(observation.elapsed_s, _LONGEST_ANSWER_S) if heard else None
    if observation.info is None or observation.failure is not None or observation.info.retransmits:
        return None
    return observation.info.min_rtt_s


def silence_s(rtt_s: float | None) -> float:
    """Return the seconds after which silence is no lost packet any more, which is sent again and answered by then."""
    return _SYN_RETRY_S + Pace(rtt_s).patience_s


def handshake_limit_s(timeouts: Timeouts, connected: TcpObservation) -> float:
    """Return how long a handshake may take, in seconds, now that the connection's own round trip is known.

    By that it is judged whether silence was waited out. Where the server is farther away than all that was heard
    before, an attempt whose limit was set then would not count, and it may be the only one that gets as far.
    """
    return max(timeouts.handshake_s, Pace(round_trip_of(connected)).timeouts.handshake_s)


@dataclass(frozen=True, slots=True)
class Pace:
    """`rtt_s`: the longest of the round trips that are typical here; None while none is known."""

    rtt_s: float | None = None

    @property
    def _rtt_s(self) -> float:
        return min(self.rtt_s or _UNKNOWN_RTT_S, _LONGEST_RTT_S)

    @property
    def patience_s(self) -> float:
        """Seconds after which a stage of one round trip counts as slow."""
        return max(0.25, 2.5 * self._rtt_s)

    def answer_s(self, question: Question) -> float:
        """Return how long to wait for a resolver's answer, in seconds: the more, the more depends on its silence."""
        if question.purpose is Purpose.REPEAT:
            return _STUB_S + 3 * self._rtt_s
        return max(_STUB_S, self.timeouts.dns_s) if question.arm is Arm.EXPERIMENT else self.timeouts.dns_s

    @property
    def timeouts(self) -> Timeouts:
        rtt_s = self._rtt_s
        waited_out_s = _SYN_RETRY_S + 0.3 + 3 * rtt_s  # longer than `silence_s`, or no silence would ever count
        return Timeouts(
            dns_s=1.0 + 3 * rtt_s,
            connect_s=waited_out_s,
            handshake_s=waited_out_s,
            response_s=max(4.0, 8 * rtt_s),
        )

    @property
    def timeouts_of_baseline(self) -> Timeouts:
        """Return those after which silence makes this host offline: where nobody was heard, the line may be slow."""
        timeouts = self.timeouts
        if self.rtt_s is not None:
            return timeouts
        return replace(timeouts, dns_s=_UNHEARD_S, connect_s=_UNHEARD_S, handshake_s=_UNHEARD_S)

    def timeouts_of(self, attempt: Attempt) -> Timeouts:
        """Return an attempt's; the connection of a transfer may take its time, as how slowly it goes is asked there."""
        timeouts = self.timeouts
        if attempt.patient:
            patient_s = max(_PERSON_S, timeouts.response_s)
            return replace(timeouts, handshake_s=patient_s, response_s=patient_s)
        if attempt.transfer is None:
            return timeouts
        return replace(timeouts, connect_s=timeouts.response_s, handshake_s=timeouts.response_s)
