"""HTTP to the Bot API over aiohttp, behind python-telegram-bot's `BaseRequest` seam.

What a failed call means for a message is kept apart by the exception's type:

- `NotSentError`: not a byte of the request left; it may be repeated.
- `OutcomeUnknownError`: the request began to leave and no answer of Telegram's came back; repeating may double it.
- whatever else `telegram.error` has: Telegram answered, and did not do it.

Nothing is ever repeated here. The token is part of each address, so no exception raised here contains one.
"""

import asyncio
import json
import ssl
from dataclasses import dataclass
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.logs import redact
from bot.transports.telegram import proxies

_MAX_ANSWER_BYTES = 32 * 2**20
_CHUNK_BYTES = 2**16
# Shorter than common servers keep an idle connection: a reused connection that just died makes an outcome unknown.
_KEEP_ALIVE_S = 30
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class NotSentError(NetworkError):
    """The request never left this host: no connection, no name, no certificate, no free place in the pool."""

    __slots__ = ()


class NotSentTimeoutError(NotSentError, TimedOut):
    """Connecting, or waiting for a place in the pool, took too long."""

    __slots__ = ()


class OutcomeUnknownError(NetworkError):
    """The request began to leave, and whether Telegram acted on it cannot be known."""

    __slots__ = ()


class OutcomeUnknownTimeoutError(OutcomeUnknownError, TimedOut):
    """The answer did not come in time."""

    __slots__ = ()


class NotTelegramError(OutcomeUnknownError):
    """Somebody else answered: a captive portal, a block page, a proxy. A 403 of theirs says nothing about a chat."""

    __slots__ = ()


@dataclass(frozen=True)
class Timeouts:
    """How long each part of a call may take, in seconds; None is for ever.

    pool: waiting for a free connection. connect: name, TCP, proxy and TLS together. write, media_write: sending the
    request, without and with files. read: waiting for each piece of the answer.
    """

    pool_s: float | None = 5
    connect_s: float | None = 5
    write_s: float | None = 5
    media_write_s: float | None = 20
    read_s: float | None = 10


@dataclass
class _Progress:
    began: bool = False


class AiohttpRequest(BaseRequest):
    """Carries the calls of a `telegram.Bot`.

    pool_size: calls in flight at once; more wait. proxy: `http://[user:password@]host:port`, https or a SOCKS one.
    Certificates are judged by the system's trust store, or by SSL_CERT_FILE where it is set.
    Raises ValueError for a proxy of another kind.
    """

    def __init__(self, *, pool_size: int = 256, timeouts: Timeouts | None = None, proxy: str | None = None) -> None:
        self._pool_size = pool_size
        self._timeouts = timeouts or Timeouts()
        self._proxy = proxies.checked(proxy)
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds; python-telegram-bot adds it to a long poll's own."""
        return self._timeouts.read_s

    async def initialize(self) -> None:
        """Opens the pool; does nothing when it is open."""
        if self._session is not None:
            return
        # Reads the trust store from disk, and SSL_CERT_FILE as it is now.
        trust = await asyncio.to_thread(ssl.create_default_context)
        self._session = aiohttp.ClientSession(
            connector=proxies.connector(self._proxy, ssl=trust, limit=self._pool_size, keepalive_timeout=_KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self.USER_AGENT},
            trace_configs=[_tracing()],
        )

    async def shutdown(self) -> None:
        """Closes the pool; calls in flight fail."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def do_request(  # noqa: PLR0917 - the signature of BaseRequest
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Status and body of one HTTP exchange. Raises NotSentError or OutcomeUnknownError."""
        if self._session is None:
            raise NotSentError("the transport is not open")
        usual = self._timeouts
        has_files = request_data is not None and request_data.contains_files
        timeout = _client_timeout(
            read_s=_given(read_timeout, usual.read_s),
            write_s=_given(write_timeout, usual.media_write_s if has_files else usual.write_s),
            connect_s=_given(connect_timeout, usual.connect_s),
            pool_s=_given(pool_timeout, usual.pool_s),
        )
        progress = _Progress()
        try:
            async with self._session.request(
                method,
                url,
                **_body(request_data),
                timeout=timeout,
                proxy=proxies.for_aiohttp(self._proxy),
                allow_redirects=False,
                trace_request_ctx=progress,
            ) as response:
                status, payload = response.status, await _read(response)
        except (aiohttp.ClientError, OSError, ValueError, *proxies.ERRORS) as error:
            failure = _failure(error, began=progress.began)
        else:
            return status, _telegrams_own(method, status, payload)
        # Outside the handler: an implicit context would carry the address, and the token with it.
        raise failure

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as JSON. Raises NotTelegramError when it is none of the Bot API's."""
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict) or "ok" not in answer:
            raise NotTelegramError("the answer is not one of the Bot API")
        return answer


def _given(timeout: object, usual: float | None) -> float | None:
    """The timeout of this call in seconds; the usual one unless the caller passed one."""
    if timeout is BaseRequest.DEFAULT_NONE:
        return usual
    return float(timeout) if isinstance(timeout, int | float) else None


def _client_timeout(
    *, read_s: float | None, write_s: float | None, connect_s: float | None, pool_s: float | None
) -> aiohttp.ClientTimeout:
    """There is no limit for writing alone in aiohttp: the whole exchange is limited to the sum of its parts."""
    to_connect = _sum(pool_s, connect_s)
    return aiohttp.ClientTimeout(
        total=_sum(to_connect, write_s, read_s), connect=to_connect, sock_connect=connect_s, sock_read=read_s
    )


def _sum(*seconds: float | None) -> float | None:
    known = [part for part in seconds if part is not None]
    return sum(known) if len(known) == len(seconds) else None


def _body(data: RequestData | None) -> dict[str, Any]:
    """The keyword arguments that make aiohttp send `data`."""
    if data is None:
        return {}
    if not data.contains_files:
        return {"data": data.url_encoded_parameters().encode(), "headers": _FORM}
    form = aiohttp.FormData(data.json_parameters)
    for name, (filename, content, mime_type) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime_type)
    return {"data": form}


async def _read(response: aiohttp.ClientResponse) -> bytes:
    payload = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        payload += chunk
        if len(payload) > _MAX_ANSWER_BYTES:
            raise aiohttp.ClientPayloadError(f"more than {_MAX_ANSWER_BYTES} bytes")
    return bytes(payload)


def _telegrams_own(method: str, status: int, payload: bytes) -> bytes:
    """The payload of an answer that is Telegram's; files (GET) may be anything. Raises OutcomeUnknownError."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise OutcomeUnknownError(f"HTTP {status}")
    if method == "POST" and not payload.startswith(b"{"):
        raise NotTelegramError(f"HTTP {status} with a body that is not the Bot API's")
    if method == "POST" and status != HTTPStatus.OK:
        AiohttpRequest.parse_json_payload(payload)
    return payload


def _tracing() -> aiohttp.TraceConfig:
    """Notes the moment when a request begins to leave."""

    async def note(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
        context.trace_request_ctx.began = True

    tracing = aiohttp.TraceConfig()
    tracing.on_request_headers_sent.append(note)
    return tracing


def _failure(error: Exception, *, began: bool) -> NetworkError:
    """What `error` says about the message. Connections are made, proxies and TLS included, before anything leaves."""
    kind: type[NetworkError]
    if began:
        kind = OutcomeUnknownTimeoutError if isinstance(error, TimeoutError) else OutcomeUnknownError
    else:
        kind = NotSentTimeoutError if isinstance(error, proxies.TIMEOUTS) else NotSentError
    failure: NetworkError = kind(redact(f"{type(error).__name__}: {error}"))
    failure.__cause__ = _without_token(error)
    return failure


def _without_token(error: BaseException) -> BaseException | None:
    """The error with tokens blacked out of it and of all that led to it; None where they cannot be."""
    chain = _chain(error)
    for link in chain:
        link.args = tuple(redact(arg) if isinstance(arg, str) else arg for arg in link.args)
    texts = [f"{link} {link!r}" for link in chain]
    return error if all(text == redact(text) for text in texts) else None


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what caused it, what was being handled at the time."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is not None and link not in found:
            found.append(link)
            waiting += [link.__cause__, link.__context__]
    return found
