"""The control, asked as oohelperd is asked: its limits, what it measures, and what it never contacts."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import pytest

from probes.control import measure, page, plan, protocol, server
from probes.control.limits import TokenBuckets, client_of
from probes.guard import Guard
from probes.live import LiveNetwork
from probes.model import Endpoint
from probes.network import OutsideQuestion
from probes.outside import OutsideControls
from probes.steps.http import MAX_BODY_BYTES
from tests.fakes import tls_server
from tests.fakes.dns_server import NXDOMAIN, REFUSED, SERVFAIL, DnsServer, Reply, a
from tests.fakes.doh_server import DohServer
from tests.fakes.http_server import page as html
from tests.fakes.http_server import redirect, response
from tests.fakes.tcp_server import Handler, break_off, close, closed_port, deaf_port, hang, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

GUARD = Guard(ports=None, extra_networks=("127.0.0.1/32",))
"""127.0.0.1 is as good as public here, 127.0.0.2 is not."""
HELLO = response(html("Hello").encode(), Content_Type="text/html", X_Served_By="a")
NAME = "example.org"


class Loopback(LiveNetwork):
    """A network whose public part is 127.0.0.1, wherever this machine has routes to."""

    def families(self) -> frozenset[int]:
        return frozenset({4})


@contextlib.asynccontextmanager
async def control(*replies: Reply) -> AsyncIterator[str]:
    """Run a control whose resolver gives these replies for the addresses of `NAME`; give its URL."""
    async with (
        DnsServer() as names,
        DohServer(names, tls_server.authority()) as operator,
        Loopback(guard=GUARD, trusted_doh=(operator.url,), roots=tls_server.roots()) as network,
        server.listening(server.Control(network, tls_server.roots()), "127.0.0.1", 0) as port,
    ):
        names.answer(NAME, "A", *(replies or (a("127.0.0.1"),)))
        yield f"http://127.0.0.1:{port}/"


@contextlib.asynccontextmanager
async def posting(url: str, body: bytes | io.BytesIO, **headers: str) -> AsyncIterator[aiohttp.ClientResponse]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        yield answer


async def ask(control_url: str, url: str, *addresses: str, **more: Any) -> dict[str, Any]:
    body = {"http_request": url, "http_request_headers": {}, "tcp_connect": addresses, **more}
    async with posting(control_url, json.dumps(body).encode()) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        told: dict[str, Any] = await answer.json()
        return told


async def visited(handler: Handler, path: str = "/", **more: Any) -> dict[str, Any]:
    """What the control tells of a page that `handler` serves."""
    async with serve(handler) as port, control() as url:
        told: dict[str, Any] = (await ask(url, f"http://{NAME}:{port}{path}", **more))["http_request"]
        return told


async def heads(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Give the head of each request of a connection."""
    with contextlib.suppress(EOFError):
        while True:
            yield await reader.readuntil(b"\r\n\r\n")


# --- requests --------------------------------------------------------------------------------------------------------


async def test_a_get_is_greeted_wherever_it_goes() -> None:
    async with control() as url, aiohttp.ClientSession() as session:
        for path in ("", "api/v1/health"):
            async with session.get(url + path) as answer:
                assert (answer.status, await answer.json()) == (200, {"message": "Hello OONItarian!"})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"http_request": 5}',
        b'{"http_request": "ftp://example.org/"}',
        b'{"http_request": "example.org"}',
        b'{"http_request": "https:///path"}',
        b'{"http_request": "https://user:word@example.org/"}',
        b'{"http_request": "https://example.org:0/"}',
        b'{"http_request": "https://example.org:65536/"}',
        b'{"http_request": "https://exa mple.org/"}',
        b'{"http_request": "https://a..example.org/"}',
        b'{"http_request": "https://' + b"a" * 64 + b'.org/"}',
        b'{"http_request": "https://example.org/' + b"a" * 5000 + b'"}',
        b'{"http_request": "https://example.org/", "tcp_connect": "1.2.3.4:443"}',
        b'{"http_request": "https://example.org/", "tcp_connect": [' + b'"",' * 300 + b'""]}',
        b'{"http_request": "https://example.org/", "http_request_headers": {"Accept": "x"}}',
        b"\xff\xfe",
        b"[" * 5000,
    ],
)
async def test_what_is_no_request_is_refused(body: bytes) -> None:
    async with control() as url, posting(url, body) as answer:
        assert answer.status == 400
        assert "error" in await answer.json()


@pytest.mark.parametrize("method", ["PUT", "HEAD", "OPTIONS", "DELETE"])
async def test_other_methods_are_refused(method: str) -> None:
    async with control() as url, aiohttp.ClientSession() as session, session.request(method, url) as answer:
        assert answer.status == 400


async def test_a_request_has_a_size() -> None:
    async with control() as url, posting(url, io.BytesIO(b" " * (protocol.MAX_REQUEST_BYTES + 1))) as answer:
        assert answer.status == 413


async def test_a_head_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_S", TIMEOUT_S)
    async with control() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2].strip("/")))
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n")
        async with asyncio.timeout(PATIENCE_S):
            assert await reader.read() == b""
        writer.close()


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_S", TIMEOUT_S)
    async with control() as url:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2].strip("/")))
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        async with asyncio.timeout(PATIENCE_S):
            assert b" 408 " in await reader.readline()
        writer.close()


@pytest.mark.parametrize(
    ("url", "host", "ports", "tls_ports"),
    [
        ("https://example.org/a?b", "example.org", (443,), (443,)),
        ("http://example.org", "example.org", (80, 443), (443,)),
        ("http://example.org:443/", "example.org", (443,), (443,)),
        ("http://example.org:5222/", "example.org", (5222,), ()),
        ("https://example.org:8443/", "example.org", (8443,), (8443,)),
        ("HTTPS://EXAMPLE.org./", "example.org", (443,), (443,)),
        ("https://пример.рф/", "xn--e1afmkfd.xn--p1ai", (443,), (443,)),
        ("https://1.1.1.1/", "1.1.1.1", (443,), (443,)),
        ("http://[2606:4700::1111]:8080/", "2606:4700::1111", (8080,), ()),
    ],
)
def test_the_url_says_which_ports_are_tried(
    url: str, host: str, ports: tuple[int, ...], tls_ports: tuple[int, ...]
) -> None:
    it = plan.plan_for(protocol.Request(http_request=url))
    assert (it.host, it.ports, tuple(filter(it.takes_tls, it.ports))) == (host, ports, tls_ports)


def test_of_the_addresses_asked_only_addresses_are_taken_and_ports_are_ignored() -> None:
    asked = ["1.2.3.4:443", "1.2.3.4:80", "[2001:DB8:0::1]:443", "example.org:443", "5.6.7.8", "fe80::1%lo:5", ""]
    request = protocol.Request(http_request="https://example.org/", tcp_connect=asked)
    assert plan.plan_for(request).asked == ("1.2.3.4", "2001:db8::1")


def test_three_headers_are_passed_on() -> None:
    headers = {
        "accept": ["text/html", "second"],
        "USER-AGENT": ["Firefox"],
        "Accept-Language": ["en\r\nX-Injected: 1"],
        "Cookie": ["a=b"],
        "Accept-Encoding": ["br"],
    }
    request = protocol.Request(http_request="https://example.org/", http_request_headers=headers)
    assert plan.plan_for(request).headers == {"Accept": "text/html", "User-Agent": "Firefox"}


# --- limits ----------------------------------------------------------------------------------------------------------


def test_a_bucket_of_tokens_is_emptied_and_refilled() -> None:
    buckets = TokenBuckets(rate_per_s=0.5, burst=2, clients=10)
    taken = [buckets.take("a", now_s) for now_s in (0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 100.0, 100.0, 100.0)]
    assert taken == [True, True, False, False, True, False, True, True, False]
    assert buckets.take("b", 100.0)


def test_few_clients_are_remembered_and_those_that_keep_asking_longest() -> None:
    buckets = TokenBuckets(rate_per_s=0.0, burst=1, clients=2)
    for client in ("a", "b", "a", "c"):
        buckets.take(client, 0.0)
    assert len(buckets) == 2
    assert [buckets.take(client, 0.0) for client in ("a", "c", "b")] == [False, False, True]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("8.8.8.8", "", "8.8.8.8"),
        ("8.8.8.8", "9.9.9.9", "8.8.8.8"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "9.9.9.9", "9.9.9.9"),
        ("::1", "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("::ffff:8.8.8.8", "", "8.8.8.8"),
        ("2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        ("", "", ""),
    ],
)
def test_a_client_is_an_address_or_an_ipv6_network(peer: str, forwarded: str, client: str) -> None:
    assert client_of(peer, forwarded) == client


async def test_a_client_that_asks_too_often_is_told_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BURST", 1)
    monkeypatch.setattr(server, "RATE_PER_S", 0.0)
    async with control() as url:
        async with posting(url, b"{") as first, posting(url, b"{") as second:
            assert (first.status, second.status) == (400, 429)
            assert int(second.headers["Retry-After"]) > 0
        async with posting(url, b"{", **{"X-Forwarded-For": "192.0.2.1"}) as other:
            assert other.status == 400


async def test_more_measurements_at_once_than_it_has_room_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IN_FLIGHT", 1)
    started, finish = asyncio.Event(), asyncio.Event()

    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started.set()
        await finish.wait()
        writer.write(HELLO)

    async with serve(slow) as port, control() as url, asyncio.TaskGroup() as group:
        target = f"http://{NAME}:{port}/"
        first = group.create_task(ask(url, target))
        await started.wait()
        async with posting(url, json.dumps({"http_request": target}).encode()) as second:
            assert second.status == 503
            assert int(second.headers["Retry-After"]) > 0
        finish.set()
        assert (await first)["http_request"]["status_code"] == 200
        assert (await ask(url, target))["http_request"]["status_code"] == 200


async def test_whoever_hangs_up_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IN_FLIGHT", 1)
    started, ended = asyncio.Event(), asyncio.Event()

    async def hold(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        with contextlib.suppress(EOFError):
            await reader.readuntil(b"\r\n\r\n")
            started.set()
            await hang(reader, _)
        ended.set()

    async with serve(hold) as port, serve(say(HELLO)) as other, control() as url:
        asking = asyncio.create_task(ask(url, f"http://{NAME}:{port}/"))
        await started.wait()
        asking.cancel()
        await asyncio.wait({asking})
        await ended.wait()
        again = json.dumps({"http_request": f"http://{NAME}:{other}/"}).encode()
        status = 503
        async with asyncio.timeout(PATIENCE_S):
            while status == 503:
                async with posting(url, again) as answer:
                    status = answer.status
        assert status == 200


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


# --- the client ------------------------------------------------------------------------------------------------------


async def nowhere(_: str) -> tuple[str, ...]:
    return ()


async def test_the_client_reads_what_the_server_tells() -> None:
    async with serve(say(HELLO), tls=tls_server.good(NAME)) as port, control() as url:
        controls = OutsideControls([url], resolve=nowhere)
        endpoint = Endpoint("https", NAME, port, "/")
        seen = await controls.ask(OutsideQuestion(endpoint=endpoint, addresses=("127.0.0.1", "127.0.0.2")))
        await controls.close()
    assert (seen.failure, seen.control) == (None, url)
    assert (seen.addresses, seen.dns_failure) == (("127.0.0.1",), None)
    assert seen.tcp == seen.tls == {f"127.0.0.1:{port}": None}
    assert (seen.http_failure, seen.http_status, seen.http_title) == (None, 200, "Hello")
    assert seen.http_body_bytes == len(html("Hello"))


async def test_it_serves_until_it_is_stopped() -> None:
    port = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(server.serve("127.0.0.1", 0, trusted_doh=(), on_listening=port.set_result))
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{await port}/") as answer:
        assert answer.status == 200
    serving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving


async def test_a_port_that_is_taken_is_an_error_of_the_system() -> None:
    async with serve(hang) as port:
        with pytest.raises(OSError, match="address already in use"):
            await server.serve("127.0.0.1", port, trusted_doh=())
