"""What is shown of a report's observations: the failure and its control side by side, what works not at all."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chat import evidence
from bot.chat.proofs import MOST_SHOWN, chosen
from probes.model import Cause, ComponentFinding, Confidence, Status
from probes.observations import (
    AnyObservation,
    Arm,
    DnsObservation,
    HttpObservation,
    OutsideObservation,
    Purpose,
    StunObservation,
    Target,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)
from tests.bot.canned import finding, report

HERE, THERE = "192.0.2.1", "198.51.100.1"


def common(purpose: Purpose, host: str, address: str | None = None, **more: Any) -> dict[str, Any]:
    experiment = purpose in {Purpose.MEASURE, Purpose.REPEAT}
    arm = Arm.EXPERIMENT if experiment else Arm.CONTROL
    return {"purpose": purpose, "arm": arm, "target": Target(host=host, address=address, port=443)} | more


def tcp(
    id_: str, purpose: Purpose = Purpose.MEASURE, host: str = "a.example", at: str = HERE, **more: Any
) -> AnyObservation:
    return TcpObservation(id=id_, **common(purpose, host, at, **more))


def tls(
    id_: str, purpose: Purpose = Purpose.MEASURE, host: str = "a.example", at: str = HERE, **more: Any
) -> AnyObservation:
    return TlsObservation(id=id_, server_name=host, **common(purpose, host, at, **more))


def dns(id_: str, purpose: Purpose = Purpose.MEASURE, host: str = "a.example", **more: Any) -> AnyObservation:
    question = {"resolver": "192.0.2.53", "transport": "udp", "query_type": "A"}
    return DnsObservation(id=id_, **question | common(purpose, host, **more))


def http(
    id_: str, purpose: Purpose = Purpose.MEASURE, host: str = "a.example", at: str = HERE, **more: Any
) -> AnyObservation:
    return HttpObservation(id=id_, url=f"http://{host}/", **common(purpose, host, at, **more))


def outside(id_: str, host: str = "a.example") -> AnyObservation:
    return OutsideObservation(id=id_, control="https://c.example", **common(Purpose.OUTSIDE, host))


def transfer(
    id_: str, purpose: Purpose = Purpose.TRANSFER, host: str = "a.example", at: str = HERE, **more: Any
) -> AnyObservation:
    """Data that moved, down unless said otherwise."""
    own: dict[str, Any] = {"arm": Arm.EXPERIMENT} if purpose is Purpose.TRANSFER else {}
    facts: dict[str, Any] = {"direction": "down", "wanted_bytes": 65_536, "moved_bytes": 65_536}
    return TransferObservation(id=id_, **facts | common(purpose, host, at) | own | more)


def shown(*components: ComponentFinding, seen: tuple[AnyObservation, ...], most: int = MOST_SHOWN) -> list[str]:
    """Return the ids of what is shown."""
    statuses = {component.status for component in components}
    status = Status.OK if statuses == {Status.OK} else Status.DEGRADED
    found = report("a", status, components=components, observations=seen)
    return [observation.id for observation in chosen(found, most)]


def blocked(id_: str, because: str, *causes: Cause, **changes: Any) -> ComponentFinding:
    return finding(id_, Status.BLOCKED, *causes, because=tuple(because.split()), **changes)


RESET: dict[str, Any] = {"failure": "connection_reset"}


def test_a_failed_step_stands_next_to_the_controls_that_went_another_way() -> None:
    seen = (
        tcp("connected", connection="c1"),
        tls("cut", connection="c1", **RESET),
        tls("cut-again", Purpose.REPEAT, **RESET),
        tls("elsewhere", Purpose.UNRELATED_ADDRESS, at=THERE, **RESET),
        tls("other-name", Purpose.INNOCUOUS_NAME, failure="ssl_invalid_hostname"),
        outside("outside"),
    )
    because = "connected cut cut-again elsewhere other-name outside"
    assert shown(blocked("web", because, Cause.TLS_SNI_RESET), seen=seen) == [
        "cut",
        "other-name",
        "elsewhere",
        "outside",
        "cut-again",
    ]


def test_a_control_that_failed_in_another_way_proves_nothing_here() -> None:
    seen = (tls("cut", **RESET), tls("silent", Purpose.INNOCUOUS_NAME, failure="generic_timeout_error"))
    assert shown(blocked("web", "cut silent", Cause.TLS_SNI_RESET), seen=seen) == ["cut"]


def test_a_directory_is_told_with_what_it_denies_and_what_others_answer() -> None:
    denied: dict[str, Any] = {"failure": "dns_nxdomain_error"}
    seen = (
        dns("denied", **denied),
        dns("directory", Purpose.DIRECTORY, resolver="198.51.100.53", **denied),
        dns("honest", Purpose.DIRECTORY, resolver="https://d.example/"),
        tls("other-name", Purpose.INNOCUOUS_NAME),
    )
    because = "denied directory honest other-name"
    assert shown(blocked("web", because, Cause.DNS_DELISTED), seen=seen) == ["denied", "honest", "directory"]


def test_of_what_reads_the_same_one_is_told() -> None:
    seen = tuple(tcp(f"o{number}", Purpose.REPEAT, failure="generic_timeout_error") for number in range(3))
    assert shown(blocked("web", "o0 o1 o2", Cause.IP_DROPPED), seen=seen) == ["o0"]


def test_each_cause_gets_a_word_before_any_gets_a_second_one() -> None:
    seen = (
        dns("denied", failure="dns_nxdomain_error"),
        dns("denied-again", Purpose.REPEAT, failure="dns_nxdomain_error"),
        dns("honest", Purpose.HONEST_RESOLVER),
        tls("silent", Purpose.HONEST_ADDRESS, failure="generic_timeout_error"),
    )
    found = blocked("web", "denied denied-again honest silent", Cause.DNS_NXDOMAIN, Cause.TLS_SNI_DROPPED)
    told = shown(found, seen=seen)
    assert told[:2] == ["denied", "honest"]
    assert sorted(told[2:]) == ["denied-again", "silent"]
    assert told.index("silent") < told.index("denied-again")


def test_the_gravest_component_comes_first_and_a_working_one_not_at_all() -> None:
    seen = (tcp("fine"), tcp("slow", failure="generic_timeout_error"), tcp("dead", failure="host_unreachable"))
    assert shown(
        finding("media", because=("fine",)),
        finding("extra", Status.BLOCKED, Cause.IP_DROPPED, because=("slow",), essential=False),
        blocked("web", "dead", Cause.IP_DROPPED),
        seen=seen,
    ) == ["dead", "slow"]


def test_of_two_equally_grave_components_the_surer_one_comes_first() -> None:
    seen = (tcp("first", failure="x"), tcp("second", failure="y"))
    assert shown(
        blocked("web", "first", Cause.IP_DROPPED, confidence=Confidence.POSSIBLE),
        blocked("chat", "second", Cause.IP_DROPPED),
        seen=seen,
    ) == ["second", "first"]


def test_what_works_is_shown_by_how_it_ended_one_host_after_the_other() -> None:
    seen = (
        tcp("tcp-a", connection="c1"),
        tls("tls-a", connection="c1"),
        http("http-a", connection="c1"),
        tcp("tcp-a2", at=THERE, connection="c2"),
        http("http-a2", at=THERE, connection="c2"),
        http("http-b", host="b.example", connection="c3"),
    )
    because = tuple(observation.id for observation in seen)
    assert shown(finding(because=because), seen=seen) == ["http-a", "http-b", "http-a2"]


def test_a_block_page_is_told_though_no_step_failed() -> None:
    page: dict[str, Any] = {"fingerprints": ("notice",), "status": 200}
    seen = (
        http("clean", Purpose.UNRELATED_BASELINE, status=200),
        http("page-elsewhere", Purpose.UNRELATED_ADDRESS, **page),
        tcp("connected", connection="c1"),
        http("page", connection="c1", **page),
    )
    because = "clean page-elsewhere connected page"
    assert shown(blocked("web", because, Cause.HTTP_BLOCKPAGE), seen=seen) == ["page", "clean", "page-elsewhere"]


def test_a_false_address_is_told_though_the_question_was_answered() -> None:
    seen = (dns("spoofed"), dns("honest", Purpose.HONEST_RESOLVER))
    assert shown(blocked("web", "spoofed honest", Cause.DNS_SPOOFED), seen=seen) == ["spoofed", "honest"]


def test_a_control_belongs_to_the_question_that_it_repeats() -> None:
    seen = (
        dns("denied-6", query_type="AAAA", failure="dns_nxdomain_error"),
        dns("honest-4", Purpose.HONEST_RESOLVER),
        dns("honest-6", Purpose.HONEST_RESOLVER, query_type="AAAA"),
        dns("other-host", Purpose.HONEST_RESOLVER, host="b.example", query_type="AAAA"),
    )
    because = "denied-6 honest-4 honest-6 other-host"
    assert shown(blocked("web", because, Cause.DNS_NXDOMAIN), seen=seen) == ["denied-6", "honest-6"]


@pytest.mark.parametrize("most", [1, 3, MOST_SHOWN])
def test_no_more_is_shown_than_asked_for(most: int) -> None:
    seen = tuple(tcp(f"o{number}", failure=f"failure {number}") for number in range(20))
    because = " ".join(observation.id for observation in seen)
    assert len(shown(blocked("web", because, Cause.IP_DROPPED), seen=seen, most=most)) == most


def test_what_a_finding_does_not_rest_on_is_not_shown() -> None:
    seen = (tcp("o1", failure="x"), tcp("o2", failure="x"))
    assert shown(blocked("web", "o2 missing", Cause.IP_DROPPED), seen=seen) == ["o2"]


UNRELATED, LENDER, STRANGER = "198.51.100.7", "198.51.100.8", "example.com"


def slow(because: str, *causes: Cause, **changes: Any) -> ComponentFinding:
    return finding("video", Status.DEGRADED, *causes, because=tuple(because.split()), **changes)


def test_data_is_held_against_as_much_at_the_same_address_and_at_an_unrelated_one_of_another_name() -> None:
    seen = (
        transfer("own", elapsed_s=6.0),
        transfer("up", Purpose.TRANSFER_CONTROL, direction="up"),
        transfer("unrelated", Purpose.UNRELATED_BASELINE, STRANGER, UNRELATED),
        transfer("here", Purpose.TRANSFER_CONTROL),
    )
    found = slow("own up unrelated here", Cause.FLOW_THROTTLED)
    assert shown(found, seen=seen) == ["own", "here", "unrelated"]


def test_a_borrowed_file_is_held_against_the_same_one_under_the_lender_s_own_name() -> None:
    lent = transfer("lent", at=LENDER, arm=Arm.CONTROL, elapsed_s=6.0)
    seen = (
        lent,
        transfer("elsewhere", Purpose.UNRELATED_BASELINE, STRANGER, UNRELATED),
        transfer("same", Purpose.UNRELATED_BASELINE, "lender.example", LENDER),
    )
    assert shown(slow("lent elsewhere same", Cause.FLOW_THROTTLED), seen=seen) == ["lent", "same"]
    assert evidence.line(lent).endswith("(somebody else's file, under this name)")


def test_what_is_unclear_of_transfers_is_shown_by_transfers() -> None:
    seen = (
        tcp("connected", Purpose.TRANSFER, connection="c1", arm=Arm.EXPERIMENT),
        transfer("own", connection="c1", elapsed_s=6.0),
        tcp("connected-again", Purpose.TRANSFER, connection="c2", arm=Arm.EXPERIMENT),
        transfer("unrelated", Purpose.UNRELATED_BASELINE, STRANGER, UNRELATED, connection="c3"),
    )
    found = finding(
        "video",
        Status.INCONCLUSIVE,
        Cause.NOT_MEASURED,
        because=("connected", "own", "connected-again", "unrelated"),
        rules=("flow.unclear",),
    )
    assert shown(found, seen=seen) == ["own", "unrelated"]


def test_a_relay_that_is_held_against_is_not_said_to_have_been_told_a_name() -> None:
    relay = StunObservation(id="relay", **common(Purpose.UNRELATED_BASELINE, STRANGER, UNRELATED))
    assert evidence.line(relay).endswith("(to compare: an unrelated relay)")
