"""What is kept of a feed's entries: which, how long, as of when, and whether another source told it before. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.news import rank
from bot.news.stems import significant, stems
from bot.store.news import NewStory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.news.mentions import Names
    from bot.news.model import Entry, Feed
    from bot.store.news import Headline

KEEP_S = 90 * 86_400
MOST_KEPT = 20_000
RETOLD_S = 72 * 3600
"""Within this time other sources tell the same story."""
_FAST_CLOCK_S = 24 * 3600
"""By so much a feed's clock or time zone may be wrong; what lies further in the future has no date."""
_ALIKE = 0.6
"""The share of common stems among all of two headlines, from which on they tell the same,"""
_WITHIN = 0.8
"""or among those of the shorter one,"""
_FEWEST = 4
"""unless it has fewer."""


def dated(entry: Entry, now: float) -> tuple[float | None, float]:
    """Return when an entry was published, as far as it can be believed, and the time to go by."""
    published_at = entry.published_at
    if published_at is None or not 0 < published_at <= now + _FAST_CLOCK_S:
        return None, now
    return min(published_at, now), min(published_at, now)


def is_too_old(at: float, now: float) -> bool:
    """Tell whether a story of that time is not kept any more."""
    return at < now - KEEP_S


def same_story(one: frozenset[str], other: frozenset[str]) -> bool:
    """Tell whether two headlines, as significant stems, tell the same."""
    common, fewest = len(one & other), min(len(one), len(other))
    if not common:
        return False
    return common / len(one | other) >= _ALIKE or (fewest >= _FEWEST and common / fewest >= _WITHIN)


class Retold:
    """Finds the first telling of a story among the headlines of some days."""

    def __init__(self, headlines: Iterable[Headline]) -> None:
        self._known: dict[str, list[tuple[Headline, frozenset[str]]]] = {}
        for headline in headlines:
            words = frozenset(headline.stems.split())
            for word in words:
                self._known.setdefault(f"{headline.language} {word}", []).append((headline, words))

    def first(self, words: frozenset[str], language: str, subjects: str, at: float) -> int | None:
        """Return the id of the story that told it before: with such a headline, and not about other services."""
        about = set(subjects.split())
        for headline, other in self._sharing(words, language):
            others = set(headline.subjects.split())
            if (about & others or about == others) and abs(headline.at - at) <= RETOLD_S and same_story(words, other):
                return headline.id
        return None

    def _sharing(self, words: frozenset[str], language: str) -> Iterator[tuple[Headline, frozenset[str]]]:
        """Yield the headlines with a word in common, those with rare ones first, some more than once."""
        shelves: Sequence[list[tuple[Headline, frozenset[str]]]] = [
            self._known.get(f"{language} {word}", []) for word in words
        ]
        for shelf in sorted(shelves, key=len):
            yield from shelf


def sort(
    feed: Feed, entries: Iterable[Entry], headlines: Iterable[Headline], names: Names, now: float
) -> list[NewStory]:
    """Return those of new entries that may ever be linked, with what they are about and who told it first."""
    retold = Retold(headlines)
    return [
        _story(entry, feed, retold, names, now)
        for entry in entries
        if not is_too_old(dated(entry, now)[1], now)
        and rank.is_worth_keeping(entry.title, entry.summary, feed.language, names)
    ]


def _story(entry: Entry, feed: Feed, retold: Retold, names: Names, now: float) -> NewStory:
    about = rank.subjects(entry.title, entry.summary, feed.language, names)
    subjects = " ".join(sorted(id_ for id_ in about if not id_.startswith("*")))
    published_at, at = dated(entry, now)
    words = significant(entry.title, feed.language)
    return NewStory(
        feed=feed.id,
        language=feed.language,
        title=entry.title,
        summary=entry.summary,
        url=entry.url,
        published_at=published_at,
        at=at,
        stems=" ".join(sorted(words)),
        subjects=subjects,
        access=bool(about),
        words=" ".join(stems(f"{entry.title} {entry.summary}", feed.language)),
        same_as=retold.first(words, feed.language, subjects, at),
    )
