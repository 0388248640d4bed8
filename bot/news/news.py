"""What people are shown: the links that explain an answer, the latest news, and how the feeds are doing."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from bot.news import rank
from bot.news.mentions import Names
from bot.news.model import Feed, Story
from bot.news.stems import stems
from bot.store.database import StoreError
from bot.store.news import FeedState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from bot.store.news import NewsStore, StoredStory
    from probes.model import Service

_log = logging.getLogger(__name__)

LINGUA_FRANCA = "en"
"""Shown after the reader's own languages."""
_MOST_CANDIDATES = 60
_MOST_LATEST = 300
_LATEST_S = 30 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHealth:
    """A feed and how reading it goes; without a state it was not read yet."""

    feed: Feed
    state: FeedState | None


class News:
    """Answers from what is stored; nothing is fetched for anybody. Without a readable store there are no news."""

    def __init__(
        self,
        store: NewsStore,
        feeds: Mapping[str, Feed],
        names: Names,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._feeds = feeds
        self._names = names
        self._weights = {id_: feed.weight for id_, feed in feeds.items()}
        self._clock = clock

    async def for_service(
        self, service: Service, languages: Sequence[str], limit: int = 3, *, country: str | None = None
    ) -> list[Story]:
        """Return the stories that explain best why a service can or cannot be used; often there are none.

        `languages` are those that the reader reads, the first one best. `country` (ISO 3166, two letters) is where the
        question was asked from: stories about it come first.
        """
        ranked = await self.ranked(service, languages, limit, country=country)
        return [self._shown(one.story) for one in ranked]

    async def ranked(
        self, service: Service, languages: Sequence[str], limit: int = 3, *, country: str | None = None
    ) -> list[rank.Ranked]:
        """Return the same stories, each with the reasons for its place."""
        now = self._clock()
        since = now - rank.RECENT_S
        if service.kind == "host":
            subject = service.id.removeprefix("www.")
            names = Names.of_host(subject)
            found = await _or_none(self._store.with_words((subject,), since=since, most=_MOST_CANDIDATES))
        else:
            subject, names = service.id, self._names
            found = await _or_none(self._store.about(subject, since=since, most=_MOST_CANDIDATES))
        if not found:
            return []
        reader = rank.Reader(_readable(languages), country)
        work = partial(rank.rank, found, subject, names, reader, weights=self._weights, now=now, most=limit)
        return await asyncio.to_thread(work)  # at first it reads the grammars, a tenth of a second

    async def latest(self, languages: Sequence[str], offset: int, limit: int) -> list[Story]:
        """Return news about access: those in the reader's languages first, then others, the latest of each first."""
        own = tuple(languages)
        found = await _or_none(self._store.latest(since=self._clock() - _LATEST_S, most=_MOST_LATEST))
        found.sort(key=lambda story: own.index(story.language) if story.language in own else len(own))
        return [self._shown(story) for story in found[offset : offset + limit]]

    async def search(self, text: str, languages: Sequence[str], offset: int, limit: int) -> list[Story]:
        """Return the stories with all words of `text`, in any of their forms, the latest first."""
        readable = _readable(languages)
        since = self._clock() - rank.RECENT_S
        found: dict[int, StoredStory] = {}
        for language in readable:
            words = await asyncio.to_thread(_stems, text, language)
            stories = await _or_none(self._store.with_words(words, since=since, most=_MOST_LATEST))
            found |= {story.id: story for story in stories if story.language in readable}
        latest = sorted(found.values(), key=lambda story: (readable.index(story.language), -story.at))
        return [self._shown(story) for story in latest[offset : offset + limit]]

    async def feeds_state(self) -> list[FeedHealth]:
        """Return every feed with how reading it goes."""
        try:
            states = await self._store.states()
        except StoreError as error:
            _log.warning("How the feeds are doing could not be read: %s", error)
            states = {}
        return [FeedHealth(feed=feed, state=states.get(id_)) for id_, feed in self._feeds.items()]

    def _shown(self, story: StoredStory) -> Story:
        feed = self._feeds.get(story.feed)
        return Story(
            title=story.title,
            url=story.url,
            source=feed.name if feed else story.feed,
            published_at=story.published_at,
            language=story.language,
        )


def _readable(languages: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*languages, LINGUA_FRANCA)))


def _stems(text: str, language: str) -> tuple[str, ...]:
    return tuple(stems(text, language))


async def _or_none(reading: Awaitable[list[StoredStory]]) -> list[StoredStory]:
    """Return what was read, or nothing: an answer is worth more than the news beside it."""
    try:
        return await reading
    except StoreError as error:
        _log.warning("The news could not be read: %s", error)
        return []
