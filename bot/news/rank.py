"""Which stories explain why a service can or cannot be used, and why they do. Pure: the time is an argument.

A story is about a service when it says of that service that it is blocked, slowed, broken or open again, in the title
or in a summary whose title leads there. One that merely names it is not, nor one in which the service is who blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.news.mentions import marked
from bot.news.places import is_about
from bot.news.vocabulary import MENTION, grammar
from bot.store.news import StoredStory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from bot.news.mentions import Names
    from bot.news.vocabulary import Grammar

RECENT_S = 45 * 86_400
"""The age up to which a story explains anything."""
RELEVANT = 0.5
"""From here on a story is about the service."""
_IN_TITLE = 1.0
_IN_SUMMARY = 0.8
"""The summary says it, and the title names the service."""
_LED_TO = 0.6
"""The summary says it, and the title is about access, whoever it names."""
_MENTIONED = 0.3
_HALF_LIFE_S = 7 * 86_400
_HERE = 1.5
"""For a story about the country in question,"""
_FARAWAY = 0.4
"""and for one about others alone."""
_UNKNOWN_SOURCE = 0.5
_FOREIGN = 0.3
"""For a language that the reader reads, but not first."""
_MOST_TITLE = 300
_MOST_SUMMARY = 600
"""Characters that are read: what comes later in a summary is background."""

ACCESS = "*"
"""What a story on access as such is about."""

_SENTENCES = re.compile(r"(?<=[.!?…])\s+|;\s+")
_MENTIONS = re.compile(MENTION)


@dataclass(frozen=True, slots=True)
class Relation:
    """What a story says of one service."""

    relevance: float
    """From 0 (names it) to 1 (the title is about its being blocked)."""
    because: str
    """Where it says so, and with which word."""


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom stories are ranked."""

    languages: tuple[str, ...]
    """That are read, the best first."""
    country: str | None = None
    """From where a service is asked about: ISO 3166, two letters."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A story with its score and, in a few words each, what made it up."""

    story: StoredStory
    score: float
    reasons: tuple[str, ...]


# --- what a story is about -------------------------------------------------------------------------------------------


def relations(title: str, summary: str, language: str, names: Names) -> Mapping[str, Relation]:
    """Return what a story is about: ids of services, the ids of `bot.news.mentions`, `ACCESS`."""
    rules = grammar(language)
    head = [marked(sentence, names).rstrip(".!?…") for sentence in _sentences(title[:_MOST_TITLE])]
    if any(rules.elsewhere.search(sentence) for sentence in head):
        return {}
    body = [marked(sentence, names).rstrip(".!?…") for sentence in _sentences(summary[:_MOST_SUMMARY])]
    found: dict[str, Relation] = {}
    for sentence in head:
        for id_, act in _said(sentence, rules):
            found.setdefault(id_, Relation(_IN_TITLE, f"title: {act}"))
    in_title = {mark.strip("§") for sentence in head for mark in _MENTIONS.findall(sentence)}
    leads = bool(found) or any(id_.startswith("*") for id_ in in_title) or any(map(rules.acts.search, head))
    for sentence in body:
        if rules.elsewhere.search(sentence):
            continue
        for id_, act in _said(sentence, rules):
            relevance = _IN_SUMMARY if id_ in in_title else _LED_TO if leads else _MENTIONED
            found.setdefault(id_, Relation(relevance, f"summary: {act}"))
    return found


def _sentences(text: str) -> Iterator[str]:
    return (sentence for sentence in _SENTENCES.split(text) if sentence.strip())


def _said(sentence: str, rules: Grammar) -> Iterator[tuple[str, str]]:
    """Yield the ids of what a sentence says is blocked, slowed, broken or open again, and the word for it."""
    for pattern in rules.blocked:
        for match in pattern.finditer(sentence):
            for mark in _MENTIONS.findall(match["subjects"]):
                yield mark.strip("§"), match["act"]
    if topic := rules.topics.search(sentence):
        yield ACCESS, topic[0].replace("§*", "").replace("§", "")


def subjects(title: str, summary: str, language: str, names: Names) -> frozenset[str]:
    """Return what a story is about, not only names. About whatever it is, it belongs to the news about access."""
    found = relations(title, summary, language, names)
    return frozenset(id_ for id_, relation in found.items() if relation.relevance >= RELEVANT)


def is_worth_keeping(title: str, summary: str, language: str, names: Names) -> bool:
    """Tell whether a story may ever be linked: it has some word about access, be it of a site that nobody knows yet."""
    text = f"{title} {summary}".lower().replace("ё", "е")
    return grammar(language).acts.search(text) is not None or bool(subjects(title, summary, language, names))


# --- the order -------------------------------------------------------------------------------------------------------


def rank(
    stories: Iterable[StoredStory],
    subject: str,
    names: Names,
    reader: Reader,
    *,
    weights: Mapping[str, float],
    now: float,
    most: int | None = None,
) -> list[Ranked]:
    """Return the stories about `subject` that a reader can read, the best first, at most so many.

    `weights` are the feeds'. What a story is about is looked at only where its circumstances could still bring it in:
    they are found out in a tenth of the time.
    """
    chances = (_circumstances(story, reader, weights, now) for story in stories)
    found: list[Ranked] = []
    for chance in sorted(filter(None, chances), key=_order):
        if most is not None and len(found) >= most and found[most - 1].score >= chance.score:
            break
        relation = _relations(chance.story.title, chance.story.summary, chance.story.language, names).get(subject)
        if relation is None or relation.relevance < RELEVANT:
            continue
        score = chance.score * relation.relevance
        found.append(Ranked(chance.story, score, (relation.because, *chance.reasons)))
        found.sort(key=_order)
    return found[:most]


def _order(one: Ranked) -> tuple[float, float, int]:
    return (-one.score, -one.story.at, one.story.id)


def _circumstances(story: StoredStory, reader: Reader, weights: Mapping[str, float], now: float) -> Ranked | None:
    """Return what a story's score would be if it were wholly about the subject; None if it is not for this reader."""
    age_s = max(0.0, now - story.at)
    if age_s > RECENT_S or story.language not in reader.languages:
        return None
    weight = weights.get(story.feed, _UNKNOWN_SOURCE)
    place, where = _place(story, reader.country)
    tongue = 1.0 if story.language == reader.languages[0] else _FOREIGN
    score = 0.5 ** (age_s / _HALF_LIFE_S) * weight * place * tongue
    return Ranked(story, score, (f"{age_s / 86_400:.0f} days old", f"source {weight:.1f}", *where, story.language))


def _place(story: StoredStory, country: str | None) -> tuple[float, tuple[str, ...]]:
    here = is_about(f"{story.title} {story.summary}".lower(), country) if country else None
    if here is None:
        return 1.0, ()
    return (_HERE, (f"about {country}",)) if here else (_FARAWAY, ("about another country",))


@lru_cache(maxsize=4096)
def _relations(title: str, summary: str, language: str, names: Names) -> Mapping[str, Relation]:
    return relations(title, summary, language, names)
