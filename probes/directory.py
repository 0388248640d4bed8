"""National DNS directories: which there are, and what their answers mean. Pure; `probes.directory_lookup` asks them.

A directory's finding is about the directory alone. It says nothing of whether this host reaches a service, and what
this host reaches says nothing of it.
"""

from __future__ import annotations

import ipaddress
import tomllib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Literal

from probes.model import DirectoryFinding
from probes.observations import DnsObservation
from probes.trials import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from probes.observations import DnsReply

Transport = Literal["udp", "tcp"]
Word = Literal["given", "false", "denied", "empty"]
"""What one answer says: addresses, addresses that cannot be on the internet, no such name, a name without addresses."""

ENOUGH = 2
"""How many tries, and how many DNS-over-HTTPS operators, must agree."""
WHOAMI = "whoami.akamai.net"
"""Resolves to the address that the resolver itself asks from (https://www.akamai.com/blog/developers)."""
_SAME_NETWORK_BITS = 16
DENIES: frozenset[Word | None] = frozenset({"denied", "empty"})


@dataclass(frozen=True, slots=True)
class Server:
    """One of a directory's recursive servers, whatever addresses it has."""

    id: str
    addresses: tuple[str, ...]

    def address_for(self, nth: int, families: frozenset[int]) -> str:
        """Return where to ask for the `nth` time (from 1): each address that this host has a route to, in turn."""
        usable = [a for a in self.addresses if family_of(a) in families] or list(self.addresses)
        return usable[(nth - 1) % len(usable)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One entry of directories.toml."""

    id: str
    name: str
    country: str
    control_names: tuple[str, ...]
    servers: tuple[Server, ...]


@cache
def shipped() -> tuple[Directory, ...]:
    """Return the directories that come with the package."""
    text = resources.files("probes").joinpath("directories.toml").read_text(encoding="utf-8")
    return tuple(
        Directory(
            id=entry["id"],
            name=entry["name"],
            country=entry["country"],
            control_names=tuple(entry["control_names"]),
            servers=tuple(Server(server["id"], tuple(server["addresses"])) for server in entry["servers"]),
        )
        for entry in tomllib.loads(text)["directory"]
    )


# --- one answer ------------------------------------------------------------------------------------------------------


def word_of(observation: DnsObservation, permits: Callable[[str, int], bool]) -> Word | None:
    """Return what an answer says of the name; None for silence, an error, or answers that contradict each other."""
    if observation.late_replies:
        return None
    if observation.addresses:
        return "given" if all(permits(address, 443) for address in observation.addresses) else "false"
    if observation.failure == "dns_nxdomain_error":
        return "denied"
    return "empty" if observation.failure == "dns_no_answer" else None


def is_policy(reply: DnsReply | None) -> bool:
    """Tell a denial that was made up: with the AA flag of a zone's own server, without the SOA of RFC 2308 §2.1."""
    if reply is None or reply.rcode != "NXDOMAIN":
        return False
    return "aa" in reply.flags and not any(record.type == "SOA" for record in reply.authority)


# --- the path to a directory -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Path:
    """How a directory can be asked from here: the servers that are alive, over the transport that really leads there.

    Without any server that is alive, the directory is silent, and nothing that it seems to say is believed.
    """

    transport: Transport = "udp"
    alive: tuple[Server, ...] = ()


@dataclass(frozen=True)
class Soundings:
    """What was asked of a directory that has nothing to do with any service, and of a root server beside it."""

    directory: Directory
    observations: Sequence[DnsObservation]
    root_servers: tuple[str, ...]
    random_name: str
    """A name that nobody has registered: who resolves it resolves everything."""
    permits: Callable[[str, int], bool]

    def alive(self, transport: Transport) -> tuple[Server, ...]:
        """Return the servers that resolve every control name, and deny what does not exist."""
        return tuple(server for server in self.directory.servers if self._is_alive(server, transport))

    def _is_alive(self, server: Server, transport: Transport) -> bool:
        given = {o.target.host for o in self._of(server, transport) if word_of(o, self.permits) == "given"}
        return given.issuperset(self.directory.control_names) and self.random_name not in given

    def leads_there(self, transport: Transport) -> bool:
        """Tell whether questions seem to reach those that they are sent to.

        They do not where a root server resolves a name, or where a server that is asked over UDP turns out to ask from
        quite another network than over TCP: UDP to port 53 is what is led elsewhere (net4people/bbs#657).
        """
        if any(o.resolver in self.root_servers and o.transport == transport and o.addresses for o in self.observations):
            return False
        return transport == "tcp" or not any(self._asks_from_elsewhere(server) for server in self.directory.servers)

    def _asks_from_elsewhere(self, server: Server) -> bool:
        udp, tcp = (self._egress(server, transport) for transport in ("udp", "tcp"))
        return bool(udp and tcp) and udp.isdisjoint(tcp)

    def _egress(self, server: Server, transport: Transport) -> set[ipaddress.IPv4Network]:
        told = (a for o in self._of(server, transport) if o.target.host == WHOAMI for a in o.addresses)
        return {ipaddress.IPv4Network(f"{a}/{_SAME_NETWORK_BITS}", strict=False) for a in told if ":" not in a}

    def _of(self, server: Server, transport: Transport) -> Iterable[DnsObservation]:
        return (o for o in self.observations if o.resolver in server.addresses and o.transport == transport)

    @property
    def path(self) -> Path:
        """Choose UDP, as everybody asks, and TCP where UDP does not lead there."""
        for transport in _TRANSPORTS:
            alive = self.alive(transport)
            if alive and self.leads_there(transport):
                return Path(transport, alive)
        return Path()


_TRANSPORTS: tuple[Transport, ...] = ("udp", "tcp")


# --- one name --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NameInDirectory:
    """All answers about one name: the directory's own, validated operators', and a root server's."""

    path: Path
    observations: Sequence[DnsObservation]
    root_servers: tuple[str, ...]
    permits: Callable[[str, int], bool]

    @property
    def status(self) -> str:
        """Return "listed", "delisted", "spoofed" (false addresses), "dead" (for everybody), "unclear" or "silent".

        Delisted: every server that is alive denies the name, in two tries of three or more, while two operators or more
        resolve it. Where one server alone is alive, its denials must also bear the marks of a policy.
        """
        if not self.path.alive:
            return "silent"
        said = {self._word_of(server) for server in self.path.alive}
        if said == {"given"}:
            return "listed"
        if said == {"false"}:
            return "spoofed"
        honest = Counter(word_of(o, self.permits) for o in self.observations if o.transport == "doh")
        if not honest["given"]:
            return self._status_of_nothing(honest)
        denied = said <= DENIES and (len(self.path.alive) > 1 or self._is_policy)
        return "delisted" if denied and honest["given"] >= ENOUGH else "unclear"

    def _status_of_nothing(self, honest: Counter[Word | None]) -> str:
        """Judge a name that no operator resolves: one that exists without an address is not what people miss."""
        if honest["denied"] >= ENOUGH:
            return "dead"
        alike = all(set(self._words(server, self.path.transport)) == {"empty"} for server in self.path.alive)
        return "listed" if alike and honest["empty"] >= ENOUGH else "unclear"

    def _word_of(self, server: Server) -> Word | None:
        """Return what a server says in most of its tries; what it gives over TCP, harder to forge, overrules them."""
        udp, tcp = (self._words(server, transport) for transport in _TRANSPORTS)
        tries = tcp if self.path.transport == "tcp" or self._injected else udp
        if "given" in tcp:
            return "given"
        denials = sum(word in DENIES for word in tries)
        if denials >= ENOUGH and denials * 2 > len(tries):
            return "denied" if "denied" in tries else "empty"
        agreed = len({*tries, *tcp}) == 1
        return tries[0] if tries and agreed and not denials else None

    def _words(self, server: Server, transport: Transport) -> list[Word]:
        mine = (o for o in self.observations if o.resolver in server.addresses and o.transport == transport)
        return [word for o in mine if (word := word_of(o, self.permits)) is not None]

    @property
    def _injected(self) -> bool:
        """A root server seems to resolve the name, or to deny it, which none does: somebody on the way does."""
        root = [o.reply for o in self.observations if o.resolver in self.root_servers and o.reply is not None]
        return any(reply.answers or (reply.rcode == "NXDOMAIN" and not reply.authority) for reply in root)

    @property
    def _is_policy(self) -> bool:
        alive = {address for server in self.path.alive for address in server.addresses}
        return all(is_policy(o.reply) for o in self.observations if o.resolver in alive and o.reply is not None)


def conclude(directory: Directory, names: Mapping[str, str]) -> DirectoryFinding:
    """Sum the statuses of a service's names up: delisted where one of them is, listed only where one of them is.

    A directory that does neither says nothing of the service, and counts as silent.
    """
    told = set(names.values())
    status: Literal["listed", "delisted", "silent"] = (
        "delisted" if "delisted" in told else "listed" if "listed" in told else "silent"
    )
    return DirectoryFinding(id=directory.id, status=status, names=dict(names))
