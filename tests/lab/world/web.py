"""The web ports of a host: TLS or clear, the right certificate, the right HTTP, and the journal of what was asked."""

import asyncio
from dataclasses import replace

from tests.lab.world import control, doh, h1, h2, http, tls
from tests.lab.world.answers import Break, Doh, TestHelper
from tests.lab.world.atlas import Endpoint, Live
from tests.lab.world.wire import Connection, Conversation

CLEAR_PORTS = (80, 8080)


async def serve(live: Live, connection: Connection) -> None:
    """Speak with one client. Raises OSError, EOFError or TimeoutError when the client or the network gives up."""
    if connection.endpoint.port in CLEAR_PORTS:
        conversation: Conversation | None = await connection.open()
        scheme = "http"
    else:
        conversation, scheme = await _encrypted(live, connection), "https"
    if conversation is None:
        return
    responder = Responder(live, connection.endpoint, connection.client)
    if conversation.alpn == "h2":
        await h2.serve(conversation, responder.respond)
    else:
        await h1.serve(conversation, scheme, responder.respond)


async def _encrypted(live: Live, connection: Connection) -> Conversation | None:
    """Shake hands as the named host does; None when that was the end of it."""
    try:
        hello = await tls.peek_hello(connection)
    except tls.NotTlsError:
        await _refuse_clear_text(connection)
        return None
    atlas, endpoint = live.atlas, connection.endpoint
    atlas.note("tls", address=endpoint.address, port=endpoint.port, client=connection.client, sni=hello.server_name)
    host, name = atlas.presented(endpoint, hello.server_name)
    if host is None:
        await _refuse_name(endpoint, connection)
        return None
    await asyncio.sleep(host.hello_delay_s)
    if host.hello != "answer":
        await _after_hello(connection, host.hello)
        return None
    shown = host if endpoint.service != "interceptor" or endpoint.host is None else endpoint.host
    leaf = tls.leaf_for(atlas, endpoint.address, shown, name)
    return await connection.open(tls.server_context(live.ca_directory, leaf, host.alpn))


async def _refuse_name(endpoint: Endpoint, connection: Connection) -> None:
    policy = endpoint.host.unknown_name if endpoint.host is not None else "reset"
    await _after_hello(connection, policy, alert=tls.UNRECOGNIZED_NAME)


async def _after_hello(connection: Connection, what: str, *, alert: int = tls.HANDSHAKE_FAILURE) -> None:
    """End a connection whose ClientHello has arrived, in one of the ways of parts.Hello."""
    conversation = await connection.open()
    await conversation.reader.read(1 << 16)  # closing with unread data would send RST in place of FIN
    if what == "alert":
        await conversation.send(tls.alert(alert))
        what = "close"
    await conversation.break_off("hang" if what == "silent" else what)


async def _refuse_clear_text(connection: Connection) -> None:
    conversation = await connection.open()
    text = b"The plain HTTP request was sent to HTTPS port\n"
    await conversation.reader.read(1 << 16)
    await conversation.send(
        b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)
    )
    await conversation.close()


class Responder:
    """Answers the requests of one client at one endpoint, in whatever HTTP version they come."""

    def __init__(self, live: Live, endpoint: Endpoint, client: str) -> None:
        self._live = live
        self._endpoint = endpoint
        self._client = client

    async def respond(self, request: http.Request) -> http.Reply | Break:
        """Answer a request by the host that it names, or by the machine's own where that host is not served here."""
        atlas, endpoint = self._live.atlas, self._endpoint
        request = replace(request, address=endpoint.address, client=self._client)
        atlas.note(
            "http",
            address=endpoint.address,
            port=endpoint.port,
            client=self._client,
            method=request.method,
            url=f"{request.scheme}://{request.authority}{request.path}",
            body_bytes=request.body_bytes,
        )
        host = atlas.presented(endpoint, request.host)[0] or endpoint.host
        if host is None:
            return http.reply(502, "no such host\n", "text/plain")
        action, manner = http.settle(atlas, host, request)
        match action:
            case Doh():
                return http.in_manner(doh.answer(atlas, request), manner)
            case TestHelper():
                return http.in_manner(control.answer(atlas, request), manner)
            case _:
                return http.render(host, request, action, manner)
