"""A censor's rules made quick to ask: which rule fires for this address, name or protocol? Hits are counted here."""

import ipaddress
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar

from tests.lab.censor import (
    Address,
    Censor,
    Dns,
    HttpHost,
    MtProto,
    Payload,
    QuicSni,
    Redirect,
    Rule,
    Sni,
    Stun,
    Trigger,
)
from tests.lab.packets import ICMP, ICMPV6, TCP, UDP, Packet
from tests.lab.sniff import MoreNeededError, Question

if TYPE_CHECKING:
    from tests.lab.flows import Limit

_TRANSPORTS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmp"}
_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 15: "MX", 16: "TXT", 28: "AAAA", 64: "SVCB", 65: "HTTPS"}

T = TypeVar("T", bound=Trigger)


class ArmedRule:
    """A rule with its luck, its count of hits, and the limits that its flows share."""

    def __init__(self, rule: Rule, seed: str) -> None:
        self.rule = rule
        self.hits = 0
        self.limits: dict[bool, Limit] = {}
        self._seen = 0
        self._random = random.Random(seed)

    def fires(self) -> bool:
        """Decide, now that the trigger was seen, whether the rule acts this time."""
        self._seen += 1
        if (self._seen - 1) % self.rule.every or self._random.random() >= self.rule.probability:
            return False
        self.hits += 1
        return True


class NameIndex:
    """Finds, among many lists of name patterns, those that cover a name: one look-up a label."""

    def __init__(self, lists: Iterable[str]) -> None:
        self._places: dict[str, set[int]] = defaultdict(set)
        for place, names in enumerate(lists):
            for pattern in names.lower().split():
                self._places[pattern.rstrip(".")].add(place)

    def find(self, name: str) -> set[int]:
        """Return the places of the lists with a pattern for `name`, which is lower case and may be empty."""
        found = self._places.get("*", set()) | self._places.get("=" + name, set())
        while name:
            found = found | self._places.get(name, set())
            name = name.partition(".")[2]
        return found


class AddressIndex:
    """Finds, among many lists of addresses and networks, those that cover an address; an empty list covers all."""

    def __init__(self, lists: Iterable[str]) -> None:
        self._networks: dict[tuple[int, int], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        self._everywhere: set[int] = set()
        self._known: dict[bytes, set[int]] = {}
        for place, addresses in enumerate(lists):
            if not addresses.strip():
                self._everywhere.add(place)
            for network in map(ipaddress.ip_network, addresses.split()):
                shift = network.max_prefixlen - network.prefixlen
                self._networks[len(network.network_address.packed), shift][int(network.network_address) >> shift].add(
                    place
                )

    def find(self, address: bytes) -> set[int]:
        if address not in self._known:
            self._known[address] = self._everywhere.union(*self._covering(address))
        return self._known[address]

    def _covering(self, address: bytes) -> Iterable[set[int]]:
        number = int.from_bytes(address, "big")
        for (size, shift), networks in self._networks.items():
            if size == len(address):
                yield networks.get(number >> shift, set())


class Group(Generic[T]):
    """The rules of one kind of trigger, in the censor's order."""

    def __init__(
        self, rules: Sequence[ArmedRule], kind: type[T], names: Callable[[T], str], addresses: Callable[[T], str]
    ) -> None:
        self._rules = [(armed, armed.rule.trigger) for armed in rules if isinstance(armed.rule.trigger, kind)]
        self._names = NameIndex(names(trigger) for _, trigger in self._rules)
        self._addresses = AddressIndex(addresses(trigger) for _, trigger in self._rules)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def first(self, name: str, address: bytes, suits: Callable[[T], bool] = lambda _: True) -> ArmedRule | None:
        """Return the first rule that knows the name and the address, whose trigger suits, and that fires."""
        for place in sorted(self._names.find(name) & self._addresses.find(address)):
            armed, trigger = self._rules[place]
            if suits(trigger) and armed.fires():
                return armed
        return None


class Rulebook:
    """All rules of a censor. Each question returns the rule that fires, if one does; a group is falsy without rules."""

    def __init__(self, censor: Censor) -> None:
        self.armed = [ArmedRule(rule, f"{censor.seed}:{place}") for place, rule in enumerate(censor.rules)]
        self.addresses = Group(self.armed, Address, lambda _: "*", lambda trigger: trigger.addresses)
        self.dns = Group(self.armed, Dns, lambda trigger: trigger.names, lambda trigger: trigger.resolvers)
        self.sni = Group(self.armed, Sni, lambda trigger: trigger.names, lambda trigger: trigger.addresses)
        self.hosts = Group(self.armed, HttpHost, lambda trigger: trigger.names, lambda trigger: trigger.addresses)
        self.quic = Group(self.armed, QuicSni, lambda trigger: trigger.names, lambda trigger: trigger.addresses)
        self.stun = Group(self.armed, Stun, lambda _: "*", lambda trigger: trigger.addresses)
        self.mtproto = Group(self.armed, MtProto, lambda _: "*", lambda trigger: trigger.addresses)
        self.payload = Group(self.armed, Payload, lambda _: "*", lambda trigger: trigger.addresses)

    @property
    def may_splice(self) -> bool:
        """Tell whether a rule may send a TCP connection elsewhere that is open already."""
        return any(
            isinstance(armed.rule.action, Redirect) and not isinstance(armed.rule.trigger, Address)
            for armed in self.armed
        )

    def for_address(self, packet: Packet) -> ArmedRule | None:
        def suits(trigger: Address) -> bool:
            return (
                trigger.port in (0, packet.destination_port)
                and trigger.transport in (None, _TRANSPORTS.get(packet.protocol))
                and trigger.family in (None, packet.version)
            )

        return self.addresses.first("", packet.destination, suits)

    def for_question(self, question: Question, packet: Packet) -> ArmedRule | None:
        kind, transport = _TYPES.get(question.kind, str(question.kind)), _TRANSPORTS[packet.protocol]

        def suits(trigger: Dns) -> bool:
            return transport in trigger.transports and (not trigger.types or kind in trigger.types.split())

        return self.dns.first(question.name, packet.destination, suits)

    def for_quic(self, name: str, version: int, packet: Packet) -> ArmedRule | None:
        return self.quic.first(name, packet.destination, lambda trigger: version in trigger.versions)

    def for_stun(self, packet: Packet) -> ArmedRule | None:
        port = packet.destination_port
        return self.stun.first("", packet.destination, lambda trigger: port in _ports(trigger.ports))

    def for_mtproto(self, kind: str, packet: Packet) -> ArmedRule | None:
        def suits(trigger: MtProto) -> bool:
            return trigger.plain if kind == "plain" else trigger.obfuscated

        return self.mtproto.first("", packet.destination, suits)

    def for_payload(self, data: bytes, packet: Packet) -> ArmedRule | None:
        """Raises MoreNeededError while no pattern is found: it may come yet."""
        found = False

        def suits(trigger: Payload) -> bool:
            nonlocal found
            fits = data.startswith(trigger.prefix) and trigger.contains in data
            found = found or fits
            return fits

        armed = self.payload.first("", packet.destination, suits)
        if not found:
            raise MoreNeededError
        return armed


@cache
def _ports(text: str) -> frozenset[int]:
    """Read "3478-3482 3484": those ports; nothing: every port."""
    if not text.strip():
        return frozenset(range(65_536))
    ranges = (part.partition("-") for part in text.split())
    return frozenset(port for low, _, high in ranges for port in range(int(low), int(high or low) + 1))
