"""The real network code, kept on loopback: whatever the engine may come to ask, nothing leaves this machine."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from probes.failures import unknown
from probes.guard import Forbidden, Guard
from probes.live import LiveNetwork
from probes.observations import DnsObservation, Target
from probes.steps.dns import resolver_endpoint
from probes.trust import Roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probes.network import Question


@dataclass(frozen=True, slots=True)
class OnlyLoopback(Guard):
    """Lets nothing through that is elsewhere."""

    def check(self, address: str, port: int) -> None:
        if not self.permits(address, port):
            raise Forbidden(f"{address}, port {port}, is not on loopback")

    def permits(self, address: str, port: int) -> bool:
        return bool(port) and ip_address(address).is_loopback


class LoopbackNetwork(LiveNetwork):
    """Measures the site that `bench.healthy_site` tells of; of its DNS-over-HTTPS operators only so many."""

    def __init__(self, site: dict[str, Any], *, operators: int = 2) -> None:
        roots = Roots(name="bench", system=False, pem=site["root"])
        super().__init__(guard=OnlyLoopback(ports=None), trusted_doh=site["doh"][:operators], roots=roots)
        self._resolver = site["resolver"]

    def system_resolvers(self) -> Sequence[str]:
        return (self._resolver,)

    def families(self) -> frozenset[int]:
        return frozenset({4})

    async def ask(self, question: Question) -> DnsObservation:
        """Ask once; whoever is elsewhere is not asked, which looks like any other failure."""
        if self._guard.permits(*_place(question)):
            return await super().ask(question)
        return DnsObservation(
            arm=question.arm,
            purpose=question.purpose,
            target=Target(host=question.name),
            failure=unknown("not on loopback"),
            resolver=question.resolver,
            transport=question.transport,
            query_type=question.query_type,
        )


def _place(question: Question) -> tuple[str, int]:
    """Return the resolver's address and port."""
    if question.transport != "doh":
        return resolver_endpoint(question.resolver)
    parts = urlsplit(question.resolver)
    return parts.hostname or "", parts.port or 443
