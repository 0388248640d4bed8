import asyncio

import pytest

from probes import trust
from probes.steps.dns import DohClients, ask
from tests.fakes.tcp_server import serve
from tests.probes.dns_asking import question
from tests.probes.wire import PATIENCE_S, TIMEOUT_S


@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_handshake_that_is_given_up_leaves_no_connection_behind(*, cancelled: bool) -> None:
    """By its time-out, also where nobody has waited for it any more since it began."""
    begun, gone = asyncio.Event(), asyncio.Event()

    async def swallow(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        begun.set()
        while await reader.read(65536):
            pass
        gone.set()

    async with serve(swallow) as port, DohClients(trust.verifying_context("h2", "http/1.1")) as clients:
        asking = asyncio.create_task(ask(question(f"https://127.0.0.1:{port}/dns-query", "doh", TIMEOUT_S), clients))
        await begun.wait()
        if cancelled:
            asking.cancel()
        await asyncio.wait({asking})
        async with asyncio.timeout(PATIENCE_S):
            await gone.wait()
