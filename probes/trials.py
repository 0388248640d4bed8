"""What single steps, connections and resolvers have shown so far. `probes.evidence` arranges it; nothing is decided."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeVar

from probes.model import URL_PORTS
from probes.network import Attempt, OutsideQuestion, Question
from probes.observations import (
    AnyObservation,
    DnsObservation,
    HttpObservation,
    Observation,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)

STAGES = {
    "https": ("tcp", "tls", "http"),
    "http": ("tcp", "http"),
    "wss": ("tcp", "tls", "http"),
    "tls": ("tcp", "tls"),
    "tcp": ("tcp",),
    "mtproto": ("tcp", "mtproto"),
    "mtproto+obfuscated": ("tcp", "mtproto"),
    "quic": ("quic",),
    "stun": ("stun",),
}
"""The steps that an endpoint's scheme is taken through, in order."""
_TRANSFER_STAGES = {scheme: (*STAGES[scheme][:-1], "transfer") for scheme in URL_PORTS}

FREEZE_BYTES = range(6_000, 40_000)
"""Where networks that count packets stop a flow: about 25 both ways, full or not (net4people/bbs#490, hyperion)."""

Observed = TypeVar("Observed", bound=Observation)

_TRANSFER_TRIPS = 3
"""Round trips in which 64 KB come through where nothing holds them back: the window doubles in each (RFC 5681 §3.1)."""
_UNHINDERED_BYTES = 7_000
"""Half of what goes into a flow's very first round trip (RFC 6928): with less, something holds it back."""

SILENCE = frozenset({"generic_timeout_error", "timed_out"})
RESETS = frozenset({"connection_reset", "connection_aborted", "eof_error"})
REFUSALS = frozenset({"connection_refused"})
UNREACHABLE = frozenset({"host_unreachable", "network_unreachable", "network_down"})
ANSWERED = frozenset({"reset", "refused", "unreachable"})
"""Fates of a connect that somebody decides, the server or whoever is in between, within a round trip."""
UNHEARD = SILENCE | REFUSALS | UNREACHABLE
"""Failures of a question that no resolver has answered."""
RESOLVER_TROUBLE = UNHEARD | {"dns_refused_error", "dns_servfail_error"}
"""Failures after which an operating system's stub asks the next resolver (resolv.conf(5)); NXDOMAIN is final."""

_TURNED_AWAY = frozenset({403, 429, 451})
"""Forbidden, too many requests, unavailable for legal reasons (RFC 9110 §15.5.4, RFC 6585 §4, RFC 7725)."""
SERVER_ERROR = 500
_CHALLENGE = "cf-mitigated"
"""Cloudflare's mark of a CAPTCHA in place of the page."""


def fate_of(failure: str | None) -> str | None:
    """Return what a failure looks like from outside: "silence", "reset", "refused", "unreachable", "certificate" …."""
    for fate, failures in (
        ("silence", SILENCE),
        ("reset", RESETS),
        ("refused", REFUSALS),
        ("unreachable", UNREACHABLE),
    ):
        if failure in failures:
            return fate
    if failure in {"ssl_unknown_authority", "ssl_invalid_certificate", "ssl_invalid_hostname"}:
        return "certificate"
    return failure


@lru_cache(maxsize=4096)
def family_of(address: str) -> int:
    """Return 4 or 6."""
    return ipaddress.ip_address(address).version


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Tell an IP address from a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class Trial:
    """One step that was started, and what it has shown so far."""

    step: Question | Attempt | OutsideQuestion
    started_s: float = math.inf
    """When it began; never yet, while it waits for its turn."""
    observations: list[AnyObservation] = field(default_factory=list)
    done: bool = False

    @property
    def has_begun(self) -> bool:
        return self.started_s < math.inf

    @property
    def is_parallel(self) -> bool:
        """Whether all of its stages begin at once."""
        return isinstance(self.step, OutsideQuestion) or (
            isinstance(self.step, Attempt) and self.step.endpoint.scheme == "quic"
        )

    @property
    def stage_started_s(self) -> float:
        """When the stage that is still running began, or the last one ended."""
        elapsed_s = [observation.elapsed_s for observation in self.observations]
        return self.started_s + (max(elapsed_s, default=0.0) if self.is_parallel else sum(elapsed_s))

    @property
    def patience(self) -> int:
        """How many times longer than a stage of one round trip the one that is still running may take."""
        transfer = isinstance(self.step, Attempt) and self.step.transfer is not None
        return _TRANSFER_TRIPS if transfer and any(o.step != "tcp" for o in self.observations) else 1


@dataclass(frozen=True, slots=True)
class Flow:
    """One connection, as far as it got: its steps in order, the failed one last."""

    attempt: Attempt
    steps: tuple[AnyObservation, ...]
    done: bool
    slow: bool
    """Still running, in a stage that takes longer than the network's round trips explain."""
    hasty: bool = False
    """Ended in silence that was not waited out, as the line is known by now: a lost packet explains it."""
    started_s: float = math.inf
    """When it began; never yet, while it waits for its turn."""

    @property
    def tcp(self) -> TcpObservation | None:
        return self._first(TcpObservation)

    @property
    def tls(self) -> TlsObservation | None:
        return self._first(TlsObservation)

    @property
    def http(self) -> HttpObservation | None:
        return self._first(HttpObservation)

    @property
    def transfer(self) -> TransferObservation | None:
        return self._first(TransferObservation)

    def _first(self, kind: type[Observed]) -> Observed | None:
        for step in self.steps:  # faster than a generator, and this is what rules ask most
            if isinstance(step, kind):
                return step
        return None

    @property
    def held_back(self) -> bool:
        """Data stopped, or flows so slowly that it is worth asking who slows it down."""
        moved = self.transfer
        if moved is None:
            return self.attempt.transfer is not None and self.slow
        if moved.failure is not None or not moved.rate_bytes_s or moved.info is None:
            return moved.failure is not None
        return moved.rate_bytes_s * moved.info.min_rtt_s < _UNHINDERED_BYTES

    @property
    def failure(self) -> str | None:
        return self.steps[-1].failure if self.steps else None

    @property
    def layer(self) -> str:
        """The layer that the flow ended in, or is waiting in."""
        scheme = self.attempt.endpoint.scheme
        stages = STAGES[scheme] if self.attempt.transfer is None else _TRANSFER_STAGES[scheme]
        if self.steps and (self.done or self.failure is not None):
            return self.steps[-1].step
        return stages[min(len(self.steps), len(stages) - 1)]

    @property
    def works(self) -> bool:
        return self.done and bool(self.steps) and self.failure is None

    @property
    def failed(self) -> bool:
        return self.done and self.failure is not None and not self.hasty

    @property
    def suspicious(self) -> bool:
        return self.failed or self.slow or self.hasty

    @property
    def proves_name(self) -> bool:
        """The server showed a valid certificate for the endpoint's own name."""
        return self.tls is not None and self.tls.failure is None and self.tls.server_name == self.attempt.endpoint.host

    @property
    def turned_away(self) -> bool:
        """The answer says that this visitor is not wanted, or has to prove first that it is human."""
        marks = (name for name, _ in self.http.headers) if self.http is not None else ()
        return self.http is not None and (self.http.status in _TURNED_AWAY or _CHALLENGE in marks)

    @property
    def errs(self) -> bool:
        """The answer is an error that the server makes itself responsible for (RFC 9110 §15.6)."""
        return self.http is not None and self.http.failure is None and (self.http.status or 0) >= SERVER_ERROR

    @property
    def page_froze(self) -> bool:
        """The answer began, and stopped without a word where networks that count packets stop flows."""
        http = self.http
        return bool(http and http.failure in SILENCE and http.info and http.info.bytes_received in FREEZE_BYTES)

    @property
    def silent(self) -> bool:
        """Nothing came, or nothing has come yet for longer than round trips explain."""
        return self.slow or (self.done and fate_of(self.failure) == "silence")

    @property
    def acknowledged(self) -> bool:
        """What was said last has arrived."""
        info = self.steps[-1].info if self.steps else None
        return info is not None and not info.unacknowledged

    def reached(self, layer: str) -> bool:
        """Tell whether the server was heard at `layer`; at "tls" in whatever words: hello, alert, certificate."""
        if layer == "tls" and self.tls is not None and (self.tls.chain or self.tls.alert is not None):
            return True
        return any(step.step == layer and step.failure is None for step in self.steps)

    def shares_fate(self, layer: str, failure: str | None) -> bool:
        """Tell whether this flow met in `layer` what `failure` tells of."""
        met = next((step.failure for step in self.steps if step.step == layer and step.failure is not None), None)
        return self.done and not self.hasty and met is not None and fate_of(met) == fate_of(failure)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(step.id for step in self.steps)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one resolver says of the name, both address families taken together."""

    resolver: str
    observations: tuple[DnsObservation, ...]
    done: bool

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(a for o in self.observations if o.failure is None for a in o.addresses))

    @property
    def failure(self) -> str | None:
        """None if any family resolved; else the failure of the IPv4 question, or the first there is."""
        if self.addresses or not self.observations:
            return None
        ordered = sorted(self.observations, key=lambda o: o.query_type != "A")
        return ordered[0].failure or "dns_no_answer"

    @property
    def heard(self) -> bool:
        """The resolver answered, whatever it said."""
        return bool(self.observations) and self.failure not in UNHEARD

    @property
    def says_dead(self) -> bool:
        """The resolver answered, and the answer is that there is nothing."""
        return self.done and self.failure in {"dns_nxdomain_error", "dns_no_answer"}

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(o.id for o in self.observations)
