"""Which addresses and ports may be contacted at all.

The judgement falls on the resolved address that is then connected to, never on a name: a name can point anywhere.
Names as people type them are `probes.targets`' affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    Address = IPv4Address | IPv6Address

WEB_PORTS = frozenset({80, 443})

# From the IANA special-purpose registries (RFC 6890): our own table, since `is_global` of the standard library differs
# between patch releases of Python 3.11.
_SPECIAL = {
    "0.0.0.0/8": "this network (RFC 1122)",
    "10.0.0.0/8": "a private network (RFC 1918)",
    "100.64.0.0/10": "a carrier's own network (RFC 6598)",
    "127.0.0.0/8": "this host itself (RFC 1122)",
    "168.63.129.16/32": "a cloud's door to its own machines (Azure)",
    "169.254.0.0/16": "the local link (RFC 3927)",
    "172.16.0.0/12": "a private network (RFC 1918)",
    "192.0.0.0/24": "reserved for protocols (RFC 6890)",
    "192.0.2.0/24": "reserved for documentation (RFC 5737)",
    "192.88.99.0/24": "reserved, once for 6to4 relays (RFC 7526)",
    "192.168.0.0/16": "a private network (RFC 1918)",
    "198.18.0.0/15": "reserved for benchmarks (RFC 2544)",
    "198.51.100.0/24": "reserved for documentation (RFC 5737)",
    "203.0.113.0/24": "reserved for documentation (RFC 5737)",
    "224.0.0.0/4": "multicast (RFC 5771)",
    "240.0.0.0/4": "reserved (RFC 1112)",
    "::/128": "no address (RFC 4291)",
    "::1/128": "this host itself (RFC 4291)",
    "64:ff9b:1::/48": "a local translator's prefix (RFC 8215)",
    "2001:db8::/32": "reserved for documentation (RFC 3849)",
    "3fff::/20": "reserved for documentation (RFC 9637)",
    "fc00::/7": "a private network (RFC 4193)",
    "fe80::/10": "the local link (RFC 4291)",
    "fec0::/10": "a private network (RFC 3879)",
    "ff00::/8": "multicast (RFC 4291)",
}
_NOT_PUBLIC = {ip_network(network): kind for network, kind in _SPECIAL.items()}
_PROTOCOLS_V6 = ip_network("2001::/23")
_GLOBAL_UNICAST_V6 = ip_network("2000::/3")
_MAPPED = ip_network("::ffff:0:0/96")
_NAT64 = ip_network("64:ff9b::/96")


class Forbidden(Exception):  # noqa: N818 -- it says what the address is, as `except Forbidden` reads
    """The guard refuses; its text is one sentence for people."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Lets through global unicast addresses alone, on `ports` (None: on any)."""

    ports: frozenset[int] | None
    extra_networks: tuple[str, ...] = ()
    """Networks in CIDR form that are let through as well. Only tests have any: a lab on loopback."""

    def check(self, address: str, port: int) -> None:
        """Raise `Forbidden` unless `address` may be contacted on `port`."""
        reason = _refusal(self, address, port)
        if reason:
            raise Forbidden(reason)

    def permits(self, address: str, port: int) -> bool:
        """Tell whether `check` would let this address and port pass."""
        return _refusal(self, address, port) is None


@lru_cache(maxsize=4096)
def _refusal(guard: Guard, address: str, port: int) -> str | None:
    """Say why not, if not. A check asks this of every address it knows, over and over."""
    allowed = range(1, 65536) if guard.ports is None else guard.ports
    if port not in allowed:
        return f"Port {port} is not contacted{'' if guard.ports is None else '; only ' + _listed(guard.ports)}."
    parsed = _parse(address)
    if parsed is None:
        return f"{address[:64]!r} is not an IP address without a zone."
    if any(parsed in ip_network(extra) for extra in guard.extra_networks):
        return None
    kind = _not_public(parsed)
    return f"{address} is not contacted: it is {kind}." if kind else None


PUBLIC = Guard(ports=WEB_PORTS)
"""For hosts that people type."""

PUBLIC_ANY_PORT = Guard(ports=None)
"""For the catalogue's endpoints, whose protocols have ports of their own."""


def _parse(address: str) -> Address | None:
    try:
        parsed = ip_address(address)
    except ValueError:
        return None
    return None if isinstance(parsed, IPv6Address) and parsed.scope_id is not None else parsed


def _not_public(address: Address) -> str | None:
    """Say what kind of address this is, unless it is global unicast, and so is every IPv4 address inside it."""
    for network, kind in _NOT_PUBLIC.items():
        if address in network:
            return kind
    if isinstance(address, IPv4Address):
        return None
    inner = tuple(_embedded(address))
    for embedded in inner:
        if inner_kind := _not_public(embedded):
            return f"another form of {embedded}, which is {inner_kind}"
    if inner or (address in _GLOBAL_UNICAST_V6 and address not in _PROTOCOLS_V6):
        return None
    return "reserved (RFC 4291)"


def _embedded(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield the IPv4 addresses that a packet to this one is, or may be, passed on to (RFC 4291, 6052, 3056, 4380)."""
    if address in _MAPPED or address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo


def _listed(ports: frozenset[int]) -> str:
    return " and ".join(str(port) for port in sorted(ports)) + (" are" if len(ports) > 1 else " is")
