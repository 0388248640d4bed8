"""A healthy site on loopback: a name server, two DNS-over-HTTPS operators and a TLS server, all in one process."""

from __future__ import annotations

import asyncio
import logging

from bench.beside import serve_until_closed
from tests.fakes import tls_server
from tests.fakes.dns_server import DnsServer, a
from tests.fakes.doh_server import DohServer
from tests.fakes.http_server import page, response
from tests.fakes.tcp_server import say, serve

NAME = "example.org"


async def main() -> None:
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it tells of every client that hung up
    authority = tls_server.authority()
    hello = say(response(page("Hello", "x" * 1000).encode()))
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
