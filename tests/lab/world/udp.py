"""Datagram sockets on the wildcard addresses, which learn whom each packet was for and answer from there."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.world.placement import Placement

DATAGRAM_BYTES = 65_535
RECEIVES_A_TURN = 64
BUFFER_BYTES = 1 << 22
ANCILLARY_BYTES = 64
IP_PKTINFO = 8  # not in Python's socket module before 3.12: <linux/in.h>


@dataclass(frozen=True)
class Datagram:
    data: bytes
    address: str  # whom it was for
    port: int
    peer: tuple[str, int]
    send: Callable[[bytes], None]  # back to the peer, from the address it was for


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
                asyncio.get_running_loop().add_reader(opened, self._receive, opened, port)

    def close(self) -> None:
        for opened in self._sockets:
            asyncio.get_running_loop().remove_reader(opened)
            opened.close()

    def _receive(self, opened: socket.socket, port: int) -> None:
        for _ in range(RECEIVES_A_TURN):
            try:
                data, ancillary, _, peer = opened.recvmsg(DATAGRAM_BYTES, ANCILLARY_BYTES)
            except OSError:  # none left, or the report of an unreachable client
                return
            for level, kind, content in ancillary:
                if (level, kind) in ((socket.IPPROTO_IP, IP_PKTINFO), (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)):
                    self._deliver(opened, port, data, content, peer)

    def _deliver(self, opened: socket.socket, port: int, data: bytes, info: bytes, peer: tuple[str, int]) -> None:
        if opened.family == socket.AF_INET6:
            local, source = socket.inet_ntop(socket.AF_INET6, info[:16]), info[:16] + struct.pack("I", 0)
            ancillary = [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, source)]
        else:
            local, source = socket.inet_ntoa(info[8:12]), struct.pack("I4s4x", 0, info[8:12])
            ancillary = [(socket.IPPROTO_IP, IP_PKTINFO, source)]

        def send(answer: bytes) -> None:
            try:
                opened.sendmsg([answer], ancillary, 0, peer)
            except OSError:  # a full buffer or a vanished client: a datagram may be lost
                return

        self._received(Datagram(data, self._placement.world_address(local), port, (peer[0], peer[1]), send))


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
