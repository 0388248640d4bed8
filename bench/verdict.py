"""Time to verdict for a healthy target on loopback, beside the bare sequence of the same steps.

Bare is one question to the system's resolver, one connection, one handshake, one GET, each as soon as the one before
has ended. The check asks two DNS-over-HTTPS operators as well, and judges; national directories are not asked. Both use
the same steps and the same servers, which have a process of their own.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench.beside import running
from bench.fetch import fetch
from bench.healthy_site import NAME
from bench.loopback import LoopbackNetwork
from bench.runs import Size, interleaved, ratio
from bench.table import Row
from probes.engine import Engine
from probes.model import Component, Endpoint, Service, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = "time to verdict on loopback, beside the bare sequence of the same steps"
_REST_S = 0.05


def measure(size: Size) -> list[Row]:
    return asyncio.run(_measure(rounds=size.pick(61, 1)))


async def _measure(rounds: int) -> list[Row]:
    async with (
        running("bench.healthy_site") as site,
        LoopbackNetwork(site) as network,
        LoopbackNetwork(site, operators=0) as alone,
    ):
        endpoint = Endpoint("https", NAME, site["port"], "/")
        sides = (
            partial(_check, Engine(network, directories=()), endpoint),
            partial(fetch, network, endpoint, site["resolver"]),
            partial(_check, Engine(alone, directories=()), endpoint),
        )
        first_s = await sides[0]()
        await interleaved(1, *sides)
        checks, bares, unaccompanied = await interleaved(rounds, *sides, rest_s=_REST_S)
    return [
        _beside("a healthy target, check ÷ bare steps", checks, bares, at_most=1.3),
        _beside("the same without asking DoH operators", unaccompanied, bares),
        Row(name="the first check of a process", value=1000 * first_s, unit=" ms"),
    ]


def _beside(name: str, checks: Sequence[float], bares: Sequence[float], *, at_most: float | None = None) -> Row:
    detail = f"{1000 * median(checks):.1f} ms beside {1000 * median(bares):.1f} ms"
    return Row(name=name, value=ratio(checks, bares), unit="×", at_most=at_most, detail=detail)


async def _check(engine: Engine, endpoint: Endpoint) -> float:
    """Return the seconds until the report; it has to be a good one."""
    site = Component(id="web", endpoints=(endpoint,))
    service = Service(id=NAME, name=NAME, category="", kind="host", components=(site,))
    began = time.perf_counter()
    report = await engine.check(service)
    elapsed_s = time.perf_counter() - began
    if report.status is not Status.OK:
        raise RuntimeError(f"a healthy target was found {report.status}: {report.observations}")
    return elapsed_s
