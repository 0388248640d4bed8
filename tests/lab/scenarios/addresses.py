"""What may happen to a server's address, and to servers."""

from tests.lab.censor import Address, Drop, Icmp, Payload, Reset, Rule
from tests.lab.scenarios.places import BOTH, HERE, HERE_V6, SITE, censored, quiet
from tests.lab.world import CONTROLS, Page, World

SECOND = "23.199.14.20"
TWO = World().with_host(SITE, addresses=(HERE, SECOND))
CONTROL_ADDRESSES = " ".join(World().control_addresses)
HELLO = b"\x16\x03"
"""How every TLS ClientHello begins."""

censored("address-dropped", "Packets to the site's addresses vanish.", Rule(Address(BOTH), Drop()))
censored("address-reset", "A SYN to the site's addresses is answered by RST.", Rule(Address(BOTH), Reset()))
censored("address-prohibited", "A router says that the site is prohibited.", Rule(Address(BOTH), Icmp("admin")))
censored("address-without-route", "A router says that there is no route to the site.", Rule(Address(BOTH), Icmp("net")))
censored(
    "address-port-dropped",
    "HTTPS to the site's addresses vanishes; its port 80 is open.",
    Rule(Address(BOTH, 443), Drop()),
)
censored(
    "address-of-two-dropped", "One of the site's two addresses is dropped.", Rule(Address(HERE), Drop()), world=TWO
)
censored("ipv6-dropped", "The site's IPv6 address is dropped; other IPv6 works.", Rule(Address(HERE_V6), Drop()))
censored("ipv4-dropped", "The site's IPv4 address is dropped, its IPv6 one is not.", Rule(Address(HERE), Drop()))
censored(
    "address-dropped-late",
    "Connections to the site are made, and then freeze.",
    Rule(Address(BOTH), Drop(after_packets=3)),
)
censored(
    "hello-reset-by-address",
    "Whatever ClientHello goes to the site's addresses is reset.",
    Rule(Payload(HELLO, addresses=BOTH), Reset()),
)
censored(
    "hello-dropped-by-address",
    "Whatever ClientHello goes to the site's addresses vanishes.",
    Rule(Payload(HELLO, addresses=BOTH), Drop()),
)
censored(
    "address-and-controls-dropped",
    "The site's addresses are dropped, and so are those of every outside control.",
    Rule(Address(f"{BOTH} {CONTROL_ADDRESSES}"), Drop()),
)
censored(
    "address-dropped-controls-broken",
    "The site is dropped, and outside controls answer 503.",
    Rule(Address(BOTH), Drop()),
    world=World().with_control(Page(status=503)),
)
censored(
    "address-dropped-first-control-dead",
    "The site is dropped, and the first outside control is dead.",
    Rule(Address(BOTH), Drop()),
    world=World().with_dead(CONTROLS[0]),
)
quiet("server-dead", "The site's servers are dead.", World().with_dead(SITE))
quiet("server-refuses-connects", "Nothing listens at the site's ports 80 and 443.", World().with_refused(SITE, 80, 443))
quiet("server-swallows", "The site's ports 80 and 443 swallow every SYN.", World().with_silent(SITE, 80, 443))
quiet("one-address-dead", "One of the site's two addresses is dead.", TWO.with_dead(HERE))
censored("ipv6-black-hole", "IPv6 is routed here, and leads nowhere.", Rule(Address(family=6), Drop()))
