"""What is said of a service's past: readings → a timeline's words and numbers, and the caption beneath it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import floor
from typing import TYPE_CHECKING, NamedTuple

from bot import columns
from bot.chat import replies, words
from bot.chat.charts import drawable
from bot.chat.language import at_time, is_right_to_left, lasting, moment, named, number, plural, say
from bot.chat.reply import Block, Button, Headline, Paragraph, Reply
from bot.chat.timeline import Band, Timeline
from bot.checks import asked_as
from bot.columns import Window
from bot.history import BRIDGE_S, HOLD_S, MOST_CAUSES, WORKING, clipped, outages, response, shares, working_share
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from bot.history import Reading
    from bot.store.history import Since
    from probes.model import Cause, Service

MOST_COMPONENTS = 6
_MOST_CAUSES_DRAWN = 3
_DAY_S = 86_400


class Period(NamedTuple):
    """A time that can be asked for."""

    id: str
    length_s: int
    bars: int
    points: int
    """Of the line of response times."""


PERIODS = {
    period.id: period
    for period in (
        Period("24h", _DAY_S, 96, 48),
        Period("7d", 7 * _DAY_S, 84, 84),
        Period("30d", 30 * _DAY_S, 90, 90),
        Period("1y", 365 * _DAY_S, 122, 122),
    )
}


class Incident(NamedTuple):
    """Something that people were told of, or would have been. Times are in seconds since 1970."""

    opened_at: float
    closed_at: float | None
    """None while it lasts."""
    severity: str = ""
    causes: tuple[Cause, ...] = ()


class Past(NamedTuple):
    """All that is known of a service for some time."""

    service: Service
    period: Period
    readings: Sequence[Reading]
    """Settled, as `bot.store.History.readings` returns them."""
    since: Since | None
    """How long the present state lasts."""
    incidents: Sequence[Incident] | None
    """None where it is not watched, so that none are recorded."""
    now: float
    zone: tzinfo = UTC

    @property
    def begin(self) -> float:
        return self.now - self.period.length_s

    @property
    def within(self) -> list[Reading]:
        """The readings as far as they lie in the period."""
        return clipped(self.readings, self.begin, self.now)

    @property
    def last(self) -> Reading | None:
        """What was measured last in the period."""
        return self.readings[-1] if self.readings and (self.readings[-1].until or 0) > self.begin else None

    @property
    def shown_incidents(self) -> list[Incident]:
        """Those within the period."""
        return [one for one in self.incidents or () if (one.closed_at or self.now) > self.begin]


# --- the caption -----------------------------------------------------------------------------------------------------


def caption(past: Past, *, theme: str | None = "dark") -> Reply:
    """Return what stands beneath the picture: all that it shows, in words. Without a `theme` there is no picture."""
    service = past.service
    blocks = (*_caption(past), *_kept(service))
    return Reply(topic=f"history {asked_as(service)}", blocks=blocks, buttons=tuple(_buttons(past, theme)))


def _caption(past: Past) -> Iterator[Block]:
    last, within = past.last, past.within
    if last is None:
        yield Headline(say(words.HISTORY_NONE, name=past.service.name))
        return
    yield Headline(_state(past, last, words.STATE_SINCE, words.STATE_LAST, name=past.service.name), last.status)
    if past.since and _is_fresh(past, last) and not _is_begin_known(past.since):
        yield Paragraph(say(words.STATE_AT_LEAST))
    yield Paragraph(" ".join(_sums(past, within)))
    yield from map(Paragraph, _trouble(past, within))
    if times := response(one for one in within if one.status in WORKING):
        works_now = last.status in WORKING and _is_fresh(past, last)
        typical, slow = (number(1000 * seconds) for seconds in times)
        text = words.ANSWERED_IN if works_now else words.ANSWERED_WHILE_WORKING
        yield Paragraph(say(text, typical=typical, slow=slow))


def _kept(service: Service) -> Iterator[Block]:
    if service.kind == "host":
        yield Paragraph(say(words.HISTORY_HOST))


def _state(past: Past, last: Reading, since: dict[Status, str], ended: dict[Status, str], **values: str) -> str:
    """Say how things stand, or stood when they were measured last."""
    if past.since and _is_fresh(past, last):
        return say(since[last.status], when=_when(past, past.since.at), **values)
    return say(ended[last.status], when=_when(past, last.until if last.times > 1 and last.until else last.at), **values)


def _is_fresh(past: Past, last: Reading) -> bool:
    return past.now - (last.until or last.at) <= HOLD_S


def _is_begin_known(since: Since) -> bool:
    return since.otherwise_at is not None and since.at - since.otherwise_at <= BRIDGE_S


def _sums(past: Past, within: Sequence[Reading]) -> Iterator[str]:
    period = named(words.PERIODS, past.period.id)
    share = working_share(within)
    if share is None:
        yield say(words.WORKED_NEVER_TOLD, period=period)
    else:
        yield say(words.WORKED, period=period, share=_percent(share))
    measured = sum(shares(within).values()) / past.period.length_s
    if measured < 1 - _UNMEASURED:
        yield say(words.MEASURED_SHARE, share=_percent(measured))


_WORTH_TELLING_S = 60.0
"""Of what has only just been seen, for how long it has been so says nothing."""
_UNMEASURED = 0.02
"""A smaller share of the time that was not measured is not worth telling."""


def _trouble(past: Past, within: Sequence[Reading]) -> Iterator[str]:
    if past.incidents is None:
        yield say(words.NOT_WATCHED)
    else:
        count = len(past.shown_incidents)
        yield plural(*words.INCIDENTS, count) if count else say(words.NO_INCIDENTS)
    if found := outages(within):
        longest = max(found, key=lambda outage: outage.until - outage.since)
        going_on = not longest.over and past.now - longest.until <= HOLD_S
        text = words.LONGEST_SO_FAR if going_on else words.LONGEST
        length_s = longest.until - longest.since
        if length_s >= _WORTH_TELLING_S:
            yield say(text, lasting=lasting(length_s), when=_when(past, longest.since))
    window = Window(past.begin, past.now, 1)
    if causes := columns.cause_columns(within, window, MOST_CAUSES):
        yield say(words.STOPPED_BY, reasons=say(words.SEMICOLON).join(_brief(cause, within) for cause in causes))


def _brief(cause: Cause, readings: Iterable[Reading]) -> str:
    """Return what a cause did; of one that was never more than suspected, no more than that."""
    states = {one.status for one in readings if cause in one.causes}
    return replies.brief(cause, Status.INCONCLUSIVE if states == {Status.INCONCLUSIVE} else Status.BLOCKED)


def _buttons(past: Past, theme: str | None) -> Iterator[tuple[Button, ...]]:
    asked, look = asked_as(past.service), " light" if theme == "light" else ""
    if past.service.kind == "service":
        yield tuple(Button(say(words.PERIOD_BUTTONS[id_]), f"/past {asked} {id_}{look}") for id_ in PERIODS)
    other = (other_look(f"/past {asked} {past.period.id}", theme),) if theme and past.last else ()
    yield (*other, Button(say(words.AGAIN_BUTTON), f"/again {asked}"))


def other_look(command: str, theme: str) -> Button:
    """Return the button by which a picture is had in the other colours; a dark one is what is had without asking."""
    if theme == "light":
        return Button(say(words.DARK_BUTTON), command)
    return Button(say(words.LIGHT_BUTTON), f"{command} light")


def _percent(share: float) -> str:
    """Return percents, rounded down, a tenth at least: what is not all is never said to be, nor little nothing."""
    tenths = max(floor(1000 * share + 1e-9), 1 if share else 0)
    return number(tenths / 10, 1 if tenths % 1000 else 0)


def _when(past: Past, at: float) -> str:
    when, today = (datetime.fromtimestamp(one, past.zone) for one in (at, past.now))
    if when.date() == today.date():
        return moment(when, "Hm")
    return at_time(when, "MMMd" if when.year == today.year else "yMMMd")


# --- the picture -----------------------------------------------------------------------------------------------------


def timeline(past: Past) -> Timeline:
    """Return what the picture shows."""
    within, last = past.within, past.last
    window = Window(past.begin, past.now, past.period.bars)
    whole, parts = columns.state_columns(within, window)
    causes = columns.cause_columns(within, window, _MOST_CAUSES_DRAWN)
    taken = columns.response_columns(within, window._replace(columns=past.period.points))
    share = working_share(within)
    incidents = past.shown_incidents
    return Timeline(
        name=past.service.name if drawable(past.service.name) else past.service.id,
        period=named(words.CHART_PERIODS, past.period.id),
        state=_state(past, last, words.CHART_SINCE, words.CHART_LAST) if last else say(words.CHART_NOTHING),
        status=last.status if last else None,
        worked="" if share is None else say(words.CHART_WORKED, share=_percent(share)),
        window=window,
        whole=Band(say(words.CHART_WHOLE), whole),
        components=_bands(past.service, parts),
        incidents=[(one.opened_at, one.closed_at or past.now) for one in incidents],
        incidents_label=plural(*words.INCIDENTS, len(incidents)) if incidents else "",
        causes_label=say(words.CHART_CAUSES),
        causes=[(_brief(cause, within), seconds) for cause, seconds in causes.items()],
        response_label=say(words.CHART_RESPONSE if any(taken) else words.CHART_NO_RESPONSE),
        response=taken,
        ticks=list(_ticks(past)),
        legend=[*((status, say(words.STATUS[status])) for status in Status), (None, say(words.CHART_UNMEASURED))],
        zone=say(words.CHART_ZONE, zone=_zone(past)),
        right_to_left=is_right_to_left(),
    )


def _bands(service: Service, parts: dict[str, list[columns.Column]]) -> list[Band]:
    """Return the components, in the order of the catalogue; a single one is what the whole is."""
    known = [component.id for component in service.components]
    ordered = sorted(parts, key=lambda id_: known.index(id_) if id_ in known else len(known))
    if len(ordered) < 2:  # noqa: PLR2004 -- see above
        return []
    return [Band(named(words.COMPONENT_NAMES, id_), parts[id_]) for id_ in ordered[:MOST_COMPONENTS]]


def _ticks(past: Past) -> Iterator[tuple[float, str]]:
    """Yield the times that the axis names, each with its name: hours, days or months that begin in the chat's zone."""
    begin = datetime.fromtimestamp(past.begin, past.zone)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    match past.period.id:
        case "24h":
            times, skeleton = (midnight + timedelta(hours=4 * n) for n in range(13)), "Hm"
        case "7d":
            times, skeleton = (midnight + timedelta(days=n) for n in range(9)), "Ed"
        case "30d":
            times, skeleton = (midnight + timedelta(days=n) for n in range(0, 36, 5)), "MMMd"
        case _:
            first = midnight.replace(day=1)
            times, skeleton = (_months_later(first, n) for n in range(14)), "MMM"
    yield from ((t.timestamp(), moment(t, skeleton)) for t in times if past.begin <= t.timestamp() <= past.now)


def _months_later(first: datetime, count: int) -> datetime:
    years, month = divmod(first.month - 1 + count, 12)
    return first.replace(year=first.year + years, month=month + 1)


def _zone(past: Past) -> str:
    return str(past.zone)
