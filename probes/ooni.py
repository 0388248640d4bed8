"""Reports in OONI's data format 0.2.0 (github.com/ooni/spec, data-formats df-000 to df-008), for OONI's own tools.

Pure. A bare host becomes a `web_connectivity` measurement, a service one of an experiment of ours: what OONI's
messenger tests say rests on other endpoints. The arrays hold what was measured of the target; controls, which OONI's
tools would take for the target as well, are left out. Bodies, certificates and this host's address are never in them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from probes.guard import PUBLIC_ANY_PORT
from probes.model import Status
from probes.observations import (
    Arm,
    DnsObservation,
    HttpObservation,
    QuicObservation,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)
from probes.ooni_hops import Hops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from probes.model import Cause, Report
    from probes.observations import AnyObservation, Observation, Record

    Json = dict[str, Any]

DATA_FORMAT = "0.2.0"
SERVICE_TEST = "reachbot"
"""The name of our own experiment."""
TEST_VERSION = "0.1.0"
_SOFTWARE = "reachbot"
_UNKNOWN_RESOLVER = "127.0.0.2"
_PROBE_IP = "127.0.0.1"
_DNS_TRANSACTIONS = 10_000
"""From here on: questions belong to no connection."""
_EXTENSIONS = {"dnst": 0, "httpt": 0, "netevents": 0, "tcpconnect": 0, "tlshandshake": 0}
_BLOCKING = {"dns": "dns", "ip": "tcp_ip", "tls": "http-failure", "http": "http-failure", "flow": "http-failure"}
_ANSWERS = {"A": "ipv4", "AAAA": "ipv6", "CNAME": "hostname"}


def measurement(report: Report) -> Json:
    """Return one measurement of OONI's, of plain values that any JSON writer takes."""
    steps = [step for step in report.observations if step.arm is Arm.EXPERIMENT]
    started = f"{datetime.fromisoformat(report.started_at).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    vantage = report.vantage
    is_host = report.kind == "host"
    return {
        "annotations": {"target": report.target, "via": vantage.via or ""},
        "data_format_version": DATA_FORMAT,
        "extensions": _EXTENSIONS,
        "input": _url(report, steps) if is_host else None,
        "measurement_start_time": started,
        "test_start_time": started,
        "probe_asn": f"AS{vantage.asn or 0}",
        "probe_cc": vantage.country or "ZZ",
        "probe_ip": _PROBE_IP,
        "probe_network_name": vantage.network or "",
        "report_id": "",
        "resolver_asn": "AS0",
        "resolver_ip": _resolver(steps),
        "resolver_network_name": "",
        "software_name": _SOFTWARE,
        "software_version": TEST_VERSION,
        "test_name": "web_connectivity" if is_host else SERVICE_TEST,
        "test_version": TEST_VERSION,
        "test_runtime": report.elapsed_s,
        "test_keys": _arrays(steps, Hops(steps, one_start=is_host))
        | _verdict(report)
        | (_web_keys(report, steps) if is_host else {}),
    }


def _url(report: Report, steps: Iterable[AnyObservation]) -> str:
    return next((step.url for step in steps if isinstance(step, HttpObservation)), f"https://{report.target}/")


def _resolver(steps: Iterable[AnyObservation]) -> str:
    """Return the system's resolver, unless it says where in a home or an office this host is."""
    asked = (step.resolver for step in steps if isinstance(step, DnsObservation) and step.transport != "doh")
    return _told(next(asked, _UNKNOWN_RESOLVER))


def _told(resolver: str) -> str:
    return resolver if PUBLIC_ANY_PORT.permits(resolver, 53) else _UNKNOWN_RESOLVER


def _verdict(report: Report) -> Json:
    components = [
        {"id": part.id, "status": part.status, "confidence": part.confidence, "causes": list(part.causes)}
        for part in report.components
    ]
    said = {"status": report.status, "confidence": report.confidence, "causes": list(report.causes)}
    return {"x_reachbot": said | {"components": components, "beyond_dns": report.beyond_dns}}


# --- what only web_connectivity has ----------------------------------------------------------------------------------


def _web_keys(report: Report, steps: Iterable[AnyObservation]) -> Json:
    failures = {kind: _failure(steps, kind) for kind in (DnsObservation, HttpObservation)}
    return {
        "accessible": _ACCESSIBLE[report.status],
        "blocking": _blocking(report),
        "control_failure": None,
        "dns_consistency": "inconsistent" if _names(report.causes, "dns") else "consistent",
        "dns_experiment_failure": failures[DnsObservation],
        "http_experiment_failure": failures[HttpObservation],
        "retries": None,
        "socksproxy": None,
    }


_ACCESSIBLE = {
    Status.OK: True,
    Status.DEGRADED: True,
    Status.BLOCKED: False,
    Status.DOWN: False,
    Status.INCONCLUSIVE: None,
}


def _blocking(report: Report) -> str | bool | None:
    if report.status is Status.INCONCLUSIVE:
        return None
    if report.status is not Status.BLOCKED:
        return False
    if "http.blockpage" in report.causes:
        return "http-diff"
    return next((_BLOCKING[kind] for cause in report.causes if (kind := cause.partition(".")[0]) in _BLOCKING), None)


def _names(causes: Iterable[Cause], layer: str) -> bool:
    return any(cause.startswith(f"{layer}.") for cause in causes)


def _failure(steps: Iterable[AnyObservation], kind: type[Observation]) -> str | None:
    """Return the failure of the first step of a kind; None where there was none, or none was taken."""
    return next((step.failure for step in steps if isinstance(step, kind)), None)


# --- the arrays ------------------------------------------------------------------------------------------------------


def _arrays(steps: Iterable[AnyObservation], hops: Hops) -> Json:
    arrays: dict[str, list[Json]] = {name: [] for name in _ARRAYS}
    for number, step in enumerate(steps, 1):
        for name, (kinds, write) in _ARRAYS.items():
            if isinstance(step, kinds):
                arrays[name].append(write(step) | _common(step, number, hops.depth_of(step)))
    arrays["requests"].reverse()  # the last request comes first
    return {"agent": "redirect", **arrays}


def _common(step: AnyObservation, number: int, depth: int | None) -> Json:
    connection = (step.connection or "").removeprefix("c")
    return {
        "t0": step.started_s,
        "t": step.started_s + step.elapsed_s,
        "tags": [step.purpose, *(() if depth is None else (f"depth={depth}",))],
        "transaction_id": int(connection) if connection.isdigit() else _DNS_TRANSACTIONS + number,
    }


def _query(step: DnsObservation) -> Json:
    reply = step.reply
    return {
        "answers": [_answer(record) for record in reply.answers if record.type in _ANSWERS] if reply else None,
        "engine": step.transport,
        "failure": step.failure,
        "hostname": step.target.host,
        "query_type": step.query_type,
        "resolver_hostname": None,
        "resolver_port": None,
        "resolver_address": step.resolver if step.transport == "doh" else _joined(_told(step.resolver), 53),
    }


def _answer(record: Record) -> Json:
    return {"answer_type": record.type, _ANSWERS[record.type]: record.data, "ttl": record.ttl_s}


def _connect(step: TcpObservation) -> Json:
    status = {"failure": step.failure, "success": step.failure is None}
    return {"ip": step.target.address or "", "port": step.target.port or 0, "status": status}


def _handshake(step: TlsObservation | QuicObservation) -> Json:
    over_tcp = isinstance(step, TlsObservation)
    return {
        "network": "tcp" if over_tcp else "udp",
        "address": _joined(step.target.address or "", step.target.port or 0),
        "cipher_suite": "",
        "failure": step.failure,
        "negotiated_protocol": step.alpn or "",
        "no_tls_verify": False,
        "peer_certificates": None,
        "server_name": step.server_name,
        "tls_version": (step.version or "") if isinstance(step, TlsObservation) else "",
    }


def _request(step: HttpObservation) -> Json:
    request = {"body": "", "body_is_truncated": False, "headers": {}, "headers_list": []}
    response = {
        "body": "",
        "body_is_truncated": True,
        "code": step.status or 0,
        "headers": dict(step.headers),
        "headers_list": [list(header) for header in sorted(step.headers)],
    }
    return {
        "network": "tcp",
        "address": _joined(step.target.address or "", step.target.port or 0),
        "failure": step.failure,
        "request": request | {"method": "GET", "url": step.url, "x_transport": "tcp"},
        "response": response,
    }


def _flow(step: TransferObservation) -> Json:
    return {
        "operation": "bytes_received_cumulative" if step.direction == "down" else "write",
        "address": _joined(step.target.address or "", step.target.port or 0),
        "num_bytes": step.moved_bytes,
        "failure": step.failure,
    }


_ARRAYS: Mapping[str, tuple[type[Observation] | tuple[type[Observation], ...], Callable[[Any], Json]]] = {
    "queries": (DnsObservation, _query),
    "tcp_connect": (TcpObservation, _connect),
    "tls_handshakes": ((TlsObservation, QuicObservation), _handshake),
    "requests": (HttpObservation, _request),
    "network_events": (TransferObservation, _flow),
}


def _joined(address: str, port: int) -> str:
    """Return "192.0.2.1:53" or "[2001:db8::1]:53"; a resolver's own port stays."""
    try:
        version = ip_address(address).version
    except ValueError:
        return address
    return f"[{address}]:{port}" if version == 6 else f"{address}:{port}"  # noqa: PLR2004 -- IP's version
