"""A SOCKS5 proxy on loopback (RFC 1928, passwords as in RFC 1929) that leads every name to one address."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.fakes.tcp_server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PASSWORDS, _OPEN, _NOBODY = 2, 0, 0xFF
_DONE = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"


@dataclass
class Socks:
    """What is asked of the proxy. `refusal` is a reply code of RFC 1928 §6 other than 0."""

    destination: int
    credentials: tuple[str, str] | None = None
    refusal: int = 0
    port: int = 0
    asked: list[str] = field(default_factory=list)
    """Names, as they came."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            if await self._greeted(reader, writer) and await self._asked(reader, writer):
                await self._joined(reader, writer)
        writer.close()

    async def _greeted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        _, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        method = _PASSWORDS if self.credentials else _OPEN
        writer.write(bytes([5, method if method in offered else _NOBODY]))
        if method not in offered:
            return False
        if self.credentials is None:
            return True
        given = [await _counted(reader, skip=skip) for skip in (1, 0)]
        welcome = given == list(self.credentials)
        writer.write(bytes([1, 0 if welcome else 1]))
        return welcome

    async def _asked(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        kind = (await reader.readexactly(4))[3]
        assert kind == 3, "a name was resolved before the proxy was asked"
        name = await _counted(reader)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked.append(f"{name}:{port}")
        writer.write(bytes([5, self.refusal, *_DONE[2:]]))
        await writer.drain()
        return not self.refusal

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.destination)
        async with asyncio.TaskGroup() as group:
            group.create_task(_pumped(reader, there_writer))
            group.create_task(_pumped(there_reader, writer))


async def _counted(reader: asyncio.StreamReader, *, skip: int = 0) -> str:
    await reader.readexactly(skip)
    return (await reader.readexactly((await reader.readexactly(1))[0])).decode()


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def socks_proxy(socks: Socks) -> AsyncIterator[Socks]:
    async with serve(socks.handle) as socks.port:
        yield socks
