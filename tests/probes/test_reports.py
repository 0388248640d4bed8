"""Reports survive the way to JSON and back, and nothing else passes for one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes import reports
from probes.model import Baseline, Cause, ComponentFinding, Confidence, DirectoryFinding, Report, Status, Vantage
from probes.observations import (
    AnyObservation,
    Arm,
    Certificate,
    DnsObservation,
    DnsReply,
    HttpObservation,
    MtprotoObservation,
    OutsideObservation,
    Purpose,
    QuicObservation,
    Record,
    StunObservation,
    Target,
    TcpInfo,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)

TARGET = Target(host="web.whatsapp.com", address="192.0.2.1", port=443)
EXPERIMENT: dict[str, Any] = {"arm": Arm.EXPERIMENT, "purpose": Purpose.MEASURE, "target": TARGET, "connection": "c1"}
REPLY = DnsReply(rcode="NOERROR", flags=("ra",), answers=(Record("web.whatsapp.com", "A", 60, "192.0.2.1"),))
CERTIFICATE = Certificate(
    subject="CN=a",
    issuer="CN=b",
    not_before="2026-01-01T00:00:00Z",
    not_after="2027-01-01T00:00:00Z",
    names=("a", "b"),
    sha256="00",
)
EVERY_STEP: tuple[AnyObservation, ...] = (
    DnsObservation(
        arm=Arm.CONTROL,
        purpose=Purpose.HONEST_RESOLVER,
        target=Target(host="web.whatsapp.com"),
        resolver="https://192.0.2.53/dns-query",
        transport="doh",
        query_type="A",
        reply=REPLY,
        late_replies=(REPLY, REPLY),
    ),
    TcpObservation(
        **EXPERIMENT, info=TcpInfo(min_rtt_s=0.04, bytes_received=12, retransmits=1, unacknowledged=2), id="o2"
    ),
    TlsObservation(
        **EXPERIMENT,
        failure="connection_reset",
        server_name="web.whatsapp.com",
        chain=(CERTIFICATE,),
    ),
    HttpObservation(
        **EXPERIMENT, url="https://web.whatsapp.com/", status=302, headers=(("location", "/x"),), title="ё"
    ),
    QuicObservation(**EXPERIMENT, kind="version_negotiation", versions=("1",)),
    MtprotoObservation(**EXPERIMENT, transport="intermediate"),
    StunObservation(**EXPERIMENT, requests=2),
    TransferObservation(**EXPERIMENT, direction="down", wanted_bytes=65536, rate_bytes_s=1.5),
    OutsideObservation(**EXPERIMENT, control="https://control.example", tcp={"192.0.2.1:443": None, "[::1]:443": "x"}),
)


def report(**changes: object) -> Report:
    fields: dict[str, Any] = {
        "target": "whatsapp",
        "kind": "service",
        "status": Status.BLOCKED,
        "confidence": Confidence.CONFIRMED,
        "causes": (Cause.TLS_SNI_RESET,),
        "components": (
            ComponentFinding(
                id="web",
                essential=True,
                status=Status.BLOCKED,
                confidence=Confidence.CONFIRMED,
                causes=(Cause.TLS_SNI_RESET,),
                because=("o2",),
                rules=("sni_reset",),
            ),
        ),
        "beyond_dns": "blocked",
        "directories": (DirectoryFinding(id="nsdi", status="delisted", names={"whatsapp.com": "NXDOMAIN"}),),
        "baseline": Baseline(resolver="rerouted"),
        "vantage": Vantage(asn=64500, country="ZZ"),
        "started_at": "2026-11-23T06:00:00Z",
        "elapsed_s": 1.25,
        "observations": EVERY_STEP,
    }
    return Report(**(fields | changes))


def test_a_report_with_every_step_comes_back_the_same() -> None:
    assert reports.load(reports.dump(report())) == report()


def test_a_dump_is_one_line_with_the_public_keys() -> None:
    text = reports.dump(report())
    assert "\n" not in text
    assert set(json.loads(text)) == {
        "target",
        "kind",
        "status",
        "confidence",
        "causes",
        "components",
        "beyond_dns",
        "directories",
        "baseline",
        "vantage",
        "started_at",
        "elapsed_s",
        "observations",
    }
    assert [observation["step"] for observation in json.loads(text)["observations"]] == [
        "dns",
        "tcp",
        "tls",
        "http",
        "quic",
        "mtproto",
        "stun",
        "transfer",
        "outside",
    ]


def test_plain_values_say_what_the_text_says() -> None:
    assert reports.as_dict(report()) == json.loads(reports.dump(report()))


@settings(deadline=None)
@given(title=st.text(), elapsed_s=st.floats(allow_nan=False, allow_infinity=False), late=st.integers(0, 3))
def test_whatever_a_server_said_comes_back_the_same(title: str, elapsed_s: float, late: int) -> None:
    seen = HttpObservation(**EXPERIMENT, url="https://example.org/", title=title, headers=(("server", title),) * late)
    original = report(observations=(seen,), elapsed_s=elapsed_s)
    assert reports.load(reports.dump(original)) == original


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "{", '{"target": 1}', reports.dump(report()).replace('"blocked"', '"banned"')],
)
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(reports.ReportError, match="not a report"):
        reports.load(text)


def test_keys_that_a_newer_version_added_are_passed_over() -> None:
    text = json.dumps(reports.as_dict(report()) | {"news": []})
    assert reports.load(text) == report()
