"""What a censor does, said in a few lines: `Censor(rules=(Rule(Sni("whatsapp.com"), Drop()), …))`. No behaviour here.

A rule is what the censor recognises and what it does about it. Of the rules that recognise something of the same kind
(an address at a flow's first packet; a DNS question; a name in TLS, HTTP or QUIC; a protocol's first bytes), the first
one that fires acts; so a flow may be throttled for its address and reset for its name.

Lists are text, separated by blanks. A name stands for itself and all names below it, `=name` for itself alone, `*` for
every name, and for no name at all. An address list has addresses and networks of both families.
"""

from dataclasses import dataclass
from typing import Literal

from tests.lab.packets import Unreachable

Transport = Literal["tcp", "udp", "icmp"]
Direction = Literal["up", "down", "both"]  # up: from the client
Rcode = Literal["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"]


# --- what a censor recognises -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Address:
    """A flow to these addresses (empty: to any), seen at its first packet. `port` 0 and no `transport` mean all."""

    addresses: str = ""
    port: int = 0
    transport: Transport | None = None
    family: Literal[4, 6] | None = None


@dataclass(frozen=True, slots=True)
class Dns:
    """A question on port 53: for these names, of these resolvers (empty: of any), for these types (empty: any)."""

    names: str = "*"
    resolvers: str = ""
    types: str = ""
    transports: tuple[Literal["udp", "tcp"], ...] = ("udp",)


@dataclass(frozen=True, slots=True)
class Sni:
    """A TLS ClientHello over TCP, on any port, that names one of these servers; `addresses` narrows it."""

    names: str
    addresses: str = ""


@dataclass(frozen=True, slots=True)
class HttpHost:
    """A plain HTTP/1 request, on any port, whose Host is one of these; `addresses` narrows it."""

    names: str
    addresses: str = ""


@dataclass(frozen=True, slots=True)
class QuicSni:
    """A QUIC Initial of these versions whose ClientHello names one of these servers; `addresses` narrows it."""

    names: str
    addresses: str = ""
    versions: tuple[Literal[1, 2], ...] = (1,)


@dataclass(frozen=True, slots=True)
class Stun:
    """A STUN message over UDP (RFC 8489 §5) to these ports ("3478-3497"; empty: any) of these addresses."""

    ports: str = ""
    addresses: str = ""


@dataclass(frozen=True, slots=True)
class MtProto:
    """The first bytes of a Telegram client: intermediate transports as they are, or inside Obfuscated2."""

    plain: bool = True
    obfuscated: bool = True
    addresses: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """A flow's first bytes, TCP or UDP: they begin with `prefix` and have `contains` somewhere."""

    prefix: bytes = b""
    contains: bytes = b""
    addresses: str = ""


Trigger = Address | Dns | Sni | HttpHost | QuicSni | Stun | MtProto | Payload


# --- what a censor does -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Drop:
    """Silence. What was recognised and all that follows in the flow vanishes; of DNS and STUN only the packet itself.

    `after_packets` lets a flow have that many packets, both directions counted from its first: the "16 KB freeze" is
    about 25 of them.
    """

    direction: Direction = "both"
    after_packets: int = 0


@dataclass(frozen=True, slots=True)
class Reset:
    """RST to those named. In the path it goes ahead, and the original is dropped if both are reset; on path it races.

    A reset of one side lets the original go on: a server that was reset before it came answers with RST itself.
    On UDP it is the same as `Drop`.
    """

    to: Literal["both", "client", "server"] = "both"
    in_path: bool = True


@dataclass(frozen=True, slots=True)
class Close:
    """FIN to the client in the server's name, RST to the server; the original is dropped."""


@dataclass(frozen=True, slots=True)
class Icmp:
    """The packet is dropped, and a router (for "port": the host itself) says why."""

    reason: Unreachable = "admin"


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes in the server's name, then FIN: a block page (see `page`), a TLS alert (see `alert`), rubbish."""

    payload: bytes
    in_path: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """A forged DNS answer. `addresses` are given by family; none of the asked family: an empty answer.

    With `inject` the question goes on as well, and the true answer arrives second.
    """

    rcode: Rcode = "NOERROR"
    addresses: str = ""
    aa: bool = False
    soa: bool = False
    ttl_s: int = 300
    inject: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """The flow, or the DNS question, goes to another address of its family (DNAT); answers seem to come from the first.

    After `Address` from its first packet on; a TCP connection that was open already when it was recognised is taken
    from its server, which is reset, and spliced to the other one: a name alone may be intercepted.
    """

    addresses: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class Throttle:
    """A token bucket for each direction named: what exceeds it is dropped (policing), or queued with `shape`."""

    bytes_per_s: int
    burst_bytes: int = 16_000
    shape: bool = False
    direction: Direction = "both"
    per_flow: bool = True  # False: all flows that the rule caught share one
    queue_s: float = 5.0  # the longest wait in a shaper; beyond it, dropped


@dataclass(frozen=True, slots=True)
class Degrade:
    """Added delay (each way) and loss, for the flow."""

    delay_s: float = 0.0
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing: an exception to the rules that follow."""


Action = Drop | Reset | Close | Icmp | Reply | Answer | Redirect | Throttle | Degrade | Pass


# --- the whole --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Residual:
    """Silence for a while after a hit: for the same 4-tuple ("flow"), or to the server's port ("endpoint")."""

    seconds: float
    by: Literal["flow", "endpoint"] = "flow"
    extend: bool = False  # every packet that it swallows starts it again


@dataclass(frozen=True, slots=True)
class Rule:
    """When the trigger is seen, act: each time by default, or with `probability`, or the 1st of every n times.

    Raises TypeError for an action that this trigger cannot set off.
    """

    trigger: Trigger
    action: Action
    probability: float = 1.0
    every: int = 1
    residual: Residual | None = None

    def __post_init__(self) -> None:
        if isinstance(self.action, Answer) and not isinstance(self.trigger, Dns):
            raise TypeError("only a DNS question can be answered")


@dataclass(frozen=True, slots=True)
class AllowList:
    """Only this passes; it is asked last, when no rule has acted on a flow.

    Flows to `addresses` pass whole. Elsewhere a SYN passes (or not, with `syn_passes` off), and then only what names
    one of `names` in a ClientHello, HTTP request or QUIC Initial; the rest vanishes.
    """

    names: str
    addresses: str = ""
    syn_passes: bool = True


@dataclass(frozen=True, slots=True)
class Censor:
    """The path between the client and the internet. Delay, jitter and loss are for each way; the order is kept.

    The censor sits half-way: what it answers by itself arrives after half a round trip.
    """

    rules: tuple[Rule, ...] = ()
    delay_s: float = 0.02
    jitter_s: float = 0.0
    loss: float = 0.0
    seed: int = 0  # of loss, jitter and probabilities
    allow_list: AllowList | None = None
    hops: int = 0  # routers that answer when a packet's hop limit ends at them
    at_hop: int = 1  # the censor sits behind this many of them


def page(body: str, *, status: str = "200 OK", location: str = "", in_path: bool = True) -> Reply:
    """Reply to an HTTP request with a page; give `status` "302 Found" and `location` for a redirect."""
    content = body.encode()
    fields = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(content)), "Connection": "close"}
    fields |= {"Location": location} if location else {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return Reply(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + content, in_path=in_path)


def alert(description: int = 40) -> Reply:
    """Reply to a ClientHello with a fatal TLS alert (RFC 8446 §6); 40 is handshake_failure."""
    return Reply(bytes((21, 3, 3, 0, 2, 2, description)))


def delisted(names: str, resolvers: str) -> Rule:
    """Let resolvers deny names as Russia's national ones do: NXDOMAIN, authoritative, without SOA, over UDP and TCP."""
    return Rule(Dns(names, resolvers=resolvers, transports=("udp", "tcp")), Answer("NXDOMAIN", aa=True))


def frozen_flows(addresses: str = "", *, port: int = 443, packets: int = 25, probability: float = 1.0) -> Rule:
    """Freeze flows after about 16 KB, as counted in packets of both directions (net4people/bbs#490)."""
    return Rule(Address(addresses, port=port), Drop(after_packets=packets), probability=probability)
