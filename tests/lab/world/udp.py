"""Datagram sockets on the wildcard addresses, which learn whom each packet was for and answer from there."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.lab.world.placement import Placement

DATAGRAM_BYTES = 65_535
RECEIVES_A_TURN = 64
BUFFER_BYTES = 1 << 22
ANCILLARY_BYTES = 64
IP_PKTINFO = 8  # not in Python's socket module: <linux/in.h>
PACKET_INFO = ((socket.IPPROTO_IP, IP_PKTINFO), (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO))


@dataclass(frozen=True)
class Origin:
    """One address of the world as a sender of datagrams."""

    sock: socket.socket
    ancillary: tuple[tuple[int, int, bytes], ...]

    def sendto(self, data: bytes, peer: Any) -> None:
        """Send now or never: a full buffer or a vanished client loses the datagram, as a network may."""
        with contextlib.suppress(OSError):
            self.sock.sendmsg([data], self.ancillary, 0, peer)


@dataclass(frozen=True)
class Datagram:
    data: bytes
    address: str  # whom it was for
    port: int
    peer: tuple[Any, ...]  # address, port and, in IPv6, two numbers more
    origin: Origin

    @property
    def client(self) -> tuple[str, int]:
        return self.peer[0], self.peer[1]

    def answer(self, data: bytes) -> None:
        self.origin.sendto(data, self.peer)


class Datagrams:
    """Sockets for some ports, both families; `received` is called with each datagram."""

    def __init__(self, placement: Placement, received: Callable[[Datagram], None]) -> None:
        self._placement = placement
        self._received = received
        self._sockets: list[socket.socket] = []

    def open(self, ports: tuple[int, ...]) -> None:
        for port in ports:
            bound_port = self._placement.place("0.0.0.0", port)[1]
            for opened in (_wildcard4(bound_port), _wildcard6(bound_port)):
                self._sockets.append(opened)
                asyncio.get_running_loop().add_reader(opened.fileno(), self._receive, opened, port)

    def close(self) -> None:
        for opened in self._sockets:
            asyncio.get_running_loop().remove_reader(opened.fileno())
            opened.close()

    def _receive(self, opened: socket.socket, port: int) -> None:
        for _ in range(RECEIVES_A_TURN):
            try:
                data, ancillary, _, peer = opened.recvmsg(DATAGRAM_BYTES, ANCILLARY_BYTES)
            except OSError:  # none left, or the report of an unreachable client
                return
            for level, kind, info in ancillary:
                if (level, kind) in PACKET_INFO:
                    local, origin = _origin(opened, info)
                    self._received(Datagram(data, self._placement.world_address(local), port, peer, origin))


def _origin(opened: socket.socket, info: bytes) -> tuple[str, Origin]:
    """Read in_pktinfo or in6_pktinfo; returns the address and a sender from it by whatever route there is."""
    if opened.family == socket.AF_INET6:
        source = info[:16] + struct.pack("I", 0)
        return socket.inet_ntop(socket.AF_INET6, info[:16]), Origin(
            opened, ((socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, source),)
        )
    source = struct.pack("I4s4x", 0, info[8:12])
    return socket.inet_ntoa(info[8:12]), Origin(opened, ((socket.IPPROTO_IP, IP_PKTINFO, source),))


def _wildcard4(port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    opened.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    return _bound(opened, "0.0.0.0", port)


def _wildcard6(port: int) -> socket.socket:
    opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    return _bound(opened, "::", port)


def _bound(opened: socket.socket, address: str, port: int) -> socket.socket:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    opened.bind((address, port))
    return opened
