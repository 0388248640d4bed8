"""`reachbot control`: answers OONI's test-helper protocol over HTTP.

It speaks plain HTTP, for a proxy in front that ends TLS; on a network that censors, whoever asks over plain HTTP is
answered by the censor. A proxy on the same host is believed about whom it asks for (X-Forwarded-For). Nothing of who
asks for what is kept or logged.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from probes import trust
from probes.control import page, protocol
from probes.control.limits import TokenBuckets, client_of
from probes.control.measure import UnableError, measure
from probes.control.plan import BadRequestError, plan_for
from probes.guard import PUBLIC_ANY_PORT
from probes.live import LiveNetwork

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from probes.control.plan import Plan
    from probes.guard import Guard
    from probes.network import Network

IN_FLIGHT = 32
"""Measurements at a time: with some 28 sockets each they stay below the usual limit of 1,024 open files."""
BURST, RATE_PER_S = 60, 1.0
"""Requests of one client: a service with all its endpoints at once, then one a second."""
CLIENTS = 4096
HEAD_S = 8.0
BODY_S = 5.0
_STOPPING_S = 1.0
_RETRY_S = 5


class Control:
    """One control's state: who is being served, and who has been."""

    def __init__(self, network: Network, roots: trust.Roots = trust.SYSTEM) -> None:
        self._network = network
        self._visit = partial(page.visit, permits=network.permits, roots=roots)
        self._in_flight = 0
        self._buckets = TokenBuckets(rate_per_s=RATE_PER_S, burst=BURST, clients=CLIENTS)

    def application(self) -> web.Application:
        application = web.Application(client_max_size=protocol.MAX_REQUEST_BYTES)
        application.router.add_route("*", "/{path:.*}", self.handle)
        return application

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request: a greeting to GET, a measurement to POST."""
        if request.method == "GET":
            return web.json_response(protocol.GREETING)
        if request.method != "POST":
            return _refusal(400, "POST a measurement request, or GET a greeting")
        now_s = asyncio.get_running_loop().time()
        client = client_of(request.remote or "", request.headers.get("X-Forwarded-For", ""))
        if not self._buckets.take(client, now_s):
            return _refusal(429, "too many requests")
        try:
            plan = await _plan(request)
        except BadRequestError as error:
            return _refusal(400, str(error))
        if self._in_flight >= IN_FLIGHT:
            return _refusal(503, "too many measurements at once")
        return await self._measure(plan)

    async def _measure(self, plan: Plan) -> web.Response:
        self._in_flight += 1
        try:
            answer = await measure(plan, self._network, self._visit)
        except UnableError as error:
            return _refusal(503, str(error))
        finally:
            self._in_flight -= 1
        return web.Response(body=protocol.write_answer(answer), content_type="application/json")


async def _plan(request: web.Request) -> Plan:
    """Read the request. Raises `BadRequestError`, and `web.HTTPException` for a body that is too long or too slow."""
    try:
        async with asyncio.timeout(BODY_S):
            return plan_for(protocol.read_request(await request.read()))
    except TimeoutError as error:
        raise web.HTTPRequestTimeout from error
    except (BadRequestError, web.HTTPException):
        raise
    except (ValueError, web.RequestPayloadError) as error:
        raise BadRequestError("that is no measurement request") from error


def _refusal(status: int, reason: str) -> web.Response:
    headers = {"Retry-After": str(_RETRY_S)} if status in {429, 503} else {}
    return web.json_response({"error": reason}, status=status, headers=headers)


@asynccontextmanager
async def listening(control: Control, host: str, port: int) -> AsyncIterator[int]:
    """Serve inside of the context; give the port, which is a free one for 0. Raises OSError where it is taken."""
    runner = web.AppRunner(
        control.application(),
        access_log=None,
        handler_cancellation=True,  # whoever hangs up needs no answer
        keepalive_timeout=HEAD_S,  # also how long the head of a first request may take
        lingering_time=0.0,
        shutdown_timeout=_STOPPING_S,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def serve(
    host: str,
    port: int,
    *,
    trusted_doh: Sequence[str],
    guard: Guard = PUBLIC_ANY_PORT,
    roots: trust.Roots = trust.SYSTEM,
    on_listening: Callable[[int], None] | None = None,
) -> None:
    """Serve until cancelled; `on_listening` is told the port. Raises OSError where host and port cannot be had."""
    network = LiveNetwork(guard=guard, trusted_doh=trusted_doh, roots=roots)
    async with network, listening(Control(network, roots), host, port) as bound:
        if on_listening is not None:
            on_listening(bound)
        await asyncio.Event().wait()
