import asyncio
import gzip
import hashlib
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.model import Endpoint
from probes.observations import HttpObservation
from probes.steps import http
from probes.steps.page import text_of, title_of
from tests.fakes.http_server import chunked, page, redirect, response
from tests.fakes.tcp_server import Handler, break_off, close, hang, hang_up, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S, connected

MALFORMED = "unknown_failure: malformed HTTP response"


async def fetch(
    handler: Handler, path: str = "/", *, host: str | None = None, timeout_s: float = PATIENCE_S
) -> HttpObservation:
    async with serve(handler) as port, connected(port) as (frame, stream):
        endpoint = Endpoint("http", "example.org", 80, path)
        return await http.get(stream, frame, endpoint, host=host, timeout_s=timeout_s)


async def test_a_page_is_seen_as_far_as_it_matters() -> None:
    body = page("Welcome &amp; hello").encode()
    answer = response(body, Server="nginx", Content_Type="text/html", Set_Cookie="id=1", Alt_Svc='h3=":443"')
    seen = await fetch(say(answer), "/start?q=1")
    assert (seen.failure, seen.status, seen.title) == (None, 200, "Welcome & hello")
    assert (seen.body_bytes, seen.body_truncated) == (len(body), False)
    assert seen.body_sha256 == hashlib.sha256(body).hexdigest()
    assert seen.url == "http://example.org/start?q=1"
    assert dict(seen.headers) == {
        "content-length": str(len(body)),
        "server": "nginx",
        "content-type": "text/html",
        "alt-svc": 'h3=":443"',
    }
    assert seen.info is not None
    assert seen.info.bytes_received == len(answer)


@pytest.mark.parametrize(
    ("path", "host", "line", "host_line"),
    [
        ("/", None, b"GET / HTTP/1.1", b"Host: example.org"),
        ("", "example.com", b"GET / HTTP/1.1", b"Host: example.com"),
        ("/a b?q=\u00e9#part", "2001:db8::1", b"GET /a%20b?q=%C3%A9 HTTP/1.1", b"Host: [2001:db8::1]"),
        ("/%D0%B0", None, b"GET /%D0%B0 HTTP/1.1", b"Host: example.org"),
    ],
)
async def test_the_request_is_what_a_browser_would_send(
    path: str, host: str | None, line: bytes, host_line: bytes
) -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(response())

    await fetch(listen, path, host=host)
    lines = (await heard).split(b"\r\n")
    assert lines[:2] == [line, host_line]
    assert f"User-Agent: {http.USER_AGENT}".encode() in lines


async def test_a_port_of_its_own_is_in_the_host_header() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readuntil(b"\r\n\r\n"))

    async with serve(listen) as port, connected(port) as (frame, stream):
        await http.get(stream, frame, Endpoint("http", "example.org", 8080), timeout_s=PATIENCE_S)
    assert b"Host: example.org:8080\r\n" in await heard


@pytest.mark.parametrize(
    ("handler", "failure", "status", "body_bytes"),
    [
        (close, "eof_error", None, 0),
        (reset, "connection_reset", None, 0),
        (say(b"HTTP/1.1 200 O", then=hang_up), "eof_error", None, 0),
        (say(b"HTTP/1.1 200 O", then=break_off), "connection_reset", None, 0),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), MALFORMED, None, 0),
        (say(b"\x15\x03\x01\x00\x02\x02\x46"), MALFORMED, None, 0),
        (say(b"HTTP/1.1 abc\r\n\r\n"), MALFORMED, None, 0),
        (say(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), MALFORMED, None, 0),
        (say(b"HTTP/1.1 200 OK\r\nno header\r\n\r\n"), MALFORMED, None, 0),
        (say(response(b"cut", length=10), then=hang_up), "eof_error", 200, 3),
        (say(response(b"cut", length=10), then=break_off), "connection_reset", 200, 3),
        (say(chunked(b"whole")[:-5], then=hang_up), "eof_error", 200, 5),
    ],
    ids=[
        "fin", "rst", "fin in the head", "rst in the head", "another protocol", "a TLS alert", "no status",
        "endless head", "no header", "fin in the body", "rst in the body", "fin between chunks",
    ],
)  # fmt: skip
async def test_what_is_no_whole_response_is_a_failure(
    handler: Handler, failure: str, status: int | None, body_bytes: int
) -> None:
    seen = await fetch(handler)
    assert (seen.failure, seen.status, seen.body_bytes) == (failure, status, body_bytes)
    assert seen.body_truncated == (status is not None)


@pytest.mark.parametrize(
    ("handler", "status", "body_bytes"),
    [(hang, None, 0), (say(b"HTTP/1.1 2"), None, 0), (say(response(b"frozen", length=10_000)), 200, 6)],
    ids=["silence", "half a head", "half a body"],
)
async def test_silence_is_given_up_in_time_and_what_came_is_kept(
    handler: Handler, status: int | None, body_bytes: int
) -> None:
    seen = await fetch(handler, timeout_s=TIMEOUT_S)
    assert (seen.failure, seen.status, seen.body_bytes) == ("generic_timeout_error", status, body_bytes)
    assert TIMEOUT_S * 0.9 < seen.elapsed_s < PATIENCE_S


async def test_a_slow_drip_is_bounded_in_time() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    seen = await fetch(drip, timeout_s=TIMEOUT_S)
    assert seen.failure is None, "slow is not silent"
    assert seen.body_bytes > 0
    assert seen.body_truncated


async def test_a_huge_body_is_read_up_to_a_bound() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    seen = await fetch(flood)
    assert (seen.failure, seen.body_bytes, seen.body_truncated) == (None, http.MAX_BODY_BYTES, True)
    assert seen.body_sha256 == hashlib.sha256(b"x" * http.MAX_BODY_BYTES).hexdigest()


async def test_a_body_may_end_with_the_connection() -> None:
    seen = await fetch(say(b"HTTP/1.0 200 OK\r\n\r\nwhole", then=hang_up))
    assert (seen.failure, seen.body_bytes, seen.body_truncated) == (None, 5, False)


async def test_a_chunked_body_is_put_together() -> None:
    seen = await fetch(say(chunked(b"one", b"two")))
    assert seen.body_sha256 == hashlib.sha256(b"onetwo").hexdigest()


async def test_a_response_may_come_in_any_pieces() -> None:
    answer = b"HTTP/1.1 103 Early Hints\r\n\r\n" + response(b"body")
    seen = await fetch(say(*(bytes([byte]) for byte in answer)))
    assert (seen.failure, seen.status, seen.body_bytes) == (None, 200, 4)


@pytest.mark.parametrize(
    "location", ["https://example.com/", "/elsewhere", "//example.com", "?q=1", "http://example.org/"]
)
async def test_a_redirect_is_recorded_and_not_followed(location: str) -> None:
    seen = await fetch(say(redirect(location)))
    assert (seen.failure, seen.status, seen.location) == (None, 302, location)


@pytest.mark.parametrize("location", ["http://", "https://", "http:///path", "//", "http://[::1"])
async def test_a_redirect_to_no_host_is_a_failure(location: str) -> None:
    seen = await fetch(say(redirect(location)))
    assert (seen.failure, seen.status) == ("http_invalid_redirect_location_host", 302)


async def test_the_body_of_a_redirect_is_not_waited_for() -> None:
    endless = b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\n\r\n"
    seen = await fetch(say(endless))
    assert (seen.failure, seen.status, seen.body_truncated) == (None, 302, False)


async def test_a_refusal_for_legal_reasons_is_marked() -> None:
    seen = await fetch(say(response(b"", status="451 Unavailable For Legal Reasons")))
    assert (seen.status, seen.fingerprints) == (451, ("refusal.http-451",))


async def test_a_block_page_is_recognised_by_where_it_sends_people() -> None:
    seen = await fetch(say(redirect("http://warning.rt.ru/?id=1"), then=hang_up))
    assert seen.fingerprints == ("ru-rostelecom",)


async def test_a_block_page_is_recognised_in_its_own_charset() -> None:
    notice = page("Внимание", "Доступ ограничен по 149-ФЗ, см. eais.rkn.gov.ru").encode("cp1251")
    seen = await fetch(say(response(notice, Content_Type="text/html; charset=windows-1251")))
    assert (seen.title, seen.fingerprints) == ("Внимание", ("ru-notice-register",))


@pytest.mark.parametrize(
    ("body", "content_type", "title"),
    [
        (page("Привет").encode(), "text/html; charset=utf-8", "Привет"),
        (page("Привет").encode(), "text/html", "Привет"),
        (page("Привет").encode("koi8-r"), 'text/html; charset="KOI8-R"', "Привет"),
        (b'<meta charset="windows-1251">' + page("Привет").encode("cp1251"), "text/html", "Привет"),
        (page("Hi").encode(), "text/html; charset=no-such", "Hi"),
        (page("Hi").encode(), "text/html; charset=idna", "Hi"),
        (page("Hi").encode(), "text/html; charset=windows-9999", "Hi"),
        (b"<TITLE lang='en'>\n A\n  title </TITLE>", "", "A title"),
        (b"<title>\xff\xfe</title>", "", "\ufffd\ufffd"),
        (b"<title></title>", "", None),
        (b"<html>no title</html>", "", None),
        (b"<title>" + b"x" * 10_000, "", "x" * 512),
    ],
)
def test_a_title_is_read_in_whatever_charset(body: bytes, content_type: str, title: str | None) -> None:
    assert title_of(text_of(body, content_type)) == title


def test_an_unasked_compression_is_undone_up_to_a_bound() -> None:
    assert text_of(gzip.compress(b"hello"), "", "gzip") == "hello"
    assert text_of(zlib.compress(b"hello"), "", "deflate") == "hello"
    assert text_of(b"not compressed", "", "gzip") == "not compressed"
    assert len(text_of(gzip.compress(bytes(50_000_000)), "", "gzip")) <= 512 * 1024


@given(st.binary(max_size=500), st.text(max_size=50))
@settings(deadline=None)
def test_no_body_raises_anything(body: bytes, content_type: str) -> None:
    title_of(text_of(body, content_type, "gzip"))


def test_a_page_that_is_all_titles_is_read_in_time() -> None:
    hostile = "<title " * 75_000
    assert title_of(hostile) is None
