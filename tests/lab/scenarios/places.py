"""Whom the scenarios of this package are about; no scenario of its own."""

from dataclasses import replace
from typing import Any

from tests.lab.censor import Censor, Rule
from tests.lab.scenario import Scenario, register
from tests.lab.world import World

SITE = "meduza.io"
HERE, HERE_V6 = World().addresses_of(SITE)
BOTH = f"{HERE} {HERE_V6}"
STRANGER = "104.154.89.105"
"""badssl.com: a server that has nothing to do with the site."""
UNUSED = "23.210.9.77"
"""Nobody is there."""


def censored(name: str, about: str, *rules: Rule, world: World | None = None, **changes: Any) -> None:
    """Register a scenario with these rules; `changes` are of the path (delay_s, loss, …) or of the scenario."""
    of_scenario = {key: changes.pop(key) for key in ("resolvers", "ipv6") if key in changes}
    censor = replace(Censor(rules=rules), **changes)
    register(Scenario(name, about, world or World(), censor, **of_scenario))


def quiet(name: str, about: str, world: World, **changes: Any) -> None:
    """Register a scenario without any censor."""
    censored(name, about, world=world, **changes)
