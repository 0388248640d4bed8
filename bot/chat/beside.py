"""What an answer says beside what was just measured: what is known already, and what a transport may offer. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.chat import words
from bot.chat.language import ago, all_of, around, say
from bot.chat.reply import Moment, Paragraph
from bot.history import BRIDGE_S
from bot.news import Story
from bot.registry import Record
from bot.store.history import Since
from probes.model import Service, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from probes.model import Report

_NEWS_S = 24 * 3600
"""How long it is worth telling that something works again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """All of it; each part may be missing."""

    record: Record | None = None
    """What a register of blocked sites has of it."""
    stories: Sequence[Story] = ()
    since: Since | None = None
    """How long the present state has lasted."""
    instead: Sequence[Service] = ()
    """What is of the same kind and worked lately."""
    alerts: bool = False
    """Whether changes may be subscribed to."""


NOTHING_BESIDE = Beside()


def since(known: Since | None, report: Report, now: float) -> Iterator[Moment]:
    """Yield since when it has been so; of what works, only that it does again."""
    if known is None:
        return
    is_begin = known.otherwise_at is not None and known.at - known.otherwise_at <= BRIDGE_S
    if report.status is Status.OK:
        text = words.WORKS_AGAIN if is_begin and now - known.at <= _NEWS_S else None
    elif is_begin:
        text = words.BEGAN
    else:
        text = words.LASTS_AT_LEAST if known.times > 1 else None
    if text:
        before, after = around(text, "when")
        yield Moment(before, ago(now - known.at), after, known.at)


def instead(services: Sequence[Service]) -> Iterator[Paragraph]:
    """Yield what may be used in its place."""
    if services:
        yield Paragraph(say(words.INSTEAD, names=all_of(service.name for service in services)))
