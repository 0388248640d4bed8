"""Atlas: a world compiled for look-ups by address, port and name, with the little state that its servers keep."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab.world import zone
from tests.lab.world.model import World
from tests.lab.world.parts import Host, Resolver, Service

JOURNAL_ENTRIES = 10_000
DNS_PORT = 53
ANY_NAME = ("proxy", "interceptor")  # services that pass every name on to its true server


@dataclass(frozen=True)
class Endpoint:
    """What listens on one port of one address, and whose it is."""

    address: str
    port: int
    service: Service | str
    host: Host | None


@dataclass(frozen=True)
class Said:
    """What a resolver always says to one question, without the message's id."""

    name: str
    kind: str
    after_id: bytes
    delay_s: float


@dataclass
class Atlas:
    """Replaced whole when the world is configured anew: counters and journal start from nothing then."""

    world: World
    hosts_at: dict[str, list[Host]] = field(default_factory=dict)
    endpoints: dict[tuple[str, int], Endpoint] = field(default_factory=dict)
    counters: Counter[Any] = field(default_factory=Counter)
    said: dict[tuple[str, str, bytes], Said] = field(default_factory=dict)
    """By resolver, transport and the question's bytes after its id."""
    journal: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=JOURNAL_ENTRIES))

    def __post_init__(self) -> None:
        self.alive = self.world.addresses()
        for address, host in self._placements():
            self.hosts_at.setdefault(address, []).append(host)
            for port, service in host.ports.items():
                self.endpoints.setdefault((address, port), Endpoint(address, port, service, host))
        for address, resolver in self.world.resolvers.items():
            if address in self.alive and "tcp" in resolver.transports:
                self.endpoints[address, DNS_PORT] = Endpoint(address, DNS_PORT, "dns", None)

    def _placements(self) -> Iterator[tuple[str, Host]]:
        for host in self.world.hosts.values():
            for address in host.addresses:
                if address in self.alive:
                    yield address, host
        for address, names in self.world.caches.items():
            if address in self.alive:
                yield from ((address, self.world.host(name)) for name in names)

    def host_named(self, name: str) -> Host | None:
        """Whoever serves this name somewhere; a name below a wildcard is served by the wildcard's host."""
        return zone.match(self.world.hosts, name)

    def host_at(self, address: str, name: str) -> Host | None:
        """Whoever serves this name at this very address: a web server knows only its own names."""
        host = self.host_named(name)
        if host is None:
            return None
        if address in self.world.addresses_of(name) or name in self.world.caches.get(address, ()):
            return host
        return None

    def names_at(self, address: str) -> tuple[str, ...]:
        """Every published name that is served at this address, aliases and wildcards included."""
        own = (name for name, host in self.world.hosts.items() if host.published)
        served = tuple(name for name in own if address in self.world.addresses_of(name))
        return served + self.world.caches.get(address, ())

    def presented(self, endpoint: Endpoint, name: str) -> tuple[Host | None, str]:
        """Tell whose server a client meets that asks an endpoint for a name, and the name on the certificate there.

        No host = the server wants no client of that name.
        """
        if endpoint.service in ANY_NAME:
            return self.host_named(name), name
        host = self.host_at(endpoint.address, name)
        if host is not None:
            return host, name
        machine = endpoint.host
        if machine is None or (name and machine.unknown_name != "default"):
            return None, ""
        return machine, machine.name

    def resolver_at(self, address: str) -> Resolver | None:
        return self.world.resolvers.get(address) if address in self.alive else None

    def turn(self, *key: Any) -> int:
        """How often this has been asked before."""
        self.counters[key] += 1
        return self.counters[key] - 1

    def note(self, kind: str, **what: Any) -> None:
        self.journal.append({"kind": kind, **what})


@dataclass
class Live:
    """The world as it is at this moment; what serves a connection looks at it anew for each request."""

    atlas: Atlas
    ca_directory: Path
