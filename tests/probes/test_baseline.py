"""What the host's own observations say of its network."""

from __future__ import annotations

from typing import Any

import pytest

from probes.baseline import Seen, judge_network
from probes.observations import Arm, Certificate, HttpObservation, Purpose, Target, TlsObservation

BASELINE: dict[str, Any] = {"arm": Arm.CONTROL, "purpose": Purpose.BASELINE, "elapsed_s": 0.1}


def leaf(name: str, sha256: str) -> Certificate:
    at = "2026-01-01T00:00:00Z"
    return Certificate(subject=name, issuer="A", not_before=at, not_after=at, names=(name,), sha256=sha256)


def server(address: str, sha256: str, failure: str | None = "ssl_unknown_authority") -> TlsObservation:
    target = Target(host=address, address=address, port=443)
    return TlsObservation(
        id=address, target=target, server_name="", failure=failure, chain=(leaf("portal", sha256),), **BASELINE
    )


def passed() -> HttpObservation:
    target = Target(host="check.example", address="192.0.2.9", port=80)
    return HttpObservation(id="h", target=target, url="http://check.example/", status=204, **BASELINE)


@pytest.mark.parametrize(
    ("servers", "said"),
    [
        ([server("192.0.2.1", "aa"), server("192.0.2.2", "aa")], "captive"),
        ([server("192.0.2.1", "aa"), server("192.0.2.2", "aa"), server("192.0.2.3", "bb")], "ok"),
        ([server("192.0.2.1", "aa"), server("192.0.2.2", "bb")], "ok"),
        ([server("192.0.2.1", "aa")], "ok"),
        ([server("192.0.2.1", "aa"), server("192.0.2.2", "aa"), server("192.0.2.3", "cc", None)], "ok"),
    ],
)
def test_a_portal_that_lets_connectivity_checks_pass_is_known_by_its_one_certificate(
    servers: list[TlsObservation], said: str
) -> None:
    seen = Seen(connectivity=[(204, passed())], servers=servers)
    assert judge_network(seen) == said
