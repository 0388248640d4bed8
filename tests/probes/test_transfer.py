import asyncio
import ssl
import time
from typing import Literal

import pytest

from probes.model import Endpoint
from probes.network import Transfer
from probes.observations import TransferObservation
from probes.steps import tcp, tcp_info, tls, transfer
from probes.steps.flow_meter import FlowMeter, kernel_counter
from tests import held_up
from tests.fakes import tls_server
from tests.fakes.http_server import chunked, redirect, response
from tests.fakes.keepalive_server import answering, pouring
from tests.fakes.tcp_server import Handler, break_off, close, hang, hang_up, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S, connected

KB = 1024
SITE = Endpoint("https", "example.org", 443, "/big?n=1")


async def move(
    handler: Handler,
    direction: Literal["down", "up"],
    *,
    size_bytes: int = 64 * KB,
    context: ssl.SSLContext | None = None,
    host: str | None = None,
    stall_s: float = PATIENCE_S,
    timeout_s: float = PATIENCE_S,
) -> TransferObservation:
    async with serve(handler, tls=context) as port, connected(port) as (frame, plain):
        stream: tcp.TcpStream | tls.TlsStream | None = plain
        if context is not None:
            _, stream = await tls.handshake(
                plain, frame, server_name="example.org", timeout_s=PATIENCE_S, roots=tls_server.roots()
            )
        assert stream is not None
        wanted = Transfer(direction=direction, size_bytes=size_bytes)
        return await transfer.move(stream, frame, SITE, wanted, host=host, stall_s=stall_s, timeout_s=timeout_s)


# --- down ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [None, tls_server.good()], ids=["plain", "TLS"])
@pytest.mark.parametrize("extra_bytes", [0, 32_000 * KB])
async def test_as_much_as_was_wanted_is_read_and_no_more(context: ssl.SSLContext | None, extra_bytes: int) -> None:
    seen = await move(answering(response(b"x" * (64 * KB + extra_bytes))), "down", context=context)
    assert (seen.failure, seen.direction, seen.wanted_bytes) == (None, "down", 64 * KB)
    assert seen.stalled_after_bytes is None
    unasked_bytes = max(64 * KB, extra_bytes // 2)  # heads, TLS, and what the kernel has taken in, count too
    assert 64 * KB <= seen.moved_bytes < 64 * KB + unasked_bytes


async def test_the_request_is_for_that_part_alone() -> None:
    heads: list[bytes] = []
    await move(answering(heads=heads), "down", host="iana.org", size_bytes=5000)
    assert heads[0].startswith(b"GET /big?n=1 HTTP/1.1\r\n")
    assert b"\r\nRange: bytes=0-4999\r\n" in heads[0]
    assert b"\r\nHost: iana.org\r\n" in heads[0]


@pytest.mark.parametrize("reply", [response(b"small"), chunked(b"small"), redirect("https://example.net/")])
async def test_a_resource_that_ends_earlier_is_no_failure(reply: bytes) -> None:
    seen = await move(answering(reply), "down")
    assert (seen.failure, seen.stalled_after_bytes, seen.rate_bytes_s) == (None, None, None)
    assert len(reply) == seen.moved_bytes


async def test_the_rate_is_that_of_the_flow() -> None:
    seen = await move(pouring(bytes(20 * KB), piece_bytes=2 * KB, every_s=0.03), "down", size_bytes=20 * KB)
    assert seen.failure is None
    assert seen.rate_bytes_s is not None
    assert KB < seen.rate_bytes_s < 2 * KB / 0.03 + KB


async def test_a_flow_that_stops_is_stalled_where_it_stopped() -> None:
    seen = await move(pouring(bytes(18 * KB), piece_bytes=KB, every_s=0, says_bytes=99 * KB), "down", stall_s=TIMEOUT_S)
    assert seen.failure == "generic_timeout_error"
    assert 18 * KB < seen.moved_bytes < 19 * KB
    assert seen.stalled_after_bytes == seen.moved_bytes
    assert TIMEOUT_S <= seen.elapsed_s < PATIENCE_S


async def test_what_waits_in_half_a_record_counts() -> None:
    """A freeze inside of a TLS record shows the application nothing."""

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        server = tls_server.good().wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                server.do_handshake()
                break
            except ssl.SSLWantReadError:
                writer.write(outgoing.read())
                incoming.write(await reader.read(65536))
        writer.write(outgoing.read())
        server.write(response(b"x" * 16 * KB)[: 16 * KB])
        writer.write(outgoing.read()[:-1])
        await hang(reader, writer)

    async with serve(cut) as port, connected(port) as (frame, plain):
        _, stream = await tls.handshake(
            plain, frame, server_name="example.org", timeout_s=PATIENCE_S, roots=tls_server.roots()
        )
        assert stream is not None
        wanted = Transfer(direction="down", size_bytes=64 * KB)
        seen = await transfer.move(stream, frame, SITE, wanted, stall_s=TIMEOUT_S, timeout_s=PATIENCE_S)
    assert seen.failure == "generic_timeout_error"
    assert (seen.stalled_after_bytes or 0) >= 16 * KB


async def test_a_slow_flow_is_cut_off_without_a_failure() -> None:
    slow = pouring(bytes(999 * KB), piece_bytes=8 * KB, every_s=0.02)
    seen = await move(slow, "down", size_bytes=999 * KB, stall_s=PATIENCE_S, timeout_s=0.4)
    assert (seen.failure, seen.stalled_after_bytes) == (None, None)
    assert 8 * KB < seen.moved_bytes < 400 * KB
    assert seen.rate_bytes_s is not None


async def test_time_without_any_byte_is_silence() -> None:
    seen = await move(hang, "down", stall_s=TIMEOUT_S, timeout_s=PATIENCE_S)
    assert (seen.failure, seen.rate_bytes_s) == ("generic_timeout_error", None)
    assert TIMEOUT_S <= seen.elapsed_s < PATIENCE_S


async def test_a_time_shorter_than_the_patience_is_silence_too() -> None:
    seen = await move(hang, "down", timeout_s=TIMEOUT_S)
    assert (seen.failure, seen.stalled_after_bytes) == ("generic_timeout_error", 0)


# --- on a loop that is held up ---------------------------------------------------------------------------------------


HELD_S = 0.5


def holding_up(body: bytes, *, at_once_bytes: int = 0) -> Handler:
    """Answer one request, and hold up the loop, on which the step runs as well, before most of the answer."""
    reply = response(body)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply[:at_once_bytes])
        await asyncio.sleep(0.06)
        time.sleep(HELD_S)  # noqa: ASYNC251 - this is what holds the loop up
        await asyncio.sleep(0.06)
        writer.write(reply[at_once_bytes:])
        await hang(reader, writer)

    return handler


@pytest.fixture(params=[True, False], ids=["the kernel counts", "the application counts"])
def counted(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the kernel tell, or not."""
    if not request.param:
        monkeypatch.setattr(transfer, "kernel_counter", lambda *_: lambda: None)


@pytest.mark.usefixtures("counted")
@pytest.mark.parametrize("at_once_bytes", [0, 9000])
@pytest.mark.parametrize(("stall_s", "timeout_s"), [(0.3, PATIENCE_S), (PATIENCE_S, 0.3)], ids=["stall", "time-out"])
async def test_time_in_which_the_loop_is_held_up_is_no_silence(
    at_once_bytes: int, stall_s: float, timeout_s: float
) -> None:
    handler = holding_up(b"x" * 20_000, at_once_bytes=at_once_bytes)
    seen = await move(handler, "down", size_bytes=20_000, stall_s=stall_s, timeout_s=timeout_s)
    assert (seen.failure, seen.stalled_after_bytes) == (None, None)
    assert seen.moved_bytes >= 20_000


async def test_no_rate_is_told_of_a_time_in_which_nobody_looked() -> None:
    seen = await move(holding_up(b"x" * 20_000, at_once_bytes=9000), "down", size_bytes=20_000)
    assert (seen.failure, seen.rate_bytes_s) == (None, None)


async def test_silence_ends_though_the_loop_is_held_up_again_and_again() -> None:
    async with held_up.again_and_again():
        seen = await move(hang, "down", stall_s=TIMEOUT_S, timeout_s=2 * TIMEOUT_S)
    assert (seen.failure, seen.stalled_after_bytes) == ("generic_timeout_error", 0)


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (close, "eof_error"),
        (reset, "connection_reset"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Le", then=hang_up), "eof_error"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Le", then=break_off), "connection_reset"),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), "unknown_failure: malformed HTTP response"),
        (say(bytes(range(256))), "unknown_failure: malformed HTTP response"),
    ],
    ids=["fin", "rst", "fin in the head", "rst in the head", "another protocol", "garbage"],
)
async def test_other_ends_are_told_apart(handler: Handler, failure: str) -> None:
    seen = await move(handler, "down")
    assert (seen.failure, seen.stalled_after_bytes) == (failure, None)


async def test_a_body_that_is_cut_short_is_a_failure() -> None:
    seen = await move(say(response(b"x" * 9000, length=99 * KB), then=hang_up), "down")
    assert (seen.failure, seen.stalled_after_bytes) == ("eof_error", None)
    assert 9000 < seen.moved_bytes < 9200


# --- up --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("context", [None, tls_server.good()], ids=["plain", "TLS"])
async def test_the_data_goes_up_in_requests_on_one_connection(context: ssl.SSLContext | None) -> None:
    heads: list[bytes] = []
    seen = await move(answering(heads=heads), "up", context=context)
    assert (seen.failure, seen.direction, seen.stalled_after_bytes) == (None, "up", None)
    assert 64 * KB <= seen.moved_bytes < 80 * KB
    assert len(heads) == 16
    assert all(head.startswith(b"HEAD /big?n=1 HTTP/1.1\r\n") for head in heads)
    assert all(4096 <= len(head) < 4800 for head in heads)


@pytest.mark.parametrize(
    "handler",
    [answering(response(status="400 Bad Request")), answering(times=4), hang, say(bytes(range(256)))],
    ids=["refuses", "answers some", "answers none", "garbage"],
)
async def test_what_the_server_thinks_of_it_does_not_matter(handler: Handler) -> None:
    seen = await move(handler, "up", stall_s=PATIENCE_S)
    assert (seen.failure, seen.stalled_after_bytes) == (None, None)
    assert seen.moved_bytes >= 64 * KB


# --- the meter -------------------------------------------------------------------------------------------------------


async def test_the_counter_is_the_one_of_tcp_info() -> None:
    async with serve(say(b"x" * 1234)) as port, connected(port) as (frame, stream):
        received, acknowledged = kernel_counter(frame.sock, "down"), kernel_counter(frame.sock, "up")
        await stream.send(b"y" * 77)
        while stream.received_bytes < 1234:
            await stream.receive()
        info = tcp_info.read_info(frame.sock)
        assert info is not None
        assert received() == info.bytes_received == 1234
        assert acknowledged() in {77, 78}  # Linux counts the SYN
    assert received() is None


def test_a_rate_leaves_out_what_came_first_and_the_silence_around() -> None:
    counter = iter([500, 500, 10_500, 30_500, 30_500, 40_500, 40_500])
    meter = FlowMeter(lambda: next(counter), 100.0)
    for now in (101.0, 102.0, 103.0, 104.0, 105.0, 109.0):
        meter.sample(now)
    assert (meter.moved_bytes, meter.idle_s(109.0)) == (40_000, 4.0)
    assert meter.rate_bytes_s == 10_000


@pytest.mark.parametrize("counts", [[0], [0, 9000], [0, 9000, 10_000], [0, 0, 0]])
def test_too_little_gives_no_rate(counts: list[int]) -> None:
    counter = iter(counts)
    meter = FlowMeter(lambda: next(counter), 0.0)
    for now in range(1, len(counts)):
        meter.sample(float(now))
    assert meter.rate_bytes_s is None


def test_without_a_kernel_that_tells_the_application_counts() -> None:
    meter = FlowMeter(lambda: None, 0.0)
    meter.count(5000, 1.0)
    meter.count(8000, 3.0)
    assert (meter.moved_bytes, meter.rate_bytes_s) == (13_000, 4000.0)
