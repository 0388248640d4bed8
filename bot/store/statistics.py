"""Counts for those who run the bot: how many chats, subscriptions, measurements and messages; never whose."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.store.chats import OF_A_MESSENGER
from bot.store.database import fetch_all

if TYPE_CHECKING:
    import aiosqlite

    from bot.store.database import Database

DAYS = 7
_DAY_S = 24 * 3600

_CHATS = f"""
    SELECT kind, language, count(*) FROM chat WHERE state = 'active' AND {OF_A_MESSENGER}
    GROUP BY kind, language ORDER BY 3 DESC
"""  # noqa: S608 -- the condition is a constant
_SUBSCRIPTIONS = f"""
    SELECT target, count(*) FROM subscription JOIN chat ON chat.id = subscription.chat WHERE {OF_A_MESSENGER}
    GROUP BY target ORDER BY 2 DESC, 1
"""  # noqa: S608 -- see above
_MEASUREMENTS = """
    SELECT date(at, 'unixepoch'), sum(times) FROM reading WHERE at >= ? GROUP BY 1 ORDER BY 1 DESC
"""
_MESSAGES = "SELECT state, count(*) FROM message WHERE ended_at IS NULL OR ended_at >= ? GROUP BY state"
_WAITS_SINCE = """
    SELECT min(max(not_before, content.made_at)) FROM message JOIN content ON content.id = message.content
    WHERE state IN ('waiting', 'leased') AND not_before <= ?
"""
_SIZE = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much there is of what; of measurements and messages, in the last `DAYS`."""

    chats: tuple[tuple[str, str | None, int], ...]
    """By kind and chosen language."""
    subscriptions: tuple[tuple[str, int], ...]
    """By target, as `bot.alerts.subscriptions` spells it."""
    measurements: tuple[tuple[str, int], ...]
    """By day, the latest first."""
    messages: dict[str, int]
    """By state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the database itself is doing."""

    size_bytes: int
    sqlite: str
    oldest_waits_since: float | None
    """Since when the message waits that has waited longest, in seconds since 1970."""


class Statistics:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, *, now: float) -> Counts:
        """Count what is there."""
        since = now - DAYS * _DAY_S

        async def work(connection: aiosqlite.Connection) -> Counts:
            return Counts(
                chats=tuple(map(tuple, await fetch_all(connection, _CHATS))),
                subscriptions=tuple(map(tuple, await fetch_all(connection, _SUBSCRIPTIONS))),
                measurements=tuple(map(tuple, await fetch_all(connection, _MEASUREMENTS, (since,)))),
                messages={row[0]: row[1] for row in await fetch_all(connection, _MESSAGES, (since,))},
            )

        return await self._database.transaction(work)

    async def health(self, *, now: float) -> Health:
        """Return how large the database is and how long messages wait."""

        async def work(connection: aiosqlite.Connection) -> Health:
            ((size_bytes,),) = await fetch_all(connection, _SIZE)
            ((since,),) = await fetch_all(connection, _WAITS_SINCE, (now,))
            return Health(size_bytes=size_bytes, sqlite=sqlite3.sqlite_version, oldest_waits_since=since)

        return await self._database.transaction(work)
