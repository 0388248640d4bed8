"""DNS over HTTPS on loopback (RFC 8484), over HTTP/2 or HTTP/1.1, with the answers of a scripted `DnsServer`."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import h2.config
import h2.connection
import h2.events
import h11
import trustme

from tests.fakes.dns_server import DnsServer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType


@dataclass
class DohServer:
    """Speaks the protocols of `alpn` alone. Its certificate is for its address, by `authority`."""

    dns: DnsServer
    authority: trustme.CA
    alpn: tuple[str, ...] = ("h2",)
    certificate_name: str = "127.0.0.1"
    status: int = 200
    content_type: str = "application/dns-message"
    body: bytes | None = None
    """Goes out in place of the answer."""
    connections: int = 0
    requests: list[dict[str, str]] = field(default_factory=list)
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/dns-query"

    async def __aenter__(self) -> Self:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(self.certificate_name).configure_cert(context)
        context.set_alpn_protocols(list(self.alpn))
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def hang_up(self) -> None:
        """Close every open connection, as servers do with idle ones."""
        for writer in self._writers:
            writer.close()

    async def respond(self, headers: dict[str, str], body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        self.requests.append(headers)
        answer = self.body if self.body is not None else await self.dns.reply_whole("doh", body)
        answer = answer or b""
        return self.status, [("content-type", self.content_type), ("content-length", str(len(answer)))], answer

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        serve = _serve_h2 if writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2" else _serve_h11
        with contextlib.suppress(ConnectionError, asyncio.CancelledError, ssl.SSLError):
            await serve(self, reader, writer)
        self._tasks.discard(task)
        self._writers.discard(writer)
        writer.close()


async def _serve_h2(server: DohServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each stream in a task of its own, so that a held answer keeps no other back."""
    connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    connection.initiate_connection()
    streams: dict[int, tuple[dict[str, str], bytearray]] = {}

    async def respond(stream: int) -> None:
        headers, body = streams.pop(stream)
        status, answer_headers, answer = await server.respond(headers, bytes(body))
        connection.send_headers(stream, [(":status", str(status)), *answer_headers])
        size = connection.max_outbound_frame_size
        parts = [answer[start : start + size] for start in range(0, len(answer), size)]
        for part in parts[:-1]:
            connection.send_data(stream, part)
        connection.send_data(stream, parts[-1] if parts else b"", end_stream=True)
        writer.write(connection.data_to_send())

    async with asyncio.TaskGroup() as group:
        while True:
            writer.write(connection.data_to_send())
            data = await reader.read(65536)
            if not data:
                raise ConnectionResetError
            for event in connection.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    streams[event.stream_id] = (_text(event.headers), bytearray())
                elif isinstance(event, h2.events.DataReceived):
                    streams[event.stream_id][1].extend(event.data)
                elif isinstance(event, h2.events.StreamEnded):
                    group.create_task(respond(event.stream_id))


async def _serve_h11(server: DohServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    connection = h11.Connection(h11.SERVER)
    headers: dict[str, str] = {}
    body = bytearray()
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(65536))
        elif isinstance(event, h11.Request):
            headers = {":method": event.method.decode(), **_text(event.headers)}
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            status, answer_headers, answer = await server.respond(headers, bytes(body))
            for part in (
                h11.Response(status_code=status, headers=answer_headers),
                h11.Data(answer),
                h11.EndOfMessage(),
            ):
                writer.write(connection.send(part) or b"")
            connection.start_next_cycle()
            body.clear()
        else:
            return


def _text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in headers}
