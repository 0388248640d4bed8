"""Time to verdict for a healthy target on loopback, beside the bare sequence of the same steps.

Bare is one question to the system's resolver, one connection, one handshake, one GET, each as soon as the one before
has ended. The check asks two DNS-over-HTTPS operators as well, and judges. Both use the same steps and the same
servers, which have a process of their own.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.beside import running
from bench.healthy_site import NAME
from bench.runs import Size, interleaved, ratio
from bench.table import Row
from probes.engine import Engine
from probes.guard import Guard
from probes.live import LiveNetwork
from probes.model import AnyObservation, Component, Endpoint, Service, Status
from probes.network import Attempt, Question
from probes.trust import Roots

if TYPE_CHECKING:
    from collections.abc import Sequence

ABOUT = "time to verdict on loopback, beside the bare sequence of the same steps"
_LOOPBACK = Guard(ports=None, extra_networks=("127.0.0.0/8",))


class LoopbackNetwork(LiveNetwork):
    """The real steps; what the host is told about resolvers and routes is the benchmark's."""

    def __init__(self, site: dict[str, Any], *, operators: int = 2) -> None:
        roots = Roots(name="bench", system=False, pem=site["root"])
        super().__init__(guard=_LOOPBACK, trusted_doh=site["doh"][:operators], roots=roots)
        self._resolver = site["resolver"]

    def system_resolvers(self) -> Sequence[str]:
        return (self._resolver,)

    def families(self) -> frozenset[int]:
        return frozenset({4})


def measure(size: Size) -> list[Row]:
    return asyncio.run(_measure(rounds=size.pick(101, 2)))


async def _measure(rounds: int) -> list[Row]:
    async with (
        running("bench.healthy_site") as site,
        LoopbackNetwork(site) as network,
        LoopbackNetwork(site, operators=0) as alone,
    ):
        endpoint = Endpoint("https", NAME, site["port"], "/")
        sides = (
            partial(_check, Engine(network), endpoint),
            partial(_bare, network, endpoint, site["resolver"]),
            partial(_check, Engine(alone), endpoint),
        )
        first_s = await sides[0]()
        await interleaved(1, *sides)
        checks, bares, unaccompanied = await interleaved(rounds, *sides)
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


async def _bare(network: LiveNetwork, endpoint: Endpoint, resolver: str) -> float:
    steps: list[AnyObservation] = []
    began = time.perf_counter()
    answer = await network.ask(Question(name=endpoint.host, query_type="A", resolver=resolver))
    await network.attempt(Attempt(endpoint=endpoint, address=answer.addresses[0]), steps.append)
    elapsed_s = time.perf_counter() - began
    if len(steps) != 3 or steps[-1].failure:
        raise RuntimeError(f"a healthy target failed: {steps}")
    return elapsed_s
