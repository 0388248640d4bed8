"""One accepted TCP connection: looked at before it is read, then spoken over in clear or TLS, or broken off."""

import asyncio
import contextlib
import socket
import ssl
import struct
from dataclasses import dataclass

from tests.lab.world.atlas import Endpoint

IDLE_S = 120.0
SHUTDOWN_S = 60.0  # how long TCP stays open for what is still on its way through a slow network
PEEK_BYTES = 17_000  # a TLS record and its header, RFC 8446 §5.1
LINGER_RESET = struct.pack("ii", 1, 0)
GARBAGE = b"\x00\xff\x13\x37 no protocol at all \xfe\x00\r\n\r\n"


@dataclass
class Conversation:
    """A byte stream with its client and the manners of ending it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def alpn(self) -> str:
        tls = self.writer.get_extra_info("ssl_object")
        return (tls.selected_alpn_protocol() or "") if tls else ""

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hold(self) -> None:
        """Say nothing until the client goes away."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                while await self.reader.read(1 << 16):
                    pass

    async def break_off(self, how: str) -> None:
        """End as an answers.Break says."""
        if how == "hang":
            return await self.hold()
        if how == "garbage":
            await self.send(GARBAGE)
        if how == "reset":
            self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
            self.writer.transport.abort()
        return await self.close()

    async def close(self) -> None:
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


@dataclass
class Connection:
    sock: socket.socket
    endpoint: Endpoint
    client: str
    _transport: asyncio.Transport | None = None

    async def peek(self, at_least: int = 1) -> bytes:
        """Return what has come so far without taking it, at least so many bytes unless the client stops sending."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, at_least)
        await self._readable()
        data = self.sock.recv(PEEK_BYTES, socket.MSG_PEEK)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        return data

    async def _readable(self) -> None:
        loop = asyncio.get_running_loop()
        ready: asyncio.Future[None] = loop.create_future()
        loop.add_reader(self.sock.fileno(), _resolve, ready)
        try:
            async with asyncio.timeout(IDLE_S):
                await ready
        finally:
            loop.remove_reader(self.sock.fileno())

    async def open(self, context: ssl.SSLContext | None = None) -> Conversation:
        """Speak over the connection, after a TLS handshake if a context is given. Raises OSError if that fails."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, self.sock, ssl=context, ssl_shutdown_timeout=SHUTDOWN_S if context else None
        )
        self._transport = transport
        return Conversation(reader, asyncio.StreamWriter(transport, protocol, reader, loop))

    def dispose(self) -> None:
        """Let go of whatever is still open."""
        if self._transport is None:
            self.sock.close()
        elif not self._transport.is_closing():
            self._transport.abort()
