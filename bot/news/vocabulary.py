"""How headlines say that something can or cannot be used: one grammar a language, from `languages/*.toml`.

A grammar reads text as `bot.news.mentions` marks it: lower case, tokens apart by one blank, `§id§` for whatever can be
blocked. It tells who is blocked from who blocks: "blocks WhatsApp" and "WhatsApp blocked in Iran", but neither
"WhatsApp blocks accounts" nor "WhatsApp blocked 6 million accounts".
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MENTION = r"§[\w*.-]+§"
LANGUAGES = ("en", "ru", "fr")
_AND = r"(?:, and|, а также|,|/|and|&|or|as well as|и|или|а также|et|ou|ainsi que)"
_NEVER = r"(?!)"


@dataclass(frozen=True, slots=True)
class Grammar:
    """The patterns of one language."""

    blocked: tuple[re.Pattern[str], ...]
    """Something is, was or will be blocked, slowed, broken or open again: the groups `subjects` and `act`."""
    topics: re.Pattern[str]
    """What is about access though nothing that could be blocked is named."""
    acts: re.Pattern[str]
    """Any word about access, whoever does it to whom."""
    elsewhere: re.Pattern[str]
    """A ban that no network carries out: in schools, on officials' phones, for children."""


@cache
def grammar(language: str) -> Grammar:
    """Return the grammar of a language; the English one for those that have none."""
    words = _Words(language if language in LANGUAGES else LANGUAGES[0])
    acts = (*words["acts_before"], *words["verbs_before"], *words["acts_after"], *words["participles"])
    return Grammar(
        blocked=tuple(re.compile(pattern) for pattern in _blocked(words)),
        topics=re.compile(words.any("topics")),
        acts=re.compile(rf"\b{_any(acts)}(?!\w)"),
        elsewhere=re.compile(rf"\b{words.any('elsewhere')}(?!\w)"),
    )


class _Words:
    """The lists of one language's file, each made of regular expressions."""

    def __init__(self, language: str) -> None:
        file = resources.files("bot.news") / "languages" / f"{language}.toml"
        self._lists: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))

    def __getitem__(self, name: str) -> Sequence[str]:
        words: Sequence[str] = self._lists.get(name, ())
        return words

    def any(self, name: str) -> str:
        return _any(self[name])

    @property
    def on(self) -> str:
        """Return "on" where it belongs to the noun before it: "ban on X", but not "banned on X"."""
        after = [form for noun in self._lists["on"]["after"] for form in _plain(noun)]
        return rf"(?:{'|'.join(f'(?<={noun} )' for noun in after)}){_any(self._lists['on']['words'])}"

    @property
    def outlooks(self) -> Iterator[str]:
        """Yield what is to come, or has come, with up to three words in between: "faces a possible ban"."""
        for outlook in self._lists["outlooks"]:
            yield rf"{_any(outlook['signs'])} (?:\S+ ){{0,3}}?{_any(outlook['events'])}"


def _any(words: Sequence[str]) -> str:
    return rf"(?:{'|'.join(words)})" if words else _NEVER


def _plain(word: str) -> tuple[str, ...]:
    """Return a word without and with its optional last letter: lookbehinds want a fixed width."""
    return (word[:-2], word[:-1]) if word.endswith("?") else (word,)


def _blocked(words: _Words) -> Iterator[str]:
    between = rf"(?:{words.any('between')}|{words.on})"
    name = rf"{MENTION}(?: {MENTION})?"  # "the network X": what it is, and its name
    names = rf"(?P<subjects>(?>{name}(?: {_AND}(?: {between}){{0,2}} {name})*))"
    before = rf"(?:{words.any('acts_before')}|{words.any('verbs_before')}(?! {words.any('not_after_verb')} ))"
    reach = rf"(?: (?:{between}|{MENTION} {_AND})){{0,8}}?"
    not_after = rf"(?! {words.any('not_after')}(?!(?<=\w)\w))"
    yield rf"\b(?P<act>{before}){reach} {names}{not_after}"

    place = "".join(rf"(?<!\b{word} )" for word in words["places"])
    gap = rf"(?: {words.any('between_after')})"
    end = rf"\b(?! {words.any('not_behind')})"
    after = _any((*words["acts_after"], *words.outlooks))
    yield rf"{place}{names}{gap}{{0,6}}? (?P<act>{after}){end}"
    yield rf"{place}{names}{gap}{{0,6}}? (?P<act>{words.any('nouns_like_verbs')})(?: {words.any('noun_end')}(?!\w)|$)"
    yield rf"{names}{gap}{{0,5}}? {words.any('helpers')} (?P<act>{words.any('participles')}){end}"
    yield rf"{names}{gap}{{0,3}}? (?P<act>{words.any('participles')})(?= {words.any('participle_end')}(?: |$)|$){end}"
    for phrase in words["phrases"]:
        yield phrase.replace("{S}", names)
