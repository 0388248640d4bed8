"""Two troubles at once, and trouble on a bad line."""

from tests.lab.censor import Address, Answer, Dns, Drop, HttpHost, Reset, Residual, Rule, Sni, delisted, page
from tests.lab.scenarios.addresses import CONTROL_ADDRESSES, TWO
from tests.lab.scenarios.basic import ISP, NSDI, PUBLIC_DNS
from tests.lab.scenarios.names import CACHE, DENYING, REROUTED, told
from tests.lab.scenarios.places import BOTH, HERE, HERE_V6, SITE, STRANGER, UNUSED, censored, quiet
from tests.lab.world import Addresses, Slow, World, rule
from tests.lab.world.special import BLOCKPAGE_HTML

DELISTED = delisted(SITE, f"{NSDI} {ISP}")
DROPPED, RESET = Rule(Sni(SITE), Drop()), Rule(Sni(SITE), Reset())
GEO = "www.instagram.com"

censored("delisted+name-dropped", "The site is delisted, and its name dropped.", DELISTED, DROPPED)
censored("delisted+name-reset", "The site is delisted, and its name reset.", DELISTED, RESET)
censored(
    "delisted+address-dropped",
    "The site is delisted, and its addresses dropped.",
    DELISTED,
    Rule(Address(BOTH), Drop()),
)
censored(
    "spoofed+address-dropped",
    "The resolver gives a stranger's address; the true ones are dropped.",
    Rule(Address(BOTH), Drop()),
    world=told(Addresses((STRANGER,))),
)
censored(
    "spoofed+name-dropped",
    "The resolver gives a stranger's address; the name is dropped as well.",
    DROPPED,
    world=told(Addresses((STRANGER,))),
)
censored(
    "injected+name-reset",
    "Forged answers, and the name is reset.",
    Rule(Dns(SITE), Answer(addresses=f"{UNUSED} 2600:1400::77", inject=True)),
    RESET,
)
censored(
    "rerouted+name-dropped",
    "Questions are rerouted to a resolver that denies, and the name is dropped.",
    REROUTED,
    DROPPED,
    world=DENYING,
    resolvers=("8.8.8.8",),
)
censored(
    "ipv6-black-hole+name-reset", "IPv6 leads nowhere, and the name is reset.", Rule(Address(family=6), Drop()), RESET
)
censored(
    "ipv6-black-hole+address-dropped",
    "IPv6 leads nowhere, and the site's IPv4 address is dropped.",
    Rule(Address(family=6), Drop()),
    Rule(Address(HERE), Drop()),
)
censored(
    "one-address-dead+loss",
    "One of two addresses is dead, and 3 % of packets are lost.",
    world=TWO.with_dead(HERE),
    loss=0.03,
    seed=5,
)
quiet(
    "geo-dns+cache",
    "Honest resolvers differ, and the provider's gives its own cache.",
    World().with_resolver("isp", rule(GEO, Addresses((CACHE,)))).with_cache(CACHE, GEO),
)
censored(
    "residual+name-dropped+loss",
    "The name is dropped, its server with it for a while, and 2 % are lost.",
    Rule(Sni(SITE), Drop(), residual=Residual(60, by="endpoint")),
    loss=0.02,
    seed=3,
)
censored(
    "name-reset-racing+jitter",
    "RST races the answer on a line with 30 ms of jitter.",
    Rule(Sni(SITE), Reset(in_path=False)),
    jitter_s=0.03,
    seed=4,
)
censored(
    "slow+loss",
    "The site takes 2 s, and 3 % are lost.",
    world=World().with_host(SITE, page=Slow(2.0)),
    loss=0.03,
    seed=6,
)
censored(
    "controls-dropped+name-dropped",
    "The name is dropped, and so are all outside controls.",
    DROPPED,
    Rule(Address(CONTROL_ADDRESSES), Drop()),
)
censored(
    "controls-dropped+name-reset",
    "The name is reset, and outside controls are dropped.",
    RESET,
    Rule(Address(CONTROL_ADDRESSES), Drop()),
)
censored(
    "doh-dropped+delisted",
    "The site is delisted, and public resolvers' addresses are dropped.",
    DELISTED,
    Rule(Address(f"{PUBLIC_DNS} 2606:4700:4700::1111 2001:4860:4860::8888"), Drop()),
)
censored("name-dropped+loss", "The name is dropped, and 5 % are lost.", DROPPED, loss=0.05, seed=8)
censored(
    "address-dropped+loss",
    "The site's addresses are dropped, and 5 % are lost.",
    Rule(Address(BOTH), Drop()),
    loss=0.05,
    seed=9,
)
censored("delisted+loss", "The site is delisted, and 3 % are lost.", DELISTED, loss=0.03, seed=10)
censored("healthy+loss", "Nothing is wrong, but 5 % are lost.", loss=0.05, seed=11)
censored("healthy-400ms", "Nothing is wrong, 400 ms away.", delay_s=0.2)
censored("healthy-5ms", "Nothing is wrong, 5 ms away.", delay_s=0.0025)
censored(
    "healthy-400ms+loss",
    "Nothing is wrong, 400 ms away, with 2 % loss and 50 ms of jitter.",
    delay_s=0.2,
    jitter_s=0.05,
    loss=0.02,
    seed=12,
)
censored(
    "server-dead+name-dropped",
    "The site is dead, and its name would be dropped.",
    DROPPED,
    world=World().with_dead(SITE),
)
censored(
    "name-gone+question-denied",
    "The name is gone, and denied on the way as well.",
    Rule(Dns(SITE), Answer("NXDOMAIN")),
    world=World().without_host(SITE),
)
censored(
    "delisted+blockpage",
    "The resolver denies, and clear text ends at a block page.",
    DELISTED,
    Rule(HttpHost(SITE), page(BLOCKPAGE_HTML)),
)
censored(
    "resolver-dead+name-dropped",
    "The first resolver is dead, and the name dropped.",
    DROPPED,
    world=World().with_dead("195.34.32.116"),
)
censored(
    "certificate-expired+name-reset",
    "The certificate is expired, and the name reset.",
    RESET,
    world=World().with_host(SITE, certificate="expired"),
)
censored(
    "two-addresses-one-dead-one-dropped",
    "One address is dead, the other one dropped.",
    Rule(Address(HERE), Drop()),
    world=World().with_host(SITE, addresses=(HERE, HERE_V6)).with_dead(HERE_V6),
)
