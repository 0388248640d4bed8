"""The control's own visit to a URL, as oohelperd makes it: with the asker's headers, cookies, and up to 10 redirects.

The measured request (`probes.steps.http`) has none of these on purpose, so this is a client of its own. Each address is
judged right before it is connected to, at every hop.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp

from probes import trust
from probes.control import protocol
from probes.control.measure import PAGE_S
from probes.control.protocol import Page
from probes.failures import failure_of
from probes.http_names import Resolver
from probes.steps.http import MAX_BODY_BYTES, MAX_HEAD_BYTES
from probes.steps.page import text_of, title_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from probes.control.plan import Plan
    from probes.http_names import Resolve

    Permits = Callable[[str, int], bool]

MAX_REDIRECTS = 10
_MAX_HEADERS = 64
_MAX_HEADER_TEXT = 2048
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


@dataclass(slots=True)
class _Seen:
    """What has come so far: kept whatever happens next."""

    status: int = -1
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)

    async def take(self, response: aiohttp.ClientResponse) -> None:
        """Read the response, its body as far as the measured request would."""
        self.status = response.status
        self.headers = response.headers
        async for part in response.content.iter_any():
            self.body += part
            if len(self.body) >= MAX_BODY_BYTES:
                break
        del self.body[MAX_BODY_BYTES:]

    def page(self, failure: str | None) -> Page:
        if self.status < 0:
            return Page(failure=failure)
        content_type, encoding = (self.headers.get(name, "") for name in ("Content-Type", "Content-Encoding"))
        names = list(dict.fromkeys(self.headers))[:_MAX_HEADERS]
        return Page(
            body_length=len(self.body),
            failure=failure,
            title=title_of(text_of(bytes(self.body), content_type, encoding)) or "",
            headers={_text(name): _text(self.headers[name])[:_MAX_HEADER_TEXT] for name in names},
            status_code=self.status,
        )


async def visit(plan: Plan, resolve: Resolve, *, permits: Permits, roots: trust.Roots = trust.SYSTEM) -> Page | None:
    """Visit the plan's URL within `PAGE_S`; `permits` judges addresses and ports.

    None: this host has run out of sockets. Raises nothing for what the network does.
    """
    seen = _Seen()
    connector = aiohttp.TCPConnector(
        ssl=trust.verifying_context("http/1.1", roots=roots),
        resolver=Resolver(resolve),
        socket_factory=partial(_socket, permits),
        force_close=True,
    )
    headers = {**plan.headers, "Accept-Encoding": "identity"}
    try:
        async with (
            asyncio.timeout(PAGE_S),
            aiohttp.ClientSession(
                connector=connector,
                auto_decompress=False,  # a body can be small and its content huge: `text_of` bounds both
                max_line_size=MAX_HEAD_BYTES,
                max_field_size=MAX_HEAD_BYTES,
            ) as session,
            session.get(plan.url, headers=headers, max_redirects=MAX_REDIRECTS) as response,
        ):
            await seen.take(response)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return None if getattr(error, "errno", None) in _EXHAUSTED else seen.page(_failure(error))
    return seen.page(None)


def _socket(permits: Permits, info: tuple[Any, ...]) -> socket.socket:
    """Open the socket for one address, as given by getaddrinfo. Raises PermissionError."""
    family, kind, proto, _, (address, port, *_) = info
    if not permits(address, port):
        raise PermissionError(errno.EPERM, "not a public address")
    return socket.socket(family, kind, proto)


def _failure(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return protocol.DNS_LOOKUP
    return protocol.page_failure(failure_of(error)) or protocol.UNKNOWN


def _text(header: str) -> str:
    """Make text of what came as bytes that are none."""
    return header.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
