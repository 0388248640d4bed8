"""A register's API on loopback: every path answers what a test says, and every request is kept."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from tests.fakes.http_server import response
from tests.fakes.tcp_server import hang, serve

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator

    from tests.fakes.tcp_server import Handler


class FakeRegister:
    """Answers each path with its script: one answer a request, the last one for ever; 404 without a script."""

    def __init__(self) -> None:
        self.url = ""
        self.heads: list[str] = []
        self._scripts: dict[str, list[bytes | Handler]] = {}

    def says(self, path: str, *answers: bytes | Handler) -> None:
        """Answer `path`, without its leading slash, with raw responses or a behaviour of the connection."""
        self._scripts[f"/{path}"] = list(answers)

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [head.split()[1].removeprefix("/") for head in self.heads]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.heads.append(head)
            script = self._scripts.get(head.split()[1], [response(status="404 Not Found")])
            answer = script[0] if len(script) == 1 else script.pop(0)
            if not isinstance(answer, bytes):
                await answer(reader, writer)
                return
            writer.write(answer)
            await writer.drain()


@contextlib.asynccontextmanager
async def fake_register() -> AsyncIterator[FakeRegister]:
    """Serve for as long as the context lasts."""
    register = FakeRegister()
    async with serve(register.handle) as port:
        register.url = f"http://127.0.0.1:{port}/"
        yield register


def listing(*elements: object, etag: str | None = None, last_modified: str | None = None) -> bytes:
    """Return a response with a JSON array."""
    versions = {"ETag": etag, "Last_Modified": last_modified}
    known: dict[str, Any] = {name: value for name, value in versions.items() if value}
    return response(json.dumps(elements).encode(), Content_Type="application/json", **known)


def closing(answer: bytes) -> Handler:
    """Send an answer and close, whatever it promised."""

    async def handler(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return handler


def dripping(*pieces: bytes, length: int) -> Handler:
    """Promise `length` bytes, send the pieces, and go silent."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(response(length=length))
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        await hang(reader, writer)

    return handler
