"""CPU seconds of 1,000 full web probes, beside prometheus-blackbox-exporter on the same servers in the same run.

Ours: one A question over UDP, one connection to the address in the answer, one TLS handshake, the chain judged and
described, one GET, the body read, searched for a title and for block pages, hashed, TCP_INFO after each step.
Blackbox: one A question by Go's resolver, one connection, one TLS handshake that verifies, one GET, the body read; it
is asked for each probe by its own HTTP API, as it always is, and answers with its metrics.
Both: IPv4, HTTP/1.1, no session resumed, fifty at once, the lab's certificates and servers, no delay. Only the
prober's own process is counted, user and system time, and not what starting it costs.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

import aiohttp

from bench import blackbox
from bench.fetch import fetch
from bench.runs import Size, interleaved, ratio
from bench.table import Row
from probes.guard import PUBLIC_ANY_PORT
from probes.live import LiveNetwork
from probes.model import Endpoint
from tests.lab.censor import Censor
from tests.lab.lab import Lab, namespaces_forbidden
from tests.lab.scenario import ISP_RESOLVERS, Scenario
from tests.lab.world import World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

ABOUT = "CPU seconds of 1,000 full web probes, beside prometheus-blackbox-exporter"
_NAME = "www.example.com"
_AT_ONCE = 50
_WORLD = World().with_host(_NAME, alpn=("http/1.1",))
_SCENARIO = Scenario("bench", "a healthy site that speaks HTTP/1.1", _WORLD, Censor(delay_s=0.0), ipv6=False)
_CPU_CLOCK = 2
"""CPUCLOCK_SCHED of <linux/posix-timers.h>: user and system time of all threads."""


def measure(size: Size) -> list[Row]:
    if reason := namespaces_forbidden():
        return [Row(name="1,000 web probes", detail=f"not available here: {reason}")]
    try:
        peer, missing = blackbox.program(download=size is Size.FULL), ""
    except blackbox.UnavailableError as error:
        peer, missing = None, str(error)
    rounds, probes = size.pick((7, 200), (1, 5))
    with Lab() as lab:
        lab.configure(_SCENARIO)
        ours, theirs = lab.call(_on_client_host, peer, rounds, probes, timeout_s=300.0)
    if not theirs:
        return [
            Row(name="1,000 web probes", value=median(ours), unit=" CPU s"),
            Row(name="the same ÷ blackbox-exporter's", detail=f"not available here: {missing}"),
        ]
    detail = f"blackbox-exporter {median(theirs):.2f} CPU s"
    return [
        Row(name="1,000 web probes", value=median(ours), unit=" CPU s", detail=detail),
        Row(name="the same ÷ blackbox-exporter's", value=ratio(ours, theirs), unit="×", at_most=1.0),
    ]


def _on_client_host(peer: Path | None, rounds: int, probes: int) -> tuple[list[float], list[float]]:
    """Return CPU seconds of 1,000 probes, ours and the peer's, by rounds."""
    if peer is None:
        return asyncio.run(_measure(None, rounds, probes))
    with blackbox.running(peer) as process:
        return asyncio.run(_measure(process, rounds, probes))


async def _measure(peer: int | None, rounds: int, probes: int) -> tuple[list[float], list[float]]:
    async with LiveNetwork(guard=PUBLIC_ANY_PORT, trusted_doh=()) as network, aiohttp.ClientSession() as session:
        probe = partial(fetch, network, Endpoint("https", _NAME, 443, "/"), ISP_RESOLVERS[0])
        ours = partial(_per_thousand, probe, time.process_time, probes)
        if peer is None:
            await ours()
            return (await interleaved(rounds, ours))[0], []
        clock = partial(time.clock_gettime, (~peer << 3) | _CPU_CLOCK)  # clock_getcpuclockid(3)
        theirs = partial(_per_thousand, partial(_ask_blackbox, session), clock, probes)
        await interleaved(1, ours, theirs)
        one, other = await interleaved(rounds, ours, theirs)
        return one, other


async def _per_thousand(probe: Callable[[], Awaitable[object]], cpu_clock: Callable[[], float], probes: int) -> float:
    """Probe that often, fifty at once, and return what 1,000 of it take of a CPU."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one() -> None:
        async with room:
            await probe()

    began = cpu_clock()
    async with asyncio.TaskGroup() as group:
        for _ in range(probes):
            group.create_task(one())
    return (cpu_clock() - began) * 1000 / probes


async def _ask_blackbox(session: aiohttp.ClientSession) -> None:
    parameters = {"module": "web", "target": f"https://{_NAME}/"}
    async with session.get(f"http://{blackbox.ADDRESS}/probe", params=parameters) as response:
        metrics = await response.text()
    if "\nprobe_success 1" not in metrics:
        raise RuntimeError(f"blackbox-exporter failed:\n{metrics}")
