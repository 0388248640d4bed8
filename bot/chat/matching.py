"""Which services and hosts a free message is about: pure, bounded, in English, Russian and French.

Names come from the catalogue alone. How a host as typed becomes a target is `probes.targets`' affair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from bot.chat.spelling import case_forms, is_cyrillic, other_layout, transliterate
from probes.catalogue import fold, names_of
from probes.model import Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from probes.catalogue import Catalogue

MOST_CHARACTERS = 256
"""Of a message that are read."""
MOST_TARGETS = 10
"""Services, and hosts, that one message can name."""
MOST_SUGGESTIONS = 3

_MOST_WORDS = 5
"""Words that one name can have."""
_SHORTEST_JOINED = 6
"""Letters from which on words written apart in a longer message may be one name: "you tube", but not "v k"."""
_SHORTEST_GUESS = 4
_MOST_GUESSES = 24
"""Spellings that are compared with every name."""
_ALIKE = 0.78
"""The share of common letters (difflib's ratio) from which on a word may be a misspelt name."""

_ENGLISH = """
a again an and anyone app are be blocked broken can cannot cant check currently did do does doesn doesnt don down for
hello hey hi i if is isn isnt it loading me not now of online open opening opens or our please pls reach reachable
service site still t test thanks that the there to today up use using website will with work working works you
"""
_RUSSIAN = """
а без бы вообще где доступен доступна доступно ли же за заблокирован заблокирована заблокировали заблокировано и или
легла лег лежит мне можно мы не недоступен недоступна ну он она они опять открывается открываются перестал перестала
пожалуйста почему приложение проверь проверить проверка работает работал работают работать сегодня сейчас сервис
сайт сломался снова тоже тормозит грузит грузится глючит тут у упал упала уже что я
"""
_FRENCH = """
accessible actuellement application aujourd bien bloqué bloque bonjour ça ca ce c elle en encore est et
fonctionne fonctionnent hui il ils je l la le les ligne maintenant marche marchent merci moi n ne
ou où panne par pas peut plus pourquoi qu que salut se si sont svp t toujours tu un une va vérifie vérifier y
"""
BEFORE_PLACE = frozenset({"in", "from", "at", "near", "в", "во", "из", "на", "à", "au", "aux", "en", "dans"})
FILLER = BEFORE_PLACE.union(_ENGLISH.split(), _RUSSIAN.split(), _FRENCH.split())
"""Words of a question that name nothing."""

_CHUNK = re.compile(r"[^\s,;]+")
_WORD = re.compile(r"[\u0400-\u04ff]+|[^\W_\u0400-\u04ff]+")
"""A run of Cyrillic letters or of others, so that "whatsappом" is a name and an ending."""
_WRAPPING = "()[]{}<>«»„“”\"'`‘’*_~!?…:.|&"
_HOST = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+"
    r"|(?:(?:[\w-]+[.。．｡])+"
    r"(?:[a-z]{2,24}|xn--[a-z0-9-]+|рф|рус|дети|сайт|онлайн|москва|орг|ком|бел|укр|срб|мкд|бг|қаз"
    r"|[^\W\d_a-z\u0400-\u04ff]{2,24})"
    r"|(?:\d{1,3}\.){3}\d{1,3})(?::\d+)?(?:[/?#]\S*)?",
    re.IGNORECASE,
)
_MAILBOX = re.compile(r"[^@:/]+@[^@/]+\.[^@/]+")
"""Of a person, and no host, whatever names are in it."""
_NEXT_SENTENCE = re.compile(r"\w{2,}\.[A-Z][a-z]+")
"""Two sentences without a blank between them: "down.Is"."""
_SITE = re.compile(r"(?:https?://)?([^/?#:@]+)(?:[/?#]\S*)?", re.IGNORECASE)

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Match:
    """What a message is about: each service and host once, in the order of the message."""

    services: tuple[Service, ...] = ()
    hosts: tuple[str, ...] = ()
    """Host names and URLs as they were typed, unchecked."""
    suggestions: tuple[Service, ...] = ()
    """What may have been meant, the likeliest first, where neither service nor host was found."""


def match(text: str, catalogue: Catalogue) -> Match:
    """Return what `text` is about, or what it may have meant."""
    index = _index(catalogue)
    chunks = [chunk for chunk in (raw.strip(_WRAPPING) for raw in _CHUNK.findall(text[:MOST_CHARACTERS])) if chunk]
    parts, hosts = _take_hosts(chunks, catalogue)
    reading = _read(parts, index)
    sure = reading.sure if reading.others else reading.services
    if sure or hosts:
        return Match(_unique(sure, MOST_TARGETS), _unique(hosts, MOST_TARGETS))
    meant = reading.services or _guess(text[:MOST_CHARACTERS], index)
    return Match(suggestions=_unique(meant, MOST_SUGGESTIONS))


def _take_hosts(chunks: Iterable[str], catalogue: Catalogue) -> tuple[list[str | Service], list[str]]:
    """Separate the hosts from the folded words; a service's own site stands for the service."""
    parts: list[str | Service] = []
    hosts: list[str] = []
    for chunk in chunks:
        if _MAILBOX.fullmatch(chunk):
            continue
        if not _HOST.fullmatch(chunk) or _NEXT_SENTENCE.fullmatch(chunk):
            parts += _WORD.findall(fold(chunk))
            continue
        site = _SITE.fullmatch(chunk)
        service = catalogue.find_host(site[1]) if site else None
        if service:
            parts.append(service)
        else:
            hosts.append(chunk)
    return parts, hosts


# --- names in a sentence ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Index:
    """The names of a catalogue, as a sentence writes them: letters only, words joined."""

    services: dict[str, Service]
    ordinary: frozenset[str]
    """Names that are ordinary words as well, in all their cases."""
    spellings: dict[str, Service]
    """What guesses are compared with: the names, and the Russian ones in Latin letters."""


@dataclass(slots=True)
class _Reading:
    services: list[Service]
    """All that was named."""
    sure: list[Service]
    """Those among them whose name is no ordinary word."""
    others: list[str]
    """Words that belong to no name and to no question."""


@lru_cache(maxsize=4)
def _index(catalogue: Catalogue) -> _Index:
    exact = {_joined(name): service for service in catalogue for name in names_of(service)}
    declined = {form: service for name, service in exact.items() if is_cyrillic(name) for form in case_forms(name)}
    ordinary = {_joined(word) for word in catalogue.ordinary_words}
    ordinary |= {form for word in ordinary if is_cyrillic(word) for form in case_forms(word)} - exact.keys()
    latin = {transliterate(name): service for name, service in exact.items()}
    return _Index(declined | exact, frozenset(ordinary), latin | exact)


def _joined(name: str) -> str:
    return "".join(_WORD.findall(fold(name)))


def _read(parts: Sequence[str | Service], index: _Index) -> _Reading:
    """Find the names among the words, the longest first."""
    reading = _Reading([], [], [])
    place = 0
    while place < len(parts):
        part = parts[place]
        name, length = (None, 1) if isinstance(part, Service) else _name_at(parts, place, index)
        service = part if isinstance(part, Service) else index.services.get(name or "")
        if service:
            reading.services.append(service)
            if name not in index.ordinary:
                reading.sure.append(service)
        elif isinstance(part, str) and part not in FILLER and not _is_place(parts, place):
            reading.others.append(part)
        place += length
    return reading


def _name_at(parts: Sequence[str | Service], place: int, index: _Index) -> tuple[str | None, int]:
    """Return the longest name that begins at `place` and its number of words."""
    words: list[str] = []
    for part in parts[place : place + _MOST_WORDS]:
        if isinstance(part, Service):
            break
        words.append(part)
    for length in range(len(words), 0, -1):
        name = "".join(words[:length])
        if name in index.services and (length in {1, len(parts)} or len(name) >= _SHORTEST_JOINED):
            return name, length
    return None, 1


def _is_place(parts: Sequence[str | Service], place: int) -> bool:
    """Tell whether the word before says that this one is where somebody is: "in Moscow"."""
    return place > 0 and parts[place - 1] in BEFORE_PLACE


# --- did you mean ----------------------------------------------------------------------------------------------------


def _guess(text: str, index: _Index) -> list[Service]:
    """Return the services whose names are most like the words of a message, the likest first."""
    guesses = list(islice(_spellings(text), _MOST_GUESSES))
    if exact := [index.spellings[guess] for guess in guesses if guess in index.spellings]:
        return exact
    scored = [pair for guess in guesses for pair in _alike(guess, index)]
    return [service for _, service in sorted(scored, key=lambda pair: -pair[0])]


def _spellings(text: str) -> Iterator[str]:
    """Yield what each word may be a slip for: itself, the same keys on the other layout, the same in Latin letters."""
    for chunk in fold(text).split():
        if chunk.strip("?!…()«»") in FILLER:
            continue
        words = _WORD.findall(chunk)
        typed = {other_layout(chunk), other_layout(chunk.strip(_WRAPPING))}  # a key for ю is a full stop on the other
        slips = {*words, *map(transliterate, words), *map(_joined, typed)}
        yield from sorted(slip for slip in slips if len(slip) >= _SHORTEST_GUESS and slip not in FILLER)


def _alike(guess: str, index: _Index) -> Iterator[tuple[float, Service]]:
    matcher = SequenceMatcher(b=guess, autojunk=False)
    for name, service in index.spellings.items():
        matcher.set_seq1(name)
        if len(name) >= _SHORTEST_GUESS and matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
            ratio = matcher.ratio()
            if ratio >= _ALIKE:
                yield ratio, service


def _unique(items: Iterable[_Item], most: int) -> tuple[_Item, ...]:
    """Return the first `most` different items, compared by identity or value, in their order."""
    kept: list[_Item] = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return tuple(kept[:most])
