import socket

import pytest

from probes.observations import Arm, Purpose
from probes.steps import tcp
from probes.steps.tcp_info import read_info
from tests.fakes.tcp_server import closed_port, deaf_port, hang, reset, say, serve
from tests.probes.wire import PATIENCE_S, TIMEOUT_S, connected, framed


async def test_a_connect_is_timed_and_the_kernel_tells_its_round_trip() -> None:
    async with serve(hang) as port:
        with framed(port) as frame:
            seen = await tcp.connect(frame, PATIENCE_S)
    assert seen.failure is None
    assert seen.info is not None
    assert 0 < seen.info.min_rtt_s < PATIENCE_S
    assert 0 < seen.elapsed_s < PATIENCE_S
    assert (seen.arm, seen.purpose, seen.target, seen.connection) == (
        Arm.EXPERIMENT,
        Purpose.MEASURE,
        frame.target,
        "c1",
    )


async def test_a_closed_port_refuses() -> None:
    with framed(closed_port()) as frame:
        seen = await tcp.connect(frame, PATIENCE_S)
    assert seen.failure == "connection_refused"


async def test_a_port_that_drops_syns_is_given_up_in_time() -> None:
    with deaf_port() as port, framed(port) as frame:
        seen = await tcp.connect(frame, TIMEOUT_S)
    assert seen.failure == "generic_timeout_error"
    assert TIMEOUT_S * 0.9 < seen.elapsed_s < PATIENCE_S
    assert seen.info is not None
    assert seen.info.min_rtt_s == 0.0


async def test_the_kernel_tells_also_of_a_connection_that_was_reset() -> None:
    async with serve(say(b"x" * 1000, then=reset)) as port, connected(port) as (frame, stream):
        await stream.send(b"hello")
        assert len(await stream.receive()) == 1000
        await stream.send(b"and?")
        with pytest.raises(ConnectionResetError):
            await stream.receive()
        info = read_info(frame.sock)
    assert info is not None
    assert info.bytes_received == 1000


async def test_ipv6_is_connected_to_alike() -> None:
    async with serve(hang, "::1") as port:
        with framed(port, "::1") as frame:
            seen = await tcp.connect(frame, PATIENCE_S)
    assert seen.failure is None


@pytest.mark.parametrize("address", ["example.org", "", "127.1"])
def test_what_is_no_address_gets_no_socket(address: str) -> None:
    with pytest.raises(OSError, match="illegal IP"):
        tcp.new_socket(address)


def test_a_kernel_without_tcp_info_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "TCP_INFO")
    with tcp.new_socket("127.0.0.1") as sock:
        assert read_info(sock) is None


class OldKernelSocket:
    def getsockopt(self, *_: int) -> bytes:
        return bytes(104)


class ClosedSocket:
    def getsockopt(self, *_: int) -> bytes:
        raise OSError("closed")


@pytest.mark.parametrize("sock", [OldKernelSocket(), ClosedSocket()])
def test_a_kernel_that_tells_too_little_tells_nothing(sock: socket.socket) -> None:
    assert read_info(sock) is None
