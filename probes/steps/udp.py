"""One UDP exchange with one address. The socket is connected, so that ICMP errors are heard, and new for each exchange.

A new socket has a source port of its own: filters remember the four-tuple of what they once dropped, for minutes.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING, Generic, TypeVar

from probes.failures import TIMEOUT, failure_of
from probes.steps.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from probes.steps.frame import Frame

_Answer = TypeVar("_Answer")

MAX_DATAGRAM_BYTES = 65535
_MAX_DATAGRAMS = 64

# Linux passes "host unreachable" on to a UDP socket only if it asks (ip(7), ipv6(7)). The module `socket` lacks these.
_IP_RECVERR = 11
_IPV6_RECVERR = 25


def new_socket(address: str) -> socket.socket:
    """Return an unconnected socket of the address's family. Raises ValueError for what is no address, and OSError."""
    is_v6 = ip_address(address).version == 6  # noqa: PLR2004 - IP versions
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    if sys.platform == "linux":
        level, option = (socket.IPPROTO_IPV6, _IPV6_RECVERR) if is_v6 else (socket.IPPROTO_IP, _IP_RECVERR)
        sock.setsockopt(level, option, 1)
    return sock


def connect(frame: Frame) -> None:
    """Bind the frame's socket to its peer and to a fresh source port. Sends nothing. Raises OSError."""
    frame.sock.connect((frame.target.address, frame.target.port))


class Listener(Generic[_Answer]):
    """Waits for the datagram that answers. `read` raises ValueError for any other, with what is wrong with it."""

    def __init__(self, sock: socket.socket, read: Callable[[bytes], _Answer]) -> None:
        self._sock = sock
        self._read = read
        self._datagrams = 0
        self._rejected: ValueError | None = None

    async def answer(self, deadline: float) -> _Answer | None:
        """Return the first answer, or None at the deadline (the loop's time). Raises OSError for an ICMP error."""
        loop = asyncio.get_running_loop()
        while self._datagrams < _MAX_DATAGRAMS:
            try:
                async with Limit(deadline - loop.time()):
                    datagram = await loop.sock_recv(self._sock, MAX_DATAGRAM_BYTES)
            except TimeoutError:
                return None
            self._datagrams += 1
            try:
                return self._read(datagram)
            except ValueError as error:
                self._rejected = error
        return None

    @property
    def failure(self) -> str:
        """What to say when no answer came: silence, or what came in place of one."""
        return failure_of(self._rejected) if self._rejected else TIMEOUT
