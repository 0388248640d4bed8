"""How often one client may ask: pure, the time comes as an argument."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address


@dataclass(slots=True, kw_only=True)
class TokenBuckets:
    """A bucket of `burst` tokens a client, refilled by `rate_per_s`. Of many clients the most recent are remembered."""

    rate_per_s: float
    burst: int
    clients: int
    _levels: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)
    """Tokens and the time when they were counted, the least recently seen client first."""

    def take(self, client: str, now_s: float) -> bool:
        """Take a token; tell whether there was one."""
        tokens, counted_s = self._levels.pop(client, (float(self.burst), now_s))
        tokens = min(float(self.burst), tokens + (now_s - counted_s) * self.rate_per_s)
        is_allowed = tokens >= 1
        self._levels[client] = (tokens - is_allowed, now_s)
        while len(self._levels) > self.clients:
            self._levels.popitem(last=False)
        return is_allowed

    def __len__(self) -> int:
        return len(self._levels)


def client_of(peer: str, forwarded_for: str = "") -> str:
    """Return whom to count a request for: an IPv4 address, or an IPv6 /64, which one subscriber has to himself.

    A proxy on this host is believed when it names the client: the last entry of X-Forwarded-For is its own.
    """
    address = _address(peer)
    named = _address(forwarded_for.rpartition(",")[2])
    if address is not None and address.is_loopback and named is not None:
        address = named
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), 64), strict=False))
    return str(address or "")


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
