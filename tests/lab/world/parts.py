"""The parts of a world: hosts and resolvers. Frozen, picklable values without behaviour; the servers act on them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tests.lab.world.answers import ALL_TRANSPORTS, Action, Answer, Page, Route, Transport

# What a TLS server shows: a chain from the lab's public CA, or one of the ways to fail it.
Certificate = Literal["valid", "expired", "wrong_name", "self_signed", "unknown_ca", "national", "private"]
# What a server does with a name that it does not serve; with the first two, "server reached" is seen.
UnknownName = Literal["default", "alert", "reset"]
# What follows a ClientHello.
Hello = Literal["answer", "alert", "close", "reset", "silent", "garbage"]
# What listens on a port. `silent` drops the SYN; a port that is not listed refuses.
Service = Literal["web", "chat", "mtproto", "proxy", "interceptor", "silent"]
Mtproto = Literal["answer", "error", "silent", "close"]
Role = Literal["recursive", "root"]

WEB_PORTS: Mapping[int, Service] = {80: "web", 443: "web"}


def web_ports() -> dict[int, Service]:
    return dict(WEB_PORTS)


@dataclass(frozen=True, kw_only=True)
class Host:
    """A name, the addresses that serve it, and how it behaves there. `*.example.org` stands for all names below."""

    name: str
    addresses: tuple[str, ...] = ()
    cname: str = ""  # an alias: served where its target is
    published: bool = True  # False: has addresses, but the DNS does not know it
    geo: bool = False  # each resolver's region hears of a part of the addresses
    ttl_s: int = 60
    ports: Mapping[int, Service] = field(default_factory=web_ports)
    certificate: Certificate = "valid"
    unknown_name: UnknownName = "default"
    hello: Hello = "answer"
    hello_delay_s: float = 0.0
    alpn: tuple[str, ...] = ("h2", "http/1.1")
    page: Action = field(default_factory=Page)  # for every path that no route names
    routes: tuple[Route, ...] = ()
    quic: bool = False
    stun: bool = True
    mtproto: Mtproto = "answer"


@dataclass(frozen=True)
class Rule:
    """How a resolver treats a name and all below it ("." = every name): one answer a query, in turn, over again."""

    suffix: str
    answers: tuple[Answer, ...]
    transports: frozenset[Transport] = ALL_TRANSPORTS

    def covers(self, name: str, transport: Transport) -> bool:
        """Tell whether a question falls under this rule; the name is lower case, without its last dot."""
        suffix = self.suffix
        below = suffix in (".", name) or name.endswith("." + suffix)
        return below and transport in self.transports


def rule(suffix: str, *answers: Answer, transports: Iterable[Transport] = ALL_TRANSPORTS) -> Rule:
    return Rule(suffix.lower().strip(".") or ".", answers, frozenset(transports))


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """A name server at one address. A `root` refers every question downwards and never recurses."""

    address: str
    operator: str
    egress: str  # what whoami.akamai.net sees
    role: Role = "recursive"
    region: int = 0  # which part of a geo host's addresses it hears of
    rules: tuple[Rule, ...] = ()  # the first that covers a question decides
    transports: frozenset[Transport] = ALL_TRANSPORTS
