import ssl
from collections.abc import Callable

import pytest

from probes import trust
from probes.observations import TlsObservation
from probes.steps import tls
from tests.fakes import tls_server
from tests.fakes.tcp_server import Handler, break_off, close, hang, hang_up, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S, connected

NOT_TLS = "unknown_failure: tls: first record does not look like a TLS handshake"


async def shake(
    handler: Handler,
    context: ssl.SSLContext | None = None,
    *,
    server_name: str = "example.org",
    timeout_s: float = PATIENCE_S,
    roots: trust.Roots | None = None,
) -> TlsObservation:
    async with serve(handler, tls=context) as port, connected(port) as (frame, stream):
        seen, secure = await tls.handshake(
            stream,
            frame,
            server_name=server_name,
            timeout_s=timeout_s,
            roots=roots or tls_server.roots(),
        )
    assert (secure is None) == (not seen.chain)
    return seen


async def test_a_good_handshake_tells_what_was_agreed_on() -> None:
    seen = await shake(hang, tls_server.good("example.org", "*.example.org"))
    assert (seen.failure, seen.alert) == (None, None)
    assert (seen.version, seen.alpn, seen.server_name) == ("TLSv1.3", "http/1.1", "example.org")
    assert seen.received_bytes > 500
    assert seen.info is not None
    assert seen.info.bytes_received >= seen.received_bytes
    assert seen.chain[0].names == ("example.org", "*.example.org")


async def test_tls_1_2_is_spoken_too() -> None:
    context = tls_server.good()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert (await shake(hang, context)).version == "TLSv1.2"


@pytest.mark.parametrize(
    ("context", "failure"),
    [
        (tls_server.expired, "ssl_invalid_certificate"),
        (tls_server.of_unknown_authority, "ssl_unknown_authority"),
        (tls_server.self_signed, "ssl_unknown_authority"),
        (lambda: tls_server.good("example.net"), "ssl_invalid_hostname"),
        (lambda: tls_server.expired("example.net"), "ssl_invalid_hostname"),
    ],
    ids=["expired", "unknown authority", "self-signed", "wrong name", "wrong name and expired"],
)
async def test_a_certificate_that_proves_nothing_is_a_failure_and_kept(
    context: Callable[[], ssl.SSLContext], failure: str
) -> None:
    seen = await shake(hang, context())
    assert seen.failure == failure
    assert seen.version == "TLSv1.3"
    assert len(seen.chain[0].sha256) == 64
    assert seen.chain[0].not_after.endswith("Z")


@pytest.mark.parametrize(
    ("handler", "failure"),
    [
        (close, "eof_error"),
        (reset, "connection_reset"),
        (say(b"\x16\x03\x03\x00\x7a\x02", then=hang_up), "eof_error"),
        (say(b"\x16\x03\x03\x00\x7a\x02", then=break_off), "connection_reset"),
        (say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), NOT_TLS),
        (say(b"SSH-2.0-OpenSSH_9.2\r\n"), NOT_TLS),
        (say(bytes(range(256))), NOT_TLS),
    ],
    ids=["fin", "rst", "fin in a record", "rst in a record", "a page in clear", "another protocol", "garbage"],
)
async def test_what_is_no_handshake_is_told_apart(handler: Handler, failure: str) -> None:
    seen = await shake(handler)
    assert (seen.failure, seen.alert, seen.version, seen.chain) == (failure, None, None, ())


async def test_silence_is_given_up_in_time() -> None:
    seen = await shake(hang, timeout_s=TIMEOUT_S)
    assert seen.failure == "generic_timeout_error"
    assert seen.received_bytes == 0
    assert TIMEOUT_S * 0.9 < seen.elapsed_s < PATIENCE_S


async def test_a_half_said_hello_is_silence_with_bytes() -> None:
    seen = await shake(say(b"\x16\x03\x03\x00\x7a\x02"), timeout_s=TIMEOUT_S)
    assert (seen.failure, seen.received_bytes) == ("generic_timeout_error", 6)


@pytest.mark.parametrize(
    ("record", "alert", "failure"),
    [
        (tls_server.UNRECOGNIZED_NAME, "unrecognized_name", "ssl_invalid_hostname"),
        (tls_server.HANDSHAKE_FAILURE, "handshake_failure", "unknown_failure: remote error: tls: handshake failure"),
    ],
)
async def test_an_alert_keeps_its_name(record: bytes, alert: str, failure: str) -> None:
    seen = await shake(say(record))
    assert (seen.failure, seen.alert, seen.received_bytes) == (failure, alert, len(record))


async def test_another_name_in_the_hello_is_the_one_that_has_to_be_proven() -> None:
    asked: list[str | None] = []
    context = tls_server.good("example.com")
    context.sni_callback = lambda _, name, __: asked.append(name)
    seen = await shake(hang, context, server_name="example.com")
    assert (seen.failure, seen.target.host, asked) == (None, "example.org", ["example.com"])


async def test_without_a_name_in_the_hello_the_target_has_to_be_proven() -> None:
    asked: list[str | None] = []
    context = tls_server.good("example.org")
    context.sni_callback = lambda _, name, __: asked.append(name)
    seen = await shake(hang, context, server_name="")
    assert (seen.failure, seen.server_name, asked) == (None, "", [None])


@pytest.mark.parametrize("name", [".example.org", "a" * 64 + ".example.org", "exa\0mple.org"])
async def test_an_impossible_name_is_a_failure(name: str) -> None:
    seen = await shake(hang, server_name=name)
    assert seen.failure is not None
    assert seen.received_bytes == 0


async def test_the_stream_carries_data_until_the_end_of_the_peer() -> None:
    async with (
        serve(say(b"hello ", b"world", then=hang_up), tls=tls_server.good()) as port,
        connected(port) as (frame, stream),
    ):
        _, secure = await tls.handshake(
            stream, frame, server_name="example.org", timeout_s=PATIENCE_S, roots=tls_server.roots()
        )
        assert secure is not None
        await secure.send(b"x" * 100_000)
        heard = bytearray()
        while data := await secure.receive():
            heard += data
    assert heard == b"hello world"
