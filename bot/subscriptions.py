"""Who hears of which change: what a chat subscribed to, what it was told last, and what is news to it now. Pure.

How news are worded is `bot.alerts`' affair; when they are looked for, `bot.announcer`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from bot.hours import Digest, Quiet, zone_of
from bot.incidents import HOST, Change, Subject
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.incidents import Severity
    from bot.store.incidents import StoredChange

EVERYTHING = "all"
MOST_SUBSCRIPTIONS = 200
"""Of one chat."""
LONGEST_MUTE_S = 30 * 24 * 3600.0
"""A silence always ends."""
_ALWAYS_HEARD: frozenset[Severity] = frozenset({"block", "directory", "host"})
_GRAVEST_FIRST = (Status.BLOCKED, Status.DOWN, Status.DEGRADED)


def of_service(service: str) -> str:
    """Return the target of a subscription that is a service."""
    return f"service:{service}"


def of_category(category: str) -> str:
    """Return the target of a subscription that is all services of a kind."""
    return f"category:{category}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a chat wants to hear of."""

    target: str
    """A service, a category or `EVERYTHING`."""
    degradations: bool = False
    """Whether it hears of what works only in part, or is down, too; otherwise of blocks alone."""
    thread: int | None = None
    """The topic in which it was asked for, and is told."""
    after: int = 0
    """The last change before it was asked for."""

    @property
    def spelling(self) -> str:
        """How a button writes the target: a service by its id, and a category so that it is taken for nothing else."""
        return self.target.removeprefix("service:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """When a chat wants to hear, whatever it subscribed to. Times are in seconds since 1970, here and below."""

    muted_until: float | None = None
    quiet: Quiet | None = None
    zone: str | None = None
    """As `bot.hours.read_zone` names it; without one the bot's own."""
    digest: Digest | None = None
    digest_at: float | None = None
    """When the next one is due."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a chat was told of a subject that was not well: it still has to hear how that ended."""

    incident: int | None
    worst: Status
    """Of what it was told."""
    since: float
    """When that had begun."""
    mixed: bool = False
    """Whether it was not as bad all the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A chat that may hear of changes, and how far it has."""

    chat: str
    language: str = "en"
    reachable: bool = True
    """Whether the bot can write there."""
    operator: bool = False
    """Whether it is the chat of somebody who runs the bot."""
    cursor: int = 0
    """The last change that it heard of, or was spared."""
    held: bool = False
    """Whether what there is had to wait, as it wanted quiet."""
    wishes: Wishes = Wishes()
    subscriptions: Mapping[str, Subscription] = field(default_factory=dict)
    """By target."""
    told: Mapping[Subject, Told] = field(default_factory=dict)

    def quiet_until(self, now: float, zone: str) -> float | None:
        """Return until when nothing is to be said; `zone` is that of chats without one."""
        quiet = self.wishes.quiet
        return quiet.over_at(now, zone_of(self.wishes.zone or zone)) if quiet else None


def can_be_told(chat: str) -> bool:
    """Tell whether anything can be said in a chat of the bot's own accord: to a terminal, only while it asks."""
    platform, _, id_ = chat.partition(":")
    return bool(platform and id_)


# --- news ------------------------------------------------------------------------------------------------------------

Sort = Literal["alert", "changed", "clear", "past", "flapping", "settled"]
"""Past: it began and ended before there was an occasion to tell. Settled: after flapping, and not well."""


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


def targets(subject: Subject, categories: Mapping[str, str]) -> tuple[str, ...]:
    """Return what one may have subscribed to in order to hear of a subject, the most particular first."""
    service = subject.service
    if service is None:
        return (EVERYTHING,)
    category = categories.get(service)
    return (of_service(service), *((of_category(category),) if category else ()), EVERYTHING)


def covering(listener: Listener, subject: Subject, categories: Mapping[str, str]) -> Subscription | None:
    """Return the subscription that decides about a subject: the most particular one."""
    found = next((listener.subscriptions[t] for t in targets(subject, categories) if t in listener.subscriptions), None)
    if found is None and listener.operator and subject == HOST:
        return Subscription(EVERYTHING)
    return found


def subscribed_to(listener: Listener, categories: Mapping[str, str]) -> set[str]:
    """Return the services, by id, that a chat hears of."""
    return {service for service in categories if covering(listener, Subject("service", service), categories)}


def wants(subscription: Subscription, severity: Severity) -> bool:
    """Tell whether news of this kind are asked for."""
    return subscription.degradations or severity in _ALWAYS_HEARD


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
        is_older = self._subscription is not None and stored.id <= self._subscription.after
        if change.quiet or (is_older and self.told is None):
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

    def end(self) -> list[Item]:
        """Return what is to be told."""
        if self._untold:
            self._say("alert", self._untold)
        if self._turns:
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
        if self.told and self.told.incident not in {None, change.incident}:
            return  # it was told of a later one already, when it was asked for
        if self.told:
            self._end_well(change)
        elif self._untold:
            about = _told(self._untold, None)
            self._items.append(Item("past", change, self._untold[0], about))
        self._forget()

    def _flap(self, change: Change) -> None:
        """Tell once that it comes and goes; what was to be told of single times is a part of that."""
        self._items = [item for item in self._items if item.sort != "past"]
        self._untold, self._turns = [], []
        if (self.told or self._hears(change)) and not self._is_muted(change):
            self._say("flapping", [change])

    def _settle(self, change: Change) -> None:
        if change.status is Status.OK:
            if self.told:
                self._end_well(change)
            self._forget()
        elif self.told:
            self._turns = []
            if not self._is_muted(change):
                self._say("settled", [change])
        elif self._hears(change):
            self._untold = [change]

    def _end_well(self, change: Change) -> None:
        """Tell that it is over, even where nothing else may be said: whoever heard of a block waits for this."""
        if self._subscription and self.told:
            self._items.append(Item("clear", change, change, self.told))

    def _say(self, sort: Sort, changes: Sequence[Change]) -> None:
        self.told = _told(changes, self.told)
        self._items.append(Item(sort, changes[-1], changes[0], self.told))

    def _forget(self) -> None:
        self.told = None
        self._untold, self._turns = [], []

    def _hears(self, change: Change) -> bool:
        wanted = self._subscription is not None and wants(self._subscription, change.severity)
        return wanted and not self._is_muted(change)

    def _is_muted(self, change: Change) -> bool:
        return self._subscription is None or change.at < self._muted_until


def _told(changes: Sequence[Change], before: Told | None) -> Told:
    """Return what has been told of an incident once these changes have."""
    statuses = {change.status for change in changes} | ({before.worst} if before else set())
    worst = next((status for status in _GRAVEST_FIRST if status in statuses), Status.DEGRADED)
    mixed = len(statuses) > 1 or (before is not None and before.mixed)
    return Told(changes[-1].incident, worst, before.since if before else began(changes[0]), mixed)


def began(change: Change) -> float:
    """Return since when a subject has been in trouble as a change tells: since it opened, or got into another one."""
    other = change.what == "changed" and change.previous_status is not change.status
    return change.since if other or change.opened_at is None else change.opened_at
