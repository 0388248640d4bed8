"""The control, asked as oohelperd is asked: what it takes, what it refuses, and how long it waits."""

import asyncio
import contextlib
import io
import json

import aiohttp
import pytest

from probes.control import plan, protocol, server
from probes.control.limits import TokenBuckets, client_of
from probes.model import Endpoint
from probes.network import OutsideQuestion
from probes.outside import OutsideControls
from tests.fakes import tls_server
from tests.fakes.http_server import page as html
from tests.fakes.tcp_server import hang, say, serve
from tests.probes.asked_control import HELLO, NAME, ask, control, posting
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

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


# --- the client ------------------------------------------------------------------------------------------------------


async def nowhere(_: str) -> tuple[str, ...]:
    return ()


async def test_the_client_reads_what_the_server_tells() -> None:
    async with serve(say(HELLO), tls=tls_server.good(NAME)) as port, control() as url:
        controls = OutsideControls([url], resolve=nowhere)
        endpoint = Endpoint("https", NAME, port, "/")
        (seen,) = await controls.ask(OutsideQuestion(endpoint=endpoint, addresses=("127.0.0.1", "127.0.0.2")))
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
