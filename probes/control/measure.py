"""What the control looks at for one request: names first, then connects, handshakes and the page, all at once.

Addresses that are not public are never contacted. What this host cannot know is not in the answer, and is never a
failure in it: with IPv4 alone it tells nothing of IPv6, and without any resolver it tells nothing at all
(`UnableError`), since whoever asks would take its trouble for the target's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from probes.control import protocol
from probes.control.names import Found, look_up
from probes.control.plan import Plan
from probes.control.protocol import AddressInfo, Answer, Connect, Handshake, Names, Page, join_endpoint
from probes.model import Endpoint
from probes.network import Attempt, Network, Timeouts
from probes.observations import Arm, Purpose, TcpObservation, TlsObservation

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from probes.http_names import Resolve
    from probes.observations import AnyObservation

    Visit = Callable[[Plan, Resolve], Coroutine[Any, Any, Page | None]]

RESOLVER_S = 1.2
RESOLVERS = 2
CONNECT_S = 3.5
HANDSHAKE_S = 3.0
PAGE_S = CONNECT_S + HANDSHAKE_S
"""Time limits. A whole measurement takes up to `RESOLVERS` * `RESOLVER_S` + `PAGE_S`: 8.9 s of the 10 s that those who
ask will wait. A SYN is sent three times within `CONNECT_S` (RFC 6298: at 0, 1 and 3 s)."""
MAX_ADDRESSES = 12
"""Of those asked for and those found, in this order. The others are not tried."""
_HTTPS_PORT = 443
_OF_THIS_HOST = ("unknown_failure", "address_not_available", "network_down", "no_buffer_space", "permission_denied")
"""How connect failures begin that say nothing of the other end."""


class UnableError(Exception):
    """The control cannot measure what was asked, which says nothing of the target."""


@dataclass(frozen=True, slots=True)
class _Measurement:
    """One request's, with what it has found so far."""

    plan: Plan
    network: Network
    found: Found
    families: frozenset[int]
    tcp: dict[str, TcpObservation] = field(default_factory=dict)
    tls: dict[str, TlsObservation] = field(default_factory=dict)

    @property
    def addresses(self) -> Sequence[str]:
        return tuple(dict.fromkeys((*self.plan.asked, *self.found.addresses)))[:MAX_ADDRESSES]

    def usable(self, addresses: Sequence[str]) -> Sequence[str]:
        """Return those of a family that this host has a route for."""
        return [address for address in addresses if ip_address(address).version in self.families]

    async def resolve(self, name: str) -> Sequence[str]:
        """Resolve the name of the page, or of one that it redirects to."""
        found = self.found if name.rstrip(".") == self.plan.host else await _look_up(name, self.network)
        return self.usable(found.addresses)

    async def connect_everywhere(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for address in self.usable(self.addresses):
                for port in self.plan.ports:
                    if self.network.permits(address, port):
                        tasks.create_task(self._connect(address, port))

    async def _connect(self, address: str, port: int) -> None:
        """Connect, and shake hands where the port is one for TLS. What fails on this host's side is no outcome."""
        seen: list[AnyObservation] = []
        attempt = Attempt(
            endpoint=Endpoint("tls" if self.plan.takes_tls(port) else "tcp", self.plan.host, port),
            address=address,
            timeouts=Timeouts(connect_s=CONNECT_S, handshake_s=HANDSHAKE_S),
            arm=Arm.CONTROL,
            purpose=Purpose.OUTSIDE,
        )
        await self.network.attempt(attempt, seen.append)
        for observation in seen:
            if isinstance(observation, TlsObservation):
                self.tls[join_endpoint(address, port)] = observation
            elif isinstance(observation, TcpObservation) and not _is_of_this_host(observation.failure):
                self.tcp[join_endpoint(address, port)] = observation

    def answer(self, page: Page) -> Answer:
        return Answer(
            tcp_connect={where: _connect(tcp) for where, tcp in self.tcp.items()},
            tls_handshake={where: _handshake(tls) for where, tls in self.tls.items()},
            http_request=page,
            dns=Names(failure=protocol.dns_failure(self.found.failure), addrs=list(self.found.addresses)),
            ip_info={address: AddressInfo(flags=self._flags(address)) for address in self.addresses},
        )

    def _flags(self, address: str) -> int:
        handshakes = (self.tls.get(join_endpoint(address, port)) for port in self.plan.ports)
        return (
            protocol.FROM_PROBE * (address in self.plan.asked)
            | protocol.FROM_CONTROL * (address in self.found.addresses)
            | protocol.BOGON * (not self.network.permits(address, _HTTPS_PORT))
            | protocol.VALID * any(tls is not None and tls.failure is None for tls in handshakes)
        )


async def measure(plan: Plan, network: Network, visit: Visit) -> Answer:
    """Measure what was asked, the page by `visit`. Raises `UnableError`; nothing for what the network does."""
    found = Found(answered=True) if plan.host_is_address else await _look_up(plan.host, network)
    if not found.answered:
        raise UnableError("no resolver answers")
    measurement = _Measurement(plan, network, found, network.families())
    if found.addresses and not measurement.usable(found.addresses):
        raise UnableError("the name has no address of a family that works here")
    async with asyncio.TaskGroup() as tasks:
        visiting = tasks.create_task(_page(plan, measurement.resolve, visit))
        tasks.create_task(measurement.connect_everywhere())
    page = visiting.result()
    if page is None:
        raise UnableError("this host has run out of sockets")
    return measurement.answer(page)


async def _page(plan: Plan, resolve: Resolve, visit: Visit) -> Page | None:
    return Page(failure=protocol.UNKNOWN) if plan.connect_only else await visit(plan, resolve)


async def _look_up(name: str, network: Network) -> Found:
    return await look_up(network, name, network.trusted_resolvers()[:RESOLVERS], timeout_s=RESOLVER_S)


def _is_of_this_host(failure: str | None) -> bool:
    return failure is not None and failure.startswith(_OF_THIS_HOST)


def _connect(tcp: TcpObservation) -> Connect:
    return Connect(status=tcp.failure is None, failure=protocol.connect_failure(tcp.failure))


def _handshake(tls: TlsObservation) -> Handshake:
    return Handshake(server_name=tls.target.host, status=tls.failure is None, failure=tls.failure)
