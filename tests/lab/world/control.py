"""The outside control: OONI's test-helper protocol, answered from `truth` without touching the network.

So it answers at once where a real one would have to wait for a time-out; what comes slowly it takes its time over.
"""

import ipaddress
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import SplitResult

from tests.lab.world import http, truth, zone
from tests.lab.world.atlas import Atlas

GREETING = {"message": "Hello OONItarian!"}
FROM_PROBE, FROM_CONTROL, BOGON, VALID = 1, 2, 4, 8


def answer(atlas: Atlas, request: http.Request) -> http.Reply:
    """Answer a probe's request as oohelperd does: 200 and a measurement, 400 for what is no request."""
    if request.method == "GET":
        return _json(GREETING)
    try:
        query = json.loads(request.body)
        url = truth.web_url(query["http_request"])
        endpoints = [_split_endpoint(endpoint) for endpoint in query.get("tcp_connect") or ()]
    except (ValueError, KeyError, TypeError, AttributeError):
        return http.reply(400, "", "text/plain")
    if request.method != "POST":
        return http.reply(400, "", "text/plain")
    asked = [address for address in endpoints if address]
    measured = _json(measure(atlas, url, asked, quic=query.get("x_quic_enabled") is True))
    return replace(measured, delay_s=truth.fetching_s(atlas, url))


def _json(content: object) -> http.Reply:
    return http.reply(200, json.dumps(content), "application/json")


def _split_endpoint(endpoint: str) -> str:
    """Take the address out of "ip:port"; "" where it is none, as ports and other names are not looked at."""
    address = endpoint.rpartition(":")[0].strip("[]")
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


def measure(atlas: Atlas, url: SplitResult, asked: Iterable[str], *, quic: bool) -> dict[str, Any]:
    """Measure a URL and the probe's addresses; the result is the protocol's response."""
    name = url.hostname or ""
    dns_failure, own = truth.resolve(atlas, name)
    addresses = list(dict.fromkeys([*asked, *own]))
    endpoints = [(a, port) for a in addresses if zone.routable(a) for port in _ports(url)]
    tcp = {endpoint: truth.tcp_failure(atlas, *endpoint) for endpoint in endpoints}
    tls = {e: truth.tls_failure(atlas, *e, name) for e, failure in tcp.items() if failure is None and e[1] == 443}
    over_quic = {e: tls[e] for e in tls if quic and _offers_quic(atlas, e[0])}
    page = truth.visit(atlas, url)
    info = {a: _address_info(a, asked, own, valid=tls.get((a, 443), "") is None) for a in addresses}
    return {
        "tcp_connect": {_joined(e): {"status": failure is None, "failure": failure} for e, failure in tcp.items()},
        **({"tls_handshake": _handshakes(tls, name)} if tls else {}),
        "quic_handshake": _handshakes(over_quic, name),
        "http_request": page,
        "http3_request": page if over_quic else None,
        "dns": {"failure": dns_failure, "addrs": own},
        **({"ip_info": info} if info else {}),
    }


def _ports(url: SplitResult) -> tuple[int, ...]:
    if url.port is not None:
        return (url.port,)
    return (443,) if url.scheme == "https" else (80, 443)


def _offers_quic(atlas: Atlas, address: str) -> bool:
    return any(host.quic for host in atlas.hosts_at.get(address, ()))


def _handshakes(outcomes: Mapping[tuple[str, int], str | None], name: str) -> dict[str, dict[str, Any]]:
    return {
        _joined(endpoint): {"server_name": name, "status": failure is None, "failure": failure}
        for endpoint, failure in outcomes.items()
    }


def _joined(endpoint: tuple[str, int]) -> str:
    address, port = endpoint
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _address_info(address: str, asked: Iterable[str], own: Iterable[str], *, valid: bool) -> dict[str, int]:
    flags = FROM_PROBE * (address in asked) | FROM_CONTROL * (address in own) | VALID * valid
    return {"asn": zone.asn_of(address), "flags": flags | BOGON * (not zone.routable(address))}
