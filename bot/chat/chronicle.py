"""The desk of the past: /history of one service, and /status of all, each with a picture.

What is said is decided in `bot.chat.past` and `bot.chat.standing`, what is drawn in `bot.chat.timeline` and
`bot.chat.board`. Nothing is measured for it. A year is thousands of readings: what is made of them is made in threads.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING

from bot.chat import board, past, replies, standing, timeline, timetable, words
from bot.chat.charts import THEMES, painted
from bot.chat.language import say
from bot.chat.matching import FILLER, match
from bot.chat.past import PERIODS, Past
from bot.chat.reply import Paragraph, Picture
from bot.checks import asked_as
from probes.catalogue import fold, names_of
from probes.targets import BadTarget, host_service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import tzinfo

    from bot.chat.commands import Message
    from bot.chat.past import Incident, Period
    from bot.chat.reply import Reply
    from bot.chat.request import Request, Responder
    from bot.store.history import History
    from probes.catalogue import Catalogue
    from probes.model import Service

    IncidentsOf = Callable[[Service, float], Awaitable[Sequence[Incident] | None]]
    """Returns those of a service that were not over at a time yet; None where none are recorded."""
    ZoneOf = Callable[[str], Awaitable[tzinfo]]
    """Returns the time zone of a chat."""

_log = logging.getLogger(__name__)

_DEFAULT_PERIOD, _DEFAULT_THEME = "7d", "dark"
_HOST_PERIOD = "24h"
"""As long as anything is kept of a bare host."""
_PERIOD_NAMES = {
    **{id_: id_ for id_ in PERIODS},
    **dict.fromkeys(("day", "today", "день", "сегодня", "сутки", "jour"), "24h"),
    **dict.fromkeys(("week", "неделя", "неделю", "semaine"), "7d"),
    **dict.fromkeys(("1m", "1month", "month", "1месяц", "месяц", "1mois", "mois"), "30d"),
    **dict.fromkeys(("12m", "1year", "year", "год", "1г", "1год", "an", "1an"), "1y"),
}
"""Beside those that are a number with a unit and as long as one of the periods."""
_NUMBER_APART = re.compile(r"(?<=\s)(\d+)\s+(?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a /history asks for."""

    name: str
    """With whatever else stands there and is no period."""
    period: str | None
    theme: str


class Chronicle:
    """Answers from what is kept; without pictures where they cannot be drawn."""

    commands = ("history", "past", "status")
    """/past is what the buttons of /history say: a transport may change the picture that they stand under."""

    def __init__(
        self,
        history: History,
        catalogue: Catalogue,
        *,
        incidents_of: IncidentsOf | None = None,
        zone_of: ZoneOf | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Without `incidents_of` nothing is watched; without `zone_of` times are UTC."""
        self._history = history
        self._catalogue = catalogue
        self._incidents_of = incidents_of
        self._zone_of = zone_of
        self._clock = clock
        self._turn = asyncio.Lock()

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of the commands."""
        zone = await self._zone_of(request.chat) if self._zone_of else UTC
        asked, pictures = _asked(message.rest), responder.capabilities.pictures
        answer = self._status if message.command == "status" else self._past
        await responder.answer(await answer(asked, zone, pictures=pictures))

    # --- one service -------------------------------------------------------------------------------------------------

    async def _past(self, asked: _Asked, zone: tzinfo, *, pictures: bool) -> Reply:
        service = self._service(asked.name)
        if isinstance(service, str):
            return replies.plain(service)
        if service.kind == "service" and asked.period is None and self._is_more_than_a_name(asked.name, service):
            return replies.plain(say(words.HISTORY_PERIODS, asked=asked_as(service)))
        period = PERIODS[_HOST_PERIOD if service.kind == "host" else asked.period or _DEFAULT_PERIOD]
        known = await self._known(service, period, zone)
        caption = await asyncio.to_thread(past.caption, known, theme=asked.theme if pictures else None)
        if known.last is None:
            return caption

        def draw() -> bytes:
            return timeline.draw(past.timeline(known), THEMES[asked.theme])

        return await self._with_picture(caption, draw, pictures=pictures)

    def _service(self, name: str) -> Service | str:
        """Return the service or the host that is meant, or what has to be said instead."""
        found = match(name, self._catalogue)
        if found.services:
            return found.services[0]
        if not found.hosts:
            return say(words.HISTORY_WHAT)
        try:
            return host_service(found.hosts[0])
        except BadTarget as error:
            return say(error.text, **error.values)

    def _is_more_than_a_name(self, text: str, service: Service) -> bool:
        """Tell whether a text that names a service ends with a word that says nothing of it: a period, if anything."""
        *before, last = text.split()
        names = {word for name in names_of(service) for word in fold(name).split()}
        if not before or fold(last) in names or fold(last) in FILLER or match(last, self._catalogue).services:
            return False
        return self._service(" ".join(before)) == service

    async def _known(self, service: Service, period: Period, zone: tzinfo) -> Past:
        now = self._clock()
        begin = now - period.length_s
        target = asked_as(service)
        readings = await self._history.readings(service.kind, target, since=begin, now=now)
        statuses = {readings[-1].status} if readings else set()
        since = await self._history.since(service.kind, target, statuses, now=now) if statuses else None
        incidents = await self._incidents_of(service, begin) if self._incidents_of else None
        return Past(service, period, readings, since, incidents, now, zone)

    # --- all of them -------------------------------------------------------------------------------------------------

    async def _status(self, asked: _Asked, zone: tzinfo, *, pictures: bool) -> Reply:
        now = self._clock()
        ids = [service.id for service in self._catalogue]
        known = await self._history.board(ids, since=now - standing.WINDOW_S, now=now)
        found = standing.standings(list(self._catalogue), known, now)
        caption = await asyncio.to_thread(standing.caption, found, now, asked.theme if pictures else None)
        if not found:
            return caption

        def draw() -> bytes:
            return board.draw(standing.board(found, now, zone), THEMES[asked.theme])

        return await self._with_picture(caption, draw, pictures=pictures)

    async def _with_picture(self, caption: Reply, draw: Callable[[], bytes], *, pictures: bool) -> Reply:
        if not pictures:
            return replace(caption, blocks=(*caption.blocks, Paragraph(say(words.PICTURE_ELSEWHERE))))
        try:
            async with self._turn:  # those who wait do not each hold a thread
                png = await painted(draw)
        except Exception:  # noqa: BLE001 -- whatever is wrong with drawing, the words say it all
            _log.exception("A picture could not be drawn")
            return caption
        return replace(caption, picture=Picture(png))


def _asked(text: str) -> _Asked:
    """Read "whatsapp 30d", "whatsapp year light": a period and a look may stand anywhere behind the name."""
    name: list[str] = []
    period, theme = None, _DEFAULT_THEME
    for number, word in enumerate(_NUMBER_APART.sub(r"\1", text).split()):
        if number and (found := _period(word)):
            period = found
        elif word.lower() in THEMES:
            theme = word.lower()
        else:
            name.append(word)
    return _Asked(" ".join(name), period, theme)


def _period(word: str) -> str | None:
    """Return the period that a word such as "30d" or "year" means."""
    length_s = timetable.length_s(word)
    by_length = (id_ for id_, period in PERIODS.items() if period.length_s == length_s)
    return _PERIOD_NAMES.get(word.lower()) or next(by_length, None)
