"""The client of outside controls: whatever a control does, it is a control that failed, in time, and no verdict."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from probes import outside
from probes.control import protocol
from probes.model import Endpoint
from probes.network import OutsideQuestion
from probes.observations import Arm, OutsideObservation, Purpose, Target
from probes.outside import NONE_CONFIGURED, OutsideControls, control_url, request_for
from tests.fakes import tls_server
from tests.fakes.http_server import redirect, response
from tests.fakes.tcp_server import Handler, break_off, close, closed_port, deaf_port, hang, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

PAGE: Mapping[str, Any] = {
    "body_length": 12,
    "failure": None,
    "title": "T",
    "headers": {},
    "status_code": 200,
    "discovered_h3_endpoint": "",
}
ANSWER: Mapping[str, Any] = {
    "tcp_connect": {"1.1.1.1:443": {"status": True, "failure": None}},
    "tls_handshake": {"1.1.1.1:443": {"server_name": "example.org", "status": True, "failure": None}},
    "quic_handshake": {},
    "http_request": PAGE,
    "http3_request": None,
    "dns": {"failure": None, "addrs": ["1.1.1.1"]},
    "ip_info": {"1.1.1.1": {"asn": 13335, "flags": 11}},
}


def question(url: str = "https", port: int = 443, *, timeout_s: float = PATIENCE_S) -> OutsideQuestion:
    return OutsideQuestion(
        endpoint=Endpoint(url, "example.org", port, "/"), addresses=("1.1.1.1",), timeout_s=timeout_s
    )


def telling(answer: object, status: str = "200 OK") -> bytes:
    return response(json.dumps(answer).encode(), status=status, Connection="close")


def changed(**parts: object) -> bytes:
    return telling({**ANSWER, **parts})


GOOD = say(telling(ANSWER))


async def loopback(_: str) -> tuple[str, ...]:
    return ("127.0.0.1",)


@contextlib.asynccontextmanager
async def controls(*handlers: Handler | str) -> AsyncIterator[OutsideControls]:
    """Give a client of controls that are handled so, or have such a URL."""
    async with contextlib.AsyncExitStack() as stack:
        urls = [
            one if isinstance(one, str) else f"http://127.0.0.1:{await stack.enter_async_context(serve(one))}/"
            for one in handlers
        ]
        client = OutsideControls(urls, resolve=loopback, roots=tls_server.roots())
        stack.push_async_callback(client.close)
        yield client


async def asked(*handlers: Handler | str, timeout_s: float = PATIENCE_S) -> OutsideObservation:
    async with controls(*handlers) as client:
        (seen,) = await client.ask(question(timeout_s=timeout_s))
        return seen


async def heard(body: bytes) -> OutsideObservation:
    """What is made of an answer, which has to be one."""
    seen = await asked(say(body))
    assert seen.failure is None
    return seen


# --- what is asked ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        (Endpoint("https", "example.org", 443, "/a?b"), "https://example.org/a?b"),
        (Endpoint("http", "example.org", 8080, "/"), "http://example.org:8080/"),
        (Endpoint("wss", "example.org", 443, "/chat?b"), "https://example.org/chat?b"),
        (Endpoint("tcp", "example.org", 5222), "http://example.org:5222/"),
        (Endpoint("tcp", "1.1.1.1", 443), "https://1.1.1.1:443/"),
        (Endpoint("tls", "example.org", 8443), "https://example.org:8443/"),
        (Endpoint("tcp", "2606:4700::1111", 80), "http://[2606:4700::1111]:80/"),
    ],
)
def test_every_endpoint_has_a_url_to_ask_for(endpoint: Endpoint, url: str) -> None:
    request = request_for(OutsideQuestion(endpoint=endpoint, addresses=()))
    assert (request.http_request, request.x_connect_only) == (url, endpoint.scheme not in {"http", "https", "wss"})


async def test_the_request_is_the_protocol_s() -> None:
    told: asyncio.Future[tuple[bytes, Any]] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))[15:])
        told.set_result((head, json.loads(await reader.readexactly(size))))
        writer.write(telling(ANSWER))

    async with controls(listen) as client:
        endpoint = Endpoint("https", "example.org", 443, "/")
        await client.ask(OutsideQuestion(endpoint=endpoint, addresses=("1.1.1.1", "2606:4700::1111")))
    head, body = await told
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"Content-Type: application/json\r\n" in head
    assert body["http_request"] == "https://example.org/"
    assert body["tcp_connect"] == ["1.1.1.1:443", "[2606:4700::1111]:443"]
    assert body["x_quic_enabled"] is False
    assert set(body["http_request_headers"]) == {"Accept", "Accept-Language", "User-Agent"}
    assert all(isinstance(value, list) for value in body["http_request_headers"].values())


@pytest.mark.parametrize(
    "url", ["https://0.th.ooni.org", "https://x.org:8443/a", "http://127.0.0.1:8080", "http://[::1]/"]
)
def test_controls_that_are_safe_to_ask(url: str) -> None:
    assert control_url(url) == url


@pytest.mark.parametrize(
    "url", ["", "x.org", "http://x.org/", "http://1.1.1.1/", "http://localhost/", "ftp://127.0.0.1/"]
)
async def test_others_are_refused_and_never_asked(url: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        control_url(url)
    assert (await asked(url)).failure is not None


# --- what is answered ------------------------------------------------------------------------------------------------


async def test_an_answer_is_told_in_our_words() -> None:
    async with controls(GOOD) as client:
        (seen,) = await client.ask(question())
    assert (seen.arm, seen.purpose, seen.target) == (Arm.CONTROL, Purpose.OUTSIDE, Target(host="example.org", port=443))
    assert (seen.failure, seen.addresses, seen.dns_failure) == (None, ("1.1.1.1",), None)
    assert seen.tcp == seen.tls == {"1.1.1.1:443": None}
    assert (seen.http_failure, seen.http_status, seen.http_title, seen.http_body_bytes) == (None, 200, "T", 12)
    assert 0 < seen.elapsed_s < PATIENCE_S


async def test_what_is_absent_was_not_seen() -> None:
    answer = {name: ANSWER[name] for name in ("tcp_connect", "http_request", "dns")}
    seen = await heard(telling({**answer, "tls_handshake": None, "more": [1]}))
    assert (seen.tls, seen.http_status) == ({}, 200)


async def test_connects_are_told_by_endpoints_in_their_usual_form() -> None:
    refused = {"status": False, "failure": "connection_refused_error"}
    tcp = {
        "1.1.1.1:443": {"status": False, "failure": None},
        "[2606:4700:0::1111]:443": {"status": True, "failure": None},
        "2.2.2.2:80": refused,
        "3.3.3.3:80": {"status": False, "failure": "x" * 1000},
        "example.org:443": refused,
        "4.4.4.4": refused,
        "4.4.4.4:": refused,
        "999.4.4.4:80": refused,
        "2606:4700::1:443": refused,
    }
    assert (await heard(changed(tcp_connect=tcp))).tcp == {
        "1.1.1.1:443": "unknown_error",
        "[2606:4700::1111]:443": None,
        "2.2.2.2:80": "connection_refused_error",
        "3.3.3.3:80": "x" * 200,
    }


async def test_a_control_without_ipv6_says_nothing_of_it() -> None:
    tcp = {
        "1.1.1.1:443": {"status": False, "failure": "connect_error"},
        "[2606:4700::1]:443": {"status": False, "failure": "connect_error"},
        "[2606:4700::2]:443": {"status": False, "failure": "generic_timeout_error"},
    }
    told = {"1.1.1.1:443": "connect_error", "[2606:4700::2]:443": "generic_timeout_error"}
    assert (await heard(changed(tcp_connect=tcp))).tcp == told


async def test_texts_and_tables_have_bounds() -> None:
    tcp = {f"1.1.1.{n}:443": {"status": True, "failure": None} for n in range(200)}
    names = {"failure": "f" * 1000, "addrs": ["nonsense", *(f"1.1.1.{n}" for n in range(200))]}
    seen = await heard(changed(tcp_connect=tcp, dns=names, http_request={**PAGE, "title": "t" * 1000}))
    assert len(seen.tcp) <= 64
    assert len(seen.addresses) <= 64
    assert "nonsense" not in seen.addresses
    assert len(seen.dns_failure or "") == 200
    assert len(seen.http_title or "") == 512


async def test_a_page_that_failed_has_no_status() -> None:
    failed = {**PAGE, "failure": "unknown_error", "status_code": 200, "body_length": -1}
    seen = await heard(changed(http_request=failed))
    assert (seen.http_failure, seen.http_status, seen.http_body_bytes) == ("unknown_error", None, None)


# --- controls that fail ----------------------------------------------------------------------------------------------

FAILING: Mapping[str, Handler | str] = {
    "busy": say(telling(ANSWER, "503 Service Unavailable")),
    "faulty": say(telling(ANSWER, "500 Internal Server Error")),
    "moved": say(redirect("http://127.0.0.1:1/")),
    "no json": say(response(b"<html>Welcome to the hotel's network</html>")),
    "not utf-8": say(response(b'{"\xff": 1}')),
    "empty": say(response()),
    "another json": say(telling([ANSWER])),
    "no keys": say(telling({})),
    "deep": say(response(b"[" * 100_000)),
    "compressed": say(response(b"\x1f\x8b\x08\x00", Content_Encoding="gzip")),
    "no page": say(changed(http_request=None)),
    "neither page nor failure": say(changed(http_request={**PAGE, "status_code": -1})),
    "no status": say(changed(http_request={**PAGE, "status_code": 99999})),
    "no names": say(changed(dns={"failure": None, "addrs": None})),
    "no table": say(changed(tcp_connect=["1.1.1.1:443"])),
    "large table": say(changed(tcp_connect={f"1.1.1.1:{n}": {"status": True} for n in range(1000)})),
    "another type": say(changed(dns={"failure": {}, "addrs": []})),
    "long": say(response(b" " * (protocol.MAX_ANSWER_BYTES + 1), length=1 << 40)),
    "half": say(response(b'{"tcp_', length=1000), then=break_off),
    "no http": say(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "large header": say(response(X_A="a" * 100_000)),
    "closed": close,
    "reset": reset,
    "refused": f"http://127.0.0.1:{closed_port()}/",
    "no tls": "https://127.0.0.1:1/",
}


@pytest.mark.parametrize("how", FAILING)
async def test_a_failing_control_is_told_of_and_the_next_one_answers(how: str) -> None:
    alone = await asked(FAILING[how])
    assert alone.failure is not None
    assert alone.control
    assert (alone.addresses, alone.tcp, alone.tls, alone.http_status) == ((), {}, {}, None)
    followed = await asked(FAILING[how], GOOD)
    assert (followed.failure, followed.http_status) == (None, 200)


@pytest.mark.parametrize("tls", [tls_server.of_unknown_authority(), tls_server.expired("control.example")])
async def test_a_control_that_cannot_prove_its_name_is_not_believed(tls: Any) -> None:
    async with serve(GOOD, tls=tls) as port:
        seen = await asked(f"https://control.example:{port}/")
    assert seen.failure is not None
    assert seen.failure.startswith("ssl_")


async def test_a_control_is_asked_over_tls() -> None:
    async with serve(GOOD, tls=tls_server.good("control.example")) as port:
        seen = await asked(f"https://control.example:{port}/")
    assert (seen.failure, seen.http_status) == (None, 200)


async def test_without_controls_the_question_fails() -> None:
    assert (await asked()).failure == NONE_CONFIGURED


async def test_a_name_without_addresses_is_a_failed_control() -> None:
    async def nowhere(_: str) -> tuple[str, ...]:
        return ()

    client = OutsideControls(["https://control.example/"], resolve=nowhere)
    (seen,) = await client.ask(question())
    await client.close()
    assert seen.failure is not None
    assert "control.example" in seen.failure


# --- time ------------------------------------------------------------------------------------------------------------


async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Never end an answer, never be silent."""
    writer.write(response(length=1 << 19))
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_a_control_that_cannot_be_connected_to_is_soon_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_CONNECT_S", TIMEOUT_S)
    with deaf_port() as port:
        assert (await asked(f"http://127.0.0.1:{port}/")).failure == "generic_timeout_error"
        assert (await asked(f"http://127.0.0.1:{port}/", GOOD)).failure is None


@pytest.mark.parametrize("handler", [hang, drip])
async def test_a_slow_control_ends_with_the_question_s_time(handler: Handler) -> None:
    async with asyncio.timeout(PATIENCE_S):
        seen = await asked(handler, timeout_s=TIMEOUT_S)
    assert seen.failure == "generic_timeout_error"
    assert seen.elapsed_s < PATIENCE_S


async def test_all_controls_silent_end_with_the_question_s_time() -> None:
    async with asyncio.timeout(PATIENCE_S):
        assert (await asked(*[hang] * 6, timeout_s=TIMEOUT_S)).failure == "generic_timeout_error"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_SHARE", 0.01)


@pytest.mark.usefixtures("impatient")
async def test_beside_a_silent_control_the_next_one_is_asked() -> None:
    seen = await asked(hang, hang, GOOD)
    assert (seen.failure, seen.http_status) == (None, 200)


@pytest.mark.usefixtures("impatient")
async def test_a_slow_control_may_still_be_the_first_to_answer() -> None:
    second_asked = asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await second_asked.wait()
        await say(telling(ANSWER))(reader, writer)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        second_asked.set()
        await hang(reader, writer)

    async with controls(slow, silent) as client:
        (seen,) = await client.ask(question())
    assert (seen.failure, seen.http_status) == (None, 200)


async def test_a_control_that_failed_is_asked_last_for_a_while() -> None:
    times = 0

    async def failing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        nonlocal times
        times += 1
        await reader.read(65536)

    async with controls(failing, GOOD) as client:
        for _ in range(3):
            assert (await client.ask(question()))[0].failure is None
    assert times == 1


# --- several witnesses ------------------------------------------------------------------------------------------------


async def witnessed(*handlers: Handler | str, heard: frozenset[str] = frozenset()) -> set[int | None]:
    """What two witnesses tell, or as many as there are."""
    async with controls(*handlers) as client:
        asked_for_two = replace(question(), witnesses=2, heard=heard)
        return {seen.http_status for seen in await client.ask(asked_for_two)}


def saying(status: int) -> Handler:
    return say(changed(http_request={**PAGE, "status_code": status}))


async def test_as_many_controls_are_heard_as_are_wanted() -> None:
    assert await witnessed(saying(201), saying(202), saying(203)) == {201, 202}


async def test_in_the_place_of_a_witness_that_fails_the_next_one_is_heard() -> None:
    assert await witnessed(close, saying(202), FAILING["busy"], saying(204)) == {202, 204}


async def test_one_witness_is_better_than_none() -> None:
    assert await witnessed(close, saying(202)) == {202}
    assert await witnessed(close, close) == {None}


async def test_further_witnesses_are_not_waited_for_as_long_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "_LATER_S", TIMEOUT_S)
    async with asyncio.timeout(PATIENCE_S):
        assert await witnessed(hang, saying(202)) == {202}


async def test_beside_a_witness_that_keeps_silent_the_next_one_is_heard() -> None:
    async with asyncio.timeout(PATIENCE_S):
        assert await witnessed(hang, saying(202), saying(203)) == {202, 203}


async def test_two_urls_of_one_server_are_one_witness() -> None:
    async with serve(GOOD) as port:
        assert await witnessed(f"http://127.0.0.1:{port}/a", f"http://127.0.0.1:{port}/b") == {200}


async def test_a_control_that_has_been_heard_is_not_asked_again() -> None:
    async with serve(saying(201)) as port:
        url = f"http://127.0.0.1:{port}/"
        assert await witnessed(url, saying(202), heard=frozenset({url})) == {202}


async def test_a_question_can_be_cancelled() -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        started.set()
        await hang(reader, writer)
        ended.set()

    async with controls(silent) as client:
        asking = asyncio.create_task(client.ask(question()))
        await started.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await ended.wait()


async def test_many_questions_at_once_are_all_answered() -> None:
    async with controls(GOOD) as client, asyncio.TaskGroup() as group:
        asking = [group.create_task(client.ask(question())) for _ in range(50)]
    assert [seen.http_status for task in asking for seen in task.result()] == [200] * 50
