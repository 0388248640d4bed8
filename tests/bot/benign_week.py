"""A week in which nobody interferes and much goes wrong all the same, as checks see it.

Real: every report is what the engine said of one of the benign worlds that its own tests use, run with the troubles of
that moment, a few runs for each set of troubles. Drawn, by a seed: which troubles there are from when to when, for all
services (those of the host and its line) or for one; which of the reports that fit a check finds; and once in a while,
one that accuses somebody without any reason, which the engine does not even do in those worlds.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from probes.engine import Engine
from probes.model import Cause, Confidence, Status
from probes.targets import host_service
from tests.bot.canned import report
from tests.bot.watching import retargeted
from tests.probes.benign_worlds import HOST, TROUBLES, _plain
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from probes.model import Report

WEEK_S = 7 * 24 * 3600.0
MANY = [f"s{number:02}" for number in range(35)]
OF_A_SERVICE = frozenset(
    {
        "_geo_dns",
        "_slow",
        "_clear_text_alone",
        "_bad_certificate",
        "_rate_limit",
        "_refuses",
        "_outage",
        "_one_dead_address",
        "_gone",
    }
)
OF_THE_HOST = frozenset(trouble.__name__ for trouble in TROUBLES) - OF_A_SERVICE
_RUNS = 4
"""Of the engine, for each set of troubles."""
_MOST_TROUBLES = 3
_SLANDER = 1 / 200
_EPISODES_OF_THE_HOST = 60
_EPISODES_OF_A_SERVICE = 6
_SERVICE = replace(host_service(HOST), kind="service", directory_names=(HOST,))


@dataclass(frozen=True, slots=True)
class Episode:
    trouble: str
    begins_s: float
    ends_s: float

    def covers(self, at_s: float) -> bool:
        return self.begins_s <= at_s < self.ends_s


class BenignWeek:
    """What checks find, by the service and the second."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.of_the_host = list(self._episodes(OF_THE_HOST, _EPISODES_OF_THE_HOST, longest_s=4 * 3600))
        self.of_a_service = {
            id_: list(self._episodes(OF_A_SERVICE, _EPISODES_OF_A_SERVICE, longest_s=24 * 3600)) for id_ in MANY
        }
        self._pools: dict[frozenset[str], Sequence[Report]] = {}
        self.slanders = 0

    def _episodes(self, troubles: frozenset[str], count: int, *, longest_s: float) -> Iterator[Episode]:
        """Draw episodes, most of them of minutes and some of hours."""
        for _ in range(count):
            begins_s = self._rng.uniform(0, WEEK_S)
            lasts_s = min(self._rng.lognormvariate(6.5, 1.5), longest_s)
            yield Episode(self._rng.choice(sorted(troubles)), begins_s, begins_s + lasts_s)

    def report_of(self, id_: str, at_s: float) -> Report:
        if self._rng.random() < _SLANDER:
            self.slanders += 1
            sure = self._rng.choice([Confidence.CONFIRMED, Confidence.LIKELY])
            return report(id_, Status.BLOCKED, Cause.IP_DROPPED, confidence=sure)
        episodes = (*self.of_the_host, *self.of_a_service[id_])
        troubles = frozenset([e.trouble for e in episodes if e.covers(at_s)][:_MOST_TROUBLES])
        return retargeted(self._rng.choice(self._pool(troubles)), id_)

    def _pool(self, troubles: frozenset[str]) -> Sequence[Report]:
        if troubles not in self._pools:
            seeds = [self._rng.randrange(1 << 30) for _ in range(_RUNS)]
            with ThreadPoolExecutor(1) as beside:  # where no event loop is running yet
                self._pools[troubles] = [beside.submit(engine_report, troubles, seed).result() for seed in seeds]
        return self._pools[troubles]

    @property
    def engine_runs(self) -> int:
        return _RUNS * len(self._pools)


def engine_report(troubles: frozenset[str], seed: int) -> Report:
    """Return what the engine says in a benign world that has just these troubles."""
    rng = random.Random(seed)
    world = _plain(rng)
    for trouble in TROUBLES:
        if trouble.__name__ in troubles:
            world = trouble(world, rng)
    found = run(Engine(world.network(), seed=seed).check(_SERVICE))
    return replace(found, observations=())
