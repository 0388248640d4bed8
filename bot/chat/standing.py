"""What is said of all services at once, as far as it is known: readings → a board's words, and its caption. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from bot.chat import replies, words
from bot.chat.board import Board, Entry
from bot.chat.charts import drawable
from bot.chat.language import ago, at_time, is_right_to_left, plural, say
from bot.chat.past import other_look
from bot.chat.reply import Block, Button, Headline, Items, Line, Paragraph, Reply
from bot.columns import Window, state_columns
from bot.history import BRIDGE_S, SEVERITY, clipped
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import tzinfo

    from bot.history import Reading
    from probes.model import Service

WINDOW_S = 24 * 3600
_COLUMNS = 48
_MOST_LINES = 12
_MOST_BUTTONS, _BUTTONS_IN_ROW = 6, 3


class Standing(NamedTuple):
    """How a service stands."""

    service: Service
    readings: Sequence[Reading]
    """Settled."""
    status: Status | None
    """None where it was not measured for long."""

    @property
    def reason(self) -> str:
        """What stops it, in a few words."""
        causes = self.readings[-1].causes
        return replies.terse(causes[0], self.readings[-1].status) if causes and self.status is not Status.OK else ""


def standings(services: Sequence[Service], known: Mapping[str, Sequence[Reading]], now: float) -> list[Standing]:
    """Return how the services stand of which anything is known, the worst first."""
    found = []
    for service in services:
        if readings := known.get(service.id):
            last = readings[-1]
            fresh = now - (last.until or last.at) <= BRIDGE_S
            found.append(Standing(service, readings, last.status if fresh else None))
    return sorted(found, key=lambda one: SEVERITY.index(one.status) if one.status else len(SEVERITY))


def caption(found: Sequence[Standing], now: float, theme: str | None = "dark") -> Reply:
    """Return what stands beneath the picture; without a `theme` there is none."""
    return Reply(topic="status", blocks=tuple(_caption(found, now)), buttons=tuple(_buttons(found, theme)))


def _caption(found: Sequence[Standing], now: float) -> Iterator[Block]:
    if not found:
        yield Paragraph(say(words.BOARD_EMPTY))
        return
    yield Headline(say(words.BOARD))
    lines = [Line(_line(one), one.status) for one in found if one.status not in {Status.OK, None}]
    title = ", ".join(text for _, text in _sums(found))
    if lines:
        more = (Line(say(words.MORE, count=len(lines) - _MOST_LINES)),) if len(lines) > _MOST_LINES else ()
        yield Items(title, (*lines[:_MOST_LINES], *more))
    else:
        yield Paragraph(title)
    latest = max(one.readings[-1].at for one in found)
    yield Paragraph(say(words.BOARD_LATEST, ago=ago(now - latest)))


def _line(one: Standing) -> str:
    name, reason = one.service.name, one.reason
    return say(words.BOARD_BECAUSE, name=name, reason=reason) if reason else name


def _sums(found: Sequence[Standing]) -> Iterator[tuple[Status | None, str]]:
    counts = Counter(one.status for one in found)
    for status in reversed(SEVERITY):
        if counts[status]:
            yield status, plural(*words.BOARD_STATES[status], counts[status])
    if counts[None]:
        yield None, plural(*words.BOARD_UNKNOWN, counts[None])


def _buttons(found: Sequence[Standing], theme: str | None) -> Iterator[tuple[Button, ...]]:
    """Yield buttons for the pasts of what does not work, and one for the board anew."""
    broken = [one.service for one in found if one.status not in {Status.OK, None}]
    shown = iter([Button(one.name, f"/history {one.id} 24h") for one in broken[:_MOST_BUTTONS]])
    while row := tuple(islice(shown, _BUTTONS_IN_ROW)):
        yield row
    other = (other_look("/status", theme),) if theme and found else ()
    yield (*other, Button(say(words.UPDATE_BUTTON), "/status light" if theme == "light" else "/status"))


def board(found: Sequence[Standing], now: float, zone: tzinfo = UTC) -> Board:
    """Return what the picture shows."""
    window = Window(now - WINDOW_S, now, _COLUMNS)
    entries = [_entry(one, window) for one in found]
    when = at_time(datetime.fromtimestamp(now, zone))
    return Board(
        title=say(words.BOARD),
        beside=say(words.BOARD_HOURS),
        sums=tuple(_sums(found)),
        rows=[entry for entry in entries if entry.status not in {Status.OK, None}],
        cells=[entry for entry in entries if entry.status in {Status.OK, None}],
        column_s=window.width_s,
        footer=say(words.BOARD_AT, when=when, zone=str(zone)),
        right_to_left=is_right_to_left(),
    )


def _entry(one: Standing, window: Window) -> Entry:
    whole, _ = state_columns((r._replace(components={}) for r in clipped(one.readings, *window[:2])), window)
    name = one.service.name if drawable(one.service.name) else one.service.id
    return Entry(name, one.status, one.reason or (say(words.STATUS[one.status]) if one.status else ""), whole)
