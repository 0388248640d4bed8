"""The measuring host's own state.

Is it online, behind a captive portal, behind an allow-list? Is its resolver honest, does its IPv6 work? Asked once
something looks wrong, along with everything else, and kept for a while. What the observations mean is decided by
`judge_network` and `judge_resolver`, which are pure.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from probes.model import Baseline, Endpoint
from probes.network import Attempt, Question
from probes.observations import AnyObservation, Arm, DnsObservation, HttpObservation, Purpose, TlsObservation
from probes.pace import Pace, round_trip_of
from probes.vantage_via import are_stand_ins
from probes.watchers import Watchers

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from typing import Literal

    from probes.controls import Controls
    from probes.network import Network

Observed = TypeVar("Observed", DnsObservation, AnyObservation)

KEPT_S = 60.0
DOUBTED_S = 5.0
"""A host that was offline a moment ago may be back: that is not believed for long."""
_IPV6 = 6
_UP_TO_PORTALS = 2
"""How many connectivity checks must be answered by somebody else before it is called a captive portal."""
_PLAIN_BYTES = 64
"""What the connectivity checks that have a body answer is a word."""


@dataclass(slots=True)
class Seen:
    """What the baseline's steps saw, by what they were for."""

    connectivity: list[tuple[int, HttpObservation]] = field(default_factory=list)
    """With the status that each check should have had."""
    servers: list[TlsObservation] = field(default_factory=list)
    names: list[DnsObservation] = field(default_factory=list)
    root: list[DnsObservation] = field(default_factory=list)
    regular: list[AnyObservation] = field(default_factory=list)
    listed: list[AnyObservation] = field(default_factory=list)
    ipv6: list[AnyObservation] = field(default_factory=list)
    """The last step that each server was reached in: there are paths that pass a connect and swallow a handshake."""


def judge_network(seen: Seen) -> Literal["ok", "offline", "captive", "allowlist"]:
    """Say whether this host is on the open internet."""
    answered = [(expected, http) for expected, http in seen.connectivity if http.failure is None]
    if _share_one_certificate(seen.servers):
        return "captive"
    if any(_is_genuine(expected, http) for expected, http in answered):
        return "ok"
    shaken = [*seen.servers, *(o for o in seen.ipv6 if isinstance(o, TlsObservation))]
    proven = any(_proves_address(tls) for tls in shaken)
    if len(answered) >= _UP_TO_PORTALS and (not proven or _lead_to_one_address(seen.names)):
        return "captive"
    if proven or any(_proves(o) for o in seen.regular):
        return "ok"
    return "allowlist" if any(_proves(o) for o in seen.listed) else "offline"


def _share_one_certificate(servers: Sequence[TlsObservation]) -> bool:
    """Servers of different owners show one and the same certificate, which is for none of them.

    That is a portal which lets connectivity checks pass and answers everything else itself. Whoever intercepts makes a
    certificate for each.
    """
    leaves = {tls.target.address: tls.chain[0].sha256 for tls in servers if tls.chain and not _proves_address(tls)}
    return len(leaves) > 1 and len(set(leaves.values())) == 1 and not any(map(_proves_address, servers))


def _is_genuine(expected: int, http: HttpObservation) -> bool:
    """Tell a connectivity check's own answer from a login page that has the same status."""
    return http.status == expected and http.title is None and http.body_bytes <= _PLAIN_BYTES


def _proves_address(tls: TlsObservation) -> bool:
    """The server has a certificate for its very address; its dates do not matter, as they do for a wrong clock."""
    if tls.failure == "ssl_invalid_certificate":
        return bool(tls.chain) and tls.target.address in tls.chain[0].names
    return tls.failure is None


def _lead_to_one_address(answers: Iterable[DnsObservation]) -> bool:
    """Names of different owners resolve to the same address: that is a portal's resolver."""
    told: dict[str, set[str]] = {}
    for answer in answers:
        if answer.addresses:
            told.setdefault(answer.target.host, set()).update(answer.addresses)
    return len(told) > 1 and bool(set.intersection(*told.values()))


def _proves(observation: AnyObservation) -> bool:
    return isinstance(observation, TlsObservation) and observation.failure is None


def judge_resolver(seen: Seen) -> Literal["ok", "broken", "rerouted"]:
    """Say whether the system's resolver resolves what nobody blocks, and whether it is the one that was asked.

    Stand-in addresses, which a proxy on this host gives for every name, are of no use here.
    """
    if seen.names and not any(o.addresses and not are_stand_ins(o.addresses) for o in seen.names):
        return "broken"
    answered = any(o.reply is not None and o.reply.answers for o in seen.root)
    return "rerouted" if answered else "ok"


def useless_resolvers(seen: Seen) -> frozenset[str]:
    """Return the system's resolvers that resolve nothing of what nobody blocks: dead, or not there for this host."""
    useful = {o.resolver for o in seen.names if o.addresses and not are_stand_ins(o.addresses)}
    return frozenset(o.resolver for o in seen.names) - useful


class BaselineProbe:
    """Takes the baseline when it is first wanted, and gives it to everybody who asks within the next minute."""

    def __init__(self, network: Network, controls: Controls, clock: Callable[[], float]) -> None:
        self._network = network
        self._controls = controls
        self._clock = clock
        self._watchers = Watchers()
        self._taking = False
        self._taken_s: float | None = None
        self._result: Baseline | None = None
        self._useless_resolvers: frozenset[str] = frozenset()
        self._families = network.families()
        self.rtts_s: list[float] = []
        self.observations: list[AnyObservation] = []
        self._numbers = count(1)

    @property
    def result(self) -> Baseline | None:
        """The host's state, None while it is not known or too old to be trusted."""
        if self._taken_s is None or self._result is None:
            return None
        kept_s = KEPT_S if self._result.network == "ok" else DOUBTED_S
        return self._result if self._clock() - self._taken_s <= kept_s else None

    @property
    def useless_resolvers(self) -> frozenset[str]:
        """The system's resolvers that are known to resolve nothing."""
        return self._useless_resolvers if self.result is not None else frozenset()

    @property
    def working_families(self) -> frozenset[int]:
        """The IP versions that have a route here and are not known to be broken."""
        return self._families

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(o.id for o in self.observations)

    def watched_by(self, changed: asyncio.Event) -> AbstractContextManager[None]:
        """Have `changed` set when the baseline is known, or is known not to come."""
        return self._watchers.waking(changed)

    def start(self, create_task: Callable[[Coroutine[None, None, None]], object]) -> None:
        """Take the baseline, unless it is known or being taken."""
        if self.result is None and not self._taking:
            self._taking = True
            create_task(self._take())

    async def _take(self) -> None:
        seen = Seen()
        self._families = self._network.families()
        self.rtts_s, self.observations = [], []
        try:
            await self._look(seen)
            self._conclude(seen)
        finally:
            self._taking = False
            self._watchers.tell()

    async def _look(self, seen: Seen) -> None:
        async with asyncio.TaskGroup() as tasks:
            looking = tasks.create_task(self._look_everywhere(seen))
            doubting = tasks.create_task(self._doubt(seen))
            await asyncio.wait({looking, doubting}, return_when=asyncio.FIRST_COMPLETED)
            if judge_network(seen) != "allowlist":
                await asyncio.wait({looking})
            if judge_network(seen) == "offline":
                await asyncio.wait({doubting})
            looking.cancel()
            doubting.cancel()

    async def _look_everywhere(self, seen: Seen) -> None:
        async with asyncio.TaskGroup() as tasks:
            for look in self._looks(seen):
                tasks.create_task(look)

    def _looks(self, seen: Seen) -> Iterator[Coroutine[None, None, None]]:
        for endpoint, expected in self._controls.connectivity:
            yield self._check_connectivity(seen, endpoint, expected)
        for address in self._controls.unrelated_addresses:
            yield self._check_server(seen, address)
        for address in self._controls.ipv6_addresses if _IPV6 in self._families else ():
            yield self._check_ipv6(seen, address)
        yield self._check_root(seen)

    async def _doubt(self, seen: Seen) -> None:
        """Look for an allow-list as soon as nothing has answered for longer than it takes."""
        await asyncio.sleep(self._pace.patience_s)
        if judge_network(seen) == "offline" and any(o.addresses for o in seen.names):
            await self._check_allowlist(seen)

    def _conclude(self, seen: Seen) -> None:
        if _IPV6 in self._families and seen.ipv6 and all(o.failure is not None for o in seen.ipv6):
            self._families -= {_IPV6}
        self._result = Baseline(network=judge_network(seen), resolver=judge_resolver(seen))
        self._useless_resolvers = useless_resolvers(seen)
        self._taken_s = self._clock()

    @property
    def _pace(self) -> Pace:
        return Pace(max(self.rtts_s) if self.rtts_s else None)

    # --- steps -------------------------------------------------------------------------------------------------------

    async def _check_connectivity(self, seen: Seen, endpoint: Endpoint, expected: int) -> None:
        for address in (await self._resolve(seen, endpoint.host))[:1]:
            for observation in await self._attempt(endpoint, address):
                if isinstance(observation, HttpObservation):
                    seen.connectivity.append((expected, observation))

    async def _check_server(self, seen: Seen, address: str) -> None:
        endpoint = Endpoint("https", address, 443, "/")
        steps = await self._attempt(endpoint, address, until="tls")
        seen.servers += [o for o in steps if isinstance(o, TlsObservation)]

    async def _check_ipv6(self, seen: Seen, address: str) -> None:
        steps = await self._attempt(Endpoint("https", address, 443, "/"), address, until="tls")
        seen.ipv6 += steps[-1:]

    async def _check_root(self, seen: Seen) -> None:
        host = self._controls.innocuous_names[0]
        seen.root.append(await self._ask(host, self._controls.root_servers[0]))

    async def _check_allowlist(self, seen: Seen) -> None:
        async with asyncio.TaskGroup() as tasks:
            for endpoint in self._controls.regular:
                tasks.create_task(self._check_site(seen, seen.regular, endpoint))
            for endpoint in self._controls.listed:
                tasks.create_task(self._check_site(seen, seen.listed, endpoint))

    async def _check_site(self, seen: Seen, into: list[AnyObservation], endpoint: Endpoint) -> None:
        for address in (await self._resolve(seen, endpoint.host))[:1]:
            into += await self._attempt(endpoint, address, until="tls")

    async def _resolve(self, seen: Seen, host: str) -> Sequence[str]:
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(self._ask(host, r)) for r in self._network.system_resolvers()]
        answers = [task.result() for task in asked]
        seen.names += answers
        return next((answer.addresses for answer in answers if answer.addresses), ())

    async def _ask(self, host: str, resolver: str) -> DnsObservation:
        question = Question(
            name=host,
            query_type="A",
            resolver=resolver,
            timeout_s=self._pace.timeouts_of_baseline.dns_s,
            arm=Arm.CONTROL,
            purpose=Purpose.BASELINE,
        )
        return self._keep(await self._network.ask(question))

    async def _attempt(
        self, endpoint: Endpoint, address: str, until: Literal["tcp", "tls", "http"] = "http"
    ) -> list[AnyObservation]:
        if not self._network.permits(address, endpoint.port):
            return []
        steps: list[AnyObservation] = []
        attempt = Attempt(
            endpoint=endpoint,
            address=address,
            until=until,
            timeouts=self._pace.timeouts_of_baseline,
            arm=Arm.CONTROL,
            purpose=Purpose.BASELINE,
        )
        await self._network.attempt(attempt, lambda observation: steps.append(self._keep(observation)))
        return steps

    def _keep(self, observation: Observed) -> Observed:
        numbered = replace(observation, id=f"b{next(self._numbers)}")
        self.observations.append(numbered)
        if (rtt_s := round_trip_of(numbered)) is not None:
            self.rtts_s.append(rtt_s)
        return numbered
