import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.observations import QuicObservation
from probes.steps import quic
from probes.steps.quic_client import QuicClient
from probes.steps.quic_message import forced_negotiation, read_negotiation
from tests.fakes import quic_server, tls_server, udp_server
from tests.lab.sniff_quic import InitialReader
from tests.probes.udp_wire import framed
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

OURS, THEIRS = b"our name", b"server's"
GOOD = tls_server.authority().issue_cert("example.org", "*.example.org")


async def negotiate(port: int, *, timeout_s: float = PATIENCE_S, address: str = "127.0.0.1") -> QuicObservation:
    with framed(port, address) as frame:
        return await quic.negotiate(frame, timeout_s=timeout_s)


async def shake(
    port: int, *, server_name: str = "example.org", timeout_s: float = PATIENCE_S, address: str = "127.0.0.1"
) -> QuicObservation:
    with framed(port, address) as frame:
        return await quic.handshake(frame, server_name=server_name, timeout_s=timeout_s, roots=tls_server.roots())


# --- version negotiation ---------------------------------------------------------------------------------------------


def test_the_question_is_a_long_header_of_a_reserved_version_in_a_whole_datagram() -> None:
    packet = forced_negotiation(THEIRS, OURS, bytes.fromhex("00 1b c5 ff"))
    assert packet[:6] == bytes.fromhex("c0 0a1acafa 08")
    assert packet[6:23] == THEIRS + b"\x08" + OURS
    assert len(packet) == 1200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_server_tells_its_versions(address: str) -> None:
    async with quic_server.serve(GOOD, address) as port:
        seen = await negotiate(port, address=address)
    assert (seen.kind, seen.failure) == ("version_negotiation", None)
    assert seen.versions == ("0x00000001", "0x6b3343cf")
    assert (seen.target.port, seen.connection, seen.info) == (port, "c1", None)


def answer(
    versions: bytes = b"\0\0\0\1", *, first: int = 0xCA, zero: bytes = bytes(4), to: bytes = OURS, of: bytes = THEIRS
) -> bytes:
    return bytes((first,)) + zero + bytes((len(to),)) + to + bytes((len(of),)) + of + versions


def test_unknown_versions_are_told_as_they_are_and_bounded() -> None:
    assert read_negotiation(answer(b"\x0a\x1a\x2a\x3a\xff\0\0\x1d"), THEIRS, OURS) == ("0x0a1a2a3a", "0xff00001d")
    assert len(read_negotiation(answer(bytes(4) * 5000), THEIRS, OURS)) == 32


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x80",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        answer(first=0x4A),
        answer(zero=b"\0\0\0\1"),
        answer(to=b"somebody"),
        answer(of=b"somebody"),
        answer(to=OURS[:-1]),
        answer(b""),
        answer(b"\0\0\0\1\0"),
        answer()[:12],
        forced_negotiation(OURS, THEIRS, b"abcd"),
    ],
)
def test_what_is_no_negotiation_of_ours_is_refused(datagram: bytes) -> None:
    with pytest.raises(ValueError, match=r"^quic: "):
        read_negotiation(datagram, THEIRS, OURS)


@given(st.binary(max_size=1500) | st.binary(max_size=80).map(lambda tail: b"\xca\0\0\0\0\x08" + OURS + tail))
def test_a_negotiation_of_any_bytes_is_read_or_refused(datagram: bytes) -> None:
    try:
        versions = read_negotiation(datagram, THEIRS, OURS)
    except ValueError:
        return
    assert all(len(version) == 10 for version in versions)


async def test_a_negotiation_that_is_not_answered_is_given_up_in_time() -> None:
    async with udp_server.serve(udp_server.silent) as port:
        seen = await negotiate(port, timeout_s=TIMEOUT_S)
    assert (seen.failure, seen.versions) == ("generic_timeout_error", ())
    assert TIMEOUT_S <= seen.elapsed_s < PATIENCE_S


async def test_another_connections_negotiation_is_not_taken_for_ours() -> None:
    async with udp_server.serve(udp_server.say(b"", b"hello", answer())) as port:
        seen = await negotiate(port, timeout_s=TIMEOUT_S)
    assert seen.failure == "unknown_failure: quic: a version negotiation with other connection ids"


async def test_each_negotiation_has_a_port_and_connection_ids_of_its_own() -> None:
    asked: list[bytes] = []
    ports: set[int] = set()

    def note(datagram: bytes) -> Iterable[bytes]:
        asked.append(datagram)
        return ()

    async with udp_server.serve(note) as port:
        for _ in range(2):
            with framed(port) as frame:
                await quic.negotiate(frame, timeout_s=TIMEOUT_S)
                ports.add(frame.sock.getsockname()[1])
    assert len(ports) == 2
    assert len(asked) == len({datagram[5:23] for datagram in asked}) == 2


# --- handshake -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_good_handshake_tells_what_was_agreed_on(address: str) -> None:
    async with quic_server.serve(GOOD, address) as port:
        seen = await shake(port, address=address)
    assert (seen.kind, seen.failure, seen.alpn, seen.server_name) == ("handshake", None, "h3", "example.org")
    assert 0 < seen.elapsed_s < PATIENCE_S


async def test_a_retry_is_followed() -> None:
    async with quic_server.serve(GOOD, retry=True) as port:
        assert (await shake(port)).failure is None


async def test_without_a_name_the_host_has_to_be_proven() -> None:
    async with quic_server.serve(GOOD) as port:
        seen = await shake(port, server_name="")
    assert (seen.failure, seen.server_name) == (None, "")


@pytest.mark.parametrize("name", ["example.org", "example.com", ""])
async def test_the_name_is_in_the_first_datagram_and_nowhere_without_one(name: str) -> None:
    asked: list[bytes] = []

    def note(datagram: bytes) -> Iterable[bytes]:
        asked.append(datagram)
        return ()

    async with udp_server.serve(note) as port:
        seen = await shake(port, server_name=name, timeout_s=TIMEOUT_S)
    assert seen.failure == "generic_timeout_error"
    assert InitialReader().server_name(asked[0]) == name
    assert len(asked[0]) == 1200


@pytest.mark.parametrize(
    ("leaf", "failure"),
    [
        (tls_server.expired_leaf("example.org"), "ssl_invalid_certificate"),
        (tls_server.authority("unknown").issue_cert("example.org"), "ssl_unknown_authority"),
        (tls_server.authority().issue_cert("example.net"), "ssl_invalid_hostname"),
    ],
    ids=["expired", "unknown authority", "wrong name"],
)
async def test_a_certificate_that_proves_nothing_is_a_failure(leaf: object, failure: str) -> None:
    async with quic_server.serve(leaf) as port:  # type: ignore[arg-type]
        seen = await shake(port)
    assert (seen.failure, seen.alpn) == (failure, "h3")


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (0x128, "ssl_failed_handshake"),
        (0x12A, "ssl_invalid_certificate"),
        (0x12E, "ssl_invalid_certificate"),
        (0x130, "ssl_unknown_authority"),
        (0x133, "unknown_failure: remote error: tls: decrypt error"),
        (0x147, "ssl_failed_handshake"),
        (0x150, "unknown_failure: remote error: tls: internal error"),
        (0x170, "ssl_invalid_hostname"),
        (0x1EE, "unknown_failure: remote error: tls: 0xee"),
        (0x0, "unknown_failure: remote error: no error"),
        (0x2, "unknown_failure: remote error: connection refused"),
        (0xBADBAD, "unknown_failure: remote error: 0xbadbad"),
    ],
)
async def test_a_servers_goodbye_keeps_its_reason(code: int, failure: str) -> None:
    async with udp_server.serve(lambda initial: [quic_server.closing(initial, code, b"\xff")]) as port:
        assert (await shake(port)).failure == failure


async def test_a_server_without_http3_says_so_in_an_alert() -> None:
    async with quic_server.serve(GOOD, alpn=["smb"]) as port:
        seen = await shake(port)
    assert seen.failure == "unknown_failure: remote error: tls: no application protocol"


async def test_a_server_of_other_versions_is_incompatible() -> None:
    async with quic_server.serve(GOOD, versions=[quic_server.V2]) as port:
        assert (await shake(port)).failure == "quic_incompatible_version"


async def test_no_sense_in_the_right_packet_is_told_from_silence() -> None:
    async with udp_server.serve(lambda initial: [quic_server.babbling(initial, b"\x10\0\0\0")]) as port:
        seen = await shake(port)
    assert seen.failure == "unknown_failure: quic: tls: unexpected message"


async def test_datagrams_that_are_no_packets_are_passed_over() -> None:
    async with udp_server.serve(udp_server.say(b"", b"hello", bytes(1200), b"\xc0" * 1200)) as port:
        assert (await shake(port, timeout_s=TIMEOUT_S)).failure == "generic_timeout_error"


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
async def test_a_closed_port_refuses_both(address: str) -> None:
    with udp_server.closed_port(address) as port:
        first = await negotiate(port, address=address)
        second = await shake(port, address=address)
    assert (first.failure, second.failure) == ("connection_refused", "connection_refused")


@pytest.mark.parametrize("name", ["bücher.example", "a" * 70_000])
async def test_a_name_that_cannot_be_sent_is_a_failure(name: str) -> None:
    async with udp_server.serve(udp_server.silent) as port:
        seen = await shake(port, server_name=name, timeout_s=TIMEOUT_S)
    assert seen.failure is not None
    assert seen.failure.startswith("unknown_failure: ")


async def test_a_handshake_can_be_cancelled() -> None:
    async with udp_server.serve(udp_server.silent) as port:
        task = asyncio.create_task(shake(port))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@given(
    st.lists(st.binary(max_size=200), max_size=4),
    st.lists(st.tuples(st.integers(0, 0x40), st.binary(max_size=400)), max_size=3),
)
def test_no_datagram_breaks_the_client(noise: list[bytes], frames: list[tuple[int, bytes]]) -> None:
    client = QuicClient("example.org", 0.0)
    (initial, *_) = client.outgoing(0.0)
    forged = [quic_server.framing(initial, kind, data) for kind, data in frames]
    for at, datagram in enumerate((*noise, *(initial[:1] + part for part in noise), *forged)):
        try:
            client.receive(datagram, 0.1 * at)
        except ValueError as error:
            assert str(error).startswith("quic: ")  # noqa: PT017 - either is fine
        list(client.outgoing(0.1 * at))
        if not client.failure and client.timer is not None:
            client.on_timer(client.timer)
    assert client.failure is None or client.failure.startswith(("unknown_failure: ", "ssl_"))
    list(client.close(100.0))
