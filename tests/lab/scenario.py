"""A scenario: an internet, a censor in the path to it, and what the client host was told about resolvers."""

import importlib
import pkgutil
from dataclasses import dataclass, field
from typing import Protocol

from tests.lab.censor import Censor

ISP_RESOLVERS = ("195.34.32.116", "2a02:2698::53")


class Internet(Protocol):
    """What a lab must know of the servers' side; `tests.lab.world.World` is the one that scenarios use."""

    def addresses(self) -> frozenset[str]:
        """Return every address that somebody answers at."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """`resolvers` are what /etc/resolv.conf names; without `ipv6` the client host has none."""

    name: str
    about: str
    world: Internet
    censor: Censor = field(default_factory=Censor)
    resolvers: tuple[str, ...] = ISP_RESOLVERS
    ipv6: bool = True


SCENARIOS: dict[str, Scenario] = {}


def register(*scenarios: Scenario) -> None:
    """Add scenarios to the registry. Raises ValueError for a name that is taken."""
    for scenario in scenarios:
        if scenario.name in SCENARIOS:
            raise ValueError(f"two scenarios are called {scenario.name}")
        SCENARIOS[scenario.name] = scenario


def load_scenarios() -> dict[str, Scenario]:
    """Import every module of `tests.lab.scenarios`, each of which registers its own, and return the registry."""
    package = importlib.import_module("tests.lab.scenarios")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
    return SCENARIOS
