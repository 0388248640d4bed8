import asyncio
import socket
from collections.abc import Sequence

import pytest
from aioquic.asyncio.client import connect
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import DataReceived, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import QuicEvent

from tests.lab.world.answers import HANG
from tests.lab.world.conftest import Internet
from tests.lab.world.model import World

SITE = "www.youtube.com"


class Client(QuicConnectionProtocol):
    """Asks for one page; `done` becomes its status and body."""

    def quic_event_received(self, event: QuicEvent) -> None:
        for http_event in self.http.handle_event(event) if hasattr(self, "http") else ():
            if isinstance(http_event, HeadersReceived):
                self.status = int(dict(http_event.headers)[b":status"])
            if isinstance(http_event, DataReceived):
                self.body += http_event.data
            if isinstance(http_event, HeadersReceived | DataReceived) and http_event.stream_ended:
                self.done.set_result((self.status, self.body))

    async def get(self, authority: str, path: str) -> tuple[int, bytes]:
        self.body = b""
        self.done: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self.http = H3Connection(self._quic)
        stream = self._quic.get_next_available_stream_id()
        names = ((b":method", b"GET"), (b":scheme", b"https"), (b":authority", authority.encode()))
        self.http.send_headers(stream, [*names, (b":path", path.encode())], end_stream=True)
        self.transmit()
        return await self.done


async def get(internet: Internet, name: str, path: str = "/", *, at: str, ask: str = "") -> tuple[int, bytes]:
    configuration = QuicConfiguration(alpn_protocols=H3_ALPN, server_name=name, cafile=str(internet.ca.certificate))
    host, port = internet.place(at, 443)
    async with connect(host, port, configuration=configuration, create_protocol=Client) as client:
        assert isinstance(client, Client)
        return await client.get(ask or name, path)


def addresses(name: str) -> Sequence[str]:
    return World().addresses_of(name)


async def test_a_host_that_offers_quic_serves_its_page_over_it(internet: Internet) -> None:
    status, body = await get(internet, SITE, at=addresses(SITE)[0])
    assert status == 200
    assert b"<title>Www Youtube Com</title>" in body
    assert internet.journal("http")[-1]["url"] == f"https://{SITE}/"


async def test_a_large_download_passes_flow_control(internet: Internet) -> None:
    status, body = await get(internet, "www.cloudflare.com", "/3MB", at=addresses("www.cloudflare.com")[0])
    assert (status, len(body)) == (200, 3_000_000)


async def test_names_under_a_wildcard_are_on_the_certificate(internet: Internet) -> None:
    name = "rr1---sn-abc.googlevideo.com"
    assert (await get(internet, name, "/generate_204", at=addresses(name)[0]))[0] == 204


async def test_a_name_that_is_not_served_there_fails_the_certificate(internet: Internet) -> None:
    with pytest.raises(ConnectionError):
        await get(internet, "example.net", at=addresses(SITE)[0])


async def test_a_page_may_hang_over_quic_too(internet: Internet) -> None:
    internet.become(World().with_host(SITE, page=HANG))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await get(internet, SITE, at=addresses(SITE)[0])


async def exchange(internet: Internet, at: str, packet: bytes, timeout_s: float) -> bytes:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as client:
        client.connect(internet.place(at, 443))
        client.send(packet)
        async with asyncio.timeout(timeout_s):
            return await loop.sock_recv(client, 2048)


UNKNOWN_VERSION = b"\xc0\x1a\x2a\x3a\x4a\x08destcnid\x08sourceid" + bytes(1200)


async def test_an_unknown_version_is_answered_by_version_negotiation(internet: Internet) -> None:
    answer = await exchange(internet, addresses(SITE)[0], UNKNOWN_VERSION, 5)
    assert answer[1:5] == bytes(4)  # RFC 9000 §17.2.1
    assert answer[5:23] == b"\x08sourceid\x08destcnid"
    assert (1).to_bytes(4) in answer[23:]


async def test_a_host_without_quic_does_not_answer(internet: Internet) -> None:
    with pytest.raises(TimeoutError):
        await exchange(internet, "93.184.216.34", UNKNOWN_VERSION, 0.2)
