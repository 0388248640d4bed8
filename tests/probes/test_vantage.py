"""Where this host measures from: what is asked, whom it believes, and what it keeps to itself; in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.engine import GRACE_S, Engine
from probes.guard import PUBLIC_ANY_PORT
from probes.model import Vantage
from probes.observations import DnsObservation, DnsReply, Record, Target
from probes.targets import host_service
from probes.vantage import (
    KEPT_S,
    RETRY_S,
    Origin,
    VantageProbe,
    masked,
    most_specific,
    name_of_network,
    origin_name,
    text_of,
    told,
)
from tests.probes.simulated import DOH, ISP, Simulated
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probes.network import Question

GOOGLE, OPENDNS = "216.239.32.10", "208.67.222.222"
GOOGLE_V6 = "2001:4860:4802:32::a"
MYADDR, MYIP = "o-o.myaddr.l.google.com", "myip.opendns.com"
ORIGIN = "0.91.192.130.origin.asn.cymru.com"
GARR = "137 | 130.192.0.0/16 | IT | ripencc | 1988-10-08"
NAME = "137 | IT | ripencc | 1993-09-01 | ASGARR Consortium GARR, IT"
HERE = Vantage(address="130.192.91.0/24", asn=137, network="ASGARR Consortium GARR", country="IT")

Answers = Mapping[tuple[str, str], str]
"""What a resolver says of a name: a record's data. Everything else is silence."""
CYMRU = {(DOH[0], ORIGIN): f'"{GARR}"', (DOH[0], "AS137.asn.cymru.com"): f'"{NAME}"'}


class Wire:
    """A network of a few answers, each after a round trip; of its servers Google's alone is authoritative."""

    def __init__(
        self, answers: Answers, *, families: frozenset[int] = frozenset({4}), authoritative: bool = True
    ) -> None:
        self._answers = answers
        self._families = families
        self._authoritative = authoritative
        self.asked: list[tuple[str, str]] = []

    def system_resolvers(self) -> Sequence[str]:
        return (ISP,)

    def trusted_resolvers(self) -> Sequence[str]:
        return DOH

    def families(self) -> frozenset[int]:
        return self._families

    def permits(self, address: str, port: int) -> bool:
        return PUBLIC_ANY_PORT.permits(address, port)

    async def ask(self, question: Question) -> DnsObservation:
        self.asked.append((question.resolver, question.name))
        data = self._answers.get((question.resolver, question.name))
        await asyncio.sleep(question.timeout_s if data is None else 0.04)
        flags = ("qr", "aa") if self._authoritative and question.resolver in {GOOGLE, GOOGLE_V6} else ("qr", "ra")
        record = Record(question.name, question.query_type, 60, data or "")
        return DnsObservation(
            arm=question.arm,
            purpose=question.purpose,
            target=Target(host=question.name),
            failure=None if data else "generic_timeout_error",
            resolver=question.resolver,
            transport=question.transport,
            query_type=question.query_type,
            reply=DnsReply(rcode="NOERROR", flags=flags, answers=(record,)) if data else None,
        )


def located(wire: Wire, location: str = "") -> Vantage:
    async def locate() -> Vantage:
        probe = VantageProbe(wire, location)  # type: ignore[arg-type]  # it connects to nobody
        await probe.locate()
        return probe.vantage

    return run(locate())


@pytest.mark.parametrize(
    ("answers", "vantage"),
    [
        ({(GOOGLE, MYADDR): '"130.192.91.211"', **CYMRU}, HERE),
        ({(OPENDNS, MYIP): "130.192.91.211", **CYMRU}, HERE),
        ({(GOOGLE, MYADDR): '"130.192.91.211"'}, Vantage(address="130.192.91.0/24")),
        (
            {(GOOGLE, MYADDR): '"130.192.91.211"', (DOH[0], ORIGIN): f'"{GARR}"'},
            replace(HERE, network=None),
        ),
        ({(GOOGLE, MYADDR): '"198.18.0.7"', **CYMRU}, Vantage()),
        ({(GOOGLE, MYADDR): '"not an address"', **CYMRU}, Vantage()),
        ({(GOOGLE, MYADDR): '"unterminated', (OPENDNS, MYIP): "130.192.91.211", **CYMRU}, HERE),
        ({(GOOGLE, MYADDR): '"130.192.91.211"', (DOH[0], ORIGIN): '"no origin"'}, Vantage(address="130.192.91.0/24")),
        ({}, Vantage()),
    ],
)
def test_what_is_found_out(answers: Answers, vantage: Vantage) -> None:
    assert located(Wire(answers)) == vantage


@pytest.mark.parametrize(
    ("asn", "stand_in", "via"),
    [
        (24940, None, "hosting"),
        (209854, None, "vpn"),
        (12389, None, None),
        (12389, "198.18.0.7", "fakeip"),
        (24940, "198.19.255.255", "fakeip"),
        (12389, "198.20.0.1", None),
        (None, "198.18.0.7", "fakeip"),
    ],
)
def test_a_network_that_people_do_not_use_at_home_is_noticed(
    asn: int | None, stand_in: str | None, via: str | None
) -> None:
    answers = {(GOOGLE, MYADDR): '"130.192.91.211"'}
    if asn:
        answers[DOH[0], ORIGIN] = f'"{asn} | 130.192.0.0/16 | IT | ripencc | 1988-10-08"'
    if stand_in:
        answers[ISP, "example.com"] = stand_in
    vantage = located(Wire(answers))
    assert (vantage.address, vantage.asn, vantage.via) == ("130.192.91.0/24", asn, via)


def test_a_proxy_on_the_host_is_noticed_also_where_nobody_says_where_it_is() -> None:
    assert located(Wire({(ISP, "example.com"): "198.18.0.7"})) == Vantage(via="fakeip")


def test_whoever_answers_in_the_place_of_the_authoritative_server_is_not_believed() -> None:
    answers = {(GOOGLE, MYADDR): '"74.125.18.1"', (OPENDNS, MYIP): "130.192.91.211", **CYMRU}
    assert located(Wire(answers, authoritative=False)) == HERE


def test_an_ipv6_host_is_seen_by_its_network() -> None:
    name = f"{'0.' * 20}6.f.0.0.0.6.7.0.1.0.0.2.origin6.asn.cymru.com"
    answers = {(GOOGLE_V6, MYADDR): '"2001:760:f6:91::2"'}
    wire = Wire(answers, families=frozenset({6}))
    assert located(wire) == Vantage(address="2001:760:f6::/48")
    assert (DOH[0], name) in wire.asked


def test_the_next_operator_is_asked_where_one_is_silent_and_the_system_s_resolver_last() -> None:
    answers = {
        (GOOGLE, MYADDR): '"130.192.91.211"',
        (ISP, ORIGIN): f'"{GARR}"',
        (DOH[1], "AS137.asn.cymru.com"): f'"{NAME}"',
    }
    wire = Wire(answers)
    assert located(wire) == HERE
    assert [resolver for resolver, name in wire.asked if name == ORIGIN] == [*DOH, ISP]


def test_the_whole_address_is_told_to_nobody() -> None:
    wire = Wire({(GOOGLE, MYADDR): '"130.192.91.211"', **CYMRU})
    assert "211" not in str(located(wire))
    assert not [name for _, name in wire.asked if "211" in name]


def test_where_the_operator_says_where_it_is_nothing_is_asked() -> None:
    wire = Wire({(GOOGLE, MYADDR): '"130.192.91.211"', **CYMRU})
    assert located(wire, "RU, Rostelecom") == Vantage(country="RU", network="Rostelecom")
    assert wire.asked == []


@pytest.mark.parametrize(
    ("location", "vantage"),
    [
        ("", Vantage()),
        ("RU", Vantage(country="RU")),
        ("RU Rostelecom, Moscow", Vantage(country="RU", network="Rostelecom, Moscow")),
        ("DE,  Hetzner", Vantage(country="DE", network="Hetzner")),
        ("Home", Vantage(network="Home")),
        ("  ", Vantage()),
    ],
)
def test_how_a_location_reads(location: str, vantage: Vantage) -> None:
    assert told(location) == vantage


def test_it_is_kept_for_hours_and_looked_up_once_for_checks_side_by_side() -> None:
    wire = Wire({(GOOGLE, MYADDR): '"130.192.91.211"', **CYMRU})

    async def locate() -> list[int]:
        probe = VantageProbe(wire)  # type: ignore[arg-type]  # it connects to nobody
        counts = []
        for wait_s in (0.0, KEPT_S - 60, 120.0):
            await asyncio.sleep(wait_s)
            await asyncio.gather(probe.locate(), probe.locate(), probe.locate())
            counts.append(len(wire.asked))
        return counts

    assert run(locate()) == [4, 4, 8]


def test_what_is_incomplete_is_tried_again_soon() -> None:
    wire = Wire({})

    async def locate() -> list[int]:
        probe = VantageProbe(wire)  # type: ignore[arg-type]  # it connects to nobody
        counts = []
        for wait_s in (0.0, RETRY_S / 2, RETRY_S):
            await asyncio.sleep(wait_s)
            await probe.locate()
            counts.append(len(wire.asked))
        return counts

    assert run(locate()) == [3, 3, 6]


# --- how answers read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "origin"),
    [
        ([GARR], Origin(137, 16, "IT")),
        ([GARR, "3 | 130.192.91.0/24 | US | arin |"], Origin(3, 24, "US")),
        (["23028 1299 | 216.90.108.0/24 | US | arin | 1998-09-25"], Origin(23028, 24, "US")),
        (["137 | 130.192.0.0/16 | | ripencc |"], Origin(137, 16, None)),
        (["137 | 130.192.0.0/16"], Origin(137, 16, None)),
        (["0 | 130.192.0.0/16 | IT | ripencc |"], None),
        (["137"], None),
        (["", "|||", "x | y | z"], None),
        ([], None),
    ],
)
def test_how_an_origin_reads(texts: list[str], origin: Origin | None) -> None:
    assert most_specific(texts) == origin


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (NAME, "ASGARR Consortium GARR"),
        ("8402 | RU | ripencc | 1998 | CORBINA-AS OJSC Vimpelcom, RU", "CORBINA-AS OJSC Vimpelcom"),
        ("1 | US | arin | 2001 | LVLT-1", "LVLT-1"),
        ("1 | US | arin | 2001 | a\x1b[31mb", "a[31mb"),
        ("1 | US | arin | 2001 | " + "x" * 500, "x" * 80),
        ("1 | US | arin | 2001 | ", None),
        ("", None),
    ],
)
def test_how_a_network_s_name_reads(text: str, name: str | None) -> None:
    assert name_of_network(text) == name


def test_the_strings_of_a_record_are_one_text() -> None:
    assert text_of(r'"137 | IT" " | \"GARR\""') == '137 | IT | "GARR"'


@given(st.text())
def test_no_answer_breaks_a_reader(text: str) -> None:
    assert isinstance(text_of(text), str)
    most_specific([text, f"{text} | 10.0.0.0/8 | {text}"])
    name_of_network(text)
    told(text)


@given(st.ip_addresses())
def test_an_address_is_always_masked(address: object) -> None:
    prefix = masked(str(address).partition("%")[0])
    assert prefix.num_addresses >= 256
    assert origin_name(prefix).endswith(("origin.asn.cymru.com", "origin6.asn.cymru.com"))


# --- a check ---------------------------------------------------------------------------------------------------------

HOST = "www.whatsapp.com"
WORLD = Simulated(
    names={HOST: ("157.240.9.53",), "whatsapp.com": ("157.240.9.54",)},
    texts={MYADDR: "130.192.91.211", ORIGIN: GARR, "AS137.asn.cymru.com": NAME},
)


def test_the_first_report_says_where_it_was_made_and_does_not_count_that_as_measuring() -> None:
    report = run(Engine(WORLD.network(), seed=1).check(host_service(HOST)))
    assert report.vantage == HERE
    assert report.elapsed_s < 1.3 * 4 * WORLD.rtt_s


def test_a_vantage_that_nobody_tells_is_not_waited_for_without_end() -> None:
    class Deaf(VantageProbe):
        async def locate(self) -> None:
            await asyncio.sleep(60)

    async def check() -> tuple[float, float]:
        engine = Engine(WORLD.network(), seed=1)
        engine._vantage = Deaf(WORLD.network())
        report = await engine.check(host_service(HOST))
        return report.elapsed_s, asyncio.get_running_loop().time()

    elapsed_s, over_s = run(check())
    assert elapsed_s < 1.3 * 4 * WORLD.rtt_s
    assert over_s < elapsed_s + 2 * GRACE_S


def test_a_report_says_what_the_operator_said() -> None:
    report = run(Engine(WORLD.network(), seed=1, location="RU, Rostelecom").check(host_service(HOST)))
    assert report.vantage == Vantage(country="RU", network="Rostelecom")
