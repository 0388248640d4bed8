"""HTTP/1.1 over a conversation, by h11: requests in, replies out, and every improper ending a reply may ask for.

A HEAD request that comes again byte for byte, as those of an upload do, is not parsed again, nor its reply rendered.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import h11

from tests.lab.world.answers import Break
from tests.lab.world.http import MAX_BODY_BYTES, Reply, Request
from tests.lab.world.wire import IDLE_S, Conversation

READ_BYTES = 1 << 16
HEAD_END = b"\r\n\r\n"
Respond = Callable[[Request], Awaitable[Reply | Break]]


async def serve(conversation: Conversation, scheme: str, respond: Respond) -> None:
    """Answer requests until the client or an answer ends the connection. Raises OSError if the network does."""
    connection = _Connection(conversation, scheme)
    try:
        while (request := await connection.receive()) is not None:
            answer = await respond(request)
            if isinstance(answer, Break):
                await connection.flush()
                return await conversation.break_off(answer.how)
            if not await connection.send(answer, request):
                return await conversation.close()
    except h11.RemoteProtocolError:
        await connection.flush()
        await conversation.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return await conversation.close()


class _Connection:
    """Has a parser of its own for each request, so that what follows one stays here until it is wanted."""

    def __init__(self, conversation: Conversation, scheme: str) -> None:
        self._conversation = conversation
        self._scheme = scheme
        self._protocol = h11.Connection(h11.SERVER)
        self._pending = b""  # what has come and belongs to later requests
        self._replies = b""  # what is to be sent before anything is waited for
        self._head = b""  # of the last request, where it was a mere head
        self._request: Request | None = None
        self._repeated = False
        self._last: tuple[Reply, bytes] | None = None  # what was answered to it, and as which bytes

    async def receive(self) -> Request | None:
        """Return the next request with its body; None when there is none any more."""
        self._repeated = self._last is not None and await self._comes_again()
        if self._repeated:
            self._pending = self._pending[len(self._head) :]
            return self._request
        self._last, self._protocol = None, h11.Connection(h11.SERVER)
        taken, self._pending = self._pending, b""
        if taken:
            self._protocol.receive_data(taken)
        self._request = await self._parsed(taken)
        return self._request

    async def _comes_again(self) -> bool:
        """Wait for as much as tells the last request from another one."""
        while len(self._pending) < len(self._head) and self._head.startswith(self._pending):
            data = await self._read()
            if not data:
                return False
            self._pending += data
        return self._pending.startswith(self._head)

    async def _read(self) -> bytes:
        await self.flush()
        async with asyncio.timeout(IDLE_S):
            return await self._conversation.reader.read(READ_BYTES)

    async def _parsed(self, taken: bytes) -> Request | None:
        """Read one request off what has been `taken` in, and what is still to come."""
        request, body, size = None, b"", 0
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                if self._protocol.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    await self._conversation.send(self._protocol.send(go_on) or b"")
                data = await self._read()
                taken = taken + data if request is None else b""
                self._protocol.receive_data(data)
            elif isinstance(event, h11.Request):
                request = _from_event(event, self._scheme)
            elif isinstance(event, h11.Data):
                size += len(event.data)
                body += bytes(event.data[: MAX_BODY_BYTES - len(body)])
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                self._pending = self._protocol.trailing_data[0]
                self._head = taken[: len(taken) - len(self._pending)]
                return replace(request, body=body, body_bytes=size)
            else:  # closed, or the protocol is over
                return None

    async def send(self, reply: Reply, request: Request) -> bool:
        """Send a reply; returns whether the connection can carry another request."""
        if self._repeated:
            if self._last is not None and self._last[0] == reply:
                self._replies += self._last[1]
                return True
            self._parse_after_all()
        await self.flush()
        return await self._send(reply, headless=request.method == "HEAD")

    def _parse_after_all(self) -> None:
        """Let the parser know of a repeated request whose reply is another one."""
        self._last, self._protocol = None, h11.Connection(h11.SERVER)
        self._protocol.receive_data(self._head)
        while not isinstance(self._protocol.next_event(), h11.EndOfMessage):
            pass

    async def _send(self, reply: Reply, *, headless: bool) -> bool:
        conversation, protocol = self._conversation, self._protocol
        await asyncio.sleep(reply.delay_s)
        if reply.status == 101:
            head = h11.InformationalResponse(status_code=101, headers=list(reply.headers))
            await conversation.send(protocol.send(head) or b"")
            await conversation.hold()
            return False
        length = [] if reply.status == 204 else [("Content-Length", str(reply.size_bytes))]
        head_bytes = protocol.send(h11.Response(status_code=reply.status, headers=[*reply.headers, *length])) or b""
        if protocol.their_state is h11.ERROR:
            return False
        if headless and self._head.endswith(HEAD_END) and not reply.delay_s and reply.cut is None:
            self._last = (reply, head_bytes)
        for chunk in () if headless else reply.chunks():
            await asyncio.sleep(len(chunk) / reply.bytes_per_s)
            await conversation.send(head_bytes + (protocol.send(h11.Data(data=chunk)) or b""))
            head_bytes = b""
        await conversation.send(head_bytes)
        if reply.cut is not None:
            await conversation.break_off("hang" if reply.cut.end == "stall" else "close")
            return False
        protocol.send(h11.EndOfMessage())
        return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE

    async def flush(self) -> None:
        if self._replies:
            replies, self._replies = self._replies, b""
            await self._conversation.send(replies)


def _from_event(event: h11.Request, scheme: str) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
    target = event.target.decode("latin-1")
    return Request(event.method.decode("ascii"), scheme, headers.get("host", ""), target, headers)
