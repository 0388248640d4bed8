"""HTTP/2 over a conversation, by the h2 library: streams side by side, flow control, and improper endings."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions

from tests.lab.world.answers import Break
from tests.lab.world.http import MAX_BODY_BYTES, Reply, Request
from tests.lab.world.wire import IDLE_S, Conversation

READ_BYTES = 1 << 16
MAX_STREAMS = 100
HOP_HEADERS = {"connection", "upgrade"}
Respond = Callable[[Request], Awaitable[Reply | Break]]


@dataclass
class _Incoming:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)
    size: int = 0

    def request(self) -> Request:
        pseudo = {name: value for name, value in self.headers.items() if name.startswith(":")}
        plain = {name: value for name, value in self.headers.items() if not name.startswith(":")}
        authority = pseudo.get(":authority") or plain.get("host", "")
        method, path = pseudo.get(":method", "GET"), pseudo.get(":path", "/")
        return Request(method, "https", authority, path, plain, bytes(self.body), self.size)


async def serve(conversation: Conversation, respond: Respond) -> None:
    """Answer requests until the client, an answer or the network ends the connection."""
    async with asyncio.TaskGroup() as streams:
        connection = _Connection(conversation, respond, streams)
        try:
            await connection.run()
        except OSError:
            conversation.writer.transport.abort()
        connection.cancel()
    await conversation.close()


class _Connection:
    def __init__(self, conversation: Conversation, respond: Respond, streams: asyncio.TaskGroup) -> None:
        self._conversation = conversation
        self._respond = respond
        self._streams = streams
        self._tasks: set[asyncio.Task[None]] = set()
        self._protocol = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        self._incoming: dict[int, _Incoming] = {}
        self._window_opened = asyncio.Event()

    async def run(self) -> None:
        self._protocol.initiate_connection()
        await self._flush()
        while True:
            async with asyncio.timeout(IDLE_S):
                data = await self._conversation.reader.read(READ_BYTES)
            if not data:
                return None
            try:
                events = self._protocol.receive_data(data)
            except h2.exceptions.ProtocolError:
                return await self._flush()
            for event in events:
                self._handle(event)
            await self._flush()

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            self._incoming[event.stream_id] = _Incoming({str(name): str(value) for name, value in event.headers})
        elif isinstance(event, h2.events.DataReceived):
            self._take(event)
        elif isinstance(event, h2.events.StreamEnded):
            incoming = self._incoming.pop(event.stream_id, None)
            if incoming is not None and len(self._tasks) < MAX_STREAMS:
                task = self._streams.create_task(self._answer(event.stream_id, incoming.request()))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        elif isinstance(event, h2.events.WindowUpdated | h2.events.RemoteSettingsChanged | h2.events.StreamReset):
            self._window_opened.set()

    def _take(self, event: h2.events.DataReceived) -> None:
        incoming = self._incoming.get(event.stream_id)
        if incoming is not None:
            incoming.size += len(event.data)
            incoming.body += event.data[: MAX_BODY_BYTES - len(incoming.body)]
        self._protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)

    async def _answer(self, stream: int, request: Request) -> None:
        answer = await self._respond(request)
        try:
            if isinstance(answer, Break):
                await self._break_off(answer.how)
            else:
                await self._send(stream, answer, headless=request.method == "HEAD")
        except (h2.exceptions.ProtocolError, OSError):
            return  # the client took the stream or the connection back

    async def _break_off(self, how: str) -> None:
        if how != "hang":  # a hanging stream stays open, and the others with it
            await self._conversation.break_off(how)

    async def _send(self, stream: int, reply: Reply, *, headless: bool) -> None:
        await asyncio.sleep(reply.delay_s)
        headers = [(name.lower(), value) for name, value in reply.headers if name.lower() not in HOP_HEADERS]
        length = [] if reply.status == 204 else [("content-length", str(reply.size_bytes))]
        empty = headless or not reply.size_bytes
        self._protocol.send_headers(stream, [(":status", str(reply.status)), *headers, *length], end_stream=empty)
        if not empty:
            for chunk in reply.chunks():
                await self._send_data(stream, chunk)
            if reply.cut is None:
                self._protocol.end_stream(stream)
            elif reply.cut.end == "close":
                await self._flush()
                return await self._conversation.break_off("close")
        return await self._flush()

    async def _send_data(self, stream: int, data: bytes) -> None:
        while data:
            room = min(self._protocol.local_flow_control_window(stream), self._protocol.max_outbound_frame_size)
            if room <= 0:
                self._window_opened.clear()
                await self._flush()
                await self._window_opened.wait()
                continue
            self._protocol.send_data(stream, data[:room])
            data = data[room:]
            await self._flush()

    async def _flush(self) -> None:
        pending = self._protocol.data_to_send()
        if pending:
            await self._conversation.send(pending)
