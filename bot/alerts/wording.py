"""News of one subject as a reply: blocked since when, how, how sure, and in the end how long it lasted. Pure.

Several at once are `bot.alerts.bulletin`'s affair; whether somebody hears of it at all, `bot.alerts.hearing`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from bot.alerts.hours import zone_of
from bot.chat import headlines, replies, words
from bot.chat.language import ago, all_of, around, at_time, lasting, moment, named, plural, say
from bot.chat.reply import Block, Button, Headline, Items, Moment, Paragraph, Reply
from bot.checks import Answer
from bot.incidents import HOST, Change
from bot.incidents.machine import STALE_S
from bot.news import Story
from probes.model import Cause, Confidence, Report, Service, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.alerts.hearing import Item
    from bot.incidents import Subject

MUTE = "8h"
_DAY_S, _HOUR_S, _MINUTE_S = 86_400.0, 3600.0, 60.0
OVER = frozenset({"clear", "past", "lost"})
"""The sorts of news of what goes on no longer, as far as is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the words of a message depend on, beside its news and the language spoken."""

    now: float
    """In seconds since 1970, as all times here."""
    zone: str = "UTC"
    """In which times are told."""
    quiet: str = ""
    """The hours that it had to wait for, if it had to."""
    services: Mapping[str, Service] = field(default_factory=dict)
    """By id."""
    stories: Mapping[str, Sequence[Story]] = field(default_factory=dict)
    """What is in the news about a service, by its id."""
    reports: Mapping[int, Report] = field(default_factory=dict)
    """What an incident was last seen by, as far as it is kept."""

    def name(self, subject: Subject) -> str:
        """Return what people call the service that a subject is about."""
        id_ = subject.service or subject.name
        return self.services[id_].name if id_ in self.services else id_

    def clock(self, at: float) -> str:
        """Return a time as people write it, with its date if it is of another day."""
        when, now = (datetime.fromtimestamp(each, zone_of(self.zone)) for each in (at, self.now))
        text = moment(when, "Hm") if when.date() == now.date() else at_time(when)
        return f"{text} UTC" if self.zone == "UTC" else text


def alert(item: Item, setting: Setting) -> Reply:
    """Return the message about one piece of news."""
    if item.change.subject == HOST:
        return Reply(blocks=tuple(_of_host(item, setting)))
    if item.sort == "lost":
        return Reply(blocks=tuple(_lost(item, setting)))
    worded = {
        "alert": _alert,
        "changed": _changed,
        "clear": _clear,
        "past": _past,
        "flapping": _flapping,
        "settled": _settled,
    }[item.sort]
    blocks = (*worded(item, setting), *_news(item, setting), *_measured(item, setting))
    return Reply(blocks=blocks, buttons=buttons(item.change.subject))


def buttons(subject: Subject) -> tuple[tuple[Button, ...], ...]:
    """Return what one may want to do after hearing of a service."""
    id_ = subject.service
    return (
        (Button(say(words.CHECK_BUTTON), f"/check {id_}"), Button(say(words.WHY_BUTTON), f"/why {id_}")),
        (Button(say(words.HISTORY_24H_BUTTON), f"/history {id_} 24h"), Button(say(words.MUTE_BUTTON), f"/mute {MUTE}")),
        (Button(say(words.UNSUBSCRIBE_BUTTON), f"/unsubscribe {id_}"),),
    )


# --- what is going on ------------------------------------------------------------------------------------------------


def _alert(item: Item, setting: Setting) -> Iterator[Block]:
    change = item.change
    yield Headline(headline(item, setting), mark(change))
    yield from _means(change, setting)
    if item.first.well_at is not None:
        yield Paragraph(say(words.ALERT_LAST_WELL, when=setting.clock(item.first.well_at)))


def headline(item: Item, setting: Setting) -> str:
    """Return what is wrong with a subject, since when and how surely."""
    change, when = item.change, setting.clock(item.since)
    if directory := change.subject.directory:
        return say(words.ALERT_DELISTED, name=setting.name(change.subject), id=directory.upper(), when=when)
    return say(words.ALERT[change.status, change.confidence], name=setting.name(change.subject), when=when)


def _means(change: Change, setting: Setting) -> Iterator[Block]:
    """Yield what a layman understands of it."""
    if change.subject.directory:
        connects = _report(change, setting)
        well = connects is not None and connects.status is Status.OK
        yield Paragraph(say(words.ALERT_DELISTED_CONNECTS if well else words.ALERT_DELISTED_MEANS))
        return
    for cause in change.causes[: replies.MOST_SENTENCES]:
        yield Paragraph(replies.sentence(cause, change.status))
    if change.severity == "outage" and Cause.SERVICE_DOWN not in change.causes:
        yield Paragraph(say(words.ALERT_OUTAGE))
    if change.status is Status.DEGRADED and change.components:
        names = all_of(named(words.COMPONENT_NAMES, component) for component in change.components)
        yield Paragraph(say(words.ALERT_AFFECTED, components=names))
    if any(cause.startswith("dns.") for cause in change.causes):
        yield Paragraph(say(words.BEYOND_DNS[change.beyond_dns]))
    if change.confidence is Confidence.POSSIBLE:
        yield Paragraph(say(words.THIN_EVIDENCE))


def _changed(item: Item, setting: Setting) -> Iterator[Block]:
    change, name, since = item.change, setting.name(item.change.subject), item.about.since
    if item.first.previous_status is change.status:
        yield Headline(say(words.CHANGED_CAUSES[change.status], name=name), mark(change))
        yield from _added([cause for cause in change.causes if cause not in item.first.previous_causes])
    else:
        yield Headline(say(words.CHANGED[change.status], name=name), mark(change))
        yield from _means(change, setting)
        yield Paragraph(say(words.SURE[change.confidence]))
    lasted = duration(setting.now - since)
    yield Paragraph(say(words.CHANGED_SINCE, when=setting.clock(since), duration=lasted))


def _added(causes: Sequence[Cause]) -> Iterator[Paragraph]:
    if causes:
        yield Paragraph(say(words.CHANGED_NOW_ALSO, reasons=all_of(say(words.BRIEF[cause]) for cause in causes)))
        yield from (Paragraph(say(words.SENTENCE[cause])) for cause in causes[: replies.MOST_SENTENCES])


def _flapping(item: Item, setting: Setting) -> Iterator[Block]:
    change, name = item.change, setting.name(item.change.subject)
    if directory := change.subject.directory:
        yield Headline(say(words.FLAPPING_LISTED, name=name, id=directory.upper()), mark(change))
    else:
        yield Headline(say(words.FLAPPING, name=name), mark(change))
        when = setting.clock(change.since)
        yield Paragraph(plural(*words.FLAPPING_TIMES[item.about.worst], change.times, when=when))
    yield Paragraph(say(words.FLAPPING_SILENCE))


def _settled(item: Item, setting: Setting) -> Iterator[Block]:
    yield from _alert(item, setting)
    yield Paragraph(say(words.SETTLED))


# --- what is over ----------------------------------------------------------------------------------------------------


def _clear(item: Item, setting: Setting) -> Iterator[Block]:
    change, name = item.change, setting.name(item.change.subject)
    directory = change.subject.directory
    steady = change.what == "settled"
    if directory:
        yield Headline(say(words.CLEAR_LISTED, name=name, id=directory.upper()), Status.OK)
    else:
        yield Headline(say(words.CLEAR_STEADY if steady else words.CLEAR, name=name), Status.OK)
    if steady:
        yield Paragraph(say(words.CLEAR_STEADY_SINCE, when=setting.clock(change.since)))
    else:
        yield Paragraph(say(_was(item, directory), **lasted(item, setting)))
        yield from _unseen(change, setting)


def _unseen(change: Change, setting: Setting) -> Iterator[Paragraph]:
    """Yield that it may have been over earlier, where nobody looked for long."""
    if change.bad_at is not None and change.since - change.bad_at > STALE_S:
        yield Paragraph(say(words.CLEAR_UNSEEN, begin=setting.clock(change.bad_at), end=setting.clock(change.since)))


def _was(item: Item, directory: str | None) -> str:
    if directory:
        return words.CLEAR_LISTED_WAS
    return words.CLEAR_MIXED if item.about.mixed else words.CLEAR_WAS[item.about.worst]


def _past(item: Item, setting: Setting) -> Iterator[Block]:
    name, times = setting.name(item.change.subject), lasted(item, setting)
    if directory := item.change.subject.directory:
        yield Headline(say(words.PAST_DELISTED, name=name, id=directory.upper(), **times), Status.OK)
    else:
        yield Headline(say(words.PAST[item.about.worst], name=name, **times), Status.OK)
    yield Paragraph(say(words.PAST_LASTED, **times))
    yield from _unseen(item.change, setting)


def _lost(item: Item, setting: Setting) -> Iterator[Block]:
    yield Headline(say(words.LOST, name=setting.name(item.change.subject)), Status.INCONCLUSIVE)
    yield Paragraph(say(words.LOST_MEANS, begin=setting.clock(item.about.since), end=setting.clock(item.since)))


def lasted(item: Item, setting: Setting) -> dict[str, str]:
    """Return when something began and ended, and how long it lasted, by the names that texts have for them."""
    begin, end = item.about.since, max(item.change.since, item.about.since)
    return {"begin": setting.clock(begin), "end": setting.clock(end), "duration": duration(end - begin)}


def duration(seconds: float) -> str:
    """Return how long something lasted, in words of two units."""
    for unit_s, rest_s in ((_DAY_S, _HOUR_S), (_HOUR_S, _MINUTE_S)):
        if seconds >= unit_s:
            rest = seconds % unit_s
            return all_of([lasting(seconds), lasting(rest)] if rest >= rest_s else [lasting(seconds)])
    return lasting(seconds)


# --- beside it -------------------------------------------------------------------------------------------------------


def mark(change: Change) -> Status:
    """Return the status that a change is marked with; a name taken out of a directory blocks nobody by itself."""
    return Status.DEGRADED if change.subject.kind == "directory" else change.status


def _of_host(item: Item, setting: Setting) -> Iterator[Block]:
    change = item.change
    if item.sort == "clear":
        yield Headline(say(words.ALERT_HOST_CLEAR), Status.OK)
        yield Paragraph(say(words.ALERT_HOST_CLEAR_MEANS, **lasted(item, setting)))
    elif item.sort == "past":
        yield Headline(say(words.ALERT_HOST_PAST), Status.OK)
        yield Paragraph(say(words.ALERT_HOST_PAST_MEANS, **lasted(item, setting)))
    elif item.sort == "flapping":
        yield Headline(say(words.ALERT_HOST_FLAPPING), Status.INCONCLUSIVE)
        yield Paragraph(say(words.FLAPPING_SILENCE))
    else:
        yield Headline(say(words.ALERT_HOST, when=setting.clock(item.about.since)), Status.INCONCLUSIVE)
        yield from (Paragraph(say(words.SENTENCE[cause])) for cause in change.causes[:1])
        yield Paragraph(say(words.ALERT_HOST_MEANS))


def _news(item: Item, setting: Setting) -> Iterator[Items]:
    """Yield what may explain it; what is over needs no explanation."""
    if item.sort not in OVER:
        yield from headlines.links(setting.stories.get(item.change.subject.service or "", ()), setting.now)


def _measured(item: Item, setting: Setting) -> Iterator[Moment]:
    """Yield when and where it was established."""
    change, report = item.change, _report(item.change, setting)
    age_s = max(setting.now - change.at, 1.0)
    if report:
        yield replies.measured(Answer(report, change.at, age_s))
    else:
        before, after = around(words.MEASURED, "when")
        yield Moment(before, ago(age_s), after, change.at)


def _report(change: Change, setting: Setting) -> Report | None:
    return setting.reports.get(change.incident) if change.incident is not None else None
