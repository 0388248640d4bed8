"""One feed over HTTP: asked for politely, followed not far, bounded in size and time, kept to public addresses.

Whether a body is a feed is `bot.news.document`'s affair; when to ask, `bot.news.schedule`'s.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
import dns.asyncresolver
import dns.exception
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.news.model import FeedError
from probes.guard import PUBLIC, Forbidden

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from probes.guard import Guard

MOST_BYTES = 4 * 2**20
"""Of a body, unpacked."""
LIMIT_S = 30.0
"""For everything: names, redirects, the body."""
MOST_REDIRECTS = 5
_CONNECT_S = 10.0
_SILENCE_S = 10.0
_NAME_S = 8.0
_PIECE_BYTES = 65_536
_HEADERS = {
    "User-Agent": "reachbot (reads feeds)",
    "Accept": "application/rss+xml, application/atom+xml, application/rdf+xml, application/xml;q=0.9, text/xml;q=0.8",
}
_PERMANENT = {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.PERMANENT_REDIRECT}
_MOVED = {*_PERMANENT, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a server had to say. Without a body, nothing has changed."""

    body: bytes | None
    url: str
    """Where it came from in the end."""
    moved_to: str | None = None
    """Where the feed is for good, if its server said so."""
    content_type: str = ""
    etag: str | None = None
    modified: str | None = None


class Fetcher:
    """Fetches feeds. Only addresses that `guard` permits are ever connected to, wherever a redirect leads."""

    def __init__(self, session: aiohttp.ClientSession, guard: Guard, limit_s: float) -> None:
        self._session = session
        self._guard = guard
        self._limit_s = limit_s

    @classmethod
    @asynccontextmanager
    async def open(cls, guard: Guard = PUBLIC, limit_s: float = LIMIT_S) -> AsyncIterator[Fetcher]:
        """Hold a session open for as long as the context lasts. `limit_s` is for one feed, everything included."""
        trust = await asyncio.to_thread(ssl.create_default_context)  # reads the trust store from disk
        connector = aiohttp.TCPConnector(ssl=trust, limit=8, resolver=_Resolver(guard), force_close=True)
        async with aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S, sock_read=_SILENCE_S),
        ) as session:
            yield cls(session, guard, limit_s)

    async def fetch(self, url: str, *, etag: str | None = None, modified: str | None = None) -> Fetched:
        """Return a feed's body, or that it has not changed since it had this version. Raises `FeedError`."""
        pairs = {"If-None-Match": etag, "If-Modified-Since": modified}
        version = {name: value for name, value in pairs.items() if value}
        try:
            async with asyncio.timeout(self._limit_s):
                return await self._followed(URL(url), version)
        except TimeoutError as error:
            raise FeedError("no answer, or too slow a one") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise FeedError(" ".join(f"{type(error).__name__}: {error}".split())[:200]) from error

    async def _followed(self, url: URL, version: Mapping[str, str]) -> Fetched:
        """Follow redirects; as long as all were permanent, and none gave up TLS, they tell where the feed is."""
        lasting, moved_to = True, None
        for _ in range(MOST_REDIRECTS + 1):
            self._refuse_forbidden(url)
            async with self._session.get(url, headers=version, allow_redirects=False) as response:
                if response.status not in _MOVED:
                    return await _read(response, moved_to)
                target = url.join(URL(response.headers.get("Location", "")))
                lasting &= response.status in _PERMANENT and (url.scheme, target.scheme) != ("https", "http")
                moved_to = str(target) if lasting else moved_to
                url = target
        raise FeedError(f"more than {MOST_REDIRECTS} redirects")

    def _refuse_forbidden(self, url: URL) -> None:
        """Raise `FeedError` for what is no web address, and for IP addresses, which no resolver sees."""
        if url.scheme not in {"http", "https"} or not url.host:
            raise FeedError(f"led to what is no web address: {str(url)[:100]}")
        try:
            socket.inet_pton(socket.AF_INET6 if ":" in url.host else socket.AF_INET, url.host)
        except OSError:
            return
        try:
            self._guard.check(url.host, url.port or 0)
        except Forbidden as error:
            raise FeedError(str(error)) from error


class _Resolver(AbstractResolver):
    """Asks the system's resolver, without a thread that a slow answer would hold, and keeps to the guard."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            resolver = dns.asyncresolver.Resolver()
            resolver.lifetime = _NAME_S
            found = await resolver.resolve_name(f"{host}.", family, search=False)
        except dns.exception.DNSException as error:
            raise OSError(f"no address of {host} was found: {error}") from error
        answers = [(address, kind) for address, kind in found.addresses_and_families()]
        allowed = [pair for pair in answers if self._guard.permits(pair[0], port)]
        if not allowed:
            raise OSError(f"{host} has no address that may be contacted")
        return [
            ResolveResult(hostname=host, host=address, port=port, family=kind, proto=0, flags=socket.AI_NUMERICHOST)
            for address, kind in allowed
        ]

    async def close(self) -> None:
        """Nothing is held open."""


async def _read(response: aiohttp.ClientResponse, moved_to: str | None) -> Fetched:
    headers = response.headers
    url = str(response.url)
    if response.status == HTTPStatus.NOT_MODIFIED:
        return Fetched(body=None, url=url, moved_to=moved_to)
    if response.status != HTTPStatus.OK:
        raise FeedError(f"HTTP {response.status}", _retry_after_s(headers.get("Retry-After", "")))
    return Fetched(
        body=await _body(response),
        url=url,
        moved_to=moved_to,
        content_type=headers.get("Content-Type", ""),
        etag=headers.get("ETag"),
        modified=headers.get("Last-Modified"),
    )


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read the body as it is unpacked, a piece at a time."""
    if (response.content_length or 0) > MOST_BYTES:
        raise FeedError(f"longer than {MOST_BYTES} bytes")
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE_BYTES):
        body += piece
        if len(body) > MOST_BYTES:
            raise FeedError(f"longer than {MOST_BYTES} bytes")
    return bytes(body)


def _retry_after_s(value: str) -> float | None:
    """Return the wait that a server asks for, in seconds or until a date (RFC 9110 §10.2.3)."""
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
