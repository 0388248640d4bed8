from __future__ import annotations

import asyncio
import socket
import ssl
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.guard import Guard
from probes.network import Question
from probes.observations import Arm, DnsReply, Purpose, Record, Target
from probes.steps import dns as step
from probes.steps.dns import DohClients, ask, resolver_endpoint
from probes.steps.dns_message import MAX_RECORDS, MAX_TEXT, query_for, read
from tests.fakes.dns_server import FORGED_NXDOMAIN, NODATA, NXDOMAIN, REFUSED, SERVFAIL, DnsServer, Reply, a
from tests.probes.dns_asking import FORGED, HONEST, NAME, OTHER_HONEST, PATIENT_S, Transport, cancelled, question

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from probes.observations import DnsObservation

REFERRAL = Reply(authority=("NS a.gtld-servers.net.",))
NOISE = 64
"""So many datagrams that answer nothing end a question before its time."""


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with DnsServer() as running:
        yield running


@pytest.fixture
async def doh() -> AsyncIterator[DohClients]:
    async with DohClients(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as clients:
        yield clients


@pytest.fixture
def long_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "GRACE_S", PATIENT_S)


@pytest.fixture
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "GRACE_S", 0.01)


async def heard(server: DnsServer, doh: DohClients, transport: Transport = "udp") -> DnsObservation:
    """Ask, and be sure that nothing waited for long."""
    async with asyncio.timeout(PATIENT_S / 2):
        return await ask(question(server.resolver, transport), doh)


# --- what a reply says -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_an_answer_is_recorded_with_its_cname_chain(
    server: DnsServer, doh: DohClients, transport: Transport
) -> None:
    chain = ("CNAME cdn.example.net.", f"cdn.example.net. 20 IN A {HONEST}", f"cdn.example.net. 20 IN A {OTHER_HONEST}")
    server.answer(NAME, "A", Reply(answers=chain, flags="QR RD RA AD"))
    seen = await heard(server, doh, transport)
    assert seen.failure is None
    assert seen.reply == DnsReply(
        rcode="NOERROR",
        flags=("qr", "rd", "ra", "ad"),
        answers=(
            Record(NAME, "CNAME", 60, "cdn.example.net"),
            Record("cdn.example.net", "A", 20, HONEST),
            Record("cdn.example.net", "A", 20, OTHER_HONEST),
        ),
    )
    assert seen.addresses == (HONEST, OTHER_HONEST)
    assert (seen.transport, seen.resolver, seen.query_type) == (transport, server.resolver, "A")
    assert 0 < seen.elapsed_s < PATIENT_S


async def test_the_observation_repeats_what_the_question_was_for(server: DnsServer, doh: DohClients) -> None:
    server.answer("test-label.example", "A", a(HONEST))
    asked = Question(
        name="test-label.example",
        query_type="A",
        resolver=server.resolver,
        timeout_s=PATIENT_S,
        arm=Arm.CONTROL,
        purpose=Purpose.BASELINE,
        host=NAME,
    )
    seen = await ask(asked, doh)
    assert (seen.arm, seen.purpose, seen.target) == (Arm.CONTROL, Purpose.BASELINE, Target(host=NAME))


async def test_the_question_is_small_recursive_and_never_the_same(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", a(HONEST))
    for _ in range(8):
        await heard(server, doh)
    messages = [asked.message for asked in server.asked]
    assert len({message.id for message in messages}) > 1
    assert {message.payload for message in messages} == {1232}
    assert all(message.flags == dns.flags.RD | dns.flags.AD for message in messages)


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize(
    ("reply", "failure", "rcode", "flags", "zone"),
    [
        (NXDOMAIN, "dns_nxdomain_error", "NXDOMAIN", ("qr", "rd", "ra"), ["SOA"]),
        (FORGED_NXDOMAIN, "dns_nxdomain_error", "NXDOMAIN", ("qr", "aa", "rd", "ra"), []),
        (NODATA, "dns_no_answer", "NOERROR", ("qr", "rd", "ra"), ["SOA"]),
        (Reply(), "dns_no_answer", "NOERROR", ("qr", "rd", "ra"), []),
        (Reply(answers=("CNAME cdn.example.net.",)), "dns_no_answer", "NOERROR", ("qr", "rd", "ra"), []),
        (Reply(answers=("AAAA 2001:db8::1",)), "dns_no_answer", "NOERROR", ("qr", "rd", "ra"), []),
        (REFUSED, "dns_refused_error", "REFUSED", ("qr", "rd", "ra"), []),
        (SERVFAIL, "dns_servfail_error", "SERVFAIL", ("qr", "rd", "ra"), []),
        (Reply(rcode="NOTIMP"), "dns_server_misbehaving", "NOTIMP", ("qr", "rd", "ra"), []),
        (Reply(rcode="FORMERR"), "dns_server_misbehaving", "FORMERR", ("qr", "rd", "ra"), []),
        (a(FORGED), None, "NOERROR", ("qr", "rd", "ra"), []),
    ],
)
async def test_a_failing_reply_is_named_and_kept(
    *,
    server: DnsServer,
    doh: DohClients,
    transport: Transport,
    reply: Reply,
    failure: str | None,
    rcode: str,
    flags: tuple[str, ...],
    zone: list[str],
) -> None:
    server.answer(NAME, "A", reply)
    seen = await heard(server, doh, transport)
    assert seen.failure == failure
    assert seen.reply is not None
    assert (seen.reply.rcode, seen.reply.flags) == (rcode, flags)
    assert [record.type for record in seen.reply.authority] == zone


async def test_what_is_kept_of_a_large_reply_is_bounded(server: DnsServer, doh: DohClients) -> None:
    texts = tuple(f'TXT "{n}" "{"x" * 255}" "{"y" * 255}"' for n in range(10))
    hosts = tuple(f"NS ns{n}.example.org." for n in range(100))
    server.answer(NAME, "A", Reply(answers=(f"A {HONEST}", *texts, *hosts), authority=hosts))
    seen = await heard(server, doh)
    assert seen.reply is not None
    assert len(seen.reply.answers) == len(seen.reply.authority) == MAX_RECORDS
    assert max(len(record.data) for record in seen.reply.answers) == MAX_TEXT


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_monstrous_reply_is_not_read(server: DnsServer, doh: DohClients, transport: Transport) -> None:
    server.answer(NAME, "A", a(*[f"93.184.{n // 250}.{n % 250}" for n in range(2000)]))
    seen = await heard(server, doh, transport)
    assert (seen.failure, seen.reply) == ("dns_server_misbehaving", None)


# --- UDP -------------------------------------------------------------------------------------------------------------


async def test_silence_is_a_time_out(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A")
    seen = await ask(question(server.resolver, timeout_s=0.05), doh)
    assert (seen.failure, seen.reply, seen.late_replies) == ("generic_timeout_error", None, ())
    assert seen.elapsed_s >= 0.05


async def test_a_closed_port_is_heard_of_at_once(doh: DohClients) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
    async with asyncio.timeout(PATIENT_S / 2):
        seen = await ask(question(f"127.0.0.1:{port}"), doh)
    assert (seen.failure, seen.reply) == ("connection_refused", None)


async def test_a_reply_with_a_wrong_id_does_not_hide_the_right_one(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", Reply(answers=(f"A {FORGED}",), wrong_id=True), a(HONEST))
    seen = await heard(server, doh)
    assert (seen.failure, seen.addresses, seen.late_replies) == (None, (HONEST,), ())


async def test_nothing_but_a_wrong_id_is_named_and_kept(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", *[Reply(answers=(f"A {FORGED}",), wrong_id=True)] * NOISE)
    seen = await heard(server, doh)
    assert (seen.failure, seen.addresses) == ("dns_reply_with_wrong_query_id", (FORGED,))


async def test_a_reply_to_another_question_is_passed_over(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", Reply(answers=(f"A {FORGED}",), wrong_question=True), a(HONEST))
    assert (await heard(server, doh)).addresses == (HONEST,)
    server.answer(NAME, "A", *[Reply(wrong_question=True)] * NOISE)
    assert (await heard(server, doh)).failure == "dns_server_misbehaving"


@pytest.mark.usefixtures("short_grace")
@pytest.mark.parametrize(
    "garbage", [b"", b"\x81", b"\x81\x80", b"\x81\x80\xff\xff\xff\xff\xff\xff\xff\xff", b"\xc0" * 40]
)
async def test_garbage_with_the_right_id_is_a_misbehaving_server(
    server: DnsServer, doh: DohClients, garbage: bytes
) -> None:
    server.answer(NAME, "A", Reply(garbage=garbage))
    seen = await heard(server, doh)
    assert (seen.failure, seen.reply) == ("dns_server_misbehaving", None)


async def test_mere_noise_is_a_misbehaving_server(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", *[Reply(raw=b"\x00")] * NOISE)
    seen = await heard(server, doh)
    assert (seen.failure, seen.reply) == ("dns_server_misbehaving", None)


# --- a second reply --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("long_grace")
@pytest.mark.parametrize(
    "forged",
    [FORGED_NXDOMAIN, NXDOMAIN, Reply(), REFUSED, a(FORGED), a(HONEST, FORGED), a(OTHER_HONEST, flags="QR AA RD RA")],
)
async def test_the_truth_behind_a_suspicious_reply_is_heard_and_ends_the_wait(
    server: DnsServer, doh: DohClients, forged: Reply
) -> None:
    server.answer(NAME, "A", forged, a(HONEST))
    seen = await heard(server, doh)
    assert seen.reply is not None
    assert seen.reply.rcode == forged.rcode
    assert [[record.data for record in late.answers] for late in seen.late_replies] == [[HONEST]]


@pytest.mark.usefixtures("long_grace")
@pytest.mark.parametrize("good", [a(HONEST), NODATA, REFERRAL])
async def test_a_good_reply_is_given_at_once(server: DnsServer, doh: DohClients, good: Reply) -> None:
    server.answer(NAME, "A", good, a(OTHER_HONEST, hold=asyncio.Event()))
    seen = await heard(server, doh)
    assert seen.late_replies == ()


@pytest.mark.usefixtures("long_grace")
async def test_the_wait_for_a_second_reply_ends_with_the_question_and_is_not_counted(
    server: DnsServer, doh: DohClients
) -> None:
    server.answer(NAME, "A", FORGED_NXDOMAIN)
    seen = await ask(question(server.resolver, timeout_s=1.0), doh)
    assert (seen.failure, seen.late_replies) == ("dns_nxdomain_error", ())
    assert seen.elapsed_s < 1.0


@pytest.mark.usefixtures("long_grace")
async def test_several_forgeries_are_told_apart_and_the_same_one_twice_is_not(
    server: DnsServer, doh: DohClients
) -> None:
    again = Reply(answers=(f"{NAME}. 7 IN A {FORGED}",))
    server.answer(NAME, "A", a(FORGED), again, a("10.0.0.1"), a("10.0.0.1"), NXDOMAIN, a(HONEST), a(OTHER_HONEST))
    late = (await heard(server, doh)).late_replies
    assert [(reply.rcode, [record.data for record in reply.answers]) for reply in late] == [
        ("NOERROR", ["10.0.0.1"]),
        ("NXDOMAIN", []),
        ("NOERROR", [HONEST]),
    ]


@pytest.mark.usefixtures("short_grace")
async def test_late_replies_are_bounded(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", *[a(f"10.0.0.{n}") for n in range(60)])
    assert len((await heard(server, doh)).late_replies) <= 8


@pytest.mark.usefixtures("long_grace")
async def test_what_is_suspicious_is_the_guards_to_say(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", a("127.0.0.1"))
    lab = Guard(ports=None, extra_networks=("127.0.0.0/8",))
    async with asyncio.timeout(PATIENT_S / 2):
        assert (await ask(question(server.resolver), doh, lab)).addresses == ("127.0.0.1",)


# --- TCP -------------------------------------------------------------------------------------------------------------


async def test_a_truncated_reply_leads_to_tcp(server: DnsServer, doh: DohClients) -> None:
    addresses = [f"93.184.215.{n}" for n in range(60)]
    server.answer(NAME, "A", a(*addresses, truncated=True))
    seen = await heard(server, doh)
    assert (seen.failure, seen.transport, seen.addresses) == (None, "tcp", tuple(addresses))
    assert [asked.transport for asked in server.asked] == ["udp", "tcp"]


async def test_tcp_is_asked_alone_where_the_question_says_so(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", FORGED_NXDOMAIN)
    server.answer_tcp(NAME, "A", a(HONEST))
    seen = await heard(server, doh, "tcp")
    assert seen.addresses == (HONEST,)
    assert [asked.transport for asked in server.asked] == ["tcp"]


@pytest.mark.parametrize(
    ("replies", "failure"),
    [
        ((Reply(fin=True),), "eof_error"),
        ((Reply(raw=b""),), "dns_server_misbehaving"),
        ((Reply(raw=b"\xff" * 65535),), "dns_server_misbehaving"),
        ((Reply(wrong_id=True),), "dns_reply_with_wrong_query_id"),
        ((Reply(wrong_question=True),), "dns_server_misbehaving"),
        ((), "generic_timeout_error"),
    ],
)
async def test_what_goes_wrong_over_tcp_is_named(
    server: DnsServer, doh: DohClients, replies: tuple[Reply, ...], failure: str
) -> None:
    server.answer_tcp(NAME, "A", *replies)
    timeout_s = PATIENT_S if replies else 0.1
    assert (await ask(question(server.resolver, "tcp", timeout_s), doh)).failure == failure


async def test_a_failure_after_truncation_is_that_of_tcp(server: DnsServer, doh: DohClients) -> None:
    server.answer(NAME, "A", Reply(truncated=True))
    server.answer_tcp(NAME, "A", Reply(fin=True))
    seen = await heard(server, doh)
    assert (seen.failure, seen.transport, seen.reply) == ("eof_error", "tcp", None)


async def test_a_closed_tcp_port_is_refused(doh: DohClients) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unheard:
        port = unheard.getsockname()[1]
    assert (await ask(question(f"127.0.0.1:{port}", "tcp"), doh)).failure == "connection_refused"


# --- resolvers, and whatever comes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resolver", "endpoint"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
        ("fe80::1%eth0", ("fe80::1%eth0", 53)),
    ],
)
def test_a_resolver_is_an_address_with_or_without_a_port(resolver: str, endpoint: tuple[str, int]) -> None:
    assert resolver_endpoint(resolver) == endpoint


async def test_a_resolver_is_asked_over_ipv6(doh: DohClients) -> None:
    async with DnsServer("::1") as server:
        server.answer(NAME, "A", a(HONEST, truncated=True))
        assert (await heard(server, doh)).addresses == (HONEST,)


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".org", "a." * 128 + "org", "\ud800.org"])
@pytest.mark.parametrize("transport", ["udp", "tcp", "doh"])
async def test_a_name_that_no_message_can_hold_is_a_failure_and_no_accident(
    server: DnsServer, doh: DohClients, name: str, transport: Transport
) -> None:
    resolver = server.resolver if transport != "doh" else "https://127.0.0.1:1/dns-query"
    seen = await ask(question(resolver, transport, name=name), doh)
    assert seen.failure is not None
    assert server.asked == []


async def test_a_resolver_that_is_none_is_a_failure_and_no_accident(doh: DohClients) -> None:
    assert (await ask(question("fe80::1%no-such-interface"), doh)).failure is not None
    assert (await ask(question("resolver.example"), doh)).failure is not None


@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_a_question_can_be_cancelled(server: DnsServer, doh: DohClients, transport: Transport) -> None:
    server.answer(NAME, "A")
    task = asyncio.create_task(ask(question(server.resolver, transport), doh))
    await server.until_asked(1)
    await cancelled(task)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_without_an_accident(noise: bytes, right_id: bool) -> None:
    query = query_for(NAME, "A")
    assert read(query.id.to_bytes(2, "big") + noise if right_id else noise, query).failure is not None


@given(st.data())
def test_a_damaged_reply_is_read_without_an_accident(data: st.DataObject) -> None:
    query = query_for(NAME, "A")
    response = dns.message.make_response(query)
    records = [f'{NAME}. 60 IN TXT "text"', f"{NAME}. 60 IN SOA a. b. 1 2 3 4 5", f"{NAME}. 60 IN A 192.0.2.1"]
    response.answer.extend(dns.message.from_text(";ANSWER\n" + "\n".join(records)).answer)
    wire = bytearray(response.to_wire())
    for _ in range(data.draw(st.integers(1, 6))):
        wire[data.draw(st.integers(2, len(wire) - 1))] = data.draw(st.integers(0, 255))
    read(bytes(wire), query)
