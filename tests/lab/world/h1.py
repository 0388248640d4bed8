"""HTTP/1.1 over a conversation, by h11: requests in, replies out, and every improper ending a reply may ask for."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import h11

from tests.lab.world.answers import Break
from tests.lab.world.http import MAX_BODY_BYTES, Reply, Request
from tests.lab.world.wire import IDLE_S, Conversation

READ_BYTES = 1 << 16
Respond = Callable[[Request], Awaitable[Reply | Break]]


async def serve(conversation: Conversation, scheme: str, respond: Respond) -> None:
    """Answer requests until the client or an answer ends the connection. Raises OSError if the network does."""
    protocol = h11.Connection(h11.SERVER)
    try:
        while (request := await _request(conversation, protocol, scheme)) is not None:
            answer = await respond(request)
            if isinstance(answer, Break):
                return await conversation.break_off(answer.how)
            if not await _send(conversation, protocol, answer, headless=request.method == "HEAD"):
                return await conversation.close()
            protocol.start_next_cycle()
    except h11.RemoteProtocolError:
        await conversation.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return await conversation.close()


async def _request(conversation: Conversation, protocol: h11.Connection, scheme: str) -> Request | None:
    request, body, size = None, b"", 0
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            if protocol.they_are_waiting_for_100_continue:
                await conversation.send(protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            async with asyncio.timeout(IDLE_S):
                protocol.receive_data(await conversation.reader.read(READ_BYTES))
        elif isinstance(event, h11.Request):
            request = _from_event(event, scheme)
        elif isinstance(event, h11.Data):
            size += len(event.data)
            body += bytes(event.data[: MAX_BODY_BYTES - len(body)])
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return replace(request, body=body, body_bytes=size)
        else:  # closed, or the protocol is over
            return None


def _from_event(event: h11.Request, scheme: str) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
    target = event.target.decode("latin-1")
    return Request(event.method.decode("ascii"), scheme, headers.get("host", ""), target, headers)


async def _send(conversation: Conversation, protocol: h11.Connection, reply: Reply, *, headless: bool) -> bool:
    """Send a reply; returns whether the connection can carry another request."""
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
    for chunk in () if headless else reply.chunks():
        await conversation.send(head_bytes + (protocol.send(h11.Data(data=chunk)) or b""))
        head_bytes = b""
    await conversation.send(head_bytes)
    if reply.cut is not None:
        await conversation.break_off("hang" if reply.cut.end == "stall" else "close")
        return False
    protocol.send(h11.EndOfMessage())
    return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE
