"""Reports as OONI's measurements, held against its data format (df-000 to df-008) and what its tools read from it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter

from probes.model import Cause, Confidence, Report, Status, Vantage
from probes.observations import (
    Arm,
    DnsObservation,
    DnsReply,
    HttpObservation,
    Purpose,
    QuicObservation,
    Record,
    StunObservation,
    Target,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)
from probes.ooni import measurement

if TYPE_CHECKING:
    from probes.observations import AnyObservation

AT = Target(host="example.org", address="192.0.2.1", port=443)
ONE: dict[str, Any] = {
    "arm": Arm.EXPERIMENT,
    "purpose": Purpose.MEASURE,
    "target": AT,
    "connection": "c7",
    "started_s": 1.0,
    "elapsed_s": 0.5,
}
LATER = ONE | {"target": Target(host="www.example.org", address="192.0.2.1", port=443), "started_s": 2.0}
STEPS = (
    DnsObservation(
        **ONE | {"connection": None},
        resolver="195.34.32.116",
        transport="udp",
        query_type="A",
        reply=DnsReply(
            rcode="NOERROR",
            flags=("qr",),
            answers=(Record("example.org", "A", 60, "192.0.2.1"), Record("example.org", "TXT", 60, "x")),
        ),
    ),
    TcpObservation(**ONE),
    TlsObservation(**ONE, server_name="example.org", version="TLSv1.3", alpn="http/1.1"),
    HttpObservation(**ONE, url="https://example.org/", status=301, headers=(("location", "https://www.example.org/"),)),
    HttpObservation(**LATER, url="https://www.example.org/", failure="connection_reset"),
    QuicObservation(**ONE, kind="handshake", server_name="example.org", failure="generic_timeout_error"),
    TransferObservation(**ONE, direction="down", wanted_bytes=65536, moved_bytes=20000),
    StunObservation(**ONE),
    TcpObservation(**ONE | {"arm": Arm.CONTROL, "purpose": Purpose.UNRELATED_ADDRESS}),
)


def report(status: Status = Status.OK, *causes: Cause, **changes: Any) -> Report:
    known: dict[str, Any] = {
        "target": "example.org",
        "kind": "host",
        "status": status,
        "confidence": Confidence.CONFIRMED,
        "causes": causes,
        "vantage": Vantage(address="192.0.2.0/24", asn=8402, network="Corbina", country="RU"),
        "started_at": "2026-11-01T10:00:00.250000+00:00",
        "elapsed_s": 1.25,
        "observations": STEPS,
    }
    return Report(**known | changes)


# --- a model of the format of our own, which takes no key that it does not know --------------------------------------


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Step(_Strict):
    failure: str | None
    t0: float
    t: float
    tags: list[str]
    transaction_id: int


class _Answer(_Strict):
    answer_type: str
    ttl: int | None
    ipv4: str | None = None
    ipv6: str | None = None
    hostname: str | None = None


class _Query(_Step):
    answers: list[_Answer] | None
    engine: str
    hostname: str
    query_type: str
    resolver_hostname: str | None
    resolver_port: str | None
    resolver_address: str


class _TcpStatus(_Strict):
    failure: str | None
    success: bool


class _TcpConnect(_Strict):
    ip: str
    port: int
    status: _TcpStatus
    t0: float
    t: float
    tags: list[str]
    transaction_id: int


class _Handshake(_Step):
    network: str
    address: str
    cipher_suite: str
    negotiated_protocol: str
    no_tls_verify: bool
    peer_certificates: list[dict[str, str]] | None
    server_name: str
    tls_version: str


class _Message(_Strict):
    body: str
    body_is_truncated: bool
    headers: dict[str, str]
    headers_list: list[list[str]]


class _Asked(_Message):
    method: str
    url: str
    x_transport: str


class _Answered(_Message):
    code: int


class _Request(_Step):
    network: str
    address: str
    request: _Asked
    response: _Answered


class _Event(_Step):
    operation: str
    address: str
    num_bytes: int


class _Keys(_Strict):
    agent: str
    queries: list[_Query]
    tcp_connect: list[_TcpConnect]
    tls_handshakes: list[_Handshake]
    requests: list[_Request]
    network_events: list[_Event]
    x_reachbot: dict[str, Any]
    accessible: bool | None = None
    blocking: str | bool | None = None
    control_failure: str | None = None
    dns_consistency: str | None = None
    dns_experiment_failure: str | None = None
    http_experiment_failure: str | None = None
    retries: int | None = None
    socksproxy: str | None = None


class _Measurement(_Strict):
    annotations: dict[str, str]
    data_format_version: str
    extensions: dict[str, int]
    input: str | None
    measurement_start_time: str
    test_start_time: str
    probe_asn: str
    probe_cc: str
    probe_ip: str
    probe_network_name: str
    report_id: str
    resolver_asn: str
    resolver_ip: str
    resolver_network_name: str
    software_name: str
    software_version: str
    test_name: str
    test_version: str
    test_runtime: float
    test_keys: _Keys


def written(report: Report) -> dict[str, Any]:
    """Return what reaches a file, after holding it against the format."""
    text = json.dumps(measurement(report))
    TypeAdapter(_Measurement).validate_json(text)
    plain: dict[str, Any] = json.loads(text)
    return plain


def test_a_host_is_a_web_connectivity_measurement() -> None:
    plain = written(report())
    assert (plain["test_name"], plain["input"]) == ("web_connectivity", "https://example.org/")
    assert plain["measurement_start_time"] == "2026-11-01 10:00:00"
    assert (plain["probe_asn"], plain["probe_cc"], plain["probe_network_name"]) == ("AS8402", "RU", "Corbina")
    assert (plain["probe_ip"], plain["resolver_ip"]) == ("127.0.0.1", "195.34.32.116")
    assert (plain["software_name"], plain["data_format_version"]) == ("reachbot", "0.2.0")


def test_a_service_is_an_experiment_of_our_own() -> None:
    plain = written(report(kind="service", target="whatsapp", status=Status.BLOCKED, vantage=Vantage()))
    assert (plain["test_name"], plain["input"]) == ("reachbot", None)
    assert (plain["probe_asn"], plain["probe_cc"]) == ("AS0", "ZZ")
    assert "blocking" not in plain["test_keys"]
    assert plain["test_keys"]["x_reachbot"]["status"] == "blocked"


def test_steps_of_the_target_stand_in_their_arrays_and_controls_in_none() -> None:
    keys = written(report())["test_keys"]
    assert [(q["engine"], q["resolver_address"]) for q in keys["queries"]] == [("udp", "195.34.32.116:53")]
    assert keys["queries"][0]["answers"] == [{"answer_type": "A", "ipv4": "192.0.2.1", "ttl": 60}]
    assert len(keys["tcp_connect"]) == 1
    assert [shaken["network"] for shaken in keys["tls_handshakes"]] == ["tcp", "udp"]
    assert [asked["request"]["url"] for asked in keys["requests"]] == [
        "https://www.example.org/",
        "https://example.org/",
    ]
    joined = [*keys["tcp_connect"], *keys["tls_handshakes"], *keys["requests"]]
    assert {step["transaction_id"] for step in joined} == {7}
    assert {(step["t0"], step["t"]) for step in joined} == {(1.0, 1.5), (2.0, 2.5)}


# --- hops of a redirect ----------------------------------------------------------------------------------------------

WWW = "www.example.org"


def at(host: str, started_s: float, connection: str | None = None, port: int = 443) -> dict[str, Any]:
    target = Target(host=host) if connection is None else Target(host=host, address="192.0.2.1", port=port)
    return ONE | {"target": target, "started_s": started_s, "connection": connection}


def asked(host: str, started_s: float) -> DnsObservation:
    return DnsObservation(**at(host, started_s), resolver="195.34.32.116", transport="udp", query_type="A")


def fetched(url: str, host: str, started_s: float, connection: str, location: str | None = None) -> HttpObservation:
    headers = (("location", location),) if location else ()
    return HttpObservation(**at(host, started_s, connection), url=url, status=301, headers=headers)


def depths(*steps: AnyObservation, **changes: Any) -> list[list[str]]:
    """Return the depths that are told, of each array in order."""
    keys = written(report(observations=steps, **changes))["test_keys"]
    entries = [*keys["queries"], *keys["tcp_connect"], *keys["tls_handshakes"], *keys["requests"][::-1]]
    return [[tag for tag in entry["tags"] if tag.startswith("depth=")] for entry in entries]


FIRST, SECOND, NONE = ["depth=0"], ["depth=1"], list[str]()


def test_a_redirect_to_another_host_is_one_hop_deeper() -> None:
    steps = (
        asked("example.org", 0.0),
        asked(WWW, 2.0),
        TcpObservation(**at("example.org", 0.5, "c1")),
        TcpObservation(**at(WWW, 2.5, "c2")),
        TlsObservation(**at("example.org", 0.7, "c1"), server_name="example.org"),
        TlsObservation(**at(WWW, 2.7, "c2"), server_name=WWW, failure="connection_reset"),
        fetched("https://example.org/", "example.org", 1.0, "c1", f"https://{WWW}:443"),
    )
    assert depths(*steps) == [FIRST, SECOND, FIRST, SECOND, FIRST, SECOND, FIRST]


def test_hops_of_one_host_are_told_apart_by_port_request_and_time() -> None:
    """The question is asked once, for the first of them."""
    to_tls = (
        asked("example.org", 0.0),
        TcpObservation(**at("example.org", 0.5, "c1", 80)),
        TcpObservation(**at("example.org", 2.0, "c2")),
        fetched("http://example.org/", "example.org", 1.0, "c1", "https://example.org/"),
    )
    assert depths(*to_tls) == [FIRST, FIRST, SECOND, FIRST]
    to_another_page = (
        TcpObservation(**at("example.org", 0.5, "c1")),
        TcpObservation(**at("example.org", 0.6, "c2"), failure="generic_timeout_error"),
        TcpObservation(**at("example.org", 2.0, "c3")),
        TcpObservation(**at("example.org", 2.1, "c4"), failure="generic_timeout_error"),
        fetched("https://example.org/", "example.org", 1.0, "c1", "/en#top"),
        fetched("https://example.org/en", "example.org", 2.5, "c3"),
    )
    assert depths(*to_another_page) == [FIRST, FIRST, SECOND, NONE, FIRST, SECOND]


def test_a_page_of_which_nothing_tells_who_led_there_has_no_depth() -> None:
    steps = (
        fetched("https://example.org/", "example.org", 1.0, "c1", "https://[broken"),
        fetched(f"https://{WWW}/", WWW, 2.0, "c2"),
    )
    assert depths(*steps) == [FIRST, NONE]
    assert depths(*steps, kind="service") == [FIRST, FIRST]


@pytest.mark.parametrize(
    ("status", "cause", "accessible", "blocking"),
    [
        (Status.OK, None, True, False),
        (Status.DEGRADED, Cause.FLOW_THROTTLED, True, False),
        (Status.BLOCKED, Cause.DNS_NXDOMAIN, False, "dns"),
        (Status.BLOCKED, Cause.IP_DROPPED, False, "tcp_ip"),
        (Status.BLOCKED, Cause.TLS_SNI_RESET, False, "http-failure"),
        (Status.BLOCKED, Cause.HTTP_BLOCKPAGE, False, "http-diff"),
        (Status.DOWN, Cause.SERVICE_DOWN, False, False),
        (Status.INCONCLUSIVE, Cause.HOST_OFFLINE, None, None),
    ],
)
def test_the_verdict_is_said_in_ooni_s_words(
    status: Status, cause: Cause | None, accessible: object, blocking: object
) -> None:
    keys = written(report(status, *([cause] if cause else [])))["test_keys"]
    assert (keys["accessible"], keys["blocking"]) == (accessible, blocking)


def test_the_resolver_of_a_home_is_not_told() -> None:
    at_home = DnsObservation(**ONE | {"connection": None}, resolver="192.168.1.1", transport="udp", query_type="A")
    plain = written(report(observations=(at_home,)))
    assert plain["resolver_ip"] == "127.0.0.2"
    assert "192.168.1.1" not in json.dumps(plain)
