"""What the control measures: names, connects, handshakes and the page, and what it never contacts."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from probes.control import measure, page, protocol, server
from probes.model import Endpoint
from probes.network import OutsideQuestion
from probes.steps.http import MAX_BODY_BYTES
from tests.fakes import tls_server
from tests.fakes.dns_server import NXDOMAIN, REFUSED, SERVFAIL, DnsServer, Reply, a
from tests.fakes.doh_server import DohServer
from tests.fakes.http_server import page as html
from tests.fakes.http_server import redirect, response
from tests.fakes.tcp_server import Handler, break_off, close, closed_port, deaf_port, hang, reset, say, serve
from tests.probes.asked_control import GUARD, HELLO, NAME, Loopback, ask, control, heads, posting, visited
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "failure"),
    [(NXDOMAIN, "dns_name_error"), (Reply(), None), (REFUSED, "dns_server_failure"), (SERVFAIL, "unknown_error")],
)
async def test_a_name_without_addresses_fails_in_the_older_vocabulary(reply: Reply, failure: str | None) -> None:
    async with control(reply) as url:
        told = await ask(url, f"https://{NAME}/")
    assert told == {
        "tcp_connect": {},
        "quic_handshake": {},
        "http_request": {
            "body_length": -1,
            "discovered_h3_endpoint": "",
            "failure": "dns_lookup_error",
            "title": "",
            "headers": {},
            "status_code": -1,
        },
        "http3_request": None,
        "dns": {"failure": failure, "addrs": []},
    }


@pytest.mark.parametrize(
    ("failure", "dns", "connect", "page_"),
    [
        (None, None, None, None),
        ("dns_nxdomain_error", "dns_name_error", "connect_error", "unknown_error"),
        ("dns_server_misbehaving", "dns_server_failure", "connect_error", "unknown_error"),
        ("dns_no_answer", None, "connect_error", "unknown_error"),
        ("generic_timeout_error", "unknown_error", "generic_timeout_error", "generic_timeout_error"),
        ("connection_refused", "unknown_error", "connection_refused_error", "connection_refused_error"),
        ("connection_reset", "unknown_error", "connect_error", "unknown_error"),
        ("host_unreachable", "unknown_error", "connect_error", "unknown_error"),
    ],
)
def test_failures_have_their_older_names(
    failure: str | None, dns: str | None, connect: str | None, page_: str | None
) -> None:
    assert protocol.dns_failure(failure) == dns
    assert protocol.connect_failure(failure) == connect
    assert protocol.page_failure(failure) == page_


async def test_the_second_operator_is_asked_where_the_first_is_dead() -> None:
    async with (
        DnsServer() as names,
        DohServer(names, tls_server.authority()) as operator,
        Loopback(
            guard=GUARD,
            trusted_doh=(f"https://127.0.0.1:{closed_port()}/dns-query", operator.url),
            roots=tls_server.roots(),
        ) as network,
        server.listening(server.Control(network), "127.0.0.1", 0) as port,
    ):
        names.answer(NAME, "A", a("127.0.0.2"))
        told = await ask(f"http://127.0.0.1:{port}/", f"https://{NAME}/")
    assert told["dns"] == {"failure": None, "addrs": ["127.0.0.2"]}


async def test_a_control_without_any_resolver_says_nothing_of_the_name() -> None:
    dead = f"https://127.0.0.1:{closed_port()}/dns-query"
    async with (
        Loopback(guard=GUARD, trusted_doh=(dead,), roots=tls_server.roots()) as network,
        server.listening(server.Control(network), "127.0.0.1", 0) as port,
        posting(f"http://127.0.0.1:{port}/", b'{"http_request": "https://example.org/"}') as answer,
    ):
        assert (answer.status, await answer.json()) == (503, {"error": "no resolver answers"})


async def test_a_control_without_ipv6_says_nothing_of_it() -> None:
    both = Reply(answers=("AAAA 2606:4700::1111",))
    async with (
        DnsServer() as names,
        DohServer(names, tls_server.authority()) as operator,
        Loopback(guard=GUARD, trusted_doh=(operator.url,), roots=tls_server.roots()) as network,
        server.listening(server.Control(network), "127.0.0.1", 0) as port,
        serve(say(HELLO)) as site,
    ):
        names.answer(NAME, "AAAA", both)
        names.answer(NAME, "A", a("127.0.0.1"))
        names.answer("six.example.org", "AAAA", both)
        told = await ask(f"http://127.0.0.1:{port}/", f"http://{NAME}:{site}/", "[2606:4700::1]:443")
        only_six = json.dumps({"http_request": "https://six.example.org/"}).encode()
        async with posting(f"http://127.0.0.1:{port}/", only_six) as refused:
            assert refused.status == 503
    assert list(told["tcp_connect"]) == [f"127.0.0.1:{site}"]
    assert told["dns"]["addrs"] == ["127.0.0.1", "2606:4700::1111"]
    assert told["http_request"]["status_code"] == 200


# --- connects and handshakes -----------------------------------------------------------------------------------------


async def test_addresses_asked_and_found_are_tried_on_the_ports_of_the_url() -> None:
    async with serve(say(HELLO)) as port, control() as url:
        told = await ask(url, f"http://{NAME}:{port}/", "127.0.0.1:9", "127.0.0.2:9", x_quic_enabled=True)
    assert told["tcp_connect"] == {f"127.0.0.1:{port}": {"status": True, "failure": None}}
    assert "tls_handshake" not in told
    assert (told["quic_handshake"], told["http3_request"]) == ({}, None)
    assert told["ip_info"] == {"127.0.0.1": {"asn": 0, "flags": 1 | 2}, "127.0.0.2": {"asn": 0, "flags": 1 | 4}}


async def test_a_handshake_that_proves_the_name_makes_the_address_valid() -> None:
    async with serve(say(HELLO), tls=tls_server.good(NAME)) as port, control() as url:
        told = await ask(url, f"https://{NAME}:{port}/")
    where = f"127.0.0.1:{port}"
    assert told["tls_handshake"] == {where: {"server_name": NAME, "status": True, "failure": None}}
    assert told["ip_info"] == {"127.0.0.1": {"asn": 0, "flags": 2 | 8}}
    assert told["http_request"]["title"] == "Hello"


async def test_a_handshake_that_proves_nothing_is_told_in_today_s_words() -> None:
    async with serve(say(HELLO), tls=tls_server.of_unknown_authority()) as port, control() as url:
        told = await ask(url, f"https://{NAME}:{port}/")
    where = f"127.0.0.1:{port}"
    assert told["tls_handshake"][where] == {"server_name": NAME, "status": False, "failure": "ssl_unknown_authority"}
    assert told["ip_info"]["127.0.0.1"]["flags"] == 2
    assert told["http_request"]["failure"] == "unknown_error"


async def test_an_address_as_host_needs_no_resolver() -> None:
    async with serve(say(HELLO), tls=tls_server.good("127.0.0.1")) as port, control() as url:
        told = await ask(url, f"https://127.0.0.1:{port}/", f"127.0.0.1:{port}")
    assert told["dns"] == {"failure": None, "addrs": []}
    assert told["tls_handshake"][f"127.0.0.1:{port}"]["status"] is True
    assert told["http_request"]["status_code"] == 200


async def test_no_page_is_asked_of_what_speaks_no_http() -> None:
    async with serve(hang) as port, control() as url, asyncio.timeout(PATIENCE_S):
        told = await ask(url, f"http://{NAME}:{port}/", x_connect_only=True)
    assert told["tcp_connect"] == {f"127.0.0.1:{port}": {"status": True, "failure": None}}
    assert told["http_request"]["failure"] == "unknown_error"


async def test_a_port_that_refuses_is_told_of() -> None:
    port = closed_port()
    async with control() as url:
        told = await ask(url, f"http://{NAME}:{port}/")
    assert told["tcp_connect"] == {f"127.0.0.1:{port}": {"status": False, "failure": "connection_refused_error"}}
    assert told["http_request"]["failure"] == "connection_refused_error"


async def test_silence_ends_within_the_time_that_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "CONNECT_S", TIMEOUT_S)
    monkeypatch.setattr(page, "PAGE_S", TIMEOUT_S)
    with deaf_port() as port:
        async with control() as url, asyncio.timeout(PATIENCE_S):
            told = await ask(url, f"https://{NAME}:{port}/")
    assert told["tcp_connect"][f"127.0.0.1:{port}"]["failure"] == "generic_timeout_error"
    assert told["http_request"]["failure"] == "generic_timeout_error"


def test_a_whole_measurement_fits_into_the_time_of_those_who_ask() -> None:
    longest_s = measure.RESOLVERS * measure.RESOLVER_S + max(measure.CONNECT_S + measure.HANDSHAKE_S, measure.PAGE_S)
    question = OutsideQuestion(endpoint=Endpoint("https", NAME, 443), addresses=())
    assert longest_s < question.timeout_s - 1


async def test_of_many_addresses_a_few_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "MAX_ADDRESSES", 2)
    many = [f"10.0.0.{n}:443" for n in range(1, 200)]
    async with serve(say(HELLO)) as port, control() as url:
        told = await ask(url, f"http://{NAME}:{port}/", "127.0.0.1:9", *many)
    assert list(told["ip_info"]) == ["127.0.0.1", "10.0.0.1"]


# --- what is never contacted -----------------------------------------------------------------------------------------


@pytest.fixture
def visitors() -> list[str]:
    return []


@pytest.fixture
def forbidden(visitors: list[str]) -> Iterator[Handler]:
    async def note(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        visitors.append("came")
        await hang(reader, _)

    yield note
    assert visitors == []


@pytest.mark.parametrize("host", ["127.0.0.2", NAME])
async def test_an_address_that_is_not_public_is_never_contacted(forbidden: Handler, host: str) -> None:
    async with serve(forbidden, "127.0.0.2") as port, control(a("127.0.0.2")) as url:
        told = await ask(url, f"http://{host}:{port}/", f"127.0.0.2:{port}")
    assert told["tcp_connect"] == {}
    assert told["http_request"]["failure"] == "unknown_error"
    assert told["ip_info"]["127.0.0.2"]["flags"] & protocol.BOGON


@pytest.mark.parametrize("host", ["127.0.0.2", "inner.example.org", "[::1]", "2130706434", "0x7f.2"])
async def test_a_redirect_leads_to_no_address_that_is_not_public(forbidden: Handler, host: str) -> None:
    async with (
        DnsServer() as names,
        DohServer(names, tls_server.authority()) as operator,
        Loopback(guard=GUARD, trusted_doh=(operator.url,), roots=tls_server.roots()) as network,
        server.listening(server.Control(network), "127.0.0.1", 0) as port,
        serve(forbidden, "127.0.0.2") as inner,
        serve(say(redirect(f"http://{host}:{inner}/"))) as outer,
    ):
        names.answer(NAME, "A", a("127.0.0.1"))
        names.answer("inner.example.org", "A", a("127.0.0.2"))
        told = await ask(f"http://127.0.0.1:{port}/", f"http://{NAME}:{outer}/")
    assert told["http_request"]["failure"] in {"unknown_error", "dns_lookup_error"}
    assert told["http_request"]["status_code"] == -1


async def test_where_one_of_two_addresses_is_not_public_the_other_is_visited() -> None:
    async with serve(say(HELLO)) as port, control(a("127.0.0.2", "127.0.0.1")) as url:
        told = await ask(url, f"http://{NAME}:{port}/")
    assert list(told["tcp_connect"]) == [f"127.0.0.1:{port}"]
    assert told["http_request"]["status_code"] == 200


# --- the page --------------------------------------------------------------------------------------------------------


async def test_a_page_is_told_with_its_first_headers() -> None:
    body = html("A &amp; B", "text").encode()
    answer = response(body, Content_Type="text/html", X_A="1").replace(b"X-A: 1", b"X-A: 1\r\nX-A: 2")
    assert await visited(say(answer), "/a?b=c") == {
        "body_length": len(body),
        "discovered_h3_endpoint": "",
        "failure": None,
        "title": "A & B",
        "headers": {"Content-Length": str(len(body)), "Content-Type": "text/html", "X-A": "1"},
        "status_code": 200,
    }


async def test_headers_that_are_no_text_are_told_as_far_as_they_are() -> None:
    told = await visited(say(b"HTTP/1.1 404 Not Found\r\nX-A: \xff\xfe\r\nContent-Length: 0\r\n\r\n"))
    assert (told["status_code"], told["headers"]["X-A"]) == (404, "\ufffd\ufffd")


async def test_the_site_hears_the_asker_s_headers() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for head in heads(reader):
            heard.set_result(head)
            writer.write(HELLO)

    await visited(listen, http_request_headers={"user-agent": ["Firefox"], "Cookie": ["a=b"]})
    assert b"User-Agent: Firefox\r\n" in await heard
    assert b"Accept-Encoding: identity\r\n" in await heard
    assert b"Cookie" not in await heard


async def test_a_redirect_is_followed_with_the_cookie_that_it_sets() -> None:
    async def gate(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for head in heads(reader):
            enter = b"Cookie: seen=1" in head
            writer.write(HELLO if enter else redirect("/").replace(b"\r\n\r\n", b"\r\nSet-Cookie: seen=1\r\n\r\n"))

    told = await visited(gate)
    assert (told["status_code"], told["title"]) == (200, "Hello")


async def test_cookies_are_forgotten_between_requests() -> None:
    cookies = []

    async def bake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for head in heads(reader):
            cookies.append(b"Cookie" in head)
            writer.write(response(Set_Cookie="seen=1"))

    async with serve(bake) as port, control() as url:
        for _ in range(2):
            await ask(url, f"http://{NAME}:{port}/")
    assert cookies == [False, False]


async def test_redirects_without_end_fail() -> None:
    seen = 0

    async def round_and_round(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        async for _ in heads(reader):
            seen += 1
            writer.write(redirect(f"/{seen}"))

    told = await visited(round_and_round)
    assert (told["failure"], told["status_code"]) == ("unknown_error", -1)
    assert seen <= 11


async def test_a_body_that_breaks_off_keeps_status_and_headers() -> None:
    told = await visited(say(response(b"<title>Half</title>", length=1000), then=break_off))
    assert told["failure"] == "unknown_error"
    assert (told["status_code"], told["title"], told["headers"]) == (200, "Half", {"Content-Length": "1000"})


async def test_a_long_body_is_read_as_far_as_the_measured_one() -> None:
    told = await visited(say(response(b"a" * (MAX_BODY_BYTES + 1), length=1 << 30)))
    assert (told["failure"], told["body_length"]) == (None, MAX_BODY_BYTES)


async def test_a_large_header_is_no_failure() -> None:
    told = await visited(say(response(Content_Security_Policy="a" * 20_000)))
    assert (told["failure"], told["status_code"]) == (None, 200)
    assert len(told["headers"]["Content-Security-Policy"]) < 20_000


@pytest.mark.parametrize("handler", [close, reset, say(b"SSH-2.0-OpenSSH\r\n"), say(b"HTTP/1.1 2000 OK\r\n\r\n")])
async def test_what_is_no_response_is_an_unknown_error(handler: Handler) -> None:
    told = await visited(handler)
    assert (told["failure"], told["status_code"], told["body_length"]) == ("unknown_error", -1, -1)


@pytest.mark.parametrize("location", ["ftp://example.org/", "http://", "http://[", "//", "http://a..b/"])
async def test_a_redirect_to_nowhere_fails(location: str) -> None:
    told = await visited(say(redirect(location)))
    assert told["failure"] in {"unknown_error", "dns_lookup_error"}
