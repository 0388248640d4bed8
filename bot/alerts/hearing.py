"""What is news to a chat: of what changed since it heard last, all that it wants, told as what it amounts to. Pure.

Who wants what is `bot.alerts.subscriptions`' affair; how news are worded, `bot.alerts.wording`'.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from bot.alerts.subscriptions import Listener, Subscription, Told, covering, wants
from bot.incidents import Change, Subject
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.store.incidents import StoredChange

_GRAVEST_FIRST = (Status.BLOCKED, Status.DOWN, Status.DEGRADED)

Sort = Literal["alert", "changed", "clear", "past", "flapping", "settled", "lost"]
"""Past: it began and ended before there was an occasion to tell. Settled: after flapping, and not well. Lost: it is
watched no longer."""


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of news. Those that are equal are worded once for all who hear of them."""

    sort: Sort
    change: Change
    """The last of those that it tells of."""
    first: Change
    """And the first."""
    about: Told
    """What has been told of the subject with this."""
    since: float
    """Since when the subject has been as the last change says."""


@dataclass(frozen=True, slots=True)
class News:
    """What a chat hears, by topic, and what it has been told with that."""

    items: Mapping[int | None, tuple[Item, ...]]
    told: Mapping[Subject, Told]


def news(listener: Listener, changes: Iterable[StoredChange], categories: Mapping[str, str]) -> News:
    """Return what is news to a chat of the changes after its cursor; `categories` are those of the services, by id."""
    stories: dict[Subject, _Story] = {}
    for stored in changes:
        if stored.id > listener.cursor:
            subject = stored.change.subject
            if subject not in stories:
                stories[subject] = _Story(listener, subject, covering(listener, subject, categories))
            stories[subject].follow(stored)
    items: dict[int | None, list[Item]] = {}
    for story in stories.values():
        if found := story.end():
            items.setdefault(story.thread, []).extend(found)
    told = {subject: told for subject, told in listener.told.items() if subject not in stories}
    told |= {subject: story.told for subject, story in stories.items() if story.told}
    return News({thread: tuple(found) for thread, found in items.items()}, told)


def missed(listener: Listener, ongoing: Sequence[StoredChange], categories: Mapping[str, str]) -> list[StoredChange]:
    """Return what a chat was spared, as it was muted, of what is going on.

    That is all of what it has not heard of; of what it has, what came since that became worse than it was told.
    """
    spared = [one for one in ongoing if one.id <= listener.cursor]
    worse_from = _worse_from(listener, spared, categories)
    return [one for one in spared if one.id >= worse_from.get(one.change.subject, math.inf)]


def _worse_from(
    listener: Listener, spared: Iterable[StoredChange], categories: Mapping[str, str]
) -> dict[Subject, int]:
    """Return with which change each subject became what a chat has not been told; those that did not are left out."""
    found: dict[Subject, int] = {}
    for one in spared:
        subject, told = one.change.subject, listener.told.get(one.change.subject)
        if told is None or (
            told.incident == one.change.incident
            and _is_graver(one.change.status, told.worst)
            and not _is_older(one, covering(listener, subject, categories))
        ):
            found.setdefault(subject, one.id)
    return found


class _Story:
    """What became of one subject, from what a chat was told last to what it is to be told now."""

    def __init__(self, listener: Listener, subject: Subject, subscription: Subscription | None) -> None:
        self.told = listener.told.get(subject)
        self.thread = subscription.thread if subscription else None
        self._subscription = subscription if listener.reachable else None
        self._muted_until = listener.wishes.muted_until or 0.0
        self._items: list[Item] = []
        self._untold: list[Change] = []
        """An incident that is to be told, if it is not over by then."""
        self._turns: list[Change] = []
        """Changes of the one that was told."""

    def follow(self, stored: StoredChange) -> None:
        """Take the next change into account."""
        change = stored.change
        if change.quiet or (self.told is None and _is_older(stored, self._subscription)):
            return
        match change.what:
            case "opened":
                self._open(change)
            case "changed":
                self._change(change)
            case "closed":
                self._close(change)
            case "flapping":
                self._flap(change)
            case "settled":
                self._settle(change)
            case "lost":
                self._end("lost", change)
                self._forget()

    def end(self) -> list[Item]:
        """Return what is to be told."""
        if self._untold:
            self._say("alert", self._untold)
        if self._turns and _is_news(self._turns):
            self._say("changed", self._turns)
        return self._items

    def _open(self, change: Change) -> None:
        if self.told and self.told.incident == change.incident:
            return  # it was told when it was asked for
        self._forget()  # what was told of an incident that nobody saw the end of
        self._untold = [change] if self._hears(change) else []

    def _change(self, change: Change) -> None:
        if self.told:
            self._turns += [] if self._is_muted(change) else [change]
        elif self._untold or self._hears(change):
            self._untold.append(change)

    def _close(self, change: Change) -> None:
        if self.told and (self.told.incident or 0) > (change.incident or math.inf):
            return  # it was told of a later one already, when it was asked for
        if self.told:
            self._end("clear", change)
        elif self._untold:
            about = _told(self._untold, None)
            self._items.append(Item("past", change, self._untold[0], about, change.since))
        self._forget()

    def _flap(self, change: Change) -> None:
        """Tell once that it comes and goes; what was to be told of single times is a part of that."""
        self._items = [item for item in self._items if item.sort != "past"]
        self._untold, self._turns = [], []
        if (self.told or self._hears(change)) and not self._is_muted(change):
            self._say("flapping", [change])

    def _settle(self, change: Change) -> None:
        if change.status is Status.OK:
            self._end("clear", change)
            self._forget()
        elif self.told:
            self._turns = []
            if not self._is_muted(change):
                self.told = None  # the trouble that it waits for the end of begins anew
                self._say("settled", [change])
        elif self._hears(change):
            self._untold = [change]

    def _end(self, sort: Sort, change: Change) -> None:
        """Tell that it is over, even where nothing else may be said: whoever heard of a block waits for this."""
        if self._subscription and self.told:
            self._items.append(Item(sort, change, change, self.told, change.since))

    def _say(self, sort: Sort, changes: Sequence[Change]) -> None:
        self.told = _told(changes, self.told)
        moved = [change.since for change in changes if _is_move(change)]
        since = moved[-1] if moved else self.told.since
        self._items.append(Item(sort, changes[-1], changes[0], self.told, since))

    def _forget(self) -> None:
        self.told = None
        self._untold, self._turns = [], []

    def _hears(self, change: Change) -> bool:
        wanted = self._subscription is not None and wants(self._subscription, change.severity)
        return wanted and not self._is_muted(change)

    def _is_muted(self, change: Change) -> bool:
        return self._subscription is None or change.at < self._muted_until


def _is_older(stored: StoredChange, subscription: Subscription | None) -> bool:
    return subscription is not None and stored.id <= subscription.after


def _is_graver(status: Status, told: Status) -> bool:
    return status in _GRAVEST_FIRST and told in _GRAVEST_FIRST[_GRAVEST_FIRST.index(status) + 1 :]


def _told(changes: Sequence[Change], before: Told | None) -> Told:
    """Return what has been told of an incident once these changes have."""
    statuses = {change.status for change in changes} | ({before.worst} if before else set())
    worst = next((status for status in _GRAVEST_FIRST if status in statuses), Status.DEGRADED)
    mixed = len(statuses) > 1 or (before is not None and before.mixed)
    return Told(changes[-1].incident, worst, before.since if before else began(changes[0]), mixed)


def _is_news(turns: Sequence[Change]) -> bool:
    """Tell whether all that changed did not change back."""
    first, last = turns[0], turns[-1]
    return last.status is not first.previous_status or not set(last.causes).issubset(first.previous_causes)


def began(change: Change) -> float:
    """Return since when a subject has been in trouble as a change tells: since it opened, or got into another one.

    What came and went until it settled has been in trouble since then.
    """
    other = change.what == "settled" or _is_move(change)
    return change.since if other or change.opened_at is None else change.opened_at


def _is_move(change: Change) -> bool:
    return change.what == "changed" and change.previous_status is not change.status
