"""Tells chats what has changed: looks for news at every chat's cursor, words them, and lets them wait to be sent.

What is news to whom is decided in `bot.alerts.hearing`; it is worded in `bot.alerts.wording`, `bot.alerts.bulletin` and
`bot.alerts.digest`; sending is the outbox' affair.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

from bot.alerts.digest import PERIOD_S, digest, heard_of
from bot.alerts.hours import UTC_ZONE, digest_due, zone_of
from bot.alerts.occasion import Occasion
from bot.alerts.subscriptions import subscribed_to
from bot.alerts.wording import Setting
from bot.chat.language import speaking
from bot.outbox import Content, Said
from bot.store.announcements import Summary

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from bot.alerts.subscriptions import Listener
    from bot.incidents import Change
    from bot.news import Story
    from bot.store import Store
    from bot.store.incidents import Incident, StoredChange
    from probes.catalogue import Catalogue
    from probes.model import Report, Service

_log = logging.getLogger(__name__)

GROUP_WAIT_S = 30.0
"""How long news wait for others: what happens to many services at a time is told in one message."""
LONGEST_WAIT_S = 45.0
"""And how long while something speaks against others as well, but not enough yet."""
_FRESH_S = 120.0
"""What spoke against something longer ago is not waited for."""
LOOK_S = 5.0
"""How often it looks for news."""
MOST_AT_ONCE = 100
"""Chats that are told in one transaction: nobody else can use the database meanwhile."""
MOST_CHANGES = 5000
"""That are looked at together; whatever goes beyond them comes next."""
_MOST_EXPLAINED = 40
"""Incidents of one occasion that are told with their report and what is in the news."""


class Stories(Protocol):
    """What is in the news about services: `bot.chat.newsstand.Newsstand`."""

    async def about(self, service: Service, language: str, country: str | None) -> Sequence[Story]: ...


class Announcer:
    """Looks for news from time to time, until it is cancelled."""

    def __init__(
        self,
        store: Store,
        catalogue: Catalogue,
        *,
        language: str = "en",
        zone: str = UTC_ZONE,
        operators: Collection[str] = (),
        stories: Stories | None = None,
        on_message: Callable[[], None] = lambda: None,
        group_wait_s: float = GROUP_WAIT_S,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`operators` are the chats, by their stored ids, of those who run the bot: they hear of its own troubles.

        `language` is spoken to them, and `zone` is for chats without one. `on_message` hears that something waits to
        be sent. Times are in seconds since 1970 by `clock`, and pass by `sleep`.
        """
        self._store = store
        self._services = {service.id: service for service in catalogue}
        self._categories = {service.id: service.category for service in catalogue}
        self._language = language
        self._zone = zone
        self._operators = frozenset(operators)
        self._stories = stories
        self._on_message = on_message
        self._group_wait_s = group_wait_s
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Announce until cancelled; whatever goes wrong is tried again."""
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 -- nothing was told that was not kept, so the next look begins there
                _log.exception("News could not be told")
            await self._sleep(LOOK_S)

    async def look(self) -> None:
        """Tell whoever may hear now whatever has become due."""
        now = self._clock()
        await self._announce(now)
        await self._summarise(now)

    # --- changes -----------------------------------------------------------------------------------------------------

    async def _announce(self, now: float) -> None:
        incidents, announcements = self._store.incidents, self._store.announcements
        last = await incidents.last_change_id()
        await self._store.subscriptions.enlist(self._operators, language=self._language, cursor=last)
        oldest = await announcements.oldest_cursor(up_to=last, now=now)
        ripe = 0 if oldest is None else await self._ripe(oldest, last, now)
        unmuted = await announcements.are_mutes_over(now)
        if ripe > (oldest or 0) or unmuted:
            await self._tell(last if oldest is None else oldest, last, now, ripe=ripe, unmuted=unmuted)

    async def _tell(self, cursor: int, last: int, now: float, *, ripe: int, unmuted: bool) -> None:
        """Tell whoever is behind what is ripe or was muted; nobody is further behind than `cursor`."""
        incidents, announcements = self._store.incidents, self._store.announcements
        earliest = await announcements.earliest_cursor(cursor, now=now)
        changes = await incidents.changes_after(earliest, most=MOST_CHANGES)
        up_to = changes[-1].id if len(changes) == MOST_CHANGES else last
        known = [stored for stored in changes if stored.id <= up_to]
        occasion = await self._occasion(known, await incidents.open_changes(), now, explained=unmuted)
        contents: dict[Content, int] = {}
        behind = min(ripe, up_to)
        while await announcements.tell(
            occasion.decide, contents, behind=behind, up_to=up_to, most=MOST_AT_ONCE, now=now
        ):
            self._on_message()

    async def _ripe(self, cursor: int, last: int, now: float) -> int:
        """Return the last change that has waited for others; `cursor` if none has.

        Whoever has not heard of it is told, and of whatever came after it; news wait on for everybody else. A change
        from the future has waited, by a clock set back.
        """
        changes = await self._store.incidents.changes_after(cursor, most=MOST_CHANGES)
        if not changes:
            return last  # what is there is of another version, and nobody can be told
        wait_s = LONGEST_WAIT_S if await self._is_more_to_come(now) else self._group_wait_s
        ripe = (stored.id for stored in changes if not 0 <= now - stored.change.at < wait_s)
        return max(ripe, default=cursor)

    async def _is_more_to_come(self, now: float) -> bool:
        """Tell whether something else is suspected: measured again soon, it may be news of the same event."""
        states = (await self._store.incidents.states()).values()
        return any(state.run is not None and now - state.run.last < _FRESH_S for state in states)

    async def _occasion(
        self, changes: Sequence[StoredChange], ongoing: Sequence[StoredChange], now: float, *, explained: bool
    ) -> Occasion:
        """Return what is told about; what is going on is `explained` where it is known that somebody missed it."""
        told = [stored.change for stored in ((*ongoing, *changes) if explained else changes)]
        reports = await self._reports(told)
        stories = await self._in_the_news(told, reports)
        return Occasion(
            changes=changes,
            ongoing=ongoing,
            now=now,
            zone=self._zone,
            operators=self._operators,
            services=self._services,
            categories=self._categories,
            reports=reports,
            stories=stories,
        )

    async def _reports(self, changes: Iterable[Change]) -> dict[int, Report]:
        """Return what the last of the incidents were seen by."""
        numbers = list(dict.fromkeys(change.incident for change in changes if change.incident is not None))
        found = {number: await self._store.incidents.evidence(number) for number in numbers[-_MOST_EXPLAINED:]}
        return {number: report for number, report in found.items() if report is not None}

    async def _in_the_news(
        self, changes: Iterable[Change], reports: Mapping[int, Report]
    ) -> dict[str, dict[str, Sequence[Story]]]:
        """Return what is in the news about the services, by language and service."""
        if self._stories is None:
            return {}
        country = next((report.vantage.country for report in reports.values()), None)
        ids = dict.fromkeys(change.subject.service for change in changes if change.what != "closed")
        services = [self._services[id_] for id_ in ids if id_ in self._services][-_MOST_EXPLAINED:]
        languages = await self._store.announcements.languages()
        return {
            language: {one.id: await _about(self._stories, one, language, country) for one in services}
            for language in languages
        }

    # --- digests -----------------------------------------------------------------------------------------------------

    async def _summarise(self, now: float) -> None:
        if not await self._store.announcements.are_digests_due(now):
            return
        incidents = await self._store.incidents.incidents_since(now - max(PERIOD_S.values()))

        def decide(listener: Listener) -> Summary:
            return self._summary(listener, incidents, now)

        while await self._store.announcements.summarise(decide, most=MOST_AT_ONCE, now=now):
            self._on_message()

    def _summary(self, listener: Listener, incidents: Sequence[Incident], now: float) -> Summary:
        wishes = listener.wishes
        kind, zone = wishes.digest or "daily", wishes.zone or self._zone
        next_at = digest_due(kind, now, zone_of(zone))
        subscribed = subscribed_to(listener, self._categories)
        if not listener.reachable or not subscribed or (wishes.muted_until or 0.0) > now:
            return Summary({}, next_at)
        recent = [one for one in incidents if one.closed_at is None or one.closed_at > now - PERIOD_S[kind]]
        setting = Setting(now=now, zone=zone, services=self._services)
        try:
            found = heard_of(listener, recent, self._categories)
            with speaking(listener.language):
                said = Said(digest(kind, found, len(subscribed), setting))
        except Exception:  # noqa: BLE001 -- whatever it is, others wait for theirs
            _log.exception("The digest of %s could not be made", listener.chat)
            return Summary({}, next_at)
        threads = {one.thread for one in listener.subscriptions.values()}
        thread = threads.pop() if len(threads) == 1 else None
        return Summary({thread: said}, next_at, not_before=listener.quiet_until(now, self._zone) or now)


async def _about(stories: Stories, service: Service, language: str, country: str | None) -> Sequence[Story]:
    """Return what is in the news about a service; nothing if that fails, as an alert is worth telling without."""
    try:
        return await stories.about(service, language, country)
    except Exception:  # noqa: BLE001 -- whatever it is, the alert does not wait for it
        _log.exception("What is in the news about %s could not be found", service.id)
        return ()
