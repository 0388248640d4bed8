"""DNS over HTTPS (RFC 8484): wire-format messages by POST, over HTTP/2 where the operator speaks it.

One client an operator is kept alive and shared by concurrent questions. What the messages say is not read here.
"""

from __future__ import annotations

import asyncio
import importlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from probes.steps.limit import Limit

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Sequence
    from types import TracebackType

    import httpcore

MAX_ANSWER_BYTES = 65535
_MAX_CONNECTIONS = 8
"""Of one operator, where it speaks HTTP/1.1 only."""
_KEPT_ALIVE_S = 30.0
_MEDIA_TYPE = "application/dns-message"
_HEADERS = (
    (b"accept", _MEDIA_TYPE.encode()),
    (b"content-type", _MEDIA_TYPE.encode()),
    (b"accept-encoding", b"identity"),
)
_OK = 200


class DohError(Exception):
    """The operator was not reached, or hung up; the cause says how."""


class NotDnsError(Exception):
    """The operator's HTTP response holds no DNS message."""


class _Operator:
    def __init__(self, url: httpcore.URL, client: httpcore.AsyncConnectionPool) -> None:
        self.url = url
        self.client = client
        self.users = 0
        self.has_answered = False


class DohClients:
    """The clients of all operators. An async context manager; questions belong inside of it."""

    def __init__(self, context: ssl.SSLContext) -> None:
        """Take the TLS settings. The context must be for these clients alone: httpcore sets its ALPN protocols."""
        self._context = context
        self._operators: dict[str, _Operator] = {}
        self._exchanges: set[asyncio.Task[bytes]] = set()

    async def __aenter__(self) -> Self:
        # Off the loop and before anything is timed: in the first question it would count as the network's slowness.
        await asyncio.to_thread(_load_client)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for exchange in self._exchanges:
            exchange.cancel()
        await asyncio.gather(*self._exchanges, return_exceptions=True)
        operators = list(self._operators.values())
        self._operators.clear()
        await asyncio.gather(*(operator.client.aclose() for operator in operators))

    async def exchange(self, url: str, message: bytes, timeout_s: float) -> bytes:
        """Return the answer to one message, which has `timeout_s` from when it can begin.

        Raises `DohError` when there was no HTTP response, `NotDnsError` when it was no DNS message, TimeoutError.

        It runs in a task of its own, to its end even when the caller is cancelled: in the middle of a TLS record that
        would break the connection, and with it the questions of all others that share it.
        """
        task = asyncio.create_task(self._within(timeout_s, url, message))
        self._exchanges.add(task)
        task.add_done_callback(self._forget)
        try:
            return await asyncio.shield(task)
        except (NotDnsError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 -- httpcore lets some of h2's and anyio's own through
            raise DohError(f"{type(error).__name__} from {url}") from _origin(error)

    def _forget(self, task: asyncio.Task[bytes]) -> None:
        """Let go of a task that has ended; its error was its caller's to see, who may be gone."""
        self._exchanges.discard(task)
        if not task.cancelled():
            task.exception()

    async def _within(self, timeout_s: float, url: str, message: bytes) -> bytes:
        async with Limit(timeout_s):
            return await self._exchange(url, message)

    async def _exchange(self, url: str, message: bytes) -> bytes:
        async with self._leased(url) as operator:
            was_alive = operator.has_answered
            try:
                return await _post(operator, message)
            except NotDnsError:
                raise
            except Exception:
                if not was_alive:
                    raise
                self._retire(url, operator)
        # A connection kept from earlier may have died unseen, which says nothing of the operator: once more, afresh.
        async with self._leased(url) as operator:
            return await _post(operator, message)

    @asynccontextmanager
    async def _leased(self, url: str) -> AsyncIterator[_Operator]:
        """Lend the operator's client. One that failed somebody, a time-out included, is not lent again."""
        operator = self._operators.get(url)
        if operator is None:
            operator = self._operators[url] = self._new_operator(url)
        operator.users += 1
        try:
            yield operator
            operator.has_answered = True
        except NotDnsError:
            raise
        except BaseException:
            self._retire(url, operator)
            raise
        finally:
            operator.users -= 1
            if not operator.users and self._operators.get(url) is not operator:
                await operator.client.aclose()

    def _retire(self, url: str, operator: _Operator) -> None:
        if self._operators.get(url) is operator:
            del self._operators[url]

    def _new_operator(self, url: str) -> _Operator:
        import httpcore  # noqa: PLC0415 -- start-up time: nothing else in a process without DNS over HTTPS needs it

        from probes.steps.doh_sockets import Backend  # noqa: PLC0415 -- as above

        # No time-out of its own: over HTTP/2 one stream's would end all others of the connection.
        client = httpcore.AsyncConnectionPool(
            ssl_context=self._context,
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_KEPT_ALIVE_S,
            http2=True,
            network_backend=Backend(),
        )
        return _Operator(httpcore.URL(url), client)


def _load_client() -> None:
    """Import what is needed with the first request, what httpcore itself puts off until then included."""
    for module in ("probes.steps.doh_sockets", "h2.connection", "httpcore._async.http2", "anyio._backends._asyncio"):
        importlib.import_module(module)


async def _post(operator: _Operator, message: bytes) -> bytes:
    async with operator.client.stream("POST", operator.url, content=message, headers=_HEADERS) as response:
        if response.status != _OK:
            raise NotDnsError(f"HTTP status {response.status}")
        if _media_type(response.headers) != _MEDIA_TYPE:
            raise NotDnsError("HTTP response of another media type")
        answer = bytearray()
        async for part in response.aiter_stream():
            answer += part
            if len(answer) > MAX_ANSWER_BYTES:
                raise NotDnsError("HTTP response of more bytes than a DNS message has")
        return bytes(answer)


def _media_type(headers: Sequence[tuple[bytes, bytes]]) -> str:
    typed = next((value for name, value in headers if name.lower() == b"content-type"), b"")
    return typed.partition(b";")[0].strip().lower().decode("latin-1")


def _origin(error: BaseException) -> BaseException:
    """Return what the HTTP client translated. Its pool says `raise … from None`: only the context keeps the cause."""
    while type(error).__module__.partition(".")[0] == "httpcore":
        inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    return error
