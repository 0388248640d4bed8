"""Words as they are found again: in any form, and those about access under one name in every language. Pure."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from bot.chat.spelling import is_cyrillic

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowballstemmer.basestemmer import BaseStemmer  # type: ignore[import-untyped]

MOST_WORDS = 300
"""Of one text."""
_TOKEN = re.compile(r"[^\W_]+(?:[.-][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")
_SHORTEST = 2
_SNOWBALL = {"ru": "russian", "fr": "french", "en": "english"}
# One form of a word does not lead to another by its letters: блокировка, заблокировали; block, blocage.
_CONCEPTS = {
    "unblock": r"(?:раз|un|dé|de)(?:блокир|block|bloqu|blocage|бан|ban(?:s|ned|ning)?$)",
    "block": r"(?:за|по)?блокир|block(?!chain|buster|ade)|bloqu|blocage",
    "slow": r"замедл|throttl|slow(?!ak)|ralenti",
    "shutdown": r"отключ|шатдаун|shutdown|blackout|coupure",
    "ban": r"запре[тщ]|ban(?:s|ned|ning)?$|interdi[tcs]",
    "restrict": r"огранич|restri[cn]|restrei",
}
_CONCEPT = re.compile("|".join(rf"(?P<{name}>{pattern})" for name, pattern in _CONCEPTS.items()))


def stems(text: str, language: str) -> Iterator[str]:
    """Yield the stems of a text's words, in their order; of host names and words with a hyphen the whole as well."""
    for number, token in enumerate(_TOKEN.finditer(text.lower().replace("ё", "е"))):
        if number >= MOST_WORDS:
            return
        parts = _PART.findall(token[0])
        if len(parts) > 1:
            yield token[0]
        yield from (stem(part, language) for part in parts)


def significant(text: str, language: str) -> frozenset[str]:
    """Return the stems that two headlines are compared by."""
    return frozenset(word for word in stems(text, language) if len(word) > _SHORTEST)


@lru_cache(maxsize=50_000)
def stem(word: str, language: str) -> str:
    """Return the stem of a word in lower case; Cyrillic ones are Russian in every language."""
    if concept := _CONCEPT.match(word):
        return str(concept.lastgroup)
    stemmer = _stemmer("ru" if is_cyrillic(word) else "en" if language == "ru" else language)
    found: str = stemmer.stemWord(word)
    return found


@cache
def _stemmer(language: str) -> BaseStemmer:
    import snowballstemmer  # type: ignore[import-untyped]  # noqa: PLC0415 -- all its languages are loaded with it

    return snowballstemmer.stemmer(_SNOWBALL.get(language, "english"))
