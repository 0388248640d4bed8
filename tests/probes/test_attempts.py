"""What `LiveNetwork.attempt` does for each scheme beyond the web's, which `test_live` has."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from probes.guard import PUBLIC, Guard
from probes.live import LiveNetwork
from probes.model import Endpoint
from probes.network import Attempt, Timeouts, Transfer
from probes.observations import (
    AnyObservation,
    HttpObservation,
    MtprotoObservation,
    QuicObservation,
    StunObservation,
    TcpObservation,
    TransferObservation,
)
from probes.pace import round_trip_of, silence_s
from tests.fakes import quic_server, stun_server, tls_server, udp_server
from tests.fakes.http_server import response
from tests.fakes.keepalive_server import answering as answering_http
from tests.fakes.mtproto_server import answering as answering_mtproto
from tests.fakes.tcp_server import hang, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S

LOOPBACK = Guard(ports=None, extra_networks=("127.0.0.0/8", "::1/128"))
PATIENT = Timeouts(dns_s=PATIENCE_S, connect_s=PATIENCE_S, handshake_s=PATIENCE_S, response_s=PATIENCE_S)
HASTY = Timeouts(dns_s=TIMEOUT_S, connect_s=TIMEOUT_S, handshake_s=TIMEOUT_S, response_s=TIMEOUT_S)
LEAF = tls_server.authority().issue_cert("example.org")


@pytest.fixture
async def network() -> AsyncIterator[LiveNetwork]:
    async with LiveNetwork(guard=LOOPBACK, trusted_doh=(), roots=tls_server.roots()) as it:
        yield it


async def steps_of(
    network: LiveNetwork, scheme: str, port: int, *, timeouts: Timeouts = PATIENT, **options: object
) -> list[AnyObservation]:
    seen: list[AnyObservation] = []
    endpoint = Endpoint(scheme, "example.org", port)
    attempt = Attempt(endpoint=endpoint, address="127.0.0.1", timeouts=timeouts, **options)  # type: ignore[arg-type]
    await network.attempt(attempt, seen.append)
    assert len({step.connection for step in seen}) == 1
    return seen


async def test_quic_asks_for_versions_and_shakes_hands(network: LiveNetwork) -> None:
    async with quic_server.serve(LEAF, kind=quic_server.Unhurried) as port:
        asked, shaken = await steps_of(network, "quic", port)
    assert isinstance(asked, QuicObservation)
    assert isinstance(shaken, QuicObservation)
    assert (asked.kind, asked.failure, asked.versions[0]) == ("version_negotiation", None, "0x00000001")
    assert (shaken.kind, shaken.failure, shaken.server_name) == ("handshake", None, "example.org")


async def test_quic_under_another_name_only_shakes_hands(network: LiveNetwork) -> None:
    async with quic_server.serve(LEAF) as port:
        (shaken,) = await steps_of(network, "quic", port, server_name="example.com")
    assert isinstance(shaken, QuicObservation)
    assert (shaken.kind, shaken.server_name, shaken.failure) == ("handshake", "example.com", "ssl_invalid_hostname")


async def test_a_handshake_that_succeeds_does_not_wait_for_versions(network: LiveNetwork) -> None:
    async with quic_server.serve(LEAF, kind=quic_server.Reticent) as port:
        (shaken,) = await steps_of(network, "quic", port)
    assert isinstance(shaken, QuicObservation)
    assert (shaken.kind, shaken.failure) == ("handshake", None)
    assert shaken.elapsed_s < PATIENCE_S


async def test_silent_quic_is_two_silences_in_the_time_of_one(network: LiveNetwork) -> None:
    async with udp_server.serve(udp_server.silent) as port:
        seen = await steps_of(network, "quic", port, timeouts=HASTY)
    assert [step.failure for step in seen] == ["generic_timeout_error"] * 2
    assert [step.kind for step in seen if isinstance(step, QuicObservation)] == ["version_negotiation", "handshake"]


async def test_a_web_socket_is_asked_for_behind_tls(network: LiveNetwork) -> None:
    upgrades: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upgrades.set_result(await reader.readuntil(b"\r\n\r\n"))
        writer.write(response(status="426 Upgrade Required"))

    async with serve(refuse, tls=tls_server.good()) as port:
        *before, seen = await steps_of(network, "wss", port)
    assert [step.step for step in before] == ["tcp", "tls"]
    assert isinstance(seen, HttpObservation)
    assert (seen.failure, seen.status, seen.url) == (None, 426, f"wss://example.org:{port}")
    assert b"\r\nUpgrade: websocket\r\n" in await upgrades


@pytest.mark.parametrize("until", ["tcp", "tls"])
async def test_a_web_socket_can_be_cut_short(network: LiveNetwork, until: str) -> None:
    async with serve(hang, tls=tls_server.good()) as port:
        seen = await steps_of(network, "wss", port, until=until)
    assert (seen[-1].step, seen[-1].failure) == (until, None)


async def test_stun_is_one_step(network: LiveNetwork) -> None:
    async with udp_server.serve(
        lambda request: [stun_server.message(stun_server.transaction(request), stun_server.mapped())]
    ) as port:
        (seen,) = await steps_of(network, "stun", port)
    assert isinstance(seen, StunObservation)
    assert (seen.failure, seen.requests) == (None, 1)


@pytest.mark.parametrize("scheme", ["https", "mtproto"])
async def test_silence_after_a_connect_is_waited_out_by_the_connections_own_round_trip(
    network: LiveNetwork, scheme: str
) -> None:
    async with serve(hang) as port:
        connected, silent = await steps_of(network, scheme, port, timeouts=HASTY)
    assert (connected.failure, silent.failure) == (None, "generic_timeout_error")
    assert silent.elapsed_s > silence_s(round_trip_of(connected)) > TIMEOUT_S


@pytest.mark.parametrize(("scheme", "transport"), [("mtproto", "intermediate"), ("mtproto+obfuscated", "obfuscated2")])
async def test_mtproto_goes_in_clear_or_obfuscated(network: LiveNetwork, scheme: str, transport: str) -> None:
    async with serve(answering_mtproto()) as port:
        tcp, seen = await steps_of(network, scheme, port)
    assert isinstance(tcp, TcpObservation)
    assert isinstance(seen, MtprotoObservation)
    assert (tcp.failure, seen.failure, seen.transport) == (None, None, transport)


async def test_mtproto_can_be_cut_to_its_connect(network: LiveNetwork) -> None:
    async with serve(hang) as port:
        (seen,) = await steps_of(network, "mtproto", port, until="tcp")
    assert (seen.step, seen.failure) == ("tcp", None)


@pytest.mark.parametrize("scheme", ["https", "wss"])
@pytest.mark.parametrize("direction", ["down", "up"])
async def test_a_transfer_takes_the_place_of_the_request(network: LiveNetwork, scheme: str, direction: str) -> None:
    wanted = Transfer(direction=direction, size_bytes=8192)  # type: ignore[arg-type]
    async with serve(answering_http(), tls=tls_server.good()) as port:
        *before, seen = await steps_of(network, scheme, port, transfer=wanted)
    assert [step.step for step in before] == ["tcp", "tls"]
    assert isinstance(seen, TransferObservation)
    assert (seen.failure, seen.direction, seen.wanted_bytes) == (None, direction, 8192)


@pytest.mark.parametrize(("scheme", "step"), [("quic", "quic"), ("stun", "stun"), ("mtproto", "tcp")])
async def test_what_the_guard_refuses_is_told_as_the_first_step(scheme: str, step: str) -> None:
    met: list[bytes] = []

    def meet(datagram: bytes) -> list[bytes]:
        met.append(datagram)
        return []

    async with udp_server.serve(meet) as port, LiveNetwork(guard=PUBLIC, trusted_doh=()) as network:
        (seen,) = await steps_of(network, scheme, port)
    assert seen.step == step
    assert seen.failure is not None
    assert seen.failure.startswith("unknown_failure: refused by the guard")
    assert not met
