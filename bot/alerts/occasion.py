"""What is told at one time: each chat's own news of the changes, worded once for all who hear the same. Pure."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from bot.alerts.bulletin import message
from bot.alerts.hearing import Item, missed, news
from bot.alerts.wording import Setting
from bot.chat import words
from bot.chat.language import all_of, say, speaking
from bot.chat.replies import plain
from bot.news import Story
from bot.outbox import Said
from bot.store.announcements import Telling
from bot.store.incidents import StoredChange
from probes.model import Report, Service

if TYPE_CHECKING:
    from bot.alerts.subscriptions import Listener
    from bot.chat.reply import Reply

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Changes that are told about, and all that their words depend on."""

    changes: Sequence[StoredChange]
    ongoing: Sequence[StoredChange]
    """The changes of what is going on: whoever was muted may have missed them."""
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
        changes = self.changes[begin:]
        muted_until = listener.wishes.muted_until
        if unmuted := muted_until is not None and muted_until <= self.now:
            changes = [*missed(listener, self.ongoing, self.categories), *changes]
            listener = replace(listener, cursor=0, wishes=replace(listener.wishes, muted_until=None))
        found = news(listener, changes, self.categories)
        said = {thread: self._said(listener, items) for thread, items in found.items.items()}
        return Telling(said, found.told, unmuted=unmuted)

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
                self.worded[key] = Said(_worded(items, setting))
        return self.worded[key]


def _worded(items: tuple[Item, ...], setting: Setting) -> Reply:
    """Return what is told; what cannot be worded, by a fault of this program, must not keep back all other news."""
    try:
        return message(items, setting)
    except Exception:  # noqa: BLE001 -- whatever it is, others wait for theirs
        _log.exception("Some news could not be worded")
        names = all_of(dict.fromkeys(setting.name(item.change.subject) for item in items))
        return plain(say(words.ALERT_UNWORDED, names=names))
