"""Keeps copies of the published lists up to date, and says what they have of a service.

A source that fails costs nobody anything: what is known stays, and why it is no newer is kept. What the lists say is
shown beside a measurement and is never part of its verdict.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin

from bot.registry.elements import ElementError, Elements
from bot.registry.lists import LISTS, ListKind, candidates
from bot.store import RegistryEntry, RegistryList, StoreError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence

    from bot.registry.source import Download
    from bot.store import Registries
    from probes.model import Service

_log = logging.getLogger(__name__)

FIRST_S = 60.0
"""After the start: a chat that is over in a moment fetches nothing."""
_ADDED_AT_ONCE = 2000
"""Entries of one transaction."""
_FIRST_PAUSE_S = 300.0
"""Before the second attempt; doubled with each further one, up to the usual interval."""
_LONGEST_PAUSE_S = 24 * 3600.0
"""Whatever a server asks for."""
_FRESH_INTERVALS = 5
"""For so many intervals a register counts as complete: that it does not have a name is said of a recent copy only."""
_SEARCH = "/ru/?status=1&gov=all&q="
"""Where people look a name up, on the site of the API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is known of a service in the register of blocked sites."""

    listed: tuple[RegistryEntry, ...] = ()
    """Its entries."""
    without_entry: tuple[RegistryEntry, ...] = ()
    """Names of it that are blocked without one, as others found."""
    complete: bool = False
    """Whether a recent copy of the whole register is at hand, so that no entry means that there is none."""
    link: str = ""
    """Where people look it up themselves."""


class Registry:
    """Copies of some of `LISTS`, from the API at `url`."""

    def __init__(
        self,
        registries: Registries,
        url: str,
        lists: Sequence[str],
        *,
        interval_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._registries = registries
        self._url = url if url.endswith("/") else f"{url}/"
        self._lists = {id_: LISTS[id_] for id_ in lists}
        self._interval_s = interval_s
        self._clock = clock

    async def run(self) -> None:
        """Keep the copies up to date until cancelled."""
        await asyncio.sleep(_spread(FIRST_S))
        while True:
            next_at = self._clock() + _FIRST_PAUSE_S
            try:
                next_at = await self.refresh()
            except Exception:  # noqa: BLE001 -- nothing that goes wrong here is worth stopping the bot for
                _log.exception("The registers could not be looked after")
            await asyncio.sleep(max(1.0, min(next_at - self._clock(), self._interval_s)))

    async def refresh(self) -> float:
        """Fetch every list that is due, forget those that are not wanted, and return when the next one is due.

        Raises `StoreError`.
        """
        known = await self._registries.lists()
        for id_ in known.keys() - self._lists.keys():
            await self._registries.drop(id_)
        times = [await self._refreshed(id_, kind, known.get(id_)) for id_, kind in self._lists.items()]
        return min(times, default=self._clock() + self._interval_s)

    async def states(self) -> dict[str, RegistryList]:
        """Return how the copies stand, by the lists' ids. Raises `StoreError`."""
        return await self._registries.lists()

    async def find(self, service: Service) -> Record | None:
        """Return what is known of a service; None while nothing is."""
        names = tuple(dict.fromkeys(form for name in _names(service) for form in candidates(name)))
        try:
            states = await self._registries.lists()
            at_hand = [id_ for id_ in self._lists if id_ in states and states[id_].edition]
            found = {id_: await self._registries.find(id_, names) for id_ in at_hand}
        except StoreError as error:
            _log.warning("The registers could not be read: %s", error)
            return None
        if not at_hand:
            return None
        registers = [id_ for id_ in at_hand if LISTS[id_].is_register]
        listed = _by_name(found[id_] for id_ in registers)
        others = _by_name(found[id_] for id_ in at_hand if id_ not in registers)
        return Record(
            listed=tuple(listed.values()),
            without_entry=() if listed else tuple(others.values()),
            complete=any(self._is_recent(states[id_]) for id_ in registers),
            link=self._link((*listed, *others)),
        )

    def _is_recent(self, state: RegistryList) -> bool:
        return self._clock() - (state.fetched_at or 0) < _FRESH_INTERVALS * self._interval_s

    def _link(self, names: Sequence[str]) -> str:
        return urljoin(self._url, _SEARCH) + quote(names[0].removeprefix("*.")) if names else ""

    # --- one list ----------------------------------------------------------------------------------------------------

    async def _refreshed(self, id_: str, kind: ListKind, known: RegistryList | None) -> float:
        """Fetch a list if it is due, and return when it is due next."""
        url = urljoin(self._url, kind.path)
        state = known or RegistryList(id=id_, url=url)
        if state.url != url:  # another source's version tells nothing of this one's
            state = replace(state, url=url, etag=None, last_modified=None, next_at=0)
        now = self._clock()
        if now < state.next_at < now + self._interval_s + _LONGEST_PAUSE_S:  # beyond, the clock was set back
            return state.next_at
        state = await self._fetched(kind, state)
        await self._registries.save(state)
        await self._registries.sweep(id_)
        return state.next_at

    async def _fetched(self, kind: ListKind, state: RegistryList) -> RegistryList:
        """Fetch a list, and return how it stands then; the rows of a new edition are in the store."""
        from bot.registry.source import SourceError, Version, download  # noqa: PLC0415 -- a chat of a moment does without

        version = Version(etag=state.etag, last_modified=state.last_modified) if state.edition else Version()
        try:
            async with download(state.url, version, most_bytes=kind.most_bytes, limit_s=kind.limit_s) as found:
                loaded = state if found is None else await self._loaded(kind, state, found)
        except (SourceError, ElementError) as error:
            retry_after_s = error.retry_after_s if isinstance(error, SourceError) else None
            return self._failed(state, str(error), retry_after_s)
        now = self._clock()
        next_at = now + _spread(self._interval_s)
        return replace(loaded, fetched_at=now, next_at=next_at, failures=0, error=None)

    async def _loaded(self, kind: ListKind, state: RegistryList, found: Download) -> RegistryList:
        """Store what arrives as a new edition. Raises `SourceError` and `ElementError`; then it does not count."""
        await self._registries.sweep(state.id)  # what an attempt left behind that broke off
        edition, count = state.edition + 1, 0
        async with aclosing(_batches(kind, found)) as batches:
            async for entries in batches:
                await self._registries.add(state.id, edition, entries)
                count += len(entries)
        if not count:
            raise ElementError("without a single entry")
        version = found.version
        return replace(state, edition=edition, entries=count, etag=version.etag, last_modified=version.last_modified)

    def _failed(self, state: RegistryList, error: str, retry_after_s: float | None) -> RegistryList:
        pause_s = min(_FIRST_PAUSE_S * 2 ** min(state.failures, 10), self._interval_s)
        pause_s = min(max(pause_s, retry_after_s or 0), _LONGEST_PAUSE_S)
        _log.log(logging.DEBUG if state.failures else logging.WARNING, "%s cannot be fetched: %s", state.url, error)
        next_at = self._clock() + _spread(pause_s)
        return replace(state, next_at=next_at, failures=state.failures + 1, error=error)


async def _batches(kind: ListKind, found: Download) -> AsyncGenerator[list[RegistryEntry], None]:
    """Yield the entries as they arrive, some thousand at a time; they are read off the event loop."""
    elements = Elements()
    batch: list[RegistryEntry] = []

    def read(piece: bytes) -> list[RegistryEntry]:
        return [entry for element in elements.feed(piece) for entry in kind.read(element)]

    async for piece in found.pieces():
        batch += await asyncio.to_thread(read, piece)
        if len(batch) >= _ADDED_AT_ONCE:
            yield batch
            batch = []
    elements.close()
    yield batch


def _by_name(lists: Iterable[Iterable[RegistryEntry]]) -> dict[str, RegistryEntry]:
    """Return the entries by name; of two for one name, the one that knows since when."""
    found: dict[str, RegistryEntry] = {}
    for entry in (entry for entries in lists for entry in entries):
        if entry.since or entry.name not in found:
            found[entry.name] = entry
    return found


def _names(service: Service) -> Iterator[str]:
    """Yield the host names that a service is known by: those for directories, and its essential endpoints'."""
    yield from service.directory_names
    for component in service.components:
        if component.essential:
            yield from (endpoint.host for endpoint in component.endpoints)


def _spread(interval_s: float) -> float:
    """Return about as much, so that not every bot asks at the same moment."""
    return interval_s * random.uniform(0.9, 1.1)  # noqa: S311 -- nobody gains by guessing it
