"""HTTP/1.1 on loopback for whole connections: request after request is answered, well, slowly or not at all."""

import asyncio

from tests.fakes.http_server import response
from tests.fakes.tcp_server import Handler, hang


def answering(
    reply: bytes = b"", *, times: int = 1000, then: Handler = hang, heads: list[bytes] | None = None
) -> Handler:
    """Answer so many requests with `reply` (none by default: a bare 200), then go on with another behaviour."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(times):
            head = await reader.readuntil(b"\r\n\r\n")
            if heads is not None:
                heads.append(head)
            writer.write(reply or response())
            await writer.drain()
        await then(reader, writer)

    return handler


def pouring(body: bytes, *, piece_bytes: int, every_s: float, says_bytes: int | None = None) -> Handler:
    """Answer one request with a body in pieces, one at a time, and keep the connection."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(response(length=len(body) if says_bytes is None else says_bytes))
        for start in range(0, len(body), piece_bytes):
            writer.write(body[start : start + piece_bytes])
            await writer.drain()
            await asyncio.sleep(every_s)
        await hang(reader, writer)

    return handler
