"""A TCP server on loopback that behaves, or misbehaves, as a test says."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_NO_LINGER = struct.pack("ii", 1, 0)


@contextlib.asynccontextmanager
async def serve(handler: Handler, host: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run a handler for each connection; give the port. At the end nothing of it is left running."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setblocking(False)
        accepting = asyncio.create_task(_accept(listener, handler, tls))
        try:
            yield listener.getsockname()[1]
        finally:
            accepting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await accepting


async def _accept(listener: socket.socket, handler: Handler, tls: ssl.SSLContext | None) -> None:
    async with asyncio.TaskGroup() as connections:
        while True:
            sock, _ = await asyncio.get_running_loop().sock_accept(listener)
            connections.create_task(_handle(sock, handler, tls))


async def _handle(sock: socket.socket, handler: Handler, tls: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    with contextlib.suppress(OSError, EOFError):
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=tls)
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        with contextlib.closing(writer):
            await handler(reader, writer)


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Take everything in, say nothing."""
    while await reader.read(65536):
        pass


async def close(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Send a FIN after the client's first words."""
    await reader.read(65536)


async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send an RST after the client's first words."""
    await reader.read(65536)
    abort(writer)


def say(*parts: bytes, then: Handler = hang) -> Handler:
    """Answer the client's first words with some bytes, then go on with another behaviour."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        for part in parts:
            writer.write(part)
            await writer.drain()
        await then(reader, writer)

    return handler


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a FIN at once."""
    await writer.drain()


async def break_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send an RST once what was said has arrived."""
    await writer.drain()
    abort(writer)


def abort(writer: asyncio.StreamWriter) -> None:
    """Close with an RST in place of a FIN."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()


def closed_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextlib.contextmanager
def deaf_port() -> Iterator[int]:
    """Give a port whose SYNs are dropped: its accept queue is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
