"""World: the whole internet beyond the censor, as one declarative value, and the ways to say how it differs today."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from tests.lab.world import zone
from tests.lab.world.answers import Action, Route
from tests.lab.world.names import BLOCKPAGE, CONTROLS, INTERCEPTOR, PORTAL, PROXY
from tests.lab.world.parts import Host, Resolver, Rule, Service


@dataclass(frozen=True, kw_only=True)
class World:
    """`World()` is healthy; every `with_…` and `without_…` gives a changed copy."""

    hosts: Mapping[str, Host] = field(default_factory=zone.default_hosts)
    resolvers: Mapping[str, Resolver] = field(default_factory=zone.default_resolvers)
    caches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # address → further names that it serves
    dead_addresses: frozenset[str] = frozenset()

    def addresses(self) -> frozenset[str]:
        """Every address that is alive, and only those that may be routed on the public internet."""
        named = {address for host in self.hosts.values() for address in host.addresses}
        alive = (named | self.resolvers.keys() | self.caches.keys()) - self.dead_addresses
        return frozenset(address for address in alive if zone.routable(address))

    def host(self, name: str) -> Host:
        """Return the host that serves this name, a wildcard's included. Raises KeyError where none does."""
        found = zone.match(self.hosts, name)
        if found is None:
            raise KeyError(name)
        return found

    def addresses_of(self, name: str) -> tuple[str, ...]:
        """Where the name is truly served: its whole pool, aliases followed; () where it has no address."""
        return zone.addresses_of(self.hosts, name)

    @property
    def portal_address(self) -> str:
        return self.addresses_of(PORTAL)[0]

    @property
    def blockpage_address(self) -> str:
        return self.addresses_of(BLOCKPAGE)[0]

    @property
    def interceptor_address(self) -> str:
        return self.addresses_of(INTERCEPTOR)[0]

    @property
    def proxy_address(self) -> str:
        return self.addresses_of(PROXY)[0]

    @property
    def control_addresses(self) -> tuple[str, ...]:
        return tuple(address for name in CONTROLS for address in self.addresses_of(name))

    def with_host(self, *names: str, **changes: Any) -> Self:
        """Change fields of these hosts; a name that is new gets an IPv4 and an IPv6 address of its own."""
        if "addresses" in changes:
            changes.setdefault("cname", "")
        elif changes.get("cname"):
            changes["addresses"] = ()
        changed = {name: replace(self._host_or_new(name), **changes) for name in names}
        return replace(self, hosts={**self.hosts, **changed})

    def _host_or_new(self, name: str) -> Host:
        found = zone.match(self.hosts, name)
        if found is None:
            return Host(name=name, addresses=zone.derived_addresses(name))
        return replace(found, name=name)

    def _machine(self, name: str) -> Host:
        """Whose addresses a name is served at: ports belong to the machine, certificates and pages to the name."""
        return self.host(zone.aliases(self.hosts, name)[-1])

    def with_route(self, name: str, path: str, action: Action) -> Self:
        """Answer one path of a host otherwise than before; a path that ends in "/" stands for all below it."""
        return self.with_host(name, routes=(Route(path, action), *self._host_or_new(name).routes))

    def without_host(self, *names: str) -> Self:
        """Let the names cease to exist: honest resolvers say NXDOMAIN."""
        return replace(self, hosts={name: host for name, host in self.hosts.items() if name not in names})

    def with_resolver(self, at: str, *rules: Rule, **changes: Any) -> Self:
        """Put rules before those of resolvers and change their fields; `at` is an address, an operator or "*"."""
        chosen = [r for r in self.resolvers.values() if at in ("*", r.address, r.operator)]
        if not chosen:
            raise KeyError(at)
        changed = {r.address: replace(r, rules=(*rules, *r.rules), **changes) for r in chosen}
        return replace(self, resolvers={**self.resolvers, **changed})

    def with_dead(self, *names_or_addresses: str) -> Self:
        """Nothing answers there any more, whatever is asked; a name means all addresses of its pool."""
        gone = {a for given in names_or_addresses for a in (self.addresses_of(given) or (_address(given),))}
        return replace(self, dead_addresses=self.dead_addresses | gone)

    def with_refused(self, name: str, *ports: int) -> Self:
        """The host's machine is up, but nothing listens on these ports (none given: on no port at all)."""
        machine = self._machine(name)
        still_open = {p: s for p, s in machine.ports.items() if ports and p not in ports}
        return self.with_host(machine.name, ports=still_open)

    def with_silent(self, name: str, *ports: int) -> Self:
        """These ports of the host swallow every SYN."""
        machine = self._machine(name)
        silent: dict[int, Service] = dict.fromkeys(ports, "silent")
        return self.with_host(machine.name, ports={**machine.ports, **silent})

    def with_cache(self, address: str, *names: str) -> Self:
        """An honest copy of these names' servers inside another network; a resolver gives it out only by a rule."""
        return replace(self, caches={**self.caches, address: (*self.caches.get(address, ()), *names)})

    def with_control(self, action: Action) -> Self:
        """What all outside controls answer, such as `Page(status=503)`, `HANG`, `RESET` or `GARBAGE`."""
        return self.with_host(*CONTROLS, page=action)


def _address(given: str) -> str:
    try:
        return str(ipaddress.ip_address(given))
    except ValueError:
        raise KeyError(given) from None
