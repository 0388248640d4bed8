"""A chat's digest: what happened in the last day or week to what it subscribed to, and how that is now. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.alerts.subscriptions import covering, wants
from bot.alerts.wording import duration
from bot.chat import words
from bot.chat.language import plural, say
from bot.chat.reply import Button, Items, Line, Paragraph, Reply
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.alerts.hours import Digest
    from bot.alerts.subscriptions import Listener
    from bot.alerts.wording import Setting
    from bot.incidents import Subject
    from bot.store.incidents import Incident

PERIOD_S: Mapping[Digest, float] = {"daily": 24 * 3600.0, "weekly": 7 * 24 * 3600.0}


def heard_of(
    listener: Listener, incidents: Iterable[Incident], categories: Mapping[str, str]
) -> dict[Subject, list[Incident]]:
    """Return the incidents that are of interest to a chat, by their subjects."""
    found: dict[Subject, list[Incident]] = {}
    for incident in incidents:
        subscription = covering(listener, incident.subject, categories)
        if incident.subject.service and subscription and wants(subscription, incident.severity):
            found.setdefault(incident.subject, []).append(incident)
    return found


def digest(kind: Digest, found: Mapping[Subject, Sequence[Incident]], subscribed: int, setting: Setting) -> Reply:
    """Return a digest: what is going on first. `subscribed` is how many services the chat subscribed to."""
    buttons = ((Button(say(words.SUBSCRIPTIONS_BUTTON), "/subscriptions"),),)
    if not found:
        return Reply(blocks=(Paragraph(say(words.DIGEST_NOTHING[kind])),), buttons=buttons)
    since = setting.now - PERIOD_S[kind]
    going_on = {subject: incidents for subject, incidents in found.items() if _open(incidents)}
    over = {subject: incidents for subject, incidents in found.items() if not _open(incidents)}
    lines = [_line(subject, incidents, since, setting) for subject, incidents in (going_on | over).items()]
    items = Items(say(words.DIGEST[kind]), tuple(lines))
    return Reply(blocks=(items, *_others(found, subscribed)), buttons=buttons)


def _open(incidents: Sequence[Incident]) -> Incident | None:
    return next((incident for incident in incidents if incident.closed_at is None), None)


def _line(subject: Subject, incidents: Sequence[Incident], since: float, setting: Setting) -> Line:
    name, ongoing = setting.name(subject), _open(incidents)
    lasted = duration(sum(_share(incident, since, setting.now) for incident in incidents))
    if subject.directory:
        text = words.DIGEST_DELISTED if ongoing else words.DIGEST_WAS_DELISTED
        said = say(text, name=name, id=subject.directory.upper(), duration=lasted)
        return Line(said, Status.DEGRADED if ongoing else Status.OK)
    if ongoing is None:
        return Line(plural(*words.DIGEST_LINE, len(incidents), name=name, duration=lasted), Status.OK)
    status = ongoing.course[-1].status if ongoing.course else ongoing.status
    return Line(plural(*words.DIGEST_LINE_OPEN[status], len(incidents), name=name, duration=lasted), status)


def _share(incident: Incident, since: float, now: float) -> float:
    """Return how many seconds of the time since then an incident had."""
    end = now if incident.closed_at is None else incident.closed_at
    return max(end - max(incident.opened_at, since), 0.0)


def _others(found: Iterable[Subject], subscribed: int) -> Iterator[Paragraph]:
    others = subscribed - len({subject.service for subject in found})
    if others > 0:
        yield Paragraph(plural(*words.DIGEST_OTHERS, others))
