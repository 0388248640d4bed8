"""Feeds on loopback, with manners or without: every answer is written by the test, byte for byte if need be."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes.http_server import response
from tests.fakes.tcp_server import serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

_RSS = '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Feed</title>{items}</channel></rss>'
_PIECE_BYTES = 65_536


def item(title: str, link: str, *, summary: str = "", date: str = "", guid: str = "") -> str:
    parts = {"title": title, "link": link, "description": summary, "pubDate": date, "guid": guid}
    return "<item>" + "".join(f"<{name}>{text}</{name}>" for name, text in parts.items() if text) + "</item>"


def rss(*items: str) -> bytes:
    return _RSS.format(items="".join(items)).encode()


def zipped(body: bytes) -> bytes:
    return response(gzip.compress(body), Content_Type="application/rss+xml", Content_Encoding="gzip")


def feed(body: bytes, *, content_type: str = "application/rss+xml", **headers: Any) -> bytes:
    return response(body, Content_Type=content_type, **headers)


@dataclass
class FeedServer:
    """Answers each path with its `answers`, one after the other, the last one for ever."""

    port: int = 0
    answers: dict[str, list[bytes]] = field(default_factory=dict)
    slow: dict[str, float] = field(default_factory=dict)
    """Paths whose answers drip: seconds between two bytes of the body."""
    asked: Counter[str] = field(default_factory=Counter)
    heads: dict[str, list[str]] = field(default_factory=dict)
    """The requests of each path, as they came, in lower case."""
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    """Something was asked for."""
    at_once: int = 0
    most_at_once: int = 0

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, *answers: bytes) -> str:
        """Let a path answer like that from now on; return its address."""
        self.answers[path] = list(answers)
        return self.url(path)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            path = head.split(" ", 2)[1]
            self.heads.setdefault(path, []).append(head.lower())
            self.asked[path] += 1
            self.begun.set()
            answers = self.answers.get(path) or [response(status="404 Not Found")]
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            await self._write(writer, answer, self.slow.get(path))
        finally:
            self.at_once -= 1

    async def _write(self, writer: asyncio.StreamWriter, answer: bytes, pause_s: float | None) -> None:
        if pause_s is None:
            for start in range(0, len(answer), _PIECE_BYTES):
                writer.write(answer[start : start + _PIECE_BYTES])
                await writer.drain()
            return
        for byte in answer:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause_s)


@asynccontextmanager
async def feed_server(answers: Iterable[tuple[str, bytes]] = ()) -> AsyncIterator[FeedServer]:
    server = FeedServer(answers={path: [answer] for path, answer in answers})
    async with serve(server.handle) as server.port:
        yield server
