"""What somebody wants to subscribe to: services, categories, everything; blocks alone or degradations too. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.alerts.subscriptions import EVERYTHING, of_category, of_service
from bot.chat import categories
from bot.chat.matching import FILLER, MOST_CHARACTERS, match
from probes.catalogue import fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probes.catalogue import Catalogue
    from probes.model import Service

_CATEGORY = of_category("")
_MOST_WORDS = 4
"""Of one name."""
_CHUNK = re.compile(r"[^\s,;]+")
_DEGRADATIONS = frozenset(
    fold(
        "degradations degradation degraded outages outage problems ухудшения ухудшение сбои сбой проблемы "
        "dégradations dégradation pannes panne problèmes"
    ).split()
)
_BLOCKS = frozenset(fold("blocks block blocked only блокировки блокировка только blocages blocage seulement").split())
_BESIDE = frozenset(fold("and also with too и также а с тоже et aussi avec to me на").split())
"""Words between what is wanted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a text names, each once, and what of it cannot be subscribed to."""

    targets: tuple[str, ...] = ()
    degradations: bool | None = None
    """None if it does not say."""
    hosts: tuple[str, ...] = ()
    """Which the catalogue does not have."""
    unknown: tuple[str, ...] = ()
    """Words that name nothing."""
    suggestions: tuple[str, ...] = ()
    """The services, by id, that these may mean."""


def read(text: str, catalogue: Catalogue) -> Wanted:
    """Return what follows /subscribe or /unsubscribe."""
    degradations: bool | None = None
    hosts: list[str] = []
    words: list[str] = []
    kinds = {of_category(category) for category in catalogue.categories()}
    for chunk in _CHUNK.findall(text[:MOST_CHARACTERS]):
        folded = fold(chunk)
        if folded in _DEGRADATIONS:
            degradations = True
        elif folded in _BLOCKS:
            degradations = False
        elif folded not in kinds and (found := match(chunk, catalogue).hosts):
            hosts += found
        elif folded not in _BESIDE:
            words.append(chunk)
    return _named(words, catalogue, Wanted(degradations=degradations, hosts=tuple(dict.fromkeys(hosts))))


def _named(words: Sequence[str], catalogue: Catalogue, wanted: Wanted) -> Wanted:
    """Read the words one after the other, the longest name first."""
    targets: list[str] = []
    unknown: list[str] = []
    place = 0
    while place < len(words):
        service, length = _name_at(words, place, catalogue)
        word = words[place]
        place += length
        if service:
            targets.append(of_service(service.id))
        elif len(words) == 1 or fold(word) not in FILLER:
            found = _word(word, catalogue)
            targets += found or []
            unknown += [] if found is not None else [word]
    suggestions = dict.fromkeys(one.id for word in unknown for one in match(word, catalogue).suggestions)
    return replace(
        wanted, targets=tuple(dict.fromkeys(targets)), unknown=tuple(unknown), suggestions=tuple(suggestions)
    )


def _name_at(words: Sequence[str], place: int, catalogue: Catalogue) -> tuple[Service | None, int]:
    """Return the service whose name begins there, and how many words that has."""
    for length in range(min(_MOST_WORDS, len(words) - place), 0, -1):
        if service := catalogue.find(" ".join(words[place : place + length])):
            return service, length
    return None, 1


def _word(word: str, catalogue: Catalogue) -> list[str] | None:
    """Return the targets that a word by itself stands for, in whatever form; None if nobody knows."""
    groups = catalogue.categories()
    if word.removeprefix(_CATEGORY) in groups and word.startswith(_CATEGORY):
        return [word]
    reading = categories.read(word, groups)
    if len(groups) > 1 and len(reading.categories) == len(groups):
        return [EVERYTHING]
    if reading.categories:
        return [of_category(one) for one in reading.categories]
    return [of_service(one.id) for one in match(word, catalogue).services] or (None if reading.unknown else [])
