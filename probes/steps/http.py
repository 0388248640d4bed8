"""One HTTP/1.1 GET over a stream that is already there: bounded in head, body and time; redirects are only recorded.

What a GET asks for beyond a page, and how the answer is judged, is left to others: see `probes.steps.websocket`.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol, TypeGuard
from urllib.parse import quote, urlsplit

import h11

from probes import blockpages
from probes.failures import INVALID_REDIRECT, failure_of
from probes.model import URL_PORTS
from probes.observations import HttpObservation
from probes.steps.limit import Limit
from probes.steps.page import text_of, title_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from probes.model import Endpoint
    from probes.steps.frame import Fields, Frame

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024  # beyond the 16-20 KB at which some networks freeze a flow; titles and block pages fit
_MAX_HEADER_TEXT = 2048

_REDIRECTS = {301, 302, 303, 307, 308}
_KEPT_HEADERS = {
    "alt-svc",
    "cf-mitigated",  # a challenge instead of the page
    "content-length",
    "content-type",
    "location",
    "retry-after",
    "sec-websocket-protocol",
    "server",
    "upgrade",
    "via",
}
_SAFE_IN_TARGET = "/%:=&?~+!$,;'@()*[]"


class Stream(Protocol):
    """What a request needs of the connection below it."""

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""

    async def receive(self) -> bytes:
        """Return at least one byte, or nothing at the peer's end. Raises OSError."""


@dataclass(slots=True)
class Reply:
    """What has come so far: kept whatever happens next. The names of headers are in lower case."""

    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    complete: bool = False

    @property
    def redirects(self) -> bool:
        return self.status in _REDIRECTS and "location" in self.headers

    @property
    def switches(self) -> bool:
        """What follows is no HTTP any more."""
        return self.status == HTTPStatus.SWITCHING_PROTOCOLS

    def take(self, event: h11.Event) -> bool:
        """Take in one event; tell whether the response is over, or as much of it as is wanted.

        The body of a redirect is not waited for: nobody reads it, and makers of block pages often forget its end.
        """
        if isinstance(event, h11.Response) or _is_switch(event):
            self.status = event.status_code
            self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        elif isinstance(event, h11.Data):
            self.body += event.data
            del self.body[MAX_BODY_BYTES:]
        self.complete = self.redirects or self.switches or isinstance(event, h11.EndOfMessage)
        return self.complete or len(self.body) == MAX_BODY_BYTES


def _is_switch(event: h11.Event) -> TypeGuard[h11.InformationalResponse]:
    """Tell the end of HTTP, which h11 lets happen only where it was asked for, from "go on" and "wait"."""
    return isinstance(event, h11.InformationalResponse) and event.status_code == HTTPStatus.SWITCHING_PROTOCOLS


async def get(
    stream: Stream, frame: Frame, endpoint: Endpoint, *, host: str | None = None, timeout_s: float
) -> HttpObservation:
    """Ask for the endpoint's path once. `host` replaces its host in the Host header.

    What came before a failure is kept. A redirect to no host at all is a failure, as in OONI. `timeout_s` bounds the
    wait for the head, then each silence: a body that still flows when that time is over is cut short, and no failure.
    """
    return await ask(stream, frame, endpoint, request_for(endpoint, host or endpoint.host), timeout_s=timeout_s)


async def ask(
    stream: Stream,
    frame: Frame,
    endpoint: Endpoint,
    request: h11.Request,
    *,
    defect_of: Callable[[Reply], str | None] = lambda _: None,
    timeout_s: float,
) -> HttpObservation:
    """Send a request that has no body, and see the answer as `get` does. `defect_of` may find a failure in it."""
    loop = asyncio.get_running_loop()
    reply = Reply()
    failure = None
    started = loop.time()
    try:
        async with Limit(timeout_s) as limit:
            async for _ in _exchange(stream, request, reply):
                if reply.status is not None and loop.time() - started > timeout_s:
                    break
                if reply.status is not None:
                    limit.reschedule(loop.time() + timeout_s)
    except (OSError, EOFError, ValueError, h11.ProtocolError) as error:
        failure = failure_of(error)
    fields = frame.fields(loop.time() - started, failure)
    if failure is None and reply.redirects and _leads_nowhere(reply.headers["location"]):
        fields["failure"] = INVALID_REDIRECT
    elif failure is None:
        fields["failure"] = defect_of(reply)
    return _observation(fields, endpoint, reply)


async def _exchange(stream: Stream, request: h11.Request, reply: Reply) -> AsyncIterator[None]:
    """Send the request and take the response into `reply`; yield after each piece of it but the last."""
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    head = connection.send(request) or b""
    connection.send(h11.EndOfMessage())
    await stream.send(head)
    while not reply.take(await next_event(connection, stream)):
        yield


async def next_event(connection: h11.Connection, stream: Stream) -> h11.Event:
    """Return the next event of the response. Raises EOFError if the peer ends it early."""
    while not isinstance(event := connection.next_event(), h11.Event):
        data = await stream.receive()
        if connection.their_state is h11.SEND_RESPONSE:
            _check_begin(connection, data)
        connection.receive_data(data)
    return event


def _check_begin(connection: h11.Connection, data: bytes) -> None:
    """Tell a FIN and other protocols from HTTP at once: h11 would wait for the end of a head."""
    if not data:
        raise EOFError("the connection ended before the response")
    is_first = not connection.trailing_data[0]
    if is_first and data[:5] != b"HTTP/"[: len(data)]:
        raise h11.RemoteProtocolError("illegal status line")


@lru_cache(maxsize=64)
def request_for(endpoint: Endpoint, host: str) -> h11.Request:
    """Build what a browser would send, but for compression, which would hide what a block page says."""
    return h11.Request(
        method="GET",
        target=target_of(endpoint),
        headers=[
            ("Host", authority_of(endpoint, host)),
            ("User-Agent", USER_AGENT),
            ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
            ("Accept-Language", "en-US,en;q=0.5"),
            ("Accept-Encoding", "identity"),
            ("Upgrade-Insecure-Requests", "1"),
        ],
    )


def target_of(endpoint: Endpoint) -> str:
    """Return the endpoint's path as a request line has it."""
    return quote(endpoint.path.partition("#")[0] or "/", safe=_SAFE_IN_TARGET)


def authority_of(endpoint: Endpoint, host: str) -> str:
    """Return the Host header's value: `host` at the endpoint's port."""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if URL_PORTS.get(endpoint.scheme) == endpoint.port else f"{bracketed}:{endpoint.port}"


def _leads_nowhere(location: str) -> bool:
    """Tell whether a Location names a web scheme, or just "//", and then no host."""
    try:
        parts = urlsplit(location.strip())
        return not parts.hostname and (parts.scheme in {"http", "https"} or location.strip().startswith("//"))
    except ValueError:
        return True


def _observation(fields: Fields, endpoint: Endpoint, reply: Reply) -> HttpObservation:
    if reply.status is None:
        return HttpObservation(**fields, url=str(endpoint))
    body = bytes(reply.body)
    content_type = reply.headers.get("content-type", "")
    text = text_of(body, content_type, reply.headers.get("content-encoding", ""))
    page = blockpages.Page(
        host=endpoint.host,
        status=reply.status,
        location=reply.headers.get("location", "").lower(),
        server=reply.headers.get("server", "").lower(),
        body=text.lower(),
        body_bytes=len(body),
    )
    return HttpObservation(
        **fields,
        url=str(endpoint),
        status=reply.status,
        headers=tuple(
            (name, value[:_MAX_HEADER_TEXT]) for name, value in reply.headers.items() if name in _KEPT_HEADERS
        ),
        title=title_of(text),
        body_bytes=len(body),
        body_sha256=hashlib.sha256(body).hexdigest(),
        body_truncated=not reply.complete,
        fingerprints=blockpages.match(page),
    )
