"""What is told at one time: each chat's own news of the changes, worded once for all who hear the same. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.alerts import Setting
from bot.bulletin import message
from bot.chat.language import speaking
from bot.news import Story
from bot.outbox import Said
from bot.store.announcements import Telling
from bot.store.incidents import StoredChange
from bot.subscriptions import Item, news
from probes.model import Report, Service

if TYPE_CHECKING:
    from bot.subscriptions import Listener


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Changes that are told about, and all that their words depend on."""

    changes: Sequence[StoredChange]
    now: float
    zone: str
    operators: frozenset[str]
    services: Mapping[str, Service]
    categories: Mapping[str, str]
    reports: Mapping[int, Report]
    stories: Mapping[str, Mapping[str, Sequence[Story]]]
    worded: dict[tuple[str, str, str, tuple[Item, ...]], Said] = field(default_factory=dict)
    """What many hear is worded once."""

    def decide(self, listener: Listener) -> Telling:
        """Return what a chat is told."""
        if held_until := listener.quiet_until(self.now, self.zone):
            return Telling(told=listener.told, held_until=held_until)
        listener = replace(listener, operator=listener.chat in self.operators)
        begin = bisect_right(self.changes, listener.cursor, key=lambda stored: stored.id)
        found = news(listener, self.changes[begin:], self.categories)
        return Telling({thread: self._said(listener, items) for thread, items in found.items.items()}, found.told)

    def _said(self, listener: Listener, items: tuple[Item, ...]) -> Said:
        wishes = listener.wishes
        quiet = str(wishes.quiet) if listener.held and wishes.quiet else ""
        zone = wishes.zone or self.zone
        key = (listener.language, zone, quiet, items)
        if key not in self.worded:
            setting = Setting(
                now=self.now,
                zone=zone,
                quiet=quiet,
                services=self.services,
                stories=self.stories.get(listener.language, {}),
                reports=self.reports,
            )
            with speaking(listener.language):
                self.worded[key] = Said(message(items, setting))
        return self.worded[key]
