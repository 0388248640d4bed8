"""The server half of the simulated internet: say what the world is with `World`, be it with `main`.

This is also the vocabulary of scenarios: what hosts show, what resolvers say, how servers fail.
"""

from tests.lab.world.answers import (
    CAPTCHA,
    CLOSE,
    GARBAGE,
    GEOBLOCK_403,
    GEOBLOCK_451,
    HANG,
    RESET,
    Addresses,
    Countdown,
    Cut,
    Download,
    Honest,
    Late,
    Malformed,
    NoData,
    NxDomain,
    Paced,
    Page,
    PerVisitor,
    RateLimit,
    Redirect,
    Refused,
    Route,
    ServFail,
    Silent,
    Slow,
    TestHelper,
    Text,
    Truncated,
    Upgrade,
    WrongId,
)
from tests.lab.world.model import World
from tests.lab.world.names import BLOCKPAGE, CONTROLS, INTERCEPTOR, PORTAL, PROXY
from tests.lab.world.parts import Host, Resolver, Rule, rule

__all__ = [
    "BLOCKPAGE",
    "CAPTCHA",
    "CLOSE",
    "CONTROLS",
    "GARBAGE",
    "GEOBLOCK_403",
    "GEOBLOCK_451",
    "HANG",
    "INTERCEPTOR",
    "PORTAL",
    "PROXY",
    "RESET",
    "Addresses",
    "Countdown",
    "Cut",
    "Download",
    "Honest",
    "Host",
    "Late",
    "Malformed",
    "NoData",
    "NxDomain",
    "Paced",
    "Page",
    "PerVisitor",
    "RateLimit",
    "Redirect",
    "Refused",
    "Resolver",
    "Route",
    "Rule",
    "ServFail",
    "Silent",
    "Slow",
    "TestHelper",
    "Text",
    "Truncated",
    "Upgrade",
    "World",
    "WrongId",
    "main",
    "rule",
]


def main(control_fd: int) -> None:
    """Be the internet until the control socket closes; see `server.main`."""
    from tests.lab.world import server  # noqa: PLC0415 - who only describes a world needs no server

    server.main(control_fd)
