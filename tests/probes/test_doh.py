from __future__ import annotations

import asyncio
import socket
import ssl
import time
from typing import TYPE_CHECKING

import pytest
import trustme

from probes.steps.dns import DohClients, ask
from tests.fakes.dns_server import DnsServer, a
from tests.fakes.doh_server import DohServer
from tests.probes.dns_asking import HONEST, NAME, PATIENT_S, cancelled, question

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from probes.observations import DnsObservation


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
async def server() -> AsyncIterator[DnsServer]:
    async with DnsServer() as running:
        yield running


@pytest.fixture
async def doh(authority: trustme.CA) -> AsyncIterator[DohClients]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    async with DohClients(context) as clients:
        yield clients


async def over_https(server: DohServer, clients: DohClients, timeout_s: float = PATIENT_S) -> DnsObservation:
    async with asyncio.timeout(PATIENT_S / 2):
        return await ask(question(server.url, "doh", timeout_s), clients)


@pytest.mark.parametrize("alpn", [("h2",), ("http/1.1",), ("http/1.1", "h2")])
async def test_an_operator_is_asked_over_the_http_that_it_speaks(
    server: DnsServer, authority: trustme.CA, doh: DohClients, alpn: tuple[str, ...]
) -> None:
    server.answer(NAME, "A", a(HONEST))
    async with DohServer(server, authority, alpn) as operator:
        seen = await over_https(operator, doh)
        assert (seen.failure, seen.addresses, seen.transport, seen.resolver) == (None, (HONEST,), "doh", operator.url)
    (request,) = operator.requests
    assert request[":method"] == "POST"
    assert request["content-type"] == request["accept"] == "application/dns-message"
    assert [asked.message.id for asked in server.asked] == [0]


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
async def test_a_connection_is_kept_for_the_next_question(
    server: DnsServer, authority: trustme.CA, doh: DohClients, alpn: str
) -> None:
    async with DohServer(server, authority, (alpn,)) as operator:
        for _ in range(3):
            assert (await over_https(operator, doh)).failure == "dns_nxdomain_error"
        assert operator.connections == 1


async def test_questions_share_one_http2_connection_side_by_side(
    server: DnsServer, authority: trustme.CA, doh: DohClients
) -> None:
    gate = asyncio.Event()
    names = [f"host{n}.example.org" for n in range(20)]
    for name in names:
        server.answer(name, "A", a(HONEST, hold=gate))
    async with DohServer(server, authority) as operator, asyncio.TaskGroup() as group:
        asked = [group.create_task(ask(question(operator.url, "doh", name=name), doh)) for name in names]
        await server.until_asked(len(names))
        gate.set()
        assert [(await task).addresses for task in asked] == [(HONEST,)] * len(names)
        assert operator.connections == 1


async def test_a_connection_that_died_while_it_was_idle_is_made_anew(
    server: DnsServer, authority: trustme.CA, doh: DohClients
) -> None:
    server.answer(NAME, "A", a(HONEST))
    async with DohServer(server, authority) as operator:
        for _ in range(3):
            assert (await over_https(operator, doh)).failure is None
            operator.hang_up()
        assert operator.connections == 3


async def test_an_operators_silence_is_a_time_out(server: DnsServer, authority: trustme.CA, doh: DohClients) -> None:
    server.answer(NAME, "A")
    async with DohServer(server, authority) as operator:
        assert (await over_https(operator, doh, timeout_s=0.1)).failure == "generic_timeout_error"


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
async def test_what_arrives_while_the_loop_is_held_up_past_the_time_is_heard(
    server: DnsServer, authority: trustme.CA, doh: DohClients, alpn: str
) -> None:
    gate = asyncio.Event()
    async with DohServer(server, authority, (alpn,)) as operator:
        await over_https(operator, doh)
        server.answer(NAME, "A", a(HONEST, hold=gate))
        asked = asyncio.create_task(over_https(operator, doh, timeout_s=0.3))
        await server.until_asked(2)
        gate.set()
        time.sleep(0.5)  # noqa: ASYNC251 - this is what holds the loop up
        assert (await asked).addresses == (HONEST,)


async def test_a_question_that_cannot_begin_while_the_loop_is_held_up_has_all_its_time(
    server: DnsServer, authority: trustme.CA, doh: DohClients
) -> None:
    server.answer(NAME, "A", a(HONEST))
    loop = asyncio.get_running_loop()
    async with DohServer(server, authority) as operator:
        await over_https(operator, doh)
        asked = asyncio.create_task(over_https(operator, doh, timeout_s=0.3))
        loop.call_soon(time.sleep, 0.5)
        assert (await asked).addresses == (HONEST,)


async def test_a_connection_on_which_an_answer_was_given_up_is_still_good(
    server: DnsServer, authority: trustme.CA, doh: DohClients
) -> None:
    gate = asyncio.Event()
    server.answer(NAME, "A", a(HONEST, hold=gate))
    async with DohServer(server, authority) as operator:
        given_up = asyncio.create_task(over_https(operator, doh))
        await server.until_asked(1)
        await cancelled(given_up)
        gate.set()
        assert (await over_https(operator, doh)).addresses == (HONEST,)
        assert operator.connections == 1


async def test_giving_up_one_answer_does_not_end_the_questions_beside_it(
    server: DnsServer, authority: trustme.CA, doh: DohClients
) -> None:
    gate = asyncio.Event()
    server.answer("slow.example.org", "A")
    server.answer(NAME, "A", a(HONEST, hold=gate))
    async with DohServer(server, authority) as operator:
        patient = asyncio.create_task(over_https(operator, doh))
        given_up = asyncio.create_task(ask(question(operator.url, "doh", name="slow.example.org"), doh))
        await server.until_asked(2)
        await cancelled(given_up)
        gate.set()
        assert (await patient).addresses == (HONEST,)
        assert operator.connections == 1


@pytest.mark.parametrize("alpn", ["h2", "http/1.1"])
@pytest.mark.parametrize(
    ("status", "content_type", "body"),
    [
        (503, "application/dns-message", b""),
        (302, "application/dns-message", b""),
        (200, "text/html", b"<html>"),
        (200, "application/dns-message", b""),
        (200, "application/dns-message", b"<html>blocked</html>"),
        (200, "application/dns-message", bytes(70_000)),
        (200, "application/dns-message", bytes(12)),
    ],
)
async def test_a_response_that_is_no_dns_answer_is_a_misbehaving_server(
    *, server: DnsServer, authority: trustme.CA, doh: DohClients, alpn: str, status: int, content_type: str, body: bytes
) -> None:
    async with DohServer(server, authority, (alpn,), status=status, content_type=content_type, body=body) as operator:
        assert (await over_https(operator, doh)).failure == "dns_server_misbehaving"


async def test_an_operators_certificate_must_prove_it(
    server: DnsServer, authority: trustme.CA, doh: DohClients
) -> None:
    async with DohServer(server, trustme.CA()) as stranger:
        assert (await over_https(stranger, doh)).failure == "ssl_unknown_authority"
    async with DohServer(server, authority, certificate_name="127.0.0.2") as other:
        assert (await over_https(other, doh)).failure == "ssl_invalid_hostname"
    assert server.asked == []


async def test_an_operator_that_is_not_there_is_refused(doh: DohClients) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unheard:
        port = unheard.getsockname()[1]
    assert (await ask(question(f"https://127.0.0.1:{port}/dns-query", "doh"), doh)).failure == "connection_refused"


async def test_an_operator_that_hangs_up_at_once_is_named_so(doh: DohClients) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as operator:
        port = operator.sockets[0].getsockname()[1]
        seen = await ask(question(f"https://127.0.0.1:{port}/dns-query", "doh"), doh)
    assert seen.failure in {"eof_error", "connection_reset"}
