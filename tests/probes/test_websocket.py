import asyncio
from collections.abc import Mapping

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.failures import NOT_WEBSOCKET
from probes.model import Endpoint
from probes.observations import HttpObservation
from probes.steps import websocket
from probes.steps.http import USER_AGENT, Reply
from tests.fakes.http_server import page, response
from tests.fakes.tcp_server import Handler, break_off, close, hang, hang_up, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S, connected

MALFORMED = "unknown_failure: malformed HTTP response"
CHAT = Endpoint("wss", "example.org", 443, "/v1/chat?a=b", "https://web.example.org", "binary")
APP = Endpoint("wss", "example.org", 8443, "/")
RIGHT = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Accept": "{accept}"}
CLOSE_FRAME_BYTES = 6


async def open_at(
    handler: Handler,
    endpoint: Endpoint = CHAT,
    *,
    host: str | None = None,
    timeout_s: float = PATIENCE_S,
    heard: asyncio.Future[bytes] | None = None,
) -> HttpObservation:
    """Open a socket at a server that stays until it has `heard` what it waits for."""
    async with serve(handler) as port:
        async with connected(port) as (frame, stream):
            seen = await websocket.open_and_close(stream, frame, endpoint, host=host, timeout_s=timeout_s)
        if heard is not None:
            await asyncio.wait_for(heard, PATIENCE_S)
        return seen


def switching(headers: Mapping[str, str], then: Handler = hang) -> Handler:
    """Answer a handshake by 101 with these headers, {accept} filled in."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        key = fields_of(await reader.readuntil(b"\r\n\r\n"))["sec-websocket-key"]
        accept = websocket.accept_for(key)
        lines = "".join(f"{name}: {value.format(accept=accept)}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 101 Switching Protocols\r\n{lines}\r\n".encode())
        await then(reader, writer)

    return handler


def fields_of(head: bytes) -> dict[str, str]:
    pairs = (line.split(": ", 1) for line in head.decode().splitlines()[1:] if line)
    return {name.lower(): value for name, value in pairs}


def test_the_proof_is_the_one_of_the_standard() -> None:
    """RFC 6455 §1.3 has this example."""
    assert websocket.accept_for("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


async def test_a_handshake_is_what_a_browser_would_send() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n\r\n"))

    await open_at(listen, heard=heard)
    head = await heard
    fields = fields_of(head)
    assert head.startswith(b"GET /v1/chat?a=b HTTP/1.1\r\n")
    assert len(fields.pop("sec-websocket-key")) == 24
    assert fields == {
        "host": "example.org",
        "user-agent": USER_AGENT,
        "accept": "*/*",
        "accept-language": "en-US,en;q=0.5",
        "accept-encoding": "identity",
        "sec-websocket-version": "13",
        "origin": "https://web.example.org",
        "sec-websocket-protocol": "binary",
        "connection": "keep-alive, Upgrade",
        "pragma": "no-cache",
        "cache-control": "no-cache",
        "upgrade": "websocket",
    }


async def test_an_app_names_no_origin_and_a_control_another_host() -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n\r\n"))

    await open_at(listen, APP, host="example.com", heard=heard)
    fields = fields_of(await heard)
    assert fields["host"] == "example.com:8443"
    assert not {"origin", "sec-websocket-protocol"} & fields.keys()


async def test_every_handshake_has_a_key_of_its_own() -> None:
    keys: set[str] = set()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        keys.add(fields_of(await reader.readuntil(b"\r\n\r\n"))["sec-websocket-key"])

    await open_at(listen)
    await open_at(listen)
    assert len(keys) == 2


@pytest.mark.parametrize(
    "headers",
    [
        RIGHT,
        RIGHT | {"Sec-WebSocket-Protocol": "binary"},
        RIGHT | {"Upgrade": "WebSocket", "Connection": "keep-alive, upgrade"},
    ],
    ids=["bare", "with the subprotocol", "in other letters"],
)
async def test_a_handshake_that_is_understood_opens_the_connection_and_ends_it(headers: dict[str, str]) -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read())

    seen = await open_at(switching(headers, listen), heard=heard)
    goodbye = await heard
    assert (seen.failure, seen.status, seen.body_truncated) == (None, 101, False)
    assert seen.url == "wss://example.org/v1/chat?a=b"
    assert (len(goodbye), goodbye[:2]) == (CLOSE_FRAME_BYTES, b"\x88\x80")


@pytest.mark.parametrize(
    "headers",
    [
        RIGHT | {"Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="},
        {name: value for name, value in RIGHT.items() if name != "Sec-WebSocket-Accept"},
        {name: value for name, value in RIGHT.items() if name != "Connection"},
        RIGHT | {"Upgrade": "h2c"},
        RIGHT | {"Sec-WebSocket-Protocol": "text"},
        RIGHT | {"Sec-WebSocket-Extensions": "permessage-deflate"},
    ],
    ids=["another key's", "no proof", "no connection", "another protocol", "not asked for", "an extension"],
)
async def test_a_switch_that_the_key_does_not_account_for_is_a_failure(headers: dict[str, str]) -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.read())

    seen = await open_at(switching(headers, listen), heard=heard)
    assert (seen.failure, seen.status) == (NOT_WEBSOCKET, 101)
    assert await heard == b""


@pytest.mark.parametrize("status", [200, 400, 403, 404, 426, 500])
async def test_any_other_answer_is_kept_and_no_failure(status: int) -> None:
    body = page("Hello").encode()
    seen = await open_at(say(response(body, status=f"{status} So", Via="1.1 proxy", Upgrade="websocket")))
    assert (seen.failure, seen.status, seen.title, seen.body_bytes) == (None, status, "Hello", len(body))
    assert dict(seen.headers)["via"] == "1.1 proxy"
    assert dict(seen.headers)["upgrade"] == "websocket"


async def test_what_the_server_says_after_the_handshake_is_not_read() -> None:
    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"\x82\x7e\xff\xff" + bytes(65535))
            await writer.drain()

    seen = await open_at(switching(RIGHT, flood))
    assert (seen.failure, seen.status, seen.body_bytes) == (None, 101, 0)


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (close, "eof_error"),
        (reset, "connection_reset"),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), MALFORMED),
        (say(b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"x" * 200_000), MALFORMED),
        (say(b"HTTP/1.1 101 Switching", then=hang_up), "eof_error"),
        (say(b"HTTP/1.1 101 Switching", then=break_off), "connection_reset"),
    ],
    ids=["fin", "rst", "another protocol", "endless head", "fin in the head", "rst in the head"],
)
async def test_what_is_no_answer_is_a_failure(handler: Handler, failure: str) -> None:
    seen = await open_at(handler)
    assert (seen.failure, seen.status) == (failure, None)


async def test_a_word_before_the_answer_is_not_the_answer() -> None:
    seen = await open_at(say(b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(status="403 Forbidden")))
    assert (seen.failure, seen.status) == (None, 403)


async def test_silence_is_given_up_in_time() -> None:
    seen = await open_at(hang, timeout_s=TIMEOUT_S)
    assert (seen.failure, seen.status) == ("generic_timeout_error", None)


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=8))
def test_any_headers_of_a_switch_are_judged(headers: dict[str, str]) -> None:
    assert websocket._defect_of(CHAT, "key", Reply(status=101, headers=headers)) == NOT_WEBSOCKET


async def test_aiohttps_server_understands_us() -> None:
    said: asyncio.Future[tuple[str | None, WSMsgType]] = asyncio.get_running_loop().create_future()

    async def chat(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(protocols=("binary",))
        await socket.prepare(request)
        said.set_result((socket.ws_protocol, (await socket.receive()).type))
        return socket

    app = web.Application()
    app.router.add_get("/v1/chat", chat)
    async with TestServer(app, host="127.0.0.1") as server:
        assert server.port is not None
        async with connected(server.port) as (frame, stream):
            seen = await websocket.open_and_close(stream, frame, CHAT, timeout_s=PATIENCE_S)
        assert await said == ("binary", WSMsgType.CLOSE)
    assert (seen.failure, seen.status, dict(seen.headers)["sec-websocket-protocol"]) == (None, 101, "binary")
