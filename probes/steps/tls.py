"""One TLS handshake over a connected socket, and the encrypted stream that it gives.

The records pass through `ssl.MemoryBIO`: the socket stays ours, so a reset, a FIN, an alert, something that isn't TLS
and silence are five different things, and the chain is kept also when it proves nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, TypeVar

from probes import trust
from probes.failures import alert_of, failure_of
from probes.observations import TlsObservation
from probes.steps.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Callable

    from probes.steps.frame import Frame
    from probes.steps.tcp import TcpStream

_Result = TypeVar("_Result")

_CHUNK_BYTES = 65536


class TlsStream:
    """Bytes over TLS over TCP. An empty `server_name` sends no SNI. Raises ValueError for an impossible name."""

    def __init__(self, tcp: TcpStream, server_name: str) -> None:
        self._tcp = tcp
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        if "\0" in server_name:
            raise ValueError("a server name with a NUL")
        context = trust.measuring_context()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_name or None)

    async def handshake(self) -> None:
        """Complete the handshake without judging the peer's certificate. Raises OSError, `ssl.SSLError` included."""
        await self._until_done(self.tls.do_handshake)

    async def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""
        await self._until_done(lambda: self.tls.write(data))

    async def receive(self) -> bytes:
        """Return what has come, at least one byte; nothing after the peer's end, announced or not. Raises OSError."""
        try:
            return await self._until_done(lambda: self.tls.read(_CHUNK_BYTES))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    async def _until_done(self, operation: Callable[[], _Result]) -> _Result:
        """Repeat an OpenSSL operation, carrying records to and fro, until it needs no more of them."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._feed()
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._tcp.send(self._outgoing.read())

    async def _feed(self) -> None:
        if data := await self._tcp.receive():
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


async def handshake(
    tcp: TcpStream, frame: Frame, *, server_name: str, timeout_s: float, roots: trust.Roots = trust.SYSTEM
) -> tuple[TlsObservation, TlsStream | None]:
    """Shake hands once and judge the chain afterwards; the stream is None where no handshake was completed.

    The chain has to prove `server_name`, or the target's host where no name is sent. Judging is not in the time.
    """
    loop = asyncio.get_running_loop()
    started = loop.time()
    try:
        stream = TlsStream(tcp, server_name)
        async with Limit(timeout_s):
            await stream.handshake()
    except (OSError, ValueError) as error:
        fields = frame.fields(loop.time() - started, failure_of(error))
        alert = alert_of(error) if isinstance(error, ssl.SSLError) else None
        received = tcp.received_bytes
        return TlsObservation(**fields, server_name=server_name, alert=alert, received_bytes=received), None
    elapsed_s = loop.time() - started
    chain = trust.presented_chain(stream.tls)
    failure = trust.verify(chain, server_name or frame.target.host, roots)
    seen = TlsObservation(
        **frame.fields(elapsed_s, failure),
        server_name=server_name,
        version=stream.tls.version(),
        alpn=stream.tls.selected_alpn_protocol(),
        chain=trust.describe(chain),
        received_bytes=tcp.received_bytes,
    )
    return seen, stream
