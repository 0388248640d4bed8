"""How questions reach a national DNS directory: over which transport, which of its servers, spaced how far apart.

What the answers mean is `probes.directory`'s to say; which names are asked for is `probes.directory_lookup`'s affair.
"""

from __future__ import annotations

import asyncio
import string
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from probes.directory import DENIES, ENOUGH, WHOAMI, Path, Soundings, word_of
from probes.network import Question
from probes.observations import Arm, DnsObservation, Purpose

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

    from probes.directory import Directory, Server, Transport, Word
    from probes.network import Network
    from probes.recorder import Recorder
    from probes.turns import Turns

Ask = Callable[[Question], Awaitable[DnsObservation]]

PATH_KEPT_S = 60.0
"""For how long it is believed that a directory is alive, or silent."""
_CONTROL_TRIES = 2
_SPACING_S = 0.25
"""Between two tries, twice that between the next two: a filter lies to the first of a burst (net4people/bbs#657)."""
_SPREAD_S = 0.04
"""Questions that could go out at once start up to this much apart, so that they do not look like one burst."""
_TIMEOUT_S = 0.9
_OPERATOR_TIMEOUT_S = 3.5
_RANDOM_LETTERS = 12


class Asker:
    """Asks one question for a directory's sake, and records the answer."""

    def __init__(
        self, network: Network, recorder: Recorder, rng: random.Random, turns: Turns, root_servers: tuple[str, ...]
    ) -> None:
        self.network = network
        self.root_servers = root_servers
        self._recorder = recorder
        self._rng = rng
        self._turns = turns

    async def __call__(self, question: Question) -> DnsObservation:
        await asyncio.sleep(self._rng.uniform(0, _SPREAD_S))
        async with self._turns.turn(ahead=True):
            started_s = self._recorder.clock()
            return self._recorder.add(await self.network.ask(question), started_s)

    def is_given(self, observation: DnsObservation) -> bool:
        return word_of(observation, self.network.permits) == "given"

    async def until_settled(self, questions: Iterable[Question], ask: Ask) -> None:
        """Ask one question after the other, spaced apart, until one answer gives addresses or enough deny them."""
        settled = asyncio.Event()
        words: list[Word | None] = []
        async with asyncio.TaskGroup() as tries:
            asked: list[asyncio.Task[None]] = []

            async def attempt(question: Question) -> None:
                words.append(word_of(await ask(question), self.network.permits))
                if words[-1] == "given" or sum(word in DENIES for word in words) >= ENOUGH:
                    settled.set()
                    for other in asked:
                        if other is not asyncio.current_task():
                            other.cancel()

            for nth, question in enumerate(questions, start=1):
                asked.append(tries.create_task(attempt(question)))
                with suppress(TimeoutError):
                    async with asyncio.timeout(nth * _SPACING_S):
                        await settled.wait()
                    break

    def random_name(self) -> str:
        return f"{''.join(self._rng.choices(string.ascii_lowercase, k=_RANDOM_LETTERS))}.com"


def question(name: str, resolver: str, transport: Literal["udp", "tcp", "doh"], nth: int = 1) -> Question:
    return Question(
        name=name,
        query_type="A",
        resolver=resolver,
        transport=transport,
        timeout_s=_OPERATOR_TIMEOUT_S if transport == "doh" else _TIMEOUT_S,
        arm=Arm.CONTROL,
        purpose=Purpose.DIRECTORY,
        nth=nth,
    )


def tries_at(name: str, server: Server, transport: Transport, families: frozenset[int], count: int) -> list[Question]:
    return [question(name, server.address_for(nth, families), transport, nth) for nth in range(1, count + 1)]


async def drop(work: Awaitable[DnsObservation]) -> None:
    """Await an answer that is recorded elsewhere."""
    await work


# --- the path --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kept:
    path: Path
    until_s: float


class Paths:
    """How each directory can be asked from this host: remembered for a minute, and found out by one check at a time."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._finding: dict[str, asyncio.Lock] = {}

    def known(self, directory: Directory) -> Path | None:
        kept = self._kept.get(directory.id)
        return kept.path if kept and asyncio.get_running_loop().time() < kept.until_s else None

    async def find(self, directory: Directory, ask: Asker) -> Path:
        """Return the path; whoever comes while it is being found out waits for it."""
        async with self._finding.setdefault(directory.id, asyncio.Lock()):
            path = self.known(directory)
            if path is None:
                path = await find_path(directory, ask)
                self._kept[directory.id] = _Kept(path, asyncio.get_running_loop().time() + PATH_KEPT_S)
            return path


async def find_path(directory: Directory, ask: Asker) -> Path:
    """Find out which servers are alive, over UDP or else over TCP: a directory that is silent is known within 1.2 s."""
    seen: list[DnsObservation] = []
    soundings = Soundings(directory, seen, ask.root_servers, ask.random_name(), ask.network.permits)
    await _sound(soundings, seen, ask, "udp")
    if not soundings.path.alive and any(o.transport == "tcp" and o.reply is not None for o in seen):
        await _sound(soundings, seen, ask, "tcp")
    return soundings.path


async def _sound(soundings: Soundings, seen: list[DnsObservation], ask: Asker, transport: Transport) -> None:
    """Ask the servers for what they certainly hold and for what nobody does, and a root server beside them."""
    directory, families = soundings.directory, ask.network.families()

    async def note(asked: Question) -> DnsObservation:
        seen.append(observation := await ask(asked))
        return observation

    strange = [question(directory.control_names[-1], ask.root_servers[0], transport)]
    async with asyncio.TaskGroup() as meanwhile:
        async with asyncio.TaskGroup() as tasks:
            for server in directory.servers:
                address = server.address_for(1, families)
                for name in directory.control_names:
                    tries = tries_at(name, server, transport, families, _CONTROL_TRIES)
                    tasks.create_task(ask.until_settled(tries, note))
                for egress in ("udp", "tcp") if transport == "udp" else ():
                    tasks.create_task(drop(note(question(WHOAMI, address, egress))))
                strange.append(question(soundings.random_name, address, transport))
            waited_for = [meanwhile.create_task(drop(note(asked))) for asked in strange]
        # An honest answer to these gives nothing, and is not waited for; a false one comes as soon as the others.
        await asyncio.wait(waited_for, timeout=_SPREAD_S)
        for task in waited_for:
            task.cancel()
