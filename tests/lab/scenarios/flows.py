"""What may happen to a connection that works at first: frozen after some kilobytes, or throttled."""

from tests.lab.censor import Address, Degrade, Drop, Rule, Sni, Throttle, delisted, frozen_flows
from tests.lab.scenarios.basic import ISP, NSDI
from tests.lab.scenarios.places import BOTH, SITE, censored, quiet
from tests.lab.world import CONTROLS, Cut, Download, Paced, World

BIG = World().with_host(SITE, page=Download(200_000))
FREEZE = Drop(after_packets=25)

censored("frozen-by-name", "Flows with the site's name freeze after 25 packets.", Rule(Sni(SITE), FREEZE), world=BIG)
censored("frozen-by-address", "Flows to the site's addresses freeze after 25 packets.", frozen_flows(BOTH), world=BIG)
censored("throttled-by-name", "Flows with the site's name get 16 kB/s.", Rule(Sni(SITE), Throttle(16_000)), world=BIG)
censored("throttled-by-address", "Flows to the site get 16 kB/s.", Rule(Address(BOTH), Throttle(16_000)), world=BIG)
DOWN = Throttle(16_000, burst_bytes=12_000, direction="down")
for which, world in (("", BIG), ("-short", None)):
    page = "a page of some size" if world else "a page that tells nothing"
    censored(
        f"down-by-name{which}",
        f"What comes down by the site's name gets 16 kB/s; {page}.",
        Rule(Sni(SITE), DOWN),
        world=world,
    )
    censored(
        f"down-by-address{which}",
        f"What comes down from its addresses gets 16 kB/s; {page}.",
        Rule(Address(BOTH), DOWN),
        world=world,
    )
    censored(
        f"down-everywhere{which}",
        f"Whatever comes down gets 16 kB/s a flow; {page}.",
        Rule(Address(), DOWN),
        world=world,
    )
censored(
    "delisted+throttled",
    "The site is delisted, and flows with its name get 16 kB/s.",
    delisted(SITE, f"{NSDI} {ISP}"),
    Rule(Sni(SITE), Throttle(16_000)),
    world=BIG,
)
censored("line-slow", "Everything here gets 100 kB/s.", Rule(Address(), Throttle(100_000, shape=True)), world=BIG)
censored("site-far", "The way to the site is lossy and long.", Rule(Address(BOTH), Degrade(0.1, 0.02)), world=BIG)
quiet(
    "page-stalls",
    "The site's own page stops after 20 kB, for everybody.",
    World().with_host(SITE, page=Cut(20_000, "stall", Download(200_000))),
)
PACED = World().with_host(SITE, page=Paced(16_000, Download(200_000)))
quiet("site-paces-itself", "The site sends its page at 16 kB/s, to everybody.", PACED)
quiet("site-paces-itself-no-control", "It does, and no outside control answers.", PACED.with_dead(*CONTROLS))
quiet("big-page", "The site's page is large.", BIG)
