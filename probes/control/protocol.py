"""OONI's test-helper protocol: what is asked, what is answered, and the names that failures have in it.

The source is probe-cli's internal/model/th.go and internal/oohelperd. Both sides share these types: the client reads
an answer as the server writes it. Nothing here measures anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field, TypeAdapter

from probes.failures import TIMEOUT
from probes.trust import is_address

MAX_REQUEST_BYTES = 1 << 20
MAX_ANSWER_BYTES = 1 << 20
"""The protocol itself lets both have 16 MiB; what is sent today are some kilobytes."""
GREETING = {"message": "Hello OONItarian!"}
"""The answer to GET: how the server's health is checked."""

_ENDPOINT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<v4>[0-9.]{7,15})):(?P<port>[0-9]{1,5})")
_MAX_ENTRIES = 256
_MAX_HEADERS = 64
_MAX_URL = 4096

FROM_PROBE, FROM_CONTROL, BOGON, VALID = 1, 2, 4, 8
"""The flags of an address: whose it is, that it is not public, that a TLS handshake there proved the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A URL to visit, and addresses of its host, as "address:port", to try."""

    http_request: Annotated[str, Field(max_length=_MAX_URL)]
    http_request_headers: Annotated[dict[str, list[str]], Field(max_length=_MAX_HEADERS)] | None = None
    tcp_connect: Annotated[list[str], Field(max_length=_MAX_ENTRIES)] | None = None
    x_quic_enabled: bool = False
    x_connect_only: bool = False
    """Our own extension, which other controls pass over: no page, since what listens there speaks no HTTP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect:
    status: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    server_name: str = ""
    status: bool = False
    failure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The response at the end of all redirects. `body_length` and `status_code` are -1 where there is none."""

    body_length: int = -1
    discovered_h3_endpoint: str = ""
    failure: str | None = None
    title: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    status_code: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the control's own resolvers say. No failure and no address: the name has none."""

    failure: str | None = None
    addrs: Annotated[list[str], Field(max_length=_MAX_ENTRIES)] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressInfo:
    asn: int = 0
    """0: not known."""
    flags: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the control saw. Connects and handshakes are told by "address:port"; one that is absent was not tried."""

    tcp_connect: Annotated[dict[str, Connect], Field(max_length=_MAX_ENTRIES)]
    tls_handshake: Annotated[dict[str, Handshake], Field(max_length=_MAX_ENTRIES)] | None = None
    quic_handshake: dict[str, Handshake] | None = field(default_factory=dict)
    http_request: Page
    http3_request: Page | None = None
    dns: Names
    ip_info: dict[str, AddressInfo] | None = None


@cache
def _requests() -> TypeAdapter[Request]:
    return TypeAdapter(Request)


@cache
def _answers() -> TypeAdapter[Answer]:
    """Built when it is first needed: most checks never ask outside."""
    return TypeAdapter(Answer)


def write_request(request: Request) -> bytes:
    return _requests().dump_json(request)


def read_request(body: bytes) -> Request:
    """Raises ValueError for what is no request."""
    return _requests().validate_json(body)


def write_answer(answer: Answer) -> bytes:
    """Leave out what the protocol leaves out when it is empty."""
    empty = {name for name in ("tls_handshake", "ip_info") if not getattr(answer, name)}
    return _answers().dump_json(answer, exclude=empty)


def read_answer(body: bytes) -> Answer:
    """Raises ValueError for what is no answer."""
    return _answers().validate_json(body)


def join_endpoint(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def split_endpoint(text: str) -> tuple[str, int] | None:
    """Return the address in its usual form, and the port; None where the text is no such thing."""
    found = _ENDPOINT.fullmatch(text)
    address = found and (found["v6"] or found["v4"])
    return (str(ip_address(address)), int(found["port"])) if found and address and is_address(address) else None


# --- failures, partly in an older vocabulary than df-007 (oohelperd's dns.go, tcptls.go, http.go) ---------------------

DNS_LOOKUP = "dns_lookup_error"
UNKNOWN = "unknown_error"
UNREACHABLE = "connect_error"
"""Every failure to connect that is neither a time-out nor a refusal."""
_NO_ANSWER = "dns_no_answer"
_REFUSED = "connection_refused"
_DNS = {
    "dns_nxdomain_error": "dns_name_error",
    _NO_ANSWER: None,
    "dns_non_recoverable_failure": "dns_server_failure",
    "dns_refused_error": "dns_server_failure",
    "dns_server_misbehaving": "dns_server_failure",
    "dns_temporary_failure": "dns_server_failure",
}
_CONNECT = {TIMEOUT: TIMEOUT, _REFUSED: "connection_refused_error"}


def dns_failure(failure: str | None) -> str | None:
    """An empty answer is no failure in this vocabulary; a time-out and SERVFAIL are the unknown one."""
    return None if failure is None else _DNS.get(failure, UNKNOWN)


def connect_failure(failure: str | None) -> str | None:
    return None if failure is None else _CONNECT.get(failure, UNREACHABLE)


def page_failure(failure: str | None) -> str | None:
    """Name what went wrong once the name was resolved; before that it is `DNS_LOOKUP`."""
    return None if failure is None else _CONNECT.get(failure, UNKNOWN)
