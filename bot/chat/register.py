"""What a register of blocked sites says, beside what was measured: it explains, and never decides. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import words
from bot.chat.evidence import some
from bot.chat.language import on_day, say
from bot.chat.reply import Paragraph
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.registry import Record
    from bot.store import RegistryEntry
    from probes.model import Report

COUNTRY = "RU"
"""Whose register it is."""
_MOST_NAMES = 3
_NOT_LISTED = {COUNTRY: words.REGISTER_NOT_LISTED, None: words.REGISTER_NOT_LISTED_SOMEWHERE}
"""By where the host stands: that another country blocks what Russia has not listed is no news."""


def register(record: Record, report: Report) -> Iterator[Paragraph]:
    """Yield what is worth saying of a service's entries; of none, only where it is blocked all the same."""
    if record.listed:
        yield _with_link(_listed(record.listed), record.link)
    elif record.without_entry:
        yield _with_link(say(words.REGISTER_WITHOUT_ENTRY, names=_names(record.without_entry)), record.link)
    elif record.complete and report.status is Status.BLOCKED and (text := _NOT_LISTED.get(report.vantage.country)):
        yield Paragraph(say(text))


def _listed(entries: Sequence[RegistryEntry]) -> str:
    """Return one sentence: since when the first of the names has been listed, and by whom."""
    first = min(entries, key=lambda entry: entry.since or "9999")
    known = (first.since is not None, first.authority is not None)
    since = on_day(first.since or "")
    return say(words.REGISTER_LISTED[known], names=_names(entries), since=since, authority=first.authority)


def _names(entries: Iterable[RegistryEntry]) -> str:
    return some([entry.name for entry in entries], _MOST_NAMES)


def _with_link(sentence: str, link: str) -> Paragraph:
    return Paragraph(say(words.REGISTER_LINK, sentence=sentence, link=link) if link else sentence)
