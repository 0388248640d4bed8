"""The vocabulary: what is checked and what it means; what one step on the wire saw is `probes.observations`.

Frozen dataclasses and enumerations without behaviour. Nothing here reads a file, opens a socket or decides anything;
how values become JSON is `probes.reports`' affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from probes.observations import AnyObservation


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


# --- what is checked -------------------------------------------------------------------------------------------------


OVER_TLS = frozenset({"https", "wss"})
"""Schemes of HTTP over TLS."""
URL_PORTS = {"https": 443, "http": 80, "wss": 443}
"""Schemes of HTTP, each with the port that its URLs leave out (RFC 9110 §4.2, RFC 6455 §3)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One thing to reach, written as a URL: `https://web.whatsapp.com/`, `tcp://g.whatsapp.net:5222`."""

    scheme: str
    host: str
    port: int
    path: str = ""
    origin: str = ""
    """Of a WebSocket: the site that its client says it comes from (RFC 6455 §4.1); none for an app."""
    subprotocol: str = ""
    """Of a WebSocket: what its client asks to speak over it (RFC 6455 §1.9)."""

    def __str__(self) -> str:
        """Return the URL, the port always spelled out but for http, https and wss."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        implied = URL_PORTS.get(self.scheme) == self.port
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
