"""Reads the feeds, again and again, and keeps what they bring.

A feed that fails costs nobody anything: what is known stays, and why nothing newer came is kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from bot.news import schedule, stories
from bot.news.model import FeedError
from bot.store.news import FeedState
from probes.guard import PUBLIC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from bot.news.fetch import Fetched, Fetcher
    from bot.news.mentions import Names
    from bot.news.model import Entry, Feed
    from bot.store.news import NewsStore, NewStory
    from probes.guard import Guard

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

FIRST_S = 60.0
"""After the start: a chat that is over in a moment fetches nothing."""
_MOST_AT_ONCE = 4
_LONGEST_SLEEP_S = 600.0
_SHORTEST_SLEEP_S = 5.0
_GIVE_WAY_S = 0.001
"""How long the parsing thread may keep the interpreter from the event loop: with the usual 5 ms, waits add up."""


class Poller:
    """Keeps the stories of some feeds up to date."""

    def __init__(
        self,
        store: NewsStore,
        feeds: Mapping[str, Feed],
        names: Names,
        *,
        guard: Guard = PUBLIC,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._names = names
        self._guard = guard
        self._clock = clock

    async def run(self) -> None:
        """Read every feed when it is due, until cancelled."""
        await asyncio.sleep(FIRST_S * (0.8 + 0.4 * _chance()))
        while True:
            next_at = self._clock() + _LONGEST_SLEEP_S
            try:
                next_at = await self.poll()
            except Exception:  # noqa: BLE001 -- nothing that goes wrong here is worth stopping the bot for
                _log.exception("The news could not be looked after")
            await asyncio.sleep(min(max(next_at - self._clock(), _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S))

    async def poll(self) -> float:
        """Read the feeds that are due, a few at once, forget what is old, and return when the next one is due.

        Raises `StoreError`.
        """
        await self._store.keep_feeds(self._feeds.keys())
        known = await self._store.states()
        states = {id_: self._state_of(feed, known) for id_, feed in self._feeds.items()}
        now = self._clock()
        due = [state for state in states.values() if schedule.is_due(state.next_at, now)]
        if due:
            async with self._reading() as reading:
                states |= {state.feed: state for state in await reading.all(due)}
            await self._store.forget(self._clock() - stories.KEEP_S, stories.MOST_KEPT)
        return min((state.next_at for state in states.values()), default=now + _LONGEST_SLEEP_S)

    def _state_of(self, feed: Feed, states: Mapping[str, FeedState]) -> FeedState:
        """Return how a feed stands; what is known of another address is of no use for this one."""
        state = states.get(feed.id)
        return state if state and state.url == feed.url else FeedState(feed=feed.id, url=feed.url)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[_Reading]:
        # A thread of its own, so that nothing else waits for a feed to be parsed.
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="news")
        usual_s = sys.getswitchinterval()
        sys.setswitchinterval(_GIVE_WAY_S)
        try:
            for module in ("fetch", "parse"):  # half a second in all, which nobody is to wait for
                await asyncio.get_running_loop().run_in_executor(thread, import_module, f"bot.news.{module}")
            from bot.news.fetch import Fetcher  # noqa: PLC0415 -- a chat that is over in a moment does without

            async with Fetcher.open(self._guard) as fetcher:
                yield _Reading(self._store, self._feeds, self._names, fetcher=fetcher, thread=thread, clock=self._clock)
        finally:
            sys.setswitchinterval(usual_s)
            thread.shutdown(wait=False, cancel_futures=True)


class _Reading:
    """One round over the feeds."""

    def __init__(
        self,
        store: NewsStore,
        feeds: Mapping[str, Feed],
        names: Names,
        *,
        fetcher: Fetcher,
        thread: ThreadPoolExecutor,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._names = names
        self._fetcher = fetcher
        self._thread = thread
        self._clock = clock
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)
        self._sorting = asyncio.Lock()
        """One feed's stories are compared and stored before the next one's, lest two be the first to tell the same."""

    async def all(self, states: Iterable[FeedState]) -> list[FeedState]:
        """Read these feeds and return how it went. Raises `StoreError`."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._one(state)) for state in states]
        return [task.result() for task in tasks]

    async def _one(self, state: FeedState) -> FeedState:
        feed = self._feeds[state.feed]
        async with self._room:
            try:
                fetched = await self._fetcher.fetch(
                    state.moved_to or state.url, etag=state.etag, modified=state.modified
                )
                entries, digest = await self._entries(fetched, state.digest)
            except FeedError as error:
                _log.log(logging.DEBUG if state.failures else logging.INFO, "The feed %s failed: %s", feed.id, error)
                after = schedule.failed(state, error, now=self._clock(), chance=_chance())
                await self._store.save(after)
                return after
        async with self._sorting:
            after = schedule.succeeded(state, fetched, entries, digest, now=self._clock(), chance=_chance())
            await self._store.save(after, await self._sorted(feed, entries or ()))
            return after

    async def _entries(self, fetched: Fetched, digest: str) -> tuple[list[Entry] | None, str]:
        """Return the entries and the digest of a body; None in place of entries if it is the same as the last one."""
        if fetched.body is None:
            return None, digest
        found = hashlib.sha256(fetched.body).hexdigest()
        if found == digest:
            return None, digest
        from bot.news.parse import read  # noqa: PLC0415 -- see `Poller._reading`

        return await self._in_thread(read, fetched.body, fetched.content_type, fetched.url), found

    async def _sorted(self, feed: Feed, entries: Sequence[Entry]) -> list[NewStory]:
        """Return the stories among the entries that are new and may ever be linked."""
        known = await self._store.known(entry.url for entry in entries)
        fresh = [entry for entry in entries if entry.url not in known]
        if not fresh:
            return []
        now = self._clock()
        oldest = min(entry.published_at or now for entry in fresh)
        headlines = await self._store.headlines(max(oldest - stories.RETOLD_S, now - stories.KEEP_S))
        return await self._in_thread(stories.sort, feed, fresh, headlines, self._names, now)

    async def _in_thread(self, work: Callable[..., _T], *arguments: object) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)


def _chance() -> float:
    return random.random()  # noqa: S311 -- nobody gains by guessing it
