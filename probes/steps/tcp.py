"""One TCP connect to one address, timed alone. Every later step of the connection goes through its socket."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from probes.failures import failure_of
from probes.observations import TcpObservation
from probes.steps.limit import Limit

if TYPE_CHECKING:
    from probes.steps.frame import Frame

_CHUNK_BYTES = 65536


class TcpStream:
    """Bytes over a connected socket, as they come."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._loop = asyncio.get_running_loop()
        self.received_bytes = 0

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""
        await self._loop.sock_sendall(self._sock, data)

    async def receive(self) -> bytes:
        """Return what has come, at least one byte; nothing after the peer's FIN. Raises OSError."""
        data = await self._loop.sock_recv(self._sock, _CHUNK_BYTES)
        self.received_bytes += len(data)
        return data


def new_socket(address: str) -> socket.socket:
    """Return an unconnected socket of the address's family. Raises OSError, also for what is no address."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    socket.inet_pton(family, address)  # or asyncio would look the "name" up, in a thread
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


async def connect(frame: Frame, timeout_s: float) -> TcpObservation:
    """Connect the frame's socket to its address and port, once. Nothing is raised for what the network does."""
    loop = asyncio.get_running_loop()
    failure = None
    started = loop.time()
    try:
        async with Limit(timeout_s):
            await loop.sock_connect(frame.sock, (frame.target.address, frame.target.port))
    except OSError as error:
        failure = failure_of(error)
    return TcpObservation(**frame.fields(loop.time() - started, failure))
