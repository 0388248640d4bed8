"""What a host beyond the censor would see: names, ports, handshakes and pages, read off the world's tables.

Failures are those of OONI's test helper: its own names for DNS, TCP and HTTP, the canonical ones for TLS.
"""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

from tests.lab.world import http, zone
from tests.lab.world.answers import Break, Paced
from tests.lab.world.atlas import Atlas
from tests.lab.world.parts import Certificate, Hello, Host

REGION = 1  # it asks dns.google
PATIENCE_S = 15.0
MAX_REDIRECTS, MAX_BODY_BYTES = 10, 1 << 24
REDIRECTS = (301, 302, 303, 307, 308)
TITLE = re.compile(rb"<title>([^<]{1,512})</title>", re.IGNORECASE)
DEFAULT_PORTS = {"http": 80, "https": 443}

CERTIFICATE_FAILURES: Mapping[Certificate, str] = {
    "expired": "ssl_invalid_certificate",
    "wrong_name": "ssl_invalid_hostname",
    "self_signed": "ssl_unknown_authority",
    "unknown_ca": "ssl_unknown_authority",
    "national": "ssl_unknown_authority",
    "private": "ssl_unknown_authority",
}
HELLO_FAILURES: Mapping[Hello, str] = {
    "alert": "ssl_failed_handshake",
    "close": "eof_error",
    "reset": "connection_reset",
    "silent": "generic_timeout_error",
    "garbage": "unknown_failure: tls: first record does not look like a TLS handshake",
}
UNKNOWN_NAME_FAILURES = {"alert": "ssl_invalid_hostname", "reset": "connection_reset"}


def web_url(text: str) -> SplitResult:
    """Split an http or https URL with a host. Raises ValueError for any other."""
    url = urlsplit(text)
    if url.scheme not in DEFAULT_PORTS or not url.hostname:
        raise ValueError(text)
    return url


def resolve(atlas: Atlas, name: str) -> tuple[str | None, list[str]]:
    """Return failure and addresses; a name without addresses has neither (facts of the protocol, not a choice)."""
    if _is_address(name):
        return None, []
    host = zone.match(atlas.world.hosts, zone.aliases(atlas.world.hosts, name)[-1])
    known = zone.match(atlas.world.hosts, name)
    if known is None or not known.published:
        return "dns_name_error", []
    return None, list(zone.heard(host, REGION)) if host is not None else []


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def tcp_failure(atlas: Atlas, address: str, port: int) -> str | None:
    endpoint = atlas.endpoints.get((address, port))
    if address not in atlas.alive or (endpoint is not None and endpoint.service == "silent"):
        return "generic_timeout_error"
    return None if endpoint is not None else "connection_refused_error"


def tls_failure(atlas: Atlas, address: str, port: int, name: str) -> str | None:
    """Judge a handshake at an endpoint that is open, against the public authorities."""
    endpoint = atlas.endpoints[address, port]
    if endpoint.service in ("chat", "mtproto"):
        return "generic_timeout_error" if endpoint.service == "chat" else "eof_error"
    host, shown = atlas.presented(endpoint, name)
    if host is None:
        policy = endpoint.host.unknown_name if endpoint.host is not None else "reset"
        return UNKNOWN_NAME_FAILURES.get(policy, "connection_reset")
    if host.hello_delay_s >= PATIENCE_S:
        return "generic_timeout_error"
    failure = HELLO_FAILURES.get(host.hello) or CERTIFICATE_FAILURES.get(host.certificate)
    return failure or (None if shown == name or _is_address(name) else "ssl_invalid_hostname")


def visit(atlas: Atlas, url: SplitResult) -> dict[str, Any]:
    """Fetch a URL with its redirects, as the control's browser would, and report its last page."""
    for _ in range(MAX_REDIRECTS + 1):
        failure, host = _reach(atlas, url)
        if failure is not None or host is None:
            return _page(failure or "unknown_error")
        path = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        request = http.Request("GET", url.scheme, url.netloc, path, visitor="control")
        action, manner = http.settle(atlas, host, request)
        if isinstance(action, Break) or manner.delay_s >= PATIENCE_S:
            hangs = not isinstance(action, Break) or action.how == "hang"
            return _page("generic_timeout_error" if hangs else "unknown_error")
        reply = http.render(host, request, action, manner)
        location = _location(reply)
        if location is None:
            return _described(reply, url.netloc)
        try:
            url = web_url(urljoin(url.geturl(), location))
        except ValueError:
            return _page("unknown_error")
    return _page("unknown_error")


def fetching_s(atlas: Atlas, url: SplitResult) -> float:
    """Return how long the body of a page takes whose server paces itself; redirects are not followed."""
    _, host = _reach(atlas, url)
    if host is None or not isinstance(host.page, Paced):
        return 0.0
    request = http.Request("GET", url.scheme, url.netloc, url.path or "/", visitor="control")
    action, manner = http.settle(atlas, host, request)
    reply = http.render(host, request, action, manner)
    return 0.0 if isinstance(reply, Break) else min(reply.size_bytes, MAX_BODY_BYTES) / reply.bytes_per_s


def _location(reply: http.Reply | Break) -> str | None:
    if isinstance(reply, Break) or reply.status not in REDIRECTS:
        return None
    return next((value for name, value in reply.headers if name == "Location"), None)


def _reach(atlas: Atlas, url: SplitResult) -> tuple[str | None, Host | None]:
    """Find a server for the URL; returns why there is none, or whose page it shows."""
    name, port = url.hostname or "", url.port or DEFAULT_PORTS[url.scheme]
    dns_failure, addresses = resolve(atlas, name)
    addresses = [name] if _is_address(name) else addresses
    if dns_failure or not addresses or not all(map(zone.routable, addresses)):
        return "dns_lookup_error", None
    outcomes = {address: tcp_failure(atlas, address, port) for address in addresses}
    open_at = next((address for address, failure in outcomes.items() if failure is None), None)
    if open_at is None:
        return outcomes[addresses[0]], None
    if url.scheme == "https" and (failure := tls_failure(atlas, open_at, port, name)) is not None:
        return "generic_timeout_error" if failure == "generic_timeout_error" else "unknown_error", None
    endpoint = atlas.endpoints[open_at, port]
    return None, atlas.presented(endpoint, name)[0] or endpoint.host


def _described(reply: http.Reply | Break, authority: str) -> dict[str, Any]:
    if isinstance(reply, Break):
        return _page("unknown_error")
    sent = b"".join(_up_to(reply.chunks(), MAX_BODY_BYTES)) if reply.body else b""
    length = min(reply.size_bytes, MAX_BODY_BYTES, *([reply.cut.after_bytes] if reply.cut else []))
    title = TITLE.search(sent)
    headers: dict[str, str] = {}
    for name, value in reply.headers:
        headers.setdefault(name, value)
    broken = {"stall": "generic_timeout_error", "close": "unknown_error"}
    return {
        "body_length": length,
        "discovered_h3_endpoint": f"{authority}:443" if "Alt-Svc" in headers else "",
        "failure": broken[reply.cut.end] if reply.cut else None,
        "title": title[1].decode(errors="replace") if title else "",
        "headers": headers,
        "status_code": reply.status,
    }


def _up_to(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    for chunk in chunks:
        if limit <= 0:
            return
        yield chunk[:limit]
        limit -= len(chunk)


def _page(failure: str) -> dict[str, Any]:
    return {
        "body_length": -1,
        "discovered_h3_endpoint": "",
        "failure": failure,
        "title": "",
        "headers": {},
        "status_code": -1,
    }
