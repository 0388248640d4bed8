"""The network as it is: `probes.network.Network` done with sockets, on the running loop and without threads.

What is asked and what the answers mean is for the engine; what an attempt does is in `probes.attempts`.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING, Literal, Self

from probes import attempts, resolvconf, trust
from probes.failures import failure_of, unknown
from probes.guard import Forbidden
from probes.network import Question
from probes.observations import Arm, Purpose
from probes.outside import OutsideControls
from probes.steps import dns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from probes.guard import Guard
    from probes.network import Attempt, OutsideQuestion
    from probes.observations import AnyObservation, DnsObservation, OutsideObservation

_LOOKUP_S = 2.0
"""How long one source of addresses for an outside control may take."""
_FAMILIES = (  # a.root-servers.net
    (4, socket.AF_INET, "198.41.0.4"),
    (6, socket.AF_INET6, "2001:503:ba3e::2:30"),
)


class LiveNetwork:
    """Measures from this host. An async context manager; whatever is asked of it belongs inside of it."""

    def __init__(
        self,
        *,
        guard: Guard,
        trusted_doh: Sequence[str],
        outside_controls: Sequence[str] = (),
        resolv_conf: Path = resolvconf.PATH,
        roots: trust.Roots = trust.SYSTEM,
    ) -> None:
        self._guard = guard
        self._trusted_doh = tuple(trusted_doh)
        self._control_urls = tuple(outside_controls)
        self._resolv_conf = resolv_conf
        self._roots = roots
        self._connections = count(1)
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        context = trust.verifying_context("h2", "http/1.1", roots=self._roots)
        self._doh = await self._open.enter_async_context(dns.DohClients(context))
        self._outside = OutsideControls(self._control_urls, resolve=self._addresses_of, roots=self._roots)
        self._open.push_async_callback(self._outside.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._open.aclose()

    def system_resolvers(self) -> Sequence[str]:
        """Return the addresses that resolv.conf names now: networks change while a bot runs."""
        return resolvconf.system_resolvers(self._resolv_conf)

    def trusted_resolvers(self) -> Sequence[str]:
        """Return the URLs of the DNS-over-HTTPS operators that serve as control."""
        return self._trusted_doh

    def families(self) -> frozenset[int]:
        """Return the IP versions that this host has a route for. No packet is sent."""
        return frozenset(version for version, family, address in _FAMILIES if _has_route(family, address))

    def permits(self, address: str, port: int) -> bool:
        """Tell whether the guard lets this address and port be contacted at all."""
        return self._guard.permits(address, port)

    async def ask(self, question: Question) -> DnsObservation:
        """Ask once. Never raises for what the network does."""
        return await dns.ask(question, self._doh, self._guard)

    async def attempt(self, attempt: Attempt, observe: Callable[[AnyObservation], None]) -> None:
        """Connect once and hand each step to `observe` as it ends, the failed one last.

        The guard judges the address right before it is connected to. Never raises for what the network does.
        """
        connection = f"c{next(self._connections)}"
        try:
            self._guard.check(attempt.address, attempt.port or attempt.endpoint.port)
            await attempts.take(attempt, connection, attempt.roots or self._roots, observe)
        except (Forbidden, OSError) as error:
            failure = unknown(f"refused by the guard: {error}") if isinstance(error, Forbidden) else failure_of(error)
            observe(attempts.not_taken(attempt, connection, failure))

    async def ask_outside(self, question: OutsideQuestion) -> Sequence[OutsideObservation]:
        """Ask outside controls until as many have answered as are wanted; if none does, give the last failure."""
        return await self._outside.ask(question)

    async def _addresses_of(self, name: str) -> Sequence[str]:
        """Look up a control's own name, at honest resolvers first: the system's may lie about it as well."""
        honest = [_lookup(name, url, "doh") for url in self._trusted_doh]
        system = [_lookup(name, address, "udp") for address in self.system_resolvers()]
        return await self._first_addresses(honest) or await self._first_addresses(system)

    async def _first_addresses(self, questions: Sequence[Question]) -> Sequence[str]:
        asked = [asyncio.create_task(self.ask(question)) for question in questions]
        try:
            for answer in asyncio.as_completed(asked):
                if addresses := (await answer).addresses:
                    return addresses
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        return ()


def _lookup(name: str, resolver: str, transport: Literal["udp", "doh"]) -> Question:
    return Question(
        name=name,
        query_type="A",
        resolver=resolver,
        transport=transport,
        timeout_s=_LOOKUP_S,
        arm=Arm.CONTROL,
        purpose=Purpose.OUTSIDE,
    )


def _has_route(family: socket.AddressFamily, address: str) -> bool:
    """Tell whether the kernel would send a datagram there from an address that is more than link-local."""
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((address, 53))
            source = ip_address(sock.getsockname()[0])
    except OSError:
        return False
    return not (source.is_link_local or source.is_loopback)
