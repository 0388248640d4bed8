"""Looks a service's names up in every national DNS directory, side by side with everything else that a check does.

What the answers mean is `probes.directory`'s to say, how questions get there `probes.directory_path`'s affair. Here is
what is asked, what bounds it, and what the rest of a check may know of it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from probes import directory as national
from probes.directory import ENOUGH, NameInDirectory, Path, word_of
from probes.directory_path import Asker, Paths, drop, question, tries_at
from probes.trials import SILENCE, is_address
from probes.watchers import Watchers

if TYPE_CHECKING:
    import random
    from collections.abc import Coroutine, Sequence
    from contextlib import AbstractContextManager

    from probes.controls import Controls
    from probes.directory import Directory, Server, Transport, Word
    from probes.model import DirectoryFinding, Service
    from probes.network import Network, Question
    from probes.observations import DnsObservation
    from probes.recorder import Recorder
    from probes.turns import Turns

LIMIT_S = 5.0
"""What a look-up may take, however slowly operators answer; a directory that is silent is known long before."""
MAX_NAMES = 16
TRIES = 3
_OPERATOR_TRIES = 2
_STRAGGLING_S = 0.5
"""How much longer an operator is waited for once enough others have resolved the name."""


def names_of(service: Service) -> tuple[str, ...]:
    """Return what directories are asked for: the service's names for it, or a bare host and the domain above it."""
    names = list(service.directory_names)
    if service.kind == "host":
        hosts = [endpoint.host for component in service.components for endpoint in component.endpoints]
        names += [name for host in hosts if not is_address(host) for name in (host, host.partition(".")[2])]
    return tuple(dict.fromkeys(name for name in names if "." in name))[:MAX_NAMES]


class Directories:
    """The national directories as they can be asked from this host; shared between checks."""

    def __init__(
        self,
        network: Network,
        controls: Controls,
        rng: random.Random,
        turns: Turns,
        directories: Sequence[Directory] | None = None,
    ) -> None:
        self._network = network
        self._controls = controls
        self._rng = rng
        self._turns = turns
        self._directories = national.shipped() if directories is None else tuple(directories)
        self._paths = Paths()

    def look_up(self, service: Service, recorder: Recorder) -> Lookup:
        """Return the look-up of a service's names, to be run by the caller."""
        names = names_of(service)
        ask = Asker(self._network, recorder, self._rng, self._turns, self._controls.root_servers)
        return Lookup([Search(directory, names, ask) for directory in self._directories if names], self._paths)


class Lookup:
    """One service's names in every directory: run once, watched and read by whoever wants to know."""

    def __init__(self, searches: Sequence[Search], paths: Paths) -> None:
        self._searches = searches
        self._paths = paths
        self._watchers = Watchers()
        self._settled = not searches
        self.findings: tuple[DirectoryFinding, ...] = ()
        """Known when the look-up has run, in the order of directories.toml."""

    async def run(self) -> None:
        """Ask. Cancelled, it concludes from what was heard until then."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
                    for search in self._searches:
                        tasks.create_task(search.run(self._paths))
        finally:
            self._conclude()

    def _conclude(self) -> None:
        self.findings = tuple(search.finding() for search in self._searches)
        self._settled = True
        self._watchers.tell()

    def watched_by(self, changed: asyncio.Event) -> AbstractContextManager[None]:
        """Have `changed` set when the findings are known."""
        return self._watchers.waking(changed)

    def may_tell_of(self, host: str) -> bool:
        """Tell whether what is still being asked could show that `host` was delisted."""
        return not self._settled and any(_covers(name, host) for search in self._searches for name in search.names)

    def delisted(self, host: str) -> tuple[str, ...]:
        """Return the ids of the observations that show `host`, or a domain above it, to be delisted; () if none do."""
        return tuple(
            seen
            for search, finding in zip(self._searches, self.findings, strict=False)
            for name, status in finding.names.items()
            if status == "delisted" and _covers(name, host)
            for seen in search.ids_of(name)
        )


def _covers(name: str, host: str) -> bool:
    return host == name or host.endswith(f".{name}")


class Search:
    """One service's names in one directory."""

    def __init__(self, directory: Directory, names: Sequence[str], ask: Asker) -> None:
        self.names = tuple(names)
        self._path = Path()
        self._directory = directory
        self._ask = ask
        self._families = ask.network.families()
        self._heard: dict[str, list[DnsObservation]] = {name: [] for name in names}
        self._following: list[tuple[str, Server, asyncio.Task[None]]] = []
        self._followed_up: set[tuple[str, str]] = set()

    def finding(self) -> DirectoryFinding:
        """Say what the directory says, as far as it was heard."""
        return national.conclude(self._directory, {name: self._about(name).status for name in self.names})

    def _about(self, name: str) -> NameInDirectory:
        return NameInDirectory(self._path, self._heard[name], self._ask.root_servers, self._ask.network.permits)

    def ids_of(self, name: str) -> tuple[str, ...]:
        return tuple(o.id for o in self._heard[name])

    async def run(self, paths: Paths) -> None:
        """Ask for all names; while the path is not known, over the likeliest one."""
        async with asyncio.TaskGroup() as self._tasks:
            known = paths.known(self._directory)
            if known is not None:
                self._path = known
                self._ask_for_all(known.alive, known.transport)
                return
            self._ask_for_all(self._directory.servers, "udp")
            self._path = await paths.find(self._directory, self._ask)
            self._leave(but=self._path.alive)
            if self._path.transport == "tcp":
                self._ask_for_all(self._path.alive, "tcp")

    def _ask_for_all(self, servers: Sequence[Server], transport: Transport) -> None:
        for name in self.names:
            for server in servers:
                self._following.append((name, server, self._start(self._ask_for(name, server, transport))))

    def _leave(self, *, name: str | None = None, but: Sequence[Server] = ()) -> None:
        """Ask no further for a name, or of all servers but some."""
        for about, server, task in self._following:
            if about == name or (name is None and server not in but):
                task.cancel()

    def _start(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        return self._tasks.create_task(work)

    async def _ask_for(self, name: str, server: Server, transport: Transport) -> None:
        async def ask(asked: Question) -> DnsObservation:
            observation = await self._hear(asked)
            if observation.reply is not None and not self._ask.is_given(observation):
                self._follow_up(name, server, transport)
            return observation

        await self._ask.until_settled(tries_at(name, server, transport, self._families, TRIES), ask)

    def _follow_up(self, name: str, server: Server, transport: Transport) -> None:
        """Once a name is not given: ask the server over TCP, validated operators, and a root server, each once."""
        if transport == "udp" and self._is_first(name, server.id):
            address = server.address_for(1, self._families)
            self._start(drop(self._hear(question(name, address, "tcp"))))
        if self._is_first(name, "everywhere"):
            self._start(drop(self._hear(question(name, self._ask.root_servers[0], "udp"))))
            self._start(self._ask_operators(name))

    def _is_first(self, name: str, where: str) -> bool:
        before = len(self._followed_up)
        self._followed_up.add((name, where))
        return len(self._followed_up) > before

    async def _ask_operators(self, name: str) -> None:
        """Ask all validated operators; where none resolves the name, the directory need not be asked again either."""
        async with asyncio.TaskGroup() as tasks:
            urls = self._ask.network.trusted_resolvers()
            asked = {tasks.create_task(self._ask_operator(name, url)) for url in urls}
            pending = asked
            while pending:
                known = [task.result() for task in asked if task.done()]
                enough = known.count("given") >= ENOUGH
                answered, pending = await asyncio.wait(
                    pending, timeout=_STRAGGLING_S if enough else None, return_when=asyncio.FIRST_COMPLETED
                )
                if not answered:
                    break
            for task in pending:
                task.cancel()
        if {task.result() for task in asked if not task.cancelled()} <= {"denied", "empty"}:
            self._leave(name=name)

    async def _ask_operator(self, name: str, url: str) -> Word | None:
        """Ask one operator, and once more where the connection, which all questions to it share, broke."""
        for nth in range(1, _OPERATOR_TRIES + 1):
            observation = await self._hear(question(name, url, "doh", nth))
            if observation.reply is not None or observation.failure in SILENCE:
                break
        return word_of(observation, self._ask.network.permits)

    async def _hear(self, asked: Question) -> DnsObservation:
        observation = await self._ask(asked)
        self._heard[asked.name].append(observation)
        return observation
