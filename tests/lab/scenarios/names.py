"""What resolvers, and whoever sits in front of them, may do to a name."""

from dataclasses import replace

from tests.lab.censor import Answer, Dns, Drop, Redirect, Rule
from tests.lab.scenarios.basic import PUBLIC_DNS
from tests.lab.scenarios.places import HERE, SITE, STRANGER, UNUSED, censored, quiet
from tests.lab.world import (
    BLOCKPAGE,
    Addresses,
    Late,
    Malformed,
    NoData,
    NxDomain,
    Refused,
    ServFail,
    Silent,
    World,
    WrongId,
    rule,
)

STUB = World().addresses_of(BLOCKPAGE)
CACHE = "195.34.33.10"


def told(*answers: object, name: str = SITE) -> World:
    """Let the provider's resolvers, and only they, answer so."""
    return World().with_resolver("isp", rule(name, *answers))  # type: ignore[arg-type]


quiet("resolver-denies", "The provider's resolver denies the site, as no honest one does.", told(NxDomain(False, True)))
quiet("resolver-denies-politely", "It denies the site the way that honest servers deny.", told(NxDomain()))
quiet("resolver-says-nothing", "It says that the site has no address.", told(NoData()))
quiet("resolver-refuses", "It refuses to talk about the site.", told(Refused()))
quiet("resolver-fails", "It fails for the site alone.", told(ServFail()))
quiet("resolver-is-silent", "It never answers questions about the site.", told(Silent()))
quiet("resolver-babbles", "It answers questions about the site with garbage.", told(Malformed()))
quiet("resolver-answers-others", "Its answers about the site have the id of another question.", told(WrongId()))
quiet("resolver-is-slow", "It takes 1.5 s over the site.", told(Late(1.5)))
quiet(
    "resolver-denies-at-times",
    "Of two questions about the site it denies the second.",
    told(Addresses((HERE,)), NxDomain()),
)
quiet("resolver-gives-private", "It gives a private address for the site.", told(Addresses(("10.10.34.35",))))
quiet("resolver-gives-loopback", "It gives 127.0.0.1 for the site.", told(Addresses(("127.0.0.1",))))
quiet("resolver-gives-stranger", "It gives the address of another site.", told(Addresses((STRANGER,))))
quiet("resolver-gives-stub", "It gives the address of a block page.", told(Addresses(STUB)))
quiet("resolver-gives-void", "It gives an address at which nobody is.", told(Addresses((UNUSED,))))
quiet(
    "resolver-gives-cache",
    "It gives the address of an honest copy inside the provider's network.",
    told(Addresses((CACHE,))).with_cache(CACHE, SITE),
)
quiet(
    "resolver-invents", "It gives an address for a name that does not exist.", told(Addresses(STUB)).without_host(SITE)
)
quiet("name-is-gone", "The name does not exist any more.", World().without_host(SITE))
quiet("name-is-parked", "Its owner has put the name on loopback.", World().with_host(SITE, addresses=("127.0.0.1",)))
quiet("name-is-empty", "The name exists, and has no address.", World().with_host(SITE, addresses=()))
quiet("resolver-broken", "The provider's resolver fails for everything.", told(ServFail(), name="."))
quiet("resolver-dead", "The provider's resolver is dead.", World().with_dead("195.34.32.116", "2a02:2698::53"))
quiet("one-resolver-dead", "The first resolver of two is dead.", World().with_dead("195.34.32.116"))

censored(
    "denied-on-the-way",
    "Whoever is asked for the site over UDP, NXDOMAIN comes back.",
    Rule(Dns(SITE), Answer("NXDOMAIN")),
)
censored("question-dropped", "Questions about the site vanish.", Rule(Dns(SITE, transports=("udp", "tcp")), Drop()))
censored("question-dropped-udp", "Questions about the site vanish, over UDP alone.", Rule(Dns(SITE), Drop()))
censored(
    "forged-beside",
    "An address at which nobody is arrives before the true one, for either family.",
    Rule(Dns(SITE), Answer(addresses=f"{UNUSED} 2600:1400::77", inject=True)),
)
censored(
    "forged-beside-private",
    "A private address arrives before the true one, for IPv4 alone.",
    Rule(Dns(SITE, types="A"), Answer(addresses="10.10.34.35", inject=True)),
    ipv6=False,
)
censored(
    "forged-a",
    "For IPv4 a private address arrives before the true one; IPv6 is left alone.",
    Rule(Dns(SITE, types="A"), Answer(addresses="10.10.34.35", inject=True)),
)
REROUTED = Rule(Dns("*", resolvers=PUBLIC_DNS), Redirect("195.208.4.1"))
DENYING = World().with_resolver("nsdi", rule(SITE, NxDomain(soa=False, aa=True)))
"""The national resolver denies the site, whoever was asked at first."""

censored(
    "rerouted",
    "Questions to public resolvers end at the national one, which denies the site.",
    REROUTED,
    world=DENYING,
    resolvers=("8.8.8.8", "1.1.1.1"),
)
censored(
    "rerouted-at-times",
    "Of five questions to public resolvers the first ends at the national one, which denies the site.",
    replace(REROUTED, every=5),
    world=DENYING,
    resolvers=("8.8.8.8", "1.1.1.1"),
    ipv6=False,
)
