"""One list over HTTP: asked for politely, followed not far, and bounded in size and time.

What it holds is read by `bot.registry.elements` and `bot.registry.lists`.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PIECE_BYTES = 65_536
MOST_REDIRECTS = 3
_CONNECT_S = 15.0
_SILENCE_S = 30.0
_HEADERS = {"User-Agent": "reachbot", "Accept": "application/json"}
_MOVED = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}


class SourceError(Exception):
    """The list could not be had; the text is one line."""

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s
        """How long the server asks to be left alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """By what a server tells one version of a list from another (RFC 9110 §8.8)."""

    etag: str | None = None
    last_modified: str | None = None


class Download:
    """A list on its way."""

    def __init__(self, response: aiohttp.ClientResponse, most_bytes: int) -> None:
        self._response = response
        self._most_bytes = most_bytes
        self.version = Version(etag=response.headers.get("ETag"), last_modified=response.headers.get("Last-Modified"))

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body, unpacked. Raises `SourceError` when it is too long."""
        left = self._most_bytes
        async for piece in self._response.content.iter_chunked(PIECE_BYTES):
            left -= len(piece)
            if left < 0:
                raise SourceError(f"longer than {self._most_bytes} bytes")
            yield piece


@asynccontextmanager
async def download(url: str, known: Version, *, most_bytes: int, limit_s: float) -> AsyncIterator[Download | None]:
    """Ask for a list: None if the `known` version is the published one.

    What is done inside the context counts into `limit_s`. Raises `SourceError`.
    """
    try:
        async with asyncio.timeout(limit_s), _session() as session, _answer(session, URL(url), known) as response:
            if response.status == HTTPStatus.NOT_MODIFIED:
                yield None
            elif response.status != HTTPStatus.OK:
                raise SourceError(f"HTTP {response.status}", _retry_after_s(response))
            else:
                yield Download(response, most_bytes)
    except TimeoutError as error:
        raise SourceError(f"not done within {limit_s:.0f} s, or silent for too long") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise SourceError(" ".join(f"{type(error).__name__}: {error}".split())) from error


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        headers=_HEADERS,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S),
    )


@asynccontextmanager
async def _answer(session: aiohttp.ClientSession, url: URL, known: Version) -> AsyncIterator[aiohttp.ClientResponse]:
    """Follow redirects within the same site only: who leads elsewhere is no register."""
    pairs = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    headers = {name: value for name, value in pairs.items() if value}
    for _ in range(MOST_REDIRECTS + 1):
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status not in _MOVED:
                yield response
                return
            target = url.join(URL(response.headers.get("Location", "")))
        if target.host != url.host or (url.scheme, target.scheme) == ("https", "http"):
            raise SourceError(f"led away to {target.scheme}://{target.host}")
        url = target
    raise SourceError("led from one address to the next")


def _retry_after_s(response: aiohttp.ClientResponse) -> float | None:
    """Return the wait that the server asks for, in seconds or until a date (RFC 9110 §10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
