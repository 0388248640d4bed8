"""Time to verdict in the lab, by scenario, beside the critical path of one healthy fetch.

The critical path is what no program can go below: a round trip each for the name, the connection, the handshake
(TLS 1.3) and the page. Each run is the real command line in a process that has its modules loaded and knows nothing:
no connection is open, no baseline taken, not even known where the host is. "Next check" is the second one of a process.
The figure is the report's own `elapsed_s`.
"""

from __future__ import annotations

import asyncio
import importlib
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TYPE_CHECKING

from bench.fetch import fetch
from bench.table import Row
from bot.config import Settings
from probes.guard import PUBLIC_ANY_PORT
from probes.live import LiveNetwork
from probes.model import Endpoint
from probes.prober import Prober
from probes.targets import host_service
from tests.lab import verdicts
from tests.lab.censor import Address, Censor, Drop, HttpHost, Reset, Rule, Sni, delisted, page
from tests.lab.lab import Lab, namespaces_forbidden
from tests.lab.scenario import ISP_RESOLVERS, Scenario
from tests.lab.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.runs import Size

ABOUT = "time to verdict in the lab, beside the round trips of one healthy fetch"

ROUND_TRIPS = 4
NEAR_S = 0.04
FAR_S = 0.4
HEALTHY_AT_MOST = 1.3
_NAME = "instagram.com"
_OTHER_NAME = "www.wikipedia.org"
_WORLD = World()
_POOL = " ".join(_WORLD.addresses_of(_NAME))
_RESOLVERS = " ".join(ISP_RESOLVERS)
_LOADED = ("httpcore", "h2.connection", "anyio._backends._asyncio", "probes.engine")
"""What the first check of a process would load; `tests.lab.verdicts` loads the rest."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """`said` is what the answer has to begin with; `at_most_s` the limit, near and far, where there is one."""

    name: str
    said: str
    rules: tuple[Rule, ...] = ()
    target: str = _NAME
    world: World = field(default=_WORLD)
    rtts_s: tuple[float, ...] = (NEAR_S,)
    at_most_s: dict[float, float] = field(default_factory=dict)
    healthy: bool = False
    runs: int = 3

    def scenario(self, rtt_s: float) -> Scenario:
        return Scenario("bench", self.name, self.world, Censor(self.rules, delay_s=rtt_s / 2))


_CONFIRMED = {NEAR_S: 3.0, FAR_S: 5.0}
_BOTH = (NEAR_S, FAR_S)
_HEALTHY = Case(name="healthy", said="ok confirmed", rtts_s=_BOTH, healthy=True, runs=11)
_SNI_DROPPED = Case(
    name="SNI dropped",
    said="blocked confirmed tls.sni_dropped",
    rules=(Rule(Sni(_NAME), Drop()),),
    rtts_s=_BOTH,
    at_most_s=_CONFIRMED,
)
CASES = (
    _HEALTHY,
    _SNI_DROPPED,
    Case(
        name="address dropped",
        said="blocked confirmed ip.dropped",
        rules=(Rule(Address(_POOL), Drop()),),
        rtts_s=_BOTH,
        at_most_s=_CONFIRMED,
    ),
    Case(name="SNI reset", said="blocked confirmed tls.sni_reset", rules=(Rule(Sni(_NAME), Reset()),), rtts_s=_BOTH),
    Case(
        name="name delisted at the provider's resolvers",
        said="blocked confirmed dns.",
        rules=(delisted(_NAME, _RESOLVERS),),
        rtts_s=_BOTH,
    ),
    Case(
        name="block page in clear text",
        said="blocked",
        target="http://example.com",
        rules=(Rule(HttpHost("example.com"), page("<h1>Blocked</h1>", status="451 Blocked")),),
    ),
    Case(name="server down", said="down", world=_WORLD.with_dead(_NAME)),
    Case(name="host offline", said="inconclusive confirmed host.offline", rules=(Rule(Address(), Drop()),)),
)
TINY = (replace(_HEALTHY, rtts_s=(0.01,), runs=1), replace(_SNI_DROPPED, rtts_s=(0.01,), runs=1))


def measure(size: Size) -> list[Row]:
    if reason := namespaces_forbidden():
        return [Row(name="all scenarios", detail=f"not available here: {reason}")]
    for module in _LOADED:
        importlib.import_module(module)
    todo = [(case, rtt_s) for case in size.pick(CASES, TINY) for rtt_s in case.rtts_s]
    seen = [_Seen() for _ in todo]
    with Lab() as lab:
        for nth in range(max(case.runs for case, _ in todo)):
            for (case, rtt_s), taken in zip(todo, seen, strict=True):
                if nth < case.runs:
                    _take(lab, case, rtt_s, taken)
    return [row for (case, rtt_s), taken in zip(todo, seen, strict=True) for row in _rows(case, rtt_s, taken)]


@dataclass
class _Seen:
    checked: list[verdicts.Checked] = field(default_factory=list)
    fetched_s: list[float] = field(default_factory=list)
    again_s: list[float] = field(default_factory=list)


def _take(lab: Lab, case: Case, rtt_s: float, seen: _Seen) -> None:
    lab.configure(case.scenario(rtt_s))
    if case.healthy:
        seen.fetched_s.append(lab.call(_fetch))
        seen.again_s.append(lab.call(_check_again))
    seen.checked.append(verdicts.check(lab, case.target))


def _fetch() -> float:
    """Take the steps of the critical path with nothing else beside them: what this machine adds to the round trips."""

    async def alone() -> float:
        async with LiveNetwork(guard=PUBLIC_ANY_PORT, trusted_doh=()) as network:
            return await fetch(network, Endpoint("https", _NAME, 443, "/"), ISP_RESOLVERS[0])

    return asyncio.run(alone())


def _check_again() -> float:
    """Check twice in one process, as a running bot does, and return how long the second one took."""

    async def twice() -> float:
        usual = Settings.model_fields
        async with Prober(
            trusted_doh=usual["trusted_doh"].default, outside_controls=usual["outside_controls"].default
        ) as prober:
            await prober.check(host_service(_OTHER_NAME))
            return (await prober.check(host_service(_NAME))).elapsed_s

    return asyncio.run(twice())


def _rows(case: Case, rtt_s: float, seen: _Seen) -> Iterator[Row]:
    elapsed_s = median(one.elapsed_s for one in seen.checked)
    path_s = ROUND_TRIPS * rtt_s
    times = elapsed_s / path_s
    others = sorted({one.said for one in seen.checked if not one.said.startswith(case.said)})
    said = f"said: {'; '.join(others)}" if others else seen.checked[0].said
    name = f"{case.name}, {1000 * rtt_s:.0f} ms"
    if case.healthy:
        detail = f"{elapsed_s:.3f} s, a bare fetch {median(seen.fetched_s):.3f} s; {said}"
        yield Row(name=name, value=times, unit="×", at_most=HEALTHY_AT_MOST, detail=detail, wrong=bool(others))
        again_s = median(seen.again_s)
        detail = f"{again_s:.3f} s"
        yield Row(name=f"{name}, next check", value=again_s / path_s, unit="×", at_most=HEALTHY_AT_MOST, detail=detail)
        return
    limit_s = case.at_most_s.get(rtt_s)
    detail = f"{times:.1f}×; {said}"
    yield Row(name=name, value=elapsed_s, unit=" s", at_most=limit_s, detail=detail, wrong=bool(others))
