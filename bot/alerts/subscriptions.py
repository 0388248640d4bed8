"""What chats want to hear of, and when; and what each was told that is not over yet. Pure.

What is news to one of them is decided in `bot.alerts.hearing`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.alerts.hours import Digest, Quiet, zone_of
from bot.incidents import HOST, Subject
from probes.model import Status

if TYPE_CHECKING:
    from bot.incidents import Severity

EVERYTHING = "all"
MOST_SUBSCRIPTIONS = 200
"""Of one chat."""
LONGEST_MUTE_S = 30 * 24 * 3600.0
"""A silence always ends."""
_ALWAYS_HEARD: frozenset[Severity] = frozenset({"block", "directory", "host"})


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
    """As `bot.alerts.hours.read_zone` names it; without one the bot's own."""
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
    """Whether the bot is there; whether it may write just now is the outbox' affair."""
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


# --- who wants what ---------------------------------------------------------------------------------------------------


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
