"""Listening TCP sockets, one for each open port of each address, so that every other port refuses as real ones do."""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable, Mapping

from tests.lab.world import zone
from tests.lab.world.atlas import Endpoint
from tests.lab.world.placement import Placement

BACKLOG = 1024
ACCEPTS_A_TURN = 64
# Not in Python's socket module: <linux/in.h>, <linux/in6.h>, <asm-generic/socket.h>.
IP_FREEBIND, IPV6_FREEBIND, SO_ATTACH_FILTER = 15, 78, 26
BPF_RETURN_NOTHING = struct.pack("HBBI", 6, 0, 0, 0)  # drops each packet before TCP sees it

Accepted = Callable[[socket.socket, str, int, str], None]
Key = tuple[str, int, bool]  # address, port, silent


class Listeners:
    """`accepted` is called with each new connection's socket, world address, port and client address."""

    def __init__(self, placement: Placement, accepted: Accepted) -> None:
        self._placement = placement
        self._accepted = accepted
        self._sockets: dict[Key, socket.socket] = {}

    def update(self, endpoints: Mapping[tuple[str, int], Endpoint]) -> None:
        """Open what is new, close what is gone, leave the rest alone. Raises OSError if an address cannot be had."""
        wanted = {(address, port, e.service == "silent") for (address, port), e in endpoints.items()}
        for key in self._sockets.keys() - wanted:
            self._close(key)
        for key in wanted - self._sockets.keys():
            self._open(key)

    def close(self) -> None:
        for key in list(self._sockets):
            self._close(key)

    def _open(self, key: Key) -> None:
        address, port, silent = key
        listener = _listening(*self._placement.place(address, port), silent=silent)
        self._sockets[key] = listener
        asyncio.get_running_loop().add_reader(listener.fileno(), self._accept, listener, address, port)

    def _close(self, key: Key) -> None:
        listener = self._sockets.pop(key)
        asyncio.get_running_loop().remove_reader(listener.fileno())
        listener.close()

    def _accept(self, listener: socket.socket, address: str, port: int) -> None:
        for _ in range(ACCEPTS_A_TURN):
            try:
                accepted, peer = listener.accept()
            except OSError:  # none left, or the client has gone again
                return
            accepted.setblocking(False)
            self._accepted(accepted, address, port, peer[0])


def _listening(address: str, port: int, *, silent: bool) -> socket.socket:
    family = socket.AF_INET6 if zone.version(address) == 6 else socket.AF_INET
    # With the protocol spelt out, asyncio turns Nagle's algorithm off on what is accepted.
    listener = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    else:
        listener.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
    if silent:
        _drop_everything(listener)
    listener.bind((address, port))
    listener.listen(BACKLOG)
    return listener


def _drop_everything(listener: socket.socket) -> None:
    program = ctypes.create_string_buffer(BPF_RETURN_NOTHING)
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", 1, ctypes.addressof(program)))
