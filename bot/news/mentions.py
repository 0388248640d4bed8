"""Which services a text names: the text with every name replaced by a mark, ready for the grammar's patterns.

A name that is an ordinary word as well (Signal, Max, X) counts only where it is written as a name. What is said about
those named is `bot.news.rank`'s affair.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from bot.chat.spelling import case_forms, is_cyrillic
from probes.catalogue import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probes.catalogue import Catalogue
    from probes.model import Service

INTERNET, SOCIAL, VPN, MESSENGERS, SITES = "*internet", "*social", "*vpn", "*messengers", "*sites"
_GENERIC = {
    INTERNET: r"(?:mobile )?internet|интернет(?:а|у|ом|е)?|рунет(?:а|у|ом|е)?|connectivity|mobile data",
    SOCIAL: (
        r"social (?:media|networks?|platforms?)|соц(?:иальн\w+ )?сет(?:ь|и|ей|ям|ями|ях|ью)|réseaux? soci(?:al|aux)"
    ),
    VPN: r"vpns?(?:-\w+)?|впн(?:-\w+)?",
    MESSENGERS: r"messaging apps?|messengers|мессенджер(?:ы|ов|ам|ами|ах)|messageries",
    SITES: r"(?:news )?(?:web)?sites|сайт(?:ы|ов|ам|ами|ах)|sites (?:d'information|web)",
}

# Half the products of the world carry the name of a service: what follows makes another thing of it.
_PRODUCTS = (
    r"(?! (?:tv|music|kids|premium|shorts|cloud|pay|maps|chrome|workspace|drive|docs|pixel|ads|adsense|wallet|ventures"
    r"|android|gemini|business|messages|meet)\b)"
)
_OTHERS = r"(?<!\d )(?<!hbo )(?<!pro )(?<!mad )(?<!двигатель )(?<!ракета )(?<!ракету )(?<!ракеты )"
_SHAPES = str.maketrans(
    {"İ": "I", "ё": "е", "Ё": "Е", "’": "'", "ʼ": "'", "‘": "'", "—": "-", "–": "-", "\u00a0": " ", "\u202f": " "}
    | dict.fromkeys('«»„“”"§*_', "")
)
_ELISION = re.compile(r"\b(jusqu|lorsqu|puisqu|qu|[ldnsjcmt])'", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=\w)'s\b")
_SIGNS = re.compile(r" ?([,:;()])(?!\d) ?")
_CAPITALISED = re.compile(r"[A-ZА-Я]")
_NEXT_WORD = re.compile(r" ?([\w-]+)")
_MOSTLY = 0.6
"""The share of capitalised words from which on a headline is in title case, where capitals tell nothing."""
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_FEW_WORDS = 3


@dataclass(frozen=True, eq=False)
class Names:
    """Every name that is looked for, with the id it stands for."""

    ids: Mapping[str, str]
    """Lower-case names."""
    ordinary: frozenset[str]
    """Those that are ordinary words as well."""

    @classmethod
    def of(cls, catalogue: Catalogue) -> Names:
        """Return the names of a catalogue, Russian ones in all their cases."""
        ids = {form: service.id for service in catalogue for form in _forms(service)}
        ordinary = frozenset(chain.from_iterable(_cases(_shaped(word).lower()) for word in catalogue.ordinary_words))
        return cls(ids, ordinary | {name for name in ids if len(name) == 1})

    @classmethod
    def of_host(cls, host: str) -> Names:
        """Return the name of a site, with and without "www."."""
        bare = host.removeprefix("www.")
        return cls({bare: host, f"www.{bare}": host}, frozenset())

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.ids, key=len, reverse=True)
        names = "|".join(map(re.escape, longest_first)) or r"(?!)"
        groups = "|".join(f"(?P<g{number}>{words})" for number, words in enumerate(_GENERIC.values()))
        return re.compile(
            rf"(?<![\w.@#-])(?:{_OTHERS}(?P<name>{names})(?![\w-]|\.\w){_PRODUCTS}|(?:{groups})(?![\w-]))"
        )


def _forms(service: Service) -> Iterator[str]:
    for name in names_of(service):
        yield from _cases(_shaped(name).lower())


def _cases(name: str) -> Iterator[str]:
    """Yield a name and, of a Russian one, its cases; of several words the last one changes."""
    yield name
    if is_cyrillic(name) and len(name) > 1:
        yield from case_forms(name)


def _shaped(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).translate(_SHAPES).split())


def marked(text: str, names: Names) -> str:
    """Return `text` in lower case, its tokens apart by one blank, with a mark such as §whatsapp§ for each name."""
    text = _ELISION.sub(r"\1' ", _POSSESSIVE.sub(" 's", _shaped(text)))
    title_case = _is_title_case(text)
    parts: list[str] = []
    end = 0
    for found in names.pattern.finditer(text.lower()):
        id_ = _meant(found, text, names, title_case=title_case)
        if id_:
            parts += (text[end : found.start()].lower(), f"§{id_}§")
            end = found.end()
    parts.append(text[end:].lower())
    return " ".join(_SIGNS.sub(r" \1 ", "".join(parts)).split())


def _meant(found: re.Match[str], text: str, names: Names, *, title_case: bool) -> str | None:
    if found["name"] is None:
        return next(id_ for number, id_ in enumerate(_GENERIC) if found[f"g{number}"] is not None)
    if found["name"] in names.ordinary and not _is_name(found, text, title_case=title_case):
        return None
    return names.ids[found["name"]]


def _is_name(found: re.Match[str], text: str, *, title_case: bool) -> bool:
    """Tell whether an ordinary word is written as a name, and not as a part of somebody else's."""
    if not _CAPITALISED.match(text, found.start()):
        return False
    if title_case:
        return True
    following = _NEXT_WORD.match(text, found.end())
    return not (following and _CAPITALISED.match(following[1]) and not following[1].isupper())


def _is_title_case(text: str) -> bool:
    words = _LONG_WORD.findall(text)
    return len(words) >= _FEW_WORDS and sum(word[0].isupper() for word in words) > _MOSTLY * len(words)
