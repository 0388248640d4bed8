"""The vocabulary: what is checked, what one step on the wire saw, what it means.

Frozen dataclasses and enumerations without behaviour. Nothing here reads a file, opens a socket or decides anything;
how values become JSON is `probes.reports`' affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Literal


class Status(StrEnum):
    """What a finding says of a component, and a report of a service."""

    OK = "ok"
    DEGRADED = "degraded"
    BLOCKED = "blocked"
    DOWN = "down"
    INCONCLUSIVE = "inconclusive"


class Confidence(StrEnum):
    """How sure a finding is: `confirmed` means that a counterfactual and repeats agree."""

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Cause(StrEnum):
    """Why something does not work. A FIN where an answer was due counts as a `_reset`."""

    DNS_DELISTED = "dns.delisted"
    DNS_NXDOMAIN = "dns.nxdomain"
    DNS_NODATA = "dns.nodata"
    DNS_REFUSED = "dns.refused"
    DNS_SERVFAIL = "dns.servfail"
    DNS_TIMEOUT = "dns.timeout"
    DNS_SPOOFED = "dns.spoofed"
    DNS_REROUTED = "dns.rerouted"
    IP_DROPPED = "ip.dropped"
    IP_RESET = "ip.reset"
    IP_UNREACHABLE = "ip.unreachable"
    TLS_SNI_DROPPED = "tls.sni_dropped"
    TLS_SNI_RESET = "tls.sni_reset"
    TLS_INTERCEPTED = "tls.intercepted"
    HTTP_BLOCKPAGE = "http.blockpage"
    HTTP_RESET = "http.reset"
    HTTP_DROPPED = "http.dropped"
    QUIC_DROPPED = "quic.dropped"
    FLOW_FROZEN = "flow.frozen"
    FLOW_THROTTLED = "flow.throttled"
    PROTO_DROPPED = "proto.dropped"
    PROTO_RESET = "proto.reset"
    CALLS_DROPPED = "calls.dropped"
    NETWORK_ALLOWLIST = "network.allowlist"

    HOST_OFFLINE = "host.offline"
    HOST_CAPTIVE_PORTAL = "host.captive_portal"
    HOST_RESOLVER_BROKEN = "host.resolver_broken"
    SERVICE_DOWN = "service.down"
    SERVICE_DNS_DEAD = "service.dns_dead"
    SERVICE_CERTIFICATE = "service.certificate"
    SERVICE_REFUSES = "service.refuses"
    NO_OUTSIDE_CONTROL = "no_outside_control"
    NOT_MEASURED = "not_measured"


class Arm(StrEnum):
    """Whether a step was the question itself or one of its counterfactuals."""

    EXPERIMENT = "experiment"
    CONTROL = "control"


class Purpose(StrEnum):
    """Why a step was taken: the first three in the experiment arm, the others as controls."""

    MEASURE = "measure"
    REPEAT = "repeat"
    REDIRECT = "redirect"
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


# --- what is checked -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing to reach, written as a URL: `https://web.whatsapp.com/`, `tcp://g.whatsapp.net:5222`."""

    scheme: str
    host: str
    port: int
    path: str = ""

    def __str__(self) -> str:
        """Return the URL, the port always spelled out but for http and https."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        implied = {"https": 443, "http": 80}.get(self.scheme) == self.port
        return f"{self.scheme}://{host}{'' if implied else f':{self.port}'}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """A named trust setting: the operating system's authorities, a service's own ones, or both.

    The system's store is OpenSSL's default, so `SSL_CERT_FILE` and `SSL_CERT_DIR` are honoured.
    """

    name: str
    system: bool = True
    pem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A part of a service that people notice by itself: its site, its chat servers, its calls."""

    id: str
    essential: bool = True
    pool: Literal["all", "any", "each"] = "all"
    """Whether the component needs all of its endpoints, any one of them, or each host by any of its endpoints."""
    roots: Roots | None = None
    """Where authorities of its own may have issued its certificates; None where only those that everybody trusts."""
    transfer: bool = False
    """Whether data is moved in every check, and not in deep ones alone: where slowing down is the usual block."""
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What people ask about. A bare host is a service with one component, `kind` "host"."""

    id: str
    name: str
    kind: Literal["service", "host"] = "service"
    category: str = ""
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names that people use, by language."""
    components: tuple[Component, ...]
    directory_names: tuple[str, ...] = ()
    """Names that national DNS directories are asked for."""
    sources: tuple[str, ...] = ()


# --- what one step saw -----------------------------------------------------------------------------------------------


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


# --- what it means ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the rules say of one component. Its `because` names the observations that it rests on."""

    status: Status
    confidence: Confidence
    causes: tuple[Cause, ...] = ()
    because: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    """The names of the rules that spoke, in their order (docs/verdicts.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFinding(Finding):
    """A finding with the component it is about."""

    id: str
    essential: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The state of this host, the first suspect."""

    network: Literal["ok", "offline", "captive", "allowlist"] = "ok"
    resolver: Literal["ok", "broken", "rerouted"] = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryFinding:
    """What a national DNS directory answers for a service's names."""

    id: str
    status: Literal["listed", "delisted", "silent"]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vantage:
    """Where the measurement was made from, as far as it is known. `address` is the network around it, a prefix.

    `via` is why it may not be what people there have: a data centre's network, a VPN's, or a proxy on this host whose
    resolver gives stand-in addresses ("fake IP").
    """

    address: str | None = None
    asn: int | None = None
    network: str | None = None
    country: str | None = None
    via: Literal["hosting", "vpn", "fakeip"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The whole answer to one question."""

    target: str
    kind: Literal["service", "host"]
    status: Status
    confidence: Confidence
    causes: tuple[Cause, ...] = ()
    components: tuple[ComponentFinding, ...] = ()
    beyond_dns: Literal["ok", "blocked", "unknown"] = "unknown"
    """Whether an honest resolver alone would help."""
    directories: tuple[DirectoryFinding, ...] = ()
    baseline: Baseline = Baseline()
    vantage: Vantage = Vantage()
    started_at: str
    """ISO 8601, UTC."""
    elapsed_s: float
    observations: tuple[AnyObservation, ...] = ()
