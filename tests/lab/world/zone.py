"""The default internet as values, and the look-ups by name and address that all servers share."""

import ipaddress
from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2s

from tests.lab.world.answers import ALL_TRANSPORTS, Addresses, Refused, Text
from tests.lab.world.names import AUTHORITIES, CHAT_NAMES, DATA_CENTRES, NAMES, OWNERS
from tests.lab.world.parts import Host, Resolver, Role, Service, rule
from tests.lab.world.special import SPECIAL

GEO_POOL = 3
MTPROTO_PORTS: Mapping[int, Service] = {80: "mtproto", 443: "mtproto", 5222: "mtproto"}
WHOAMI = "whoami.akamai.net"
CLIENT_SEEN = ("130.192.91.211", "2001:760:f6:91::211")
"""The client host as the internet sees it. Its own IPv6 address is one of documentation's; this is as behind NPTv6."""
MYIP, MYADDR = "myip.opendns.com", "o-o.myaddr.l.google.com"


@cache
def routable(address: str) -> bool:
    return ipaddress.ip_address(address).is_global


def version(address: str) -> int:
    return 6 if ":" in address else 4


def match(hosts: Mapping[str, Host], name: str) -> Host | None:
    """Find the host that serves a name, or the nearest wildcard above it; a wildcard's host keeps its own name."""
    if name in hosts:
        return hosts[name]
    parent = name
    while "." in parent:
        parent = parent.partition(".")[2]
        if "*." + parent in hosts:
            return hosts["*." + parent]
    return None


def aliases(hosts: Mapping[str, Host], name: str) -> tuple[str, ...]:
    """Follow the CNAME chain: the name itself, then each target; at most eight, as a loop would never end."""
    chain = [name]
    while len(chain) < 8:
        found = match(hosts, chain[-1])
        if found is None or not found.cname:
            break
        chain.append(found.cname)
    return tuple(chain)


def addresses_of(hosts: Mapping[str, Host], name: str) -> tuple[str, ...]:
    found = match(hosts, aliases(hosts, name)[-1])
    return found.addresses if found else ()


def heard(host: Host, region: int) -> tuple[str, ...]:
    """Addresses that a region's resolvers honestly give: of a geo host's pool two neighbours in each family."""
    if not host.geo:
        return host.addresses
    families = [[a for a in host.addresses if version(a) == number] for number in (4, 6)]
    return tuple(pool[(region + n) % len(pool)] for pool in families for n in range(min(2, len(pool))))


def derived_addresses(name: str, owner: str = "generic", *, count: int = 1) -> tuple[str, ...]:
    """Make addresses up from the name: always the same ones, in its owner's networks, IPv4 before IPv6."""
    networks = [network for network in (OWNERS[owner].v4, OWNERS[owner].v6) if network]
    return tuple(_derived(f"{name}/{number}", network) for network in networks for number in range(count))


def _derived(seed: str, network: str) -> str:
    within = ipaddress.ip_network(network)
    offset = int.from_bytes(blake2s(seed.encode()).digest()[:15]) % within.num_addresses
    last = 1 + offset % 254  # never a network's first or last address
    return str(within[offset - offset % 256 + last])


def asn_of(address: str) -> int:
    """Tell who announces an address of the default internet; 0 = unknown."""
    parsed = ipaddress.ip_address(address)
    return next((asn for network, asn in _networks() if parsed.version == network.version and parsed in network), 0)


@cache
def _networks() -> tuple[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, int], ...]:
    owned = ((network, owner.asn) for owner in OWNERS.values() for network in (owner.v4, owner.v6) if network)
    return tuple((ipaddress.ip_network(network), asn) for network, asn in owned)


@cache
def default_hosts() -> Mapping[str, Host]:
    return {host.name: host for host in _hosts()}


def _hosts() -> Iterator[Host]:
    listed = {name: owner for owner, names in NAMES.items() for name in names.split()}
    listed |= dict.fromkeys(CHAT_NAMES, "meta")
    for name in dict.fromkeys((*listed, *SPECIAL)):
        yield _host(name, listed.get(name, "generic"))
    for centre, addresses in DATA_CENTRES.items():
        yield Host(name=f"{centre}.telegram", published=False, addresses=addresses, ports=dict(MTPROTO_PORTS))
    for port, addresses in AUTHORITIES.items():
        yield Host(name=f"{port}.tor", published=False, addresses=addresses, ports={port: "chat"})


def _host(name: str, owner: str) -> Host:
    fields = {"quic": OWNERS[owner].quic} | SPECIAL.get(name, {})
    if "cname" not in fields and "addresses" not in fields:
        fields["addresses"] = derived_addresses(name, owner, count=GEO_POOL if fields.get("geo") else 1)
    return Host(name=name, **fields)


@cache
def default_resolvers() -> Mapping[str, Resolver]:
    return {resolver.address: resolver for resolver in _resolvers()}


def _resolvers() -> Iterator[Resolver]:
    for operator, region, egress, addresses in _RECURSIVE:
        transports = ALL_TRANSPORTS if operator in _WITH_DOH else _IN_CLEAR
        own = (rule(MYIP, Addresses(CLIENT_SEEN)),) if operator == "opendns" else ()
        rules = (rule(WHOAMI, Addresses((egress,), ttl_s=180)), *own, *_ROUTING)
        for address in addresses.split():
            yield Resolver(
                address=address, operator=operator, egress=egress, region=region, rules=rules, transports=transports
            )
    for address, seen in zip(_GOOGLE_SERVERS, CLIENT_SEEN, strict=True):
        rules = (rule(MYADDR, Text(seen, aa=True)), rule(".", Refused()))
        yield Resolver(address=address, operator="ns.google", egress="", rules=rules, transports=_IN_CLEAR)
    for operator, addresses in _REFERRING.items():
        role: Role = "root"
        for address in addresses.split():
            yield Resolver(address=address, operator=operator, egress="", role=role, transports=_IN_CLEAR)


# Who announces the client's network, as Team Cymru's service tells it over DNS.
_ROUTING = (
    rule("0.91.192.130.origin.asn.cymru.com", Text("137 | 130.192.0.0/16 | IT | ripencc | 1988-10-08")),
    rule("6.f.0.0.0.6.7.0.1.0.0.2.origin6.asn.cymru.com", Text("137 | 2001:760::/32 | IT | ripencc | 2001-10-11")),
    rule("AS137.asn.cymru.com", Text("137 | IT | ripencc | 1993-09-01 | ASGARR Consortium GARR, IT")),
)
_IN_CLEAR = ALL_TRANSPORTS - {"doh"}
_WITH_DOH = {"cloudflare", "google", "quad9"}
# operator, region, what an authoritative server sees of it, addresses
_RECURSIVE = (
    ("cloudflare", 0, "172.68.9.11", "1.1.1.1 1.0.0.1 2606:4700:4700::1111 2606:4700:4700::1001"),
    ("google", 1, "172.253.12.3", "8.8.8.8 8.8.4.4 2001:4860:4860::8888 2001:4860:4860::8844"),
    ("quad9", 2, "74.63.29.242", "9.9.9.9 149.112.112.112 2620:fe::fe 2620:fe::9"),
    ("isp", 0, "195.34.32.116", "195.34.32.116 2a02:2698::53"),
    ("nsdi", 1, "193.232.160.49", "195.208.4.1 195.208.5.1 2a0c:a9c7:8::1 2a0c:a9c7:9::1"),
    ("ix", 1, "193.232.93.81", "62.76.76.62 62.76.62.76 2001:6d0:6d0::2001 2001:6d0:d6::2001"),
    ("opendns", 2, "208.69.34.1", "208.67.222.222 2620:119:35::35"),
    ("yandex", 1, "77.88.8.1", "77.88.8.8 77.88.8.1 2a02:6b8::feed:ff"),
)
_GOOGLE_SERVERS = ("216.239.32.10", "2001:4860:4802:32::a")  # ns1.google.com, authoritative alone
_REFERRING = {
    "root": "198.41.0.4 2001:503:ba3e::2:30 199.9.14.201 2001:500:200::b 170.247.170.2 192.33.4.12 2001:500:2::c"
    " 192.5.5.241 2001:500:2f::f 193.0.14.129 2001:7fd::1 199.7.83.42 2001:500:9f::42",
    "auth-nsdi": "195.208.6.1 195.208.7.1 193.232.147.53 193.232.253.53 2a0c:a9c7:a::1 2a0c:a9c7:b::1"
    " 2a0c:a9c7:147:0:193:232:147:53 2a0c:a9c7:253:0:193:232:253:53",
}
