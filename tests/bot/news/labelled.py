"""The labelled headlines, and how well what is linked agrees with them: also what `make bench` prints."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bot.news import rank
from bot.news.mentions import Names
from bot.store.news import StoredStory
from probes.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

NOW = 1_790_000_000.0
READERS = (("en",), ("ru", "en"), ("fr", "en"))
LIMIT = 3


@dataclass(frozen=True, slots=True)
class Labelled:
    """A story and the services that it should be linked for."""

    story: StoredStory
    about: frozenset[str]
    access: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of asking for every service in every reader's languages."""

    answers: int
    precision: float
    """The share of the links shown, three at most, that are about the service."""
    wrong_first: tuple[str, ...]
    """Answers whose first link is about something else."""
    recall: float
    """The share of the stories about a service that are linked if nothing limits the number."""


@cache
def names() -> Names:
    return Names.of(Catalogue.load())


@cache
def labelled(*parts: str) -> tuple[Labelled, ...]:
    """Return the headlines of some parts of labelled.toml, an hour between one and the next."""
    document = tomllib.loads(Path(__file__).with_name("labelled.toml").read_text(encoding="utf-8"))
    rows = [(language, row) for part in parts for language, rows in document[part].items() for row in rows]
    return tuple(
        Labelled(
            _story(number, language, row), frozenset(row.get("about", ())), bool(row.get("about")) or "access" in row
        )
        for number, (language, row) in enumerate(rows)
    )


def _story(number: int, language: str, row: dict[str, str]) -> StoredStory:
    return StoredStory(
        id=number,
        feed="test",
        language=language,
        title=row["title"],
        summary=row["summary"],
        url=f"https://news.example.org/{number}",
        published_at=NOW - number * 3600,
        at=NOW - number * 3600,
    )


def figures(rows: Sequence[Labelled]) -> Figures:
    """Ask for every service that the catalogue has."""
    shown = right = wanted = found = answers = 0
    wrong_first = []
    about = {row.story.id: row.about for row in rows}
    for service, languages, ranked in _answers([row.story for row in rows]):
        wanted += sum(service in row.about and row.story.language in languages for row in rows)
        found += sum(service in about[one.story.id] for one in ranked)
        links = ranked[:LIMIT]
        shown += len(links)
        right += sum(service in about[one.story.id] for one in links)
        answers += bool(links)
        if links and service not in about[links[0].story.id]:
            wrong_first.append(f"{service}: {links[0].story.title}")
    return Figures(answers, right / shown, tuple(wrong_first), found / wanted)


def _answers(stories: Sequence[StoredStory]) -> Iterator[tuple[str, tuple[str, ...], list[rank.Ranked]]]:
    for service in Catalogue.load():
        for languages in READERS:
            reader = rank.Reader(languages)
            ranked = rank.rank(stories, service.id, names(), reader, weights={"test": 1.0}, now=NOW)
            yield service.id, languages, ranked
