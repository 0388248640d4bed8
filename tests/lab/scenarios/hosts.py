"""What may be wrong with the host itself and with the network that it is in."""

from tests.lab.censor import Address, AllowList, Censor, Drop, Redirect, Rule
from tests.lab.scenario import Scenario, register
from tests.lab.scenarios.basic import _DOMESTIC, ISP, NSDI
from tests.lab.scenarios.places import censored, quiet
from tests.lab.world import PORTAL, Addresses, World, rule

PORTAL_ADDRESSES = " ".join(World().addresses_of(PORTAL))

censored(
    "portal",
    "A captive portal: all HTTP is led to a login page, all else vanishes.",
    Rule(Address(port=80, transport="tcp"), Redirect(PORTAL_ADDRESSES)),
    Rule(Address(port=443), Drop()),
)
censored(
    "portal-tls",
    "A captive portal that takes HTTPS, too, with a certificate of its own.",
    Rule(Address(port=80, transport="tcp"), Redirect(PORTAL_ADDRESSES)),
    Rule(Address(port=443, transport="tcp"), Redirect(PORTAL_ADDRESSES)),
)
quiet(
    "portal-dns",
    "A captive portal whose resolver gives its own address for every name.",
    World().with_resolver("isp", rule(".", Addresses(World().addresses_of(PORTAL)))),
)
censored("offline-tcp", "Only the resolver can be reached.", Rule(Address(transport="tcp"), Drop()))
register(
    Scenario(
        "allow-list-strict",
        "Only listed domestic services answer; not even a SYN gets through elsewhere.",
        World(),
        Censor(
            allow_list=AllowList(
                names=_DOMESTIC,
                addresses=f"{ISP} {NSDI} {' '.join(World().addresses_of('ya.ru') + World().addresses_of('max.ru'))}",
                syn_passes=False,
            )
        ),
    ),
)
