"""What the engine may ask of the network: the seam between deciding and doing.

`probes.live.LiveNetwork` does it with sockets; tests put a simulated network in its place. No step retries by itself
and none raises for what the network does: whatever happens comes back as observations.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from probes.model import Endpoint, Roots
from probes.observations import Arm, Purpose

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probes.observations import AnyObservation, DnsObservation, OutsideObservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each step may take, in seconds."""

    dns_s: float = 4.0
    connect_s: float = 4.0
    handshake_s: float = 4.0
    """For what a server answers without having to think: TLS, QUIC, STUN, MTProto."""
    response_s: float = 6.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One DNS question to one resolver."""

    name: str
    query_type: Literal["A", "AAAA", "TXT"]
    resolver: str
    """An address (asked over UDP, over TCP when the reply is truncated), or the URL of a DNS-over-HTTPS operator."""
    transport: Literal["udp", "tcp", "doh"] = "udp"
    timeout_s: float = field(default=4.0, compare=False)
    arm: Arm = Arm.EXPERIMENT
    purpose: Purpose = Purpose.MEASURE
    host: str | None = None
    """The name that the observation is about, where the question asks for another one."""
    nth: int = 1
    """Tells repeats of the same question apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A bounded amount of data to be moved one way over the connection, in place of a plain request."""

    direction: Literal["down", "up"]
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One connection to one address for one endpoint, taken as far as its scheme goes, or as `until` says.

    `server_name` replaces the endpoint's host in the ClientHello and in the Host header: the counterfactual's lever.
    """

    endpoint: Endpoint
    address: str
    port: int | None = None
    """Where it differs from the endpoint's."""
    nth: int = 1
    """Tells repeats of the same step apart."""
    wait_s: float = 0.0
    """How long to wait before it starts, to tell what lasts from what passes."""
    patient: bool = False
    """Wait as long as a person would: the server may be slow, for everybody."""
    server_name: str | None = None
    asked_host: str | None = None
    """The name for the Host header, where a stranger's server is asked for a file of its own under whatever name."""
    until: Literal["tcp", "tls", "http"] = "http"
    any_certificate: bool = False
    """Go on behind a certificate that does not verify: of a counterfactual it is only asked whether it is answered."""
    transfer: Transfer | None = None
    """Replaces the request at the end of an http or https attempt."""
    roots: Roots | None = None
    """Whom a certificate is believed from; None: those that everybody trusts."""
    timeouts: Timeouts = field(default=Timeouts(), compare=False)
    arm: Arm = Arm.EXPERIMENT
    purpose: Purpose = Purpose.MEASURE


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideQuestion:
    """An endpoint, and addresses of it, to be tried by a control server beyond this network."""

    endpoint: Endpoint
    addresses: tuple[str, ...]
    witnesses: int = 1
    """How many controls are to answer, each on a host of its own."""
    heard: frozenset[str] = frozenset()
    """The controls that have told of this already, and are not to be asked again."""
    timeout_s: float = field(default=16.0, compare=False)
    """OONI's public controls wait up to 15 s for an address that is silent to them as well."""


class Network(Protocol):
    """All that an experiment does on the wire."""

    def system_resolvers(self) -> Sequence[str]:
        """Return the addresses of the operating system's resolvers, in its order."""

    def trusted_resolvers(self) -> Sequence[str]:
        """Return the URLs of the DNS-over-HTTPS operators that serve as control."""

    def families(self) -> frozenset[int]:
        """Return the IP versions (4, 6) that this host has a route for."""

    def permits(self, address: str, port: int) -> bool:
        """Tell whether the guard lets this address and port be contacted at all."""

    async def ask(self, question: Question) -> DnsObservation:
        """Ask once. Never raises for what the network does."""

    async def attempt(self, attempt: Attempt, observe: Callable[[AnyObservation], None]) -> None:
        """Connect once and hand each step to `observe` as it ends, the failed one last.

        Never raises for what the network does.
        """

    async def ask_outside(self, question: OutsideQuestion) -> Sequence[OutsideObservation]:
        """Ask outside controls until as many have answered as are wanted; if none does, give the last failure."""
