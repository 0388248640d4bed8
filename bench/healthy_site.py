"""A healthy site on loopback: a name server, two DNS-over-HTTPS operators and a TLS server, all in one process."""

from __future__ import annotations

import asyncio
import logging
import socket

from bench.beside import serve_until_closed
from tests.fakes import tls_server
from tests.fakes.dns_server import DnsServer, a
from tests.fakes.doh_server import DohServer
from tests.fakes.http_server import page, response
from tests.fakes.tcp_server import Handler, say, serve

NAME = "example.org"


def _at_once(handler: Handler) -> Handler:
    """Answer without Nagle's algorithm: it would wait for the acknowledgement of the session tickets, 40 ms."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection: socket.socket = writer.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await handler(reader, writer)

    return handle


async def main() -> None:
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it tells of every client that hung up
    authority = tls_server.authority()
    hello = _at_once(say(response(page("Hello", "x" * 1000).encode())))
    async with (
        DnsServer() as dns,
        DohServer(dns, authority) as one,
        DohServer(dns, authority) as other,
        serve(hello, tls=tls_server.good(NAME)) as port,
    ):
        dns.answer(NAME, "A", a("127.0.0.1"))
        told = {"resolver": dns.resolver, "doh": [one.url, other.url], "port": port}
        await serve_until_closed(told | {"root": authority.cert_pem.bytes().decode()})


if __name__ == "__main__":
    asyncio.run(main())
