"""HTTP/3 by aioquic: one QUIC server for an address, with a certificate for all names that are served there."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ConnectionTerminated, ProtocolNegotiated, QuicEvent

from tests.lab.ca import Leaf, ensure_leaf
from tests.lab.world import tls
from tests.lab.world.answers import Break
from tests.lab.world.atlas import Atlas, Endpoint, Live
from tests.lab.world.http import MAX_BODY_BYTES, Reply, Request
from tests.lab.world.udp import Datagram, Origin
from tests.lab.world.web import Responder

IDLE_S = 30.0
SEND_BUFFER_BYTES = 1 << 18
Start = Callable[[Coroutine[Any, Any, None]], object]


def leaf_for(atlas: Atlas, address: str) -> Leaf:
    """Make one certificate for all that is served here, as flawed as the first flawed host; aioquic cannot choose."""
    names = atlas.names_at(address)
    hosts = [host for name in names if (host := atlas.host_named(name)) is not None]
    shown = next((host for host in hosts if host.certificate != "valid"), hosts[0])
    single = tls.leaf_for(atlas, address, shown, shown.name)
    return (
        single
        if shown.certificate == "wrong_name"
        else Leaf(single.issuer, tuple(dict.fromkeys((*names, *single.names))), single.expired)
    )


def server(live: Live, datagram: Datagram, leaf: Leaf, start: Start) -> QuicServer:
    """Make a server that answers from the address that the datagram was for."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=H3_ALPN, idle_timeout=IDLE_S)
    pem = ensure_leaf(live.ca_directory, leaf)
    configuration.load_cert_chain(pem, pem)
    host = live.atlas.hosts_at[datagram.address][0]
    endpoint = Endpoint(datagram.address, datagram.port, "web", host)

    def protocol(*args: Any, **kwargs: Any) -> "_Http3":
        live.atlas.note("quic", address=datagram.address, client=datagram.client[0])
        responder = Responder(live, endpoint, datagram.client[0])
        return _Http3(*args, responder=responder, start=start, **kwargs)

    made = QuicServer(configuration=configuration, create_protocol=protocol)
    made.connection_made(_Transport(datagram.origin))
    return made


class _Transport(asyncio.DatagramTransport):
    """What aioquic sends by: the shared socket, from one address."""

    def __init__(self, origin: Origin) -> None:
        super().__init__()
        self._origin = origin

    def sendto(self, data: Any, addr: Any = None) -> None:
        self._origin.sendto(data, addr)

    def close(self) -> None:
        """Keep the socket: it is everyone's."""


class _Http3(QuicConnectionProtocol):
    def __init__(self, *args: Any, responder: Responder, start: Start, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._responder = responder
        self._start = start
        self._http: H3Connection | None = None
        self._heard = asyncio.Event()
        self._over = False
        self._incoming: dict[int, tuple[dict[str, str], bytearray]] = {}

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        super().datagram_received(data, addr)
        self._heard.set()

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ConnectionTerminated):
            self._over = True
            self._heard.set()
        if isinstance(event, ProtocolNegotiated):
            self._http = H3Connection(self._quic)
        if self._http is not None:
            for http_event in self._http.handle_event(event):
                self._handle(http_event)

    def _handle(self, event: H3Event) -> None:
        if isinstance(event, HeadersReceived):
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
            self._incoming[event.stream_id] = (headers, bytearray())
        elif isinstance(event, DataReceived) and event.stream_id in self._incoming:
            body = self._incoming[event.stream_id][1]
            body += event.data[: MAX_BODY_BYTES - len(body)]
        if isinstance(event, HeadersReceived | DataReceived) and event.stream_ended:
            headers, body = self._incoming.pop(event.stream_id)
            plain = {name: value for name, value in headers.items() if not name.startswith(":")}
            authority, method = headers.get(":authority", ""), headers.get(":method", "GET")
            request = Request(method, "https", authority, headers.get(":path", "/"), plain, bytes(body), len(body))
            self._start(self._answer(event.stream_id, request))

    async def _answer(self, stream: int, request: Request) -> None:
        answer = await self._responder.respond(request)
        if isinstance(answer, Break):
            if answer.how != "hang":
                self.close()
            return
        await asyncio.sleep(answer.delay_s)
        await self._send(stream, answer, headless=request.method == "HEAD")

    async def _send(self, stream: int, reply: Reply, *, headless: bool) -> None:
        assert self._http is not None
        fields = [(name.lower().encode(), value.encode()) for name, value in reply.headers]
        length = [] if reply.status == 204 else [(b"content-length", str(reply.size_bytes).encode())]
        empty = headless or not reply.size_bytes
        status = [(b":status", str(reply.status).encode())]
        self._http.send_headers(stream, [*status, *fields, *length], end_stream=empty)
        self.transmit()
        if not empty:
            for chunk in reply.chunks():
                self._http.send_data(stream, chunk, end_stream=False)
                self.transmit()
                await self._room(stream)
            if reply.cut is None:
                self._http.send_data(stream, b"", end_stream=True)
            elif reply.cut.end == "close":
                self.close()
            self.transmit()

    async def _room(self, stream: int) -> None:
        """Wait while the client takes what is buffered: aioquic itself would buffer without end."""
        sender = self._quic._streams[stream].sender
        while len(sender._buffer) > SEND_BUFFER_BYTES and not self._over:
            self._heard.clear()
            await self._heard.wait()
