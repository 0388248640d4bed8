"""What one step on the wire saw: why it was taken, what it was pointed at, what came of it.

Frozen dataclasses and enumerations without behaviour. What is checked and what it all means is `probes.model`'s
vocabulary; how values become JSON is `probes.reports`' affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Literal


class Arm(StrEnum):
    """Whether a step was the question itself or one of its counterfactuals."""

    EXPERIMENT = "experiment"
    CONTROL = "control"


class Purpose(StrEnum):
    """Why a step was taken: to ask the question itself, or something to hold its answer against.

    A redirect's target is measured like any other.
    """

    MEASURE = "measure"
    REPEAT = "repeat"
    HONEST_RESOLVER = "honest_resolver"
    """The same name at a validated DNS-over-HTTPS operator."""
    HONEST_ADDRESS = "honest_address"
    """The same endpoint at an address that only an honest resolver gave."""
    RESOLVER_TCP = "resolver_tcp"
    """The same question to the same resolver over TCP, which injectors of UDP answers do not reach."""
    INNOCUOUS_NAME = "innocuous_name"
    """The suspect address, asked for a name that nobody blocks."""
    UNRELATED_ADDRESS = "unrelated_address"
    """The suspect name, said to a server that has nothing to do with it."""
    UNRELATED_BASELINE = "unrelated_baseline"
    """An innocuous name at that unrelated server: the fourth cell of the 2×2."""
    SECURE_TWIN = "secure_twin"
    """The same site at the same address over TLS, to hold a page in clear text against."""
    OTHER_PORT = "other_port"
    OTHER_PROTOCOL = "other_protocol"
    """The suspect address and port, spoken to in a protocol that nobody filters."""
    TRANSFER = "transfer"
    """A bounded amount of data moved under the endpoint's own name."""
    TRANSFER_CONTROL = "transfer_control"
    """As much data moved at the same address under another name."""
    ROOT_SERVER = "root_server"
    """A root name server, asked for the name: an honest network lets it refer, an injector answers."""
    OUTSIDE = "outside"
    """What a control server beyond this network sees."""
    BASELINE = "baseline"
    """This host's own state."""
    DIRECTORY = "directory"
    """A national DNS directory, asked directly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a step was pointed at. `host` is always the name in question, also where the step says another one."""

    host: str
    address: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpInfo:
    """The kernel's own account of a connection (Linux TCP_INFO)."""

    min_rtt_s: float
    bytes_received: int
    retransmits: int
    unacknowledged: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What every step tells. `failure` is None or one string of OONI's vocabulary (df-007)."""

    id: str = ""
    arm: Arm
    purpose: Purpose
    target: Target
    failure: str | None = None
    started_s: float = 0.0
    """Seconds since the check began."""
    elapsed_s: float = 0.0
    connection: str | None = None
    """Joins the steps of one connection."""
    info: TcpInfo | None = None
    """The state of the TCP connection at the end of the step."""


@dataclass(frozen=True, slots=True)
class Record:
    """One DNS resource record in presentation form."""

    name: str
    type: str
    ttl_s: int
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsReply:
    """A DNS message as far as it matters. `rcode` is a mnemonic such as NXDOMAIN."""

    rcode: str
    flags: tuple[str, ...]
    answers: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DnsObservation(Observation):
    """One question to one resolver. A reply that carries a failure (NXDOMAIN, no answer) is kept beside it."""

    step: Literal["dns"] = "dns"
    resolver: str
    """An address, or the URL of a DNS-over-HTTPS operator."""
    transport: Literal["udp", "tcp", "doh"]
    query_type: str
    reply: DnsReply | None = None
    late_replies: tuple[DnsReply, ...] = ()
    """Further, different replies to the same UDP question: the mark of an injector beside the path."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The A and AAAA records of the reply, in its order."""
        records = self.reply.answers if self.reply else ()
        return tuple(record.data for record in records if record.type in {"A", "AAAA"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TcpObservation(Observation):
    """One connect to one address."""

    step: Literal["tcp"] = "tcp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One certificate of a presented chain. Times are ISO 8601, UTC."""

    subject: str
    issuer: str
    not_before: str
    not_after: str
    names: tuple[str, ...]
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsObservation(Observation):
    """One handshake. The chain is kept also when its verification is the failure."""

    step: Literal["tls"] = "tls"
    server_name: str
    """The name in the ClientHello; differs from `target.host` in a counterfactual. Empty: none was sent."""
    version: str | None = None
    alpn: str | None = None
    chain: tuple[Certificate, ...] = ()
    alert: str | None = None
    """The fatal alert that the peer sent, by its TLS name."""
    received_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpObservation(Observation):
    """One request and its response."""

    step: Literal["http"] = "http"
    url: str
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    """Those that matter for a verdict, names in lower case."""
    title: str | None = None
    body_bytes: int = 0
    body_sha256: str | None = None
    """Of the part that was read, which is bounded."""
    body_truncated: bool = False
    fingerprints: tuple[str, ...] = ()
    """Ids of the known block pages that the response matches."""

    @property
    def location(self) -> str | None:
        """Where a redirect leads; None for an answer that is none."""
        if self.status is None or not HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST:
            return None
        return next((value for name, value in self.headers if name == "location"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutsideObservation(Observation):
    """What an outside control saw of one endpoint (OONI's test-helper protocol).

    The failure strings inside are partly of an older vocabulary: only None against not-None may be compared
    (facts of oohelperd; see `probes.outside`).
    """

    step: Literal["outside"] = "outside"
    control: str
    addresses: tuple[str, ...] = ()
    dns_failure: str | None = None
    tcp: Mapping[str, str | None] = field(default_factory=dict)
    """Failure by "address:port"."""
    tls: Mapping[str, str | None] = field(default_factory=dict)
    http_failure: str | None = None
    http_status: int | None = None
    http_title: str | None = None
    http_body_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuicObservation(Observation):
    """One QUIC exchange: a version negotiation, or an Initial with a name in it."""

    step: Literal["quic"] = "quic"
    kind: Literal["version_negotiation", "handshake"]
    server_name: str = ""
    versions: tuple[str, ...] = ()
    """The versions that the server offered in a negotiation."""
    alpn: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StunObservation(Observation):
    """One STUN Binding transaction over UDP (RFC 8489)."""

    step: Literal["stun"] = "stun"
    requests: int = 0
    """How often the request was sent before an answer came, or none did."""
    answered_by: str | None = None
    """The SOFTWARE attribute, where the server gives one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MtprotoObservation(Observation):
    """One unauthenticated MTProto exchange: req_pq_multi, answered by resPQ (core.telegram.org/mtproto/auth_key)."""

    step: Literal["mtproto"] = "mtproto"
    transport: Literal["intermediate", "obfuscated2"]
    server_error: int | None = None
    """The negative transport error code that a server sends in place of an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferObservation(Observation):
    """A bounded amount of data sent one way over an open connection."""

    step: Literal["transfer"] = "transfer"
    direction: Literal["down", "up"]
    wanted_bytes: int
    moved_bytes: int = 0
    rate_bytes_s: float | None = None
    """Over the time in which data flowed; None where too little came to tell."""
    stalled_after_bytes: int | None = None
    """Where the flow stopped for good, if it did."""


AnyObservation = (
    DnsObservation
    | TcpObservation
    | TlsObservation
    | HttpObservation
    | QuicObservation
    | StunObservation
    | MtprotoObservation
    | TransferObservation
    | OutsideObservation
)
