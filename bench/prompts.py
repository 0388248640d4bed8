"""Lines from one process to another over loopback, each said at the moment at which something is to happen there."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HOST = "127.0.0.1"


class Prompter:
    """Says lines to the one process that has come to `port`, if it has."""

    def __init__(self) -> None:
        self.port = 0
        self.met = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    def meet(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.met.set()

    def say(self, line: str) -> None:
        if self._writer is not None:
            self._writer.write(f"{line}\n".encode())

    def end(self) -> None:
        """Let the other side know that there is nothing more to come."""
        if self._writer is not None:
            self._writer.close()


@asynccontextmanager
async def prompting() -> AsyncIterator[Prompter]:
    prompter = Prompter()
    async with await asyncio.start_server(prompter.meet, HOST, 0) as server:
        prompter.port = server.sockets[0].getsockname()[1]
        try:
            yield prompter
        finally:
            prompter.end()


async def prompts(port: int) -> AsyncIterator[str]:
    """Come to that port, and yield each line as it is said."""
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        async for line in reader:
            yield line.decode().rstrip("\n")
    finally:
        writer.close()
