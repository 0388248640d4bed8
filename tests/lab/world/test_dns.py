import asyncio
import base64
import socket
import ssl
from collections.abc import Callable

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import httpx
import pytest

from tests.lab.world.answers import (
    Addresses,
    Answer,
    Honest,
    Late,
    Malformed,
    NoData,
    NxDomain,
    Refused,
    ServFail,
    Silent,
    Truncated,
    WrongId,
)
from tests.lab.world.conftest import Internet
from tests.lab.world.model import World
from tests.lab.world.parts import rule

BLOCKED = "whatsapp.com"


def udp(internet: Internet, at: str, name: str, kind: str = "A", *, timeout_s: float = 5) -> dns.message.Message:
    query = dns.message.make_query(name, kind)
    host, port = internet.place(at, 53)
    return dns.query.udp(query, host, port=port, timeout=timeout_s)


def tcp(internet: Internet, at: str, name: str, kind: str = "A") -> dns.message.Message:
    host, port = internet.place(at, 53)
    return dns.query.tcp(dns.message.make_query(name, kind), host, port=port, timeout=5)


def texts(response: dns.message.Message) -> set[str]:
    return {record.to_text() for answer in response.answer for record in answer if answer.rdtype != dns.rdatatype.CNAME}


def test_an_honest_answer_is_recursive_and_not_authoritative(internet: Internet) -> None:
    response = udp(internet, "1.1.1.1", "example.com")
    assert texts(response) == {"93.184.216.34"}
    assert response.flags & dns.flags.RA
    assert not response.flags & dns.flags.AA


@pytest.mark.parametrize("at", ["1.1.1.1", "8.8.8.8", "9.9.9.9", "195.34.32.116", "195.208.4.1", "2a0c:a9c7:8::1"])
@pytest.mark.parametrize("ask", [udp, tcp])
def test_every_recursive_resolver_answers_both_families_over_udp_and_tcp(
    internet: Internet, at: str, ask: Callable[..., dns.message.Message]
) -> None:
    world = World()
    answers = texts(ask(internet, at, "web.telegram.org", "A")) | texts(ask(internet, at, "web.telegram.org", "AAAA"))
    assert answers == set(world.addresses_of("web.telegram.org"))


@pytest.mark.parametrize(
    ("at", "name", "kind", "answer", "authoritative"),
    [
        ("216.239.32.10", "o-o.myaddr.l.google.com", "TXT", {'"130.192.91.211"'}, True),
        ("208.67.222.222", "myip.opendns.com", "A", {"130.192.91.211"}, False),
        ("208.67.222.222", "myip.opendns.com", "TXT", set(), False),
        (
            "1.1.1.1",
            "0.91.192.130.origin.asn.cymru.com",
            "TXT",
            {'"137 | 130.192.0.0/16 | IT | ripencc | 1988-10-08"'},
            False,
        ),
        ("1.1.1.1", "as137.asn.cymru.com", "A", set(), False),
    ],
)
def test_a_host_can_ask_who_and_where_it_is(
    internet: Internet, at: str, name: str, kind: str, answer: set[str], authoritative: bool
) -> None:
    response = udp(internet, at, name, kind)
    assert texts(response) == answer
    assert bool(response.flags & dns.flags.AA) is authoritative


def test_an_authoritative_server_answers_for_nobody_else(internet: Internet) -> None:
    assert udp(internet, "216.239.32.10", "example.com").rcode() == dns.rcode.REFUSED
    assert udp(internet, "1.1.1.1", "o-o.myaddr.l.google.com", "TXT").rcode() == dns.rcode.NXDOMAIN


def test_an_alias_is_given_with_its_chain(internet: Internet) -> None:
    response = udp(internet, "1.1.1.1", "web.whatsapp.com")
    assert [answer.rdtype for answer in response.answer] == [dns.rdatatype.CNAME, dns.rdatatype.A]
    assert texts(response) <= set(World().addresses_of("web.whatsapp.com"))


def test_geo_dns_answers_honestly_and_differently(internet: Internet) -> None:
    answers = [texts(udp(internet, at, "www.google.com")) for at in ("1.1.1.1", "8.8.8.8", "9.9.9.9")]
    assert len({frozenset(answer) for answer in answers}) == 3


def test_any_name_under_a_wildcard_exists(internet: Internet) -> None:
    assert texts(udp(internet, "8.8.8.8", "rr1---sn-abc.googlevideo.com"))


@pytest.mark.parametrize(
    ("name", "soa"),
    [("nonexistent-zzz.com", "com."), ("no-such.whatsapp.com", "whatsapp.com."), ("nothing.nowhere", "nowhere.")],
)
def test_an_honest_nxdomain_carries_the_soa_of_the_parent(internet: Internet, name: str, soa: str) -> None:
    response = udp(internet, "195.208.5.1", name)
    assert response.rcode() == dns.rcode.NXDOMAIN
    assert [record.name.to_text() for record in response.authority] == [soa]


def test_a_name_without_the_asked_family_is_nodata_with_soa(internet: Internet) -> None:
    response = udp(internet, "1.1.1.1", "github.com", "AAAA")
    assert (response.rcode(), response.answer, len(response.authority)) == (dns.rcode.NOERROR, [], 1)


@pytest.mark.parametrize("at", ["198.41.0.4", "199.9.14.201", "195.208.6.1", "2001:503:ba3e::2:30"])
def test_a_server_of_the_root_zone_refers_and_never_recurses(internet: Internet, at: str) -> None:
    response = udp(internet, at, "www.youtube.com")
    assert (response.rcode(), response.answer) == (dns.rcode.NOERROR, [])
    assert {record.rdtype for record in response.authority} == {dns.rdatatype.NS}
    assert not response.flags & (dns.flags.RA | dns.flags.AA)


def test_whoami_tells_resolvers_apart(internet: Internet) -> None:
    assert texts(udp(internet, "8.8.8.8", "whoami.akamai.net")) == {"172.253.12.3"}
    assert texts(udp(internet, "195.208.4.1", "whoami.akamai.net")) == {"193.232.160.49"}


@pytest.mark.parametrize(
    ("answer", "rcode", "authority", "aa"),
    [
        (NxDomain(), dns.rcode.NXDOMAIN, 1, False),
        (NxDomain(soa=False, aa=True), dns.rcode.NXDOMAIN, 0, True),
        (NoData(), dns.rcode.NOERROR, 1, False),
        (NoData(soa=False), dns.rcode.NOERROR, 0, False),
        (Refused(), dns.rcode.REFUSED, 0, False),
        (ServFail(), dns.rcode.SERVFAIL, 0, False),
    ],
)
def test_a_resolver_denies_in_the_way_its_rule_says(
    internet: Internet, answer: Answer, rcode: dns.rcode.Rcode, authority: int, aa: bool
) -> None:
    internet.become(World().with_resolver("nsdi", rule(BLOCKED, answer)))
    response = udp(internet, "195.208.4.1", "web.whatsapp.com")
    assert (response.rcode(), len(response.authority), bool(response.flags & dns.flags.AA)) == (rcode, authority, aa)
    assert response.answer == []
    assert texts(udp(internet, "1.1.1.1", "web.whatsapp.com"))


def test_a_false_address_has_its_own_family_only(internet: Internet) -> None:
    internet.become(World().with_resolver("isp", rule(BLOCKED, Addresses(("10.10.34.35",)))))
    assert texts(udp(internet, "195.34.32.116", "web.whatsapp.com")) == {"10.10.34.35"}
    assert texts(udp(internet, "195.34.32.116", "web.whatsapp.com", "AAAA")) == set()


def test_a_flaky_resolver_goes_through_its_answers_in_turn(internet: Internet) -> None:
    flaky = rule("youtube.com", NxDomain(soa=False, aa=True), Honest(), Honest(), transports=["udp"])
    internet.become(World().with_resolver("google", flaky))
    codes = [udp(internet, "8.8.8.8", "www.youtube.com").rcode() for _ in range(6)]
    assert codes == [dns.rcode.NXDOMAIN, 0, 0, dns.rcode.NXDOMAIN, 0, 0]
    assert tcp(internet, "8.8.8.8", "www.youtube.com").rcode() == dns.rcode.NOERROR


def test_a_truncated_answer_is_whole_over_tcp(internet: Internet) -> None:
    internet.become(World().with_resolver("isp", rule("example.com", Truncated())))
    truncated = udp(internet, "195.34.32.116", "example.com")
    assert truncated.flags & dns.flags.TC
    assert truncated.answer == []
    assert texts(tcp(internet, "195.34.32.116", "example.com")) == {"93.184.216.34"}


def raw(internet: Internet, at: str, wire: bytes, timeout_s: float = 5) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(timeout_s)
        client.connect(internet.place(at, 53))
        client.send(wire)
        return client.recv(4096)


def test_a_wrong_id_is_seen_as_such(internet: Internet) -> None:
    internet.become(World().with_resolver("isp", rule(".", WrongId())))
    query = dns.message.make_query("example.com", "A")
    assert dns.message.from_wire(raw(internet, "195.34.32.116", query.to_wire())).id == query.id ^ 0x5A5A


def test_a_malformed_answer_is_no_dns_message(internet: Internet) -> None:
    internet.become(World().with_resolver("isp", rule(".", Malformed())))
    with pytest.raises(dns.exception.DNSException):
        dns.message.from_wire(raw(internet, "195.34.32.116", dns.message.make_query("example.com", "A").to_wire()))


def test_a_silent_resolver_says_nothing(internet: Internet) -> None:
    internet.become(World().with_resolver("195.34.32.116", rule(".", Silent())))
    with pytest.raises(dns.exception.Timeout):
        udp(internet, "195.34.32.116", "example.com", timeout_s=0.1)


def test_a_late_answer_comes_late(internet: Internet) -> None:
    internet.become(World().with_resolver("isp", rule(".", Late(0.15))))
    with pytest.raises(dns.exception.Timeout):
        udp(internet, "195.34.32.116", "example.com", timeout_s=0.1)
    assert texts(udp(internet, "195.34.32.116", "example.com", timeout_s=5)) == {"93.184.216.34"}


def test_a_host_that_is_gone_is_denied_by_all(internet: Internet) -> None:
    internet.become(World().without_host("itsat.info"))
    assert udp(internet, "1.1.1.1", "itsat.info").rcode() == dns.rcode.NXDOMAIN


def test_garbage_is_not_answered_and_does_no_harm(internet: Internet) -> None:
    with pytest.raises(TimeoutError):
        raw(internet, "1.1.1.1", b"\x00\x01 no dns", timeout_s=0.1)
    assert texts(udp(internet, "1.1.1.1", "example.com"))


@pytest.mark.parametrize("http1", [True, False])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_doh_answers_over_both_http_versions(internet: Internet, http1: bool, method: str) -> None:
    host, port = internet.place("9.9.9.9", 443)
    wire = dns.message.make_query("example.com", "A", id=0).to_wire()
    async with httpx.AsyncClient(verify=internet.context(), http1=http1, http2=not http1) as client:
        url = f"https://{host}:{port}/dns-query"
        sni = {"sni_hostname": "dns.quad9.net"}
        media = {"content-type": "application/dns-message", "accept": "application/dns-message"}
        if method == "GET":
            encoded = base64.urlsafe_b64encode(wire).rstrip(b"=").decode()
            response = await client.get(url, params={"dns": encoded}, headers=media, extensions=sni)
        else:
            response = await client.post(url, content=wire, headers=media, extensions=sni)
    assert (response.status_code, response.http_version) == (200, "HTTP/1.1" if http1 else "HTTP/2")
    assert texts(dns.message.from_wire(response.content)) == {"93.184.216.34"}


async def test_a_doh_certificate_proves_the_address(internet: Internet) -> None:
    host, port = internet.place("1.1.1.1", 443)
    context = internet.context()
    reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname="1.1.1.1")
    writer.close()
    await writer.wait_closed()
    assert not reader.exception()
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection(host, port, ssl=context, server_hostname="1.1.1.2")


def test_the_journal_tells_what_was_asked(internet: Internet) -> None:
    udp(internet, "8.8.8.8", "example.com")
    entry = internet.journal("dns")[-1]
    assert (entry["resolver"], entry["transport"], entry["name"], entry["type"]) == (
        "8.8.8.8",
        "udp",
        "example.com",
        "A",
    )
