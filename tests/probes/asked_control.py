"""A control on loopback, and how it is asked."""

import asyncio
import contextlib
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from probes.control import server
from probes.guard import Guard
from probes.live import LiveNetwork
from tests.fakes import tls_server
from tests.fakes.dns_server import DnsServer, Reply, a
from tests.fakes.doh_server import DohServer
from tests.fakes.http_server import page as html
from tests.fakes.http_server import response
from tests.fakes.tcp_server import Handler, serve

GUARD = Guard(ports=None, extra_networks=("127.0.0.1/32",))
"""127.0.0.1 is as good as public here, 127.0.0.2 is not."""
HELLO = response(html("Hello").encode(), Content_Type="text/html", X_Served_By="a")
NAME = "example.org"


class Loopback(LiveNetwork):
    """A network whose public part is 127.0.0.1, wherever this machine has routes to."""

    def families(self) -> frozenset[int]:
        return frozenset({4})


@contextlib.asynccontextmanager
async def control(*replies: Reply) -> AsyncIterator[str]:
    """Run a control whose resolver gives these replies for the addresses of `NAME`; give its URL."""
    async with (
        DnsServer() as names,
        DohServer(names, tls_server.authority()) as operator,
        Loopback(guard=GUARD, trusted_doh=(operator.url,), roots=tls_server.roots()) as network,
        server.listening(server.Control(network, tls_server.roots()), "127.0.0.1", 0) as port,
    ):
        names.answer(NAME, "A", *(replies or (a("127.0.0.1"),)))
        yield f"http://127.0.0.1:{port}/"


@contextlib.asynccontextmanager
async def posting(url: str, body: bytes | io.BytesIO, **headers: str) -> AsyncIterator[aiohttp.ClientResponse]:
    async with aiohttp.ClientSession() as session, session.post(url, data=body, headers=headers) as answer:
        yield answer


async def ask(control_url: str, url: str, *addresses: str, **more: Any) -> dict[str, Any]:
    body = {"http_request": url, "http_request_headers": {}, "tcp_connect": addresses, **more}
    async with posting(control_url, json.dumps(body).encode()) as answer:
        assert (answer.status, answer.content_type) == (200, "application/json")
        told: dict[str, Any] = await answer.json()
        return told


async def visited(handler: Handler, path: str = "/", **more: Any) -> dict[str, Any]:
    """What the control tells of a page that `handler` serves."""
    async with serve(handler) as port, control() as url:
        told: dict[str, Any] = (await ask(url, f"http://{NAME}:{port}{path}", **more))["http_request"]
        return told


async def heads(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Give the head of each request of a connection."""
    with contextlib.suppress(EOFError):
        while True:
            yield await reader.readuntil(b"\r\n\r\n")
