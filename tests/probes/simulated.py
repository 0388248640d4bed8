"""A network in a table: what the engine's tests put in place of sockets.

Hosts, resolvers and a censor are declared; every step answers from them after simulated round trips, in virtual time.
Loss, jitter and choice come from a seeded generator, so that a world is the same each time.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from probes.guard import PUBLIC_ANY_PORT
from probes.observations import (
    Arm,
    Certificate,
    DnsObservation,
    DnsReply,
    HttpObservation,
    MtprotoObservation,
    OutsideObservation,
    Purpose,
    QuicObservation,
    Record,
    StunObservation,
    Target,
    TcpInfo,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)
from probes.pace import handshake_limit_s

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from probes.network import Attempt, OutsideQuestion, Question, Transfer
    from probes.observations import AnyObservation

ISP = "195.34.32.116"
DOH = ("https://1.1.1.1/dns-query", "https://8.8.8.8/dns-query", "https://9.9.9.9/dns-query")
DIRECTORY = ("195.208.4.1", "195.208.5.1", "2a0c:a9c7:8::1", "2a0c:a9c7:9::1")
DOWNLOADS = ("188.93.16.211", "141.95.207.211", "78.46.170.2")
UNRELATED = ("1.1.1.1", "8.8.8.8", "9.9.9.9", "74.125.250.129", "162.159.207.0", *DOWNLOADS)
SILENCE = "generic_timeout_error"
"""A step that ends so takes its whole time-out."""

_PASSES_S = 0.5
_NEAR_S = 0.001
_MOST_BODY_BYTES = 65_536
_TELLING_BYTES = 8_000
_CRAWL_BYTES_S = 20_000

Answer = str | tuple[str, ...]
"""A failure string, or addresses."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """What stands at an address. Every failure is a string of OONI's vocabulary; SILENCE waits."""

    tcp: str | None = None
    closed: tuple[int, ...] = ()
    """Ports that refuse connections where the others take them."""
    names: tuple[str, ...] | None = None
    """The names its certificate is for; None: whatever it is asked for."""
    tls: str | None = None
    authority: str = "A Public CA"
    http: str | None = None
    status: int = 200
    errs: int | None = None
    """How many answers have the status, before all is well; None: all of them."""
    title: str = "A site"
    page_bytes: int = 100_000
    lends: bool = True
    """It gives a file of its own to those who say another name."""
    paces_itself: bool = False
    """What comes from it comes slowly, whoever asks."""
    location: str | None = None
    delay_s: float = 0.0
    """Before the response."""
    hello_delay_s: float = 0.0
    fingerprints: tuple[str, ...] = ()
    patience: int | None = None
    """How many connections it takes before it resets every further one: a server that limits rates."""
    over_tls: Server | None = None
    """What it is like over TLS, where that is not the same."""
    to_others: Server | None = None
    """What it is like to others than this host."""


@dataclass(frozen=True, kw_only=True)
class Censor:
    """What happens on the way, by name and by address."""

    names: Mapping[str, str] = field(default_factory=dict)
    """The failure after a ClientHello or a Host header with the name."""
    first_packets_pass: bool = False
    """The failure strikes behind the handshake."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """The failure of a connect to the address."""
    passing: Mapping[str, str] = field(default_factory=dict)
    """The same, for no longer than half a second after the first connect."""
    after_connect: Mapping[str, str] = field(default_factory=dict)
    """The failure of whatever follows a connect to the address."""
    forged_authority: Mapping[str, str] = field(default_factory=dict)
    """Names for which somebody in between shows a certificate of his own authority."""
    pages: Mapping[str, Server] = field(default_factory=dict)
    """Names whose answer in clear text is replaced."""
    residual: bool = False
    """After a hit, the server's address and port are dropped."""
    mtproto: str | None = None
    """The failure of every MTProto exchange."""
    quic_names: frozenset[str] = frozenset()
    """Names whose QUIC Initials are dropped; "*" for all."""
    stun: frozenset[str] = frozenset()
    """Addresses to which STUN is dropped."""
    frozen: frozenset[str] = frozenset()
    """Names, or addresses, under which a transfer stops after 16 KB."""
    slow: frozenset[str] = frozenset()
    """Names, addresses, or "address:port", under which a transfer crawls."""
    slow_ways: frozenset[str] = frozenset({"down", "up"})
    """The directions in which it does."""


PORTAL = Server(
    status=302, title="Log in", names=("portal.invalid",), authority="Portal", location="http://login.invalid/"
)


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Everything there is. A name's honest addresses are `names`; `system` and `doh` override what resolvers say."""

    names: Mapping[str, Answer] = field(default_factory=dict)
    system: Mapping[str, Answer] = field(default_factory=dict)
    system_failure: str | None = None
    """What the system's resolver answers to every question."""
    directory: Mapping[str, Answer] = field(default_factory=dict)
    """What the national DNS directory says otherwise than the honest ones."""
    texts: Mapping[str, str] = field(default_factory=dict)
    """What names hold for those who ask for text, whoever is asked."""
    directory_failure: str | None = None
    """What the national DNS directory answers to every question."""
    resolver_is_near: bool = False
    """The system's resolver is a cache in the house: what it says shows nothing of the line."""
    search_s: float = 0.0
    """How long the system's resolver takes to find the names that are in `names`."""
    dead_resolvers: tuple[str, ...] = ()
    resolvers: tuple[str, ...] = (ISP,)
    by_resolver: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)
    """What single ones of them say of names otherwise than all the others; "*" for every name."""
    search_of: Mapping[str, float] = field(default_factory=dict)
    """Those of them that take their time, in seconds, and how long."""
    tcp_is_honest: bool = False
    """The system's resolver tells the truth over TCP."""
    doh: Mapping[str, Answer] = field(default_factory=dict)
    doh_failure: str | None = None
    doh_unanswered: tuple[str, ...] = ()
    """Query types that the operators leave unanswered."""
    injected: bool = False
    """Root servers seem to answer for the names of `system`."""
    intercepted: bool = False
    """Every question in clear text ends at the system's resolver: root servers seem to answer for every name."""
    servers: Mapping[str, Server] = field(default_factory=dict)
    censor: Censor = Censor()
    ipv6: bool = False
    ipv6_black_hole: bool = False
    online: bool = True
    only: tuple[str, ...] = ()
    """Names that work where nothing else does: an allow-list."""
    captive: bool = False
    portal: Server = PORTAL
    outside: Literal["ok", "fails"] = "ok"
    controls: int = 4
    """How many outside controls there are."""
    odd_control: Mapping[str, str | None] = field(default_factory=dict)
    """What the first of them says, wrongly, of connects to these addresses: a failure, or None."""
    outside_delay_s: float = 0.3
    outside_sees: Mapping[str, str] = field(default_factory=dict)
    """Failures that the outside control meets at addresses, beside those of the servers themselves."""
    rtt_s: float = 0.04
    far: Mapping[str, float] = field(default_factory=dict)
    """Addresses with a longer round trip; only transfers know of it."""
    jitter_s: float = 0.0
    loss: float = 0.0
    loses: tuple[int, ...] = ()
    """Which of the UDP questions to the last resolver are lost, counted from 0."""
    loses_hello: frozenset[str] = frozenset()
    """Addresses at which the first handshake is lost, with all its repeats."""
    loses_connect: frozenset[str] = frozenset()
    """The same of the first connect's answers: the server has heard it."""
    loses_syn: frozenset[str] = frozenset()
    """Addresses to which the first SYN of every connect is lost, and sent again after a second (RFC 6298 §2)."""
    loses_first: tuple[str, ...] = ()
    """Query types of which questions to the first resolver are lost, over UDP."""
    wrong_clock: bool = False
    seed: int = 1

    def network(self) -> SimulatedNetwork:
        return SimulatedNetwork(self)


_INFRASTRUCTURE: Mapping[str, Answer] = {
    "connectivitycheck.gstatic.com": ("142.250.74.3",),
    "cp.cloudflare.com": ("104.16.132.229",),
    "detectportal.firefox.com": ("34.107.221.82",),
    "www.wikipedia.org": ("185.15.59.224",),
    "github.com": ("140.82.121.4",),
    "example.com": ("96.7.128.175",),
    "whoami.akamai.net": ("193.232.160.49",),
    "ya.ru": ("77.88.44.242",),
    "vk.ru": ("87.240.132.72",),
    "max.ru": ("155.212.204.1",),
}
_CONNECTIVITY = {
    "142.250.74.3": Server(status=204, title="", page_bytes=0),
    "104.16.132.229": Server(status=204, title="", page_bytes=0),
    "34.107.221.82": Server(title="", page_bytes=8),
}


class SimulatedNetwork:
    """`probes.network.Network` over a table."""

    def __init__(self, world: Simulated) -> None:
        self._world = world
        self._rng = random.Random(world.seed)
        self._hit: set[tuple[str, int]] = set()
        self._connections: Counter[str] = Counter()
        self._greeted: set[str] = set()
        self._answers = 0
        self._first_connect_s: dict[str, float] = {}
        self.asked_outside = 0
        self._asked = 0

    def system_resolvers(self) -> Sequence[str]:
        return self._world.resolvers

    def trusted_resolvers(self) -> Sequence[str]:
        return DOH

    def families(self) -> frozenset[int]:
        return frozenset({4, 6} if self._world.ipv6 else {4})

    def permits(self, address: str, port: int) -> bool:
        return PUBLIC_ANY_PORT.permits(address, port)

    # --- names -------------------------------------------------------------------------------------------------------

    async def ask(self, question: Question) -> DnsObservation:
        began_s = asyncio.get_running_loop().time()
        answer = self._answer(question)
        if question.transport == "udp" and (self._lost() or self._loses(question)):
            answer = SILENCE
        trips = 3 if question.transport == "doh" else 1
        failure, reply = _reply(question, answer)
        if question.query_type == "TXT" and answer != SILENCE and question.name in self._world.texts:
            failure, reply = None, _text(question, self._world.texts[question.name])
        of_system = question.resolver in self._world.resolvers
        extra_s = self._world.search_s if of_system and question.name in self._world.names else 0.0
        extra_s += self._world.search_of.get(question.resolver, 0.0)
        if of_system and self._world.resolver_is_near:
            trips, extra_s = 0, extra_s + _NEAR_S
        failure = await self._spend(failure, question.timeout_s, trips, extra_s)
        reply = None if failure == SILENCE else reply
        return DnsObservation(
            arm=question.arm,
            purpose=question.purpose,
            target=Target(host=question.host or question.name),
            failure=failure,
            elapsed_s=asyncio.get_running_loop().time() - began_s,
            resolver=question.resolver,
            transport=question.transport,
            query_type=question.query_type,
            reply=reply,
        )

    def _answer(self, question: Question) -> Answer:
        world = self._world
        honest = world.names.get(question.name, _INFRASTRUCTURE.get(question.name, "dns_nxdomain_error"))
        if not world.online or (world.only and question.transport == "doh"):
            return SILENCE
        if question.purpose is Purpose.ROOT_SERVER or question.resolver == "198.41.0.4":
            if world.intercepted:
                return world.system.get(question.name, honest)
            return world.system[question.name] if world.injected and question.name in world.system else "referral"
        if question.transport == "doh":
            silent = SILENCE if question.query_type in world.doh_unanswered else None
            return silent or world.doh_failure or world.doh.get(question.name, honest)
        if question.resolver in world.dead_resolvers:
            return SILENCE
        if question.resolver in DIRECTORY and not world.intercepted:
            return world.directory_failure or world.directory.get(question.name, honest)
        if world.system_failure is not None:
            return world.system_failure
        if question.transport == "tcp" and world.tcp_is_honest:
            return honest
        own = world.by_resolver.get(question.resolver, {})
        return own.get(question.name, own.get("*", world.system.get(question.name, honest)))

    # --- connections -------------------------------------------------------------------------------------------------

    async def attempt(self, attempt: Attempt, observe: Callable[[AnyObservation], None]) -> None:
        for step in _STEPS[attempt.endpoint.scheme]:
            if step == "http" and attempt.transfer is not None:
                observe(await self._transfer(attempt, attempt.transfer))
                return
            observation = await self._step(attempt, step)
            observe(observation)
            if isinstance(observation, TcpObservation):
                handshake_s = handshake_limit_s(attempt.timeouts, observation)
                attempt = replace(attempt, timeouts=replace(attempt.timeouts, handshake_s=handshake_s))
            judged = (observation.failure or "").startswith("ssl_") and attempt.any_certificate
            if (observation.failure is not None and not judged) or step == attempt.until:
                return

    async def _transfer(self, attempt: Attempt, transfer: Transfer) -> TransferObservation:
        port = attempt.port or attempt.endpoint.port
        who = {attempt.server_name or attempt.endpoint.host, attempt.address, f"{attempt.address}:{port}"}
        censor = self._world.censor
        frozen, slow = who & censor.frozen, who & censor.slow and transfer.direction in censor.slow_ways
        there = 16_000 if frozen else self._at_hand(attempt, transfer)
        moved = min(there, transfer.size_bytes)
        crawls = slow or (transfer.direction == "down" and self._paces_itself(attempt))
        rtt_s = self._world.far.get(attempt.address, self._world.rtt_s)
        elapsed_s = 4.0 if frozen else 75 * rtt_s if crawls else 2.5 * rtt_s
        await asyncio.sleep(elapsed_s)
        return TransferObservation(
            arm=attempt.arm,
            purpose=attempt.purpose,
            target=_target(attempt),
            failure=SILENCE if frozen else None,
            elapsed_s=elapsed_s,
            direction=transfer.direction,
            wanted_bytes=transfer.size_bytes,
            moved_bytes=moved,
            rate_bytes_s=None if frozen or moved < _TELLING_BYTES else moved / elapsed_s,
            stalled_after_bytes=moved if frozen else None,
            info=TcpInfo(min_rtt_s=rtt_s, bytes_received=moved, retransmits=0, unacknowledged=0),
        )

    def _at_hand(self, attempt: Attempt, transfer: Transfer) -> int:
        """Return how much there is to be moved; a stranger's name is shown the page of whoever is there."""
        server = self._server(attempt.address, attempt.endpoint.host, attempt.endpoint.scheme) or Server()
        if transfer.direction == "up":
            return transfer.size_bytes
        if attempt.asked_host is not None:
            return transfer.size_bytes if server.lends or attempt.endpoint.host == attempt.asked_host else 600
        return server.page_bytes

    def _paces_itself(self, attempt: Attempt) -> bool:
        server = self._server(attempt.address, attempt.endpoint.host, attempt.endpoint.scheme)
        return server is not None and server.paces_itself

    async def _step(self, attempt: Attempt, step: str) -> AnyObservation:
        began_s = asyncio.get_running_loop().time()
        port = attempt.port or attempt.endpoint.port
        name = attempt.server_name or attempt.endpoint.host
        server = self._server(attempt.address, name, attempt.endpoint.scheme)
        failure = self._failure(step, attempt.address, port, name, server, attempt.endpoint.scheme)
        if step == "tls" and attempt.address in self._world.loses_hello - self._greeted:
            self._greeted.add(attempt.address)
            failure = SILENCE
        if step == "tcp" and attempt.address in self._world.loses_connect and self._connections[attempt.address] == 1:
            failure = SILENCE
        limit_s = {
            "tcp": attempt.timeouts.connect_s,
            "tls": attempt.timeouts.handshake_s,
        }.get(step, attempt.timeouts.response_s)
        delays_s = (
            {"tls": server.hello_delay_s, "mtproto": server.hello_delay_s, "http": server.delay_s}
            if server is not None
            else {}
        )
        delay_s = delays_s.get(step, 0.0) + (step == "tcp" and attempt.address in self._world.loses_syn)
        if failure is None and delay_s > limit_s:
            failure = SILENCE
        delay_s = 0.0 if failure == SILENCE else delay_s
        failure = await self._spend(failure, limit_s, 1, delay_s)
        elapsed_s = asyncio.get_running_loop().time() - began_s
        return self._observation(attempt, step, failure, elapsed_s, server, name)

    def _server(self, address: str, name: str, scheme: str) -> Server | None:
        world = self._world
        if world.captive:
            return world.portal
        if scheme == "http" and name in world.censor.pages:
            return world.censor.pages[name]
        if address in world.servers:
            server = world.servers[address]
            return server.over_tls if scheme == "https" and server.over_tls is not None else server
        if address in _CONNECTIVITY:
            return _CONNECTIVITY[address]
        known = {
            a
            for answer in (*world.names.values(), *_INFRASTRUCTURE.values())
            if isinstance(answer, tuple)
            for a in answer
        }
        return Server() if address in known or address in UNRELATED or address.startswith("2") else None

    def _failure(self, step: str, address: str, port: int, name: str, server: Server | None, scheme: str) -> str | None:
        world, censor = self._world, self._world.censor
        if not world.online or (world.ipv6_black_hole and ":" in address):
            return SILENCE
        if world.only and (step != "tcp") and name not in world.only:
            return SILENCE
        if step == "tcp":
            if (address, port) in self._hit:
                return SILENCE
            self._connections[address] += 1
            if server and server.patience is not None and self._connections[address] > server.patience:
                return "connection_refused"
            return censor.addresses.get(address) or self._passing(address) or _connect_failure(server, port)
        if step in {"mtproto", "quic", "negotiation", "stun"}:
            return self._protocol_failure(step, address, name, server)
        if address in censor.after_connect:
            return censor.after_connect[address]
        named = "http" if scheme == "http" or censor.first_packets_pass else "tls"
        if step == named and name in censor.names:
            if censor.residual:
                self._hit.add((address, port))
            return censor.names[name]
        assert server is not None
        return self._certificate_failure(server, name) if step == "tls" else server.http

    def _passing(self, address: str) -> str | None:
        now_s = asyncio.get_running_loop().time()
        recent = now_s - self._first_connect_s.setdefault(address, now_s) < _PASSES_S
        return self._world.censor.passing.get(address) if recent else None

    def _protocol_failure(self, step: str, address: str, name: str, server: Server | None) -> str | None:
        censor = self._world.censor
        if server is None:
            return SILENCE
        if step == "mtproto":
            return censor.mtproto
        if step == "quic":
            return SILENCE if {name, "*"} & censor.quic_names else None
        return SILENCE if step == "stun" and address in censor.stun else None

    def _certificate_failure(self, server: Server, name: str) -> str | None:
        if server.tls is not None:
            return server.tls
        if name in self._world.censor.forged_authority or server.authority != "A Public CA":
            return "ssl_unknown_authority"
        if server.names is not None and name not in server.names:
            return "ssl_invalid_hostname"
        return "ssl_invalid_certificate" if self._world.wrong_clock else None

    def _is_dropped(self, address: str, name: str) -> bool:
        """What is said never arrives; a server that merely takes its time acknowledges it."""
        world, censor = self._world, self._world.censor
        listed = not world.only or name in world.only
        return name in censor.names or address in censor.after_connect or not (world.online and listed)

    def _observation(
        self, attempt: Attempt, step: str, failure: str | None, elapsed_s: float, server: Server | None, name: str
    ) -> AnyObservation:
        target = _target(attempt)
        lost = failure == SILENCE and self._is_dropped(attempt.address, name)
        info = TcpInfo(min_rtt_s=self._world.rtt_s, bytes_received=0, retransmits=3 * lost, unacknowledged=int(lost))
        arm, purpose = attempt.arm, attempt.purpose
        if step == "tcp":
            return TcpObservation(
                arm=arm, purpose=purpose, target=target, failure=failure, elapsed_s=elapsed_s, info=info
            )
        if step in {"mtproto", "quic", "negotiation", "stun"}:
            dropped = replace(info, unacknowledged=int(self._world.censor.mtproto == SILENCE))
            return _protocol_observation(step, arm, purpose, target, failure, elapsed_s, dropped)
        if step == "tls":
            heard = failure is None or failure.startswith("ssl_")
            authority = self._world.censor.forged_authority.get(name, server.authority if server else "")
            return TlsObservation(
                arm=arm,
                purpose=purpose,
                target=target,
                failure=failure,
                elapsed_s=elapsed_s,
                info=info,
                server_name=name,
                chain=(self._certificate(name, authority, attempt.address),) if heard else (),
            )
        assert server is not None or failure is not None
        return HttpObservation(
            arm=arm,
            purpose=purpose,
            target=target,
            failure=failure,
            elapsed_s=elapsed_s,
            info=info,
            url=str(attempt.endpoint),
            status=self._status(server) if server and failure is None else None,
            title=server.title or None if server and failure is None else None,
            body_bytes=min(server.page_bytes, _MOST_BODY_BYTES) if server and failure is None else 0,
            body_truncated=bool(server and failure is None and server.page_bytes > _MOST_BODY_BYTES),
            body_sha256=server.title if server and failure is None else None,
            headers=(("location", server.location),) if server and server.location and failure is None else (),
            fingerprints=server.fingerprints if server and failure is None else (),
        )

    def _status(self, server: Server) -> int:
        self._answers += 1
        return server.status if server.errs is None or self._answers <= server.errs else 200

    def _certificate(self, name: str, authority: str, address: str) -> Certificate:
        """A portal has one for everybody."""
        portal = self._world.portal
        return (
            _certificate("portal", portal.authority, "")
            if self._world.captive
            else _certificate(name, authority, address)
        )

    # --- the view from outside ---------------------------------------------------------------------------------------

    async def ask_outside(self, question: OutsideQuestion) -> Sequence[OutsideObservation]:
        self.asked_outside += 1
        controls = [name for n in range(self._world.controls) if (name := f"th{n}") not in question.heard]
        async with asyncio.TaskGroup() as group:
            asked = [group.create_task(self._ask_control(name, question)) for name in controls[: question.witnesses]]
        told = [task.result() for task in asked]
        answered = [seen for seen in told if seen.failure is None]
        return answered or told[-1:]

    async def _ask_control(self, control: str, question: OutsideQuestion) -> OutsideObservation:
        world, endpoint = self._world, question.endpoint
        common = {
            "arm": Arm.CONTROL,
            "purpose": Purpose.OUTSIDE,
            "target": Target(host=endpoint.host),
            "control": control,
        }
        await asyncio.sleep(world.outside_delay_s)
        if world.outside == "fails" or not world.online or world.only or world.captive:
            return OutsideObservation(**common, failure="connection_reset")  # type: ignore[arg-type]
        told = world.names.get(endpoint.host, "dns_nxdomain_error")
        addresses = told if isinstance(told, tuple) else ()
        tcp: dict[str, str | None] = {}
        tls: dict[str, str | None] = {}
        for address in {*addresses, *question.addresses}:
            key = f"[{address}]:{endpoint.port}" if ":" in address else f"{address}:{endpoint.port}"
            server = self._server(address, "", "https")
            tcp[key] = world.outside_sees.get(address) or _connect_failure(server, endpoint.port)
            if control == "th0" and address in world.odd_control:
                tcp[key] = world.odd_control[address]
            if tcp[key] is None and server is not None and endpoint.port == 443:
                tls[key] = server.tls or self._seen_outside(server, endpoint.host)
        page = next((s for a in addresses if (s := self._server(a, "", "https")) is not None), None)
        page = page.to_others or page if page is not None else None
        where = next(iter(addresses), "")
        key = f"[{where}]:{endpoint.port}" if ":" in where else f"{where}:{endpoint.port}"
        broken = tcp.get(key) or tls.get(key) or (page.http if page else "dns_lookup_error")
        fetch_s = page.delay_s + (page.page_bytes / _CRAWL_BYTES_S if page.paces_itself else 0.0) if page else 0.0
        if broken is None:
            await asyncio.sleep(fetch_s)
        return OutsideObservation(
            **common,  # type: ignore[arg-type]
            addresses=addresses,
            dns_failure=None if addresses else "dns_name_error",
            tcp=tcp,
            tls=tls,
            http_failure=broken,
            http_status=page.status if page and broken is None else None,
            http_title=page.title if page and broken is None else None,
            http_body_bytes=page.page_bytes if page and broken is None else None,
            elapsed_s=world.outside_delay_s + fetch_s,
        )

    def _seen_outside(self, server: Server, name: str) -> str | None:
        if server.authority != "A Public CA":
            return "ssl_unknown_authority"
        return "ssl_invalid_hostname" if server.names is not None and name not in server.names else None

    def _loses(self, question: Question) -> bool:
        resolvers = self._world.resolvers
        if question.resolver == resolvers[0] and question.query_type in self._world.loses_first:
            return True
        if question.resolver != resolvers[-1]:
            return False
        self._asked += 1
        return self._asked - 1 in self._world.loses

    # --- time --------------------------------------------------------------------------------------------------------

    def _lost(self) -> bool:
        return self._rng.random() < self._world.loss or self._rng.random() < self._world.loss

    async def _spend(self, failure: str | None, limit_s: float, trips: int, extra_s: float = 0.0) -> str | None:
        """Let the step's time pass; a lost packet is sent again after a second, as TCP does."""
        spent_s = extra_s
        for _ in range(trips):
            spent_s += self._world.rtt_s + self._rng.random() * self._world.jitter_s
            while self._lost():
                spent_s += max(1.0, 2 * self._world.rtt_s)
        if failure == SILENCE or spent_s > limit_s:
            await asyncio.sleep(limit_s)
            return SILENCE
        await asyncio.sleep(spent_s)
        return failure


_STEPS = {
    "https": ("tcp", "tls", "http"),
    "http": ("tcp", "http"),
    "tcp": ("tcp",),
    "mtproto": ("tcp", "mtproto"),
    "quic": ("negotiation", "quic"),
    "stun": ("stun",),
}


def _target(attempt: Attempt) -> Target:
    return Target(host=attempt.endpoint.host, address=attempt.address, port=attempt.port or attempt.endpoint.port)


def _protocol_observation(
    step: str, arm: Arm, purpose: Purpose, target: Target, failure: str | None, elapsed_s: float, info: TcpInfo
) -> AnyObservation:
    common: dict[str, Any] = {
        "arm": arm,
        "purpose": purpose,
        "target": target,
        "failure": failure,
        "elapsed_s": elapsed_s,
    }
    if step == "mtproto":
        return MtprotoObservation(**common, transport="intermediate", info=info)
    if step == "stun":
        return StunObservation(**common, requests=1)
    if step == "negotiation":
        return QuicObservation(**common, kind="version_negotiation", versions=() if failure else ("1",))
    return QuicObservation(**common, kind="handshake")


_RCODES = {
    "dns_nxdomain_error": "NXDOMAIN",
    "dns_refused_error": "REFUSED",
    "dns_servfail_error": "SERVFAIL",
    "dns_no_answer": "NOERROR",
    "referral": "NOERROR",
}


def _connect_failure(server: Server | None, port: int) -> str | None:
    if server is None:
        return SILENCE
    return "connection_refused" if port in server.closed else server.tcp


def _reply(question: Question, answer: Answer) -> tuple[str | None, DnsReply | None]:
    if isinstance(answer, str):
        if answer not in _RCODES:
            return answer, None
        failure = "dns_no_answer" if answer == "referral" else answer
        soa = Record("com", "SOA", 900, "a.gtld-servers.net") if answer != "dns_nxdomain_error" else None
        return failure, DnsReply(rcode=_RCODES[answer], flags=("qr",), authority=(soa,) if soa else ())
    version = {"A": 4, "AAAA": 6}.get(question.query_type)
    records = tuple(
        Record(question.name, question.query_type, 60, a) for a in answer if ipaddress.ip_address(a).version == version
    )
    return (None if records else "dns_no_answer"), DnsReply(rcode="NOERROR", flags=("qr", "ra"), answers=records)


def _text(question: Question, text: str) -> DnsReply:
    return DnsReply(rcode="NOERROR", flags=("qr", "aa"), answers=(Record(question.name, "TXT", 60, f'"{text}"'),))


def _certificate(name: str, authority: str, address: str) -> Certificate:
    return Certificate(
        subject=f"CN={name}",
        issuer=authority,
        not_before="2026-01-01T00:00:00+00:00",
        not_after="2027-01-01T00:00:00+00:00",
        names=(name,),
        sha256=f"{name} {authority} {address}",
    )
