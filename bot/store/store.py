"""What is kept and how it is asked for: the last report of each target, and the stores of everything else.

Nobody who asked is kept. Chats are `bot.store.chats`' affair; the file, its schema and its transactions are
`bot.store.database`'s.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.history import HOLD_S, reading
from bot.store.announcements import Announcements
from bot.store.broadcasts import BroadcastStore
from bot.store.chats import Chats
from bot.store.database import Database, open_database
from bot.store.history import KEEP_HOSTS_S, History
from bot.store.incidents import Incidents
from bot.store.news import NewsStore
from bot.store.outbox import OutboxStore
from bot.store.refusals import Refusals
from bot.store.registries import Registries
from bot.store.statistics import Statistics
from bot.store.subscriptions import Subscriptions
from probes import reports
from probes.model import Report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import aiosqlite

_log = logging.getLogger(__name__)

KEEP_SERVICES_S = 365 * 24 * 3600

_SAVE_REPORT = """
    INSERT INTO latest_report (kind, target, deep, measured_at, document) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (kind, target, deep) DO UPDATE SET measured_at = excluded.measured_at, document = excluded.document
"""
_LATEST_REPORT = "SELECT measured_at, document FROM latest_report WHERE kind = ? AND target = ? AND deep = ?"
_NEXT_REPORT = """
    SELECT rowid, measured_at, document FROM latest_report WHERE rowid > ? AND measured_at >= ? ORDER BY rowid LIMIT 1
"""
_FORGET = "DELETE FROM latest_report WHERE kind = ? AND measured_at < ?"


@dataclass(frozen=True, slots=True)
class StoredReport:
    """A report and when its measurement ended, in seconds since 1970."""

    report: Report
    measured_at: float


class Store:
    """The bot's memory. Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database, *, hold_s: float = HOLD_S) -> None:
        self._database = database
        self.chats = Chats(database)
        self.registries = Registries(database)
        self.news = NewsStore(database)
        self.outbox = OutboxStore(database)
        self.history = History(database, hold_s=hold_s)
        self.incidents = Incidents(database)
        self.subscriptions = Subscriptions(database)
        self.announcements = Announcements(database)
        self.broadcasts = BroadcastStore(database)
        self.refusals = Refusals(database)
        self.statistics = Statistics(database)

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path, *, hold_s: float = HOLD_S) -> AsyncIterator[Store]:
        """Open the file at `path` for as long as the context lasts. Raises `StoreError`.

        `hold_s` is how long a measurement speaks for what follows it in a history.
        """
        async with open_database(path) as database:
            yield cls(database, hold_s=hold_s)

    async def save_report(self, target: str, report: Report, *, deep: bool, measured_at: float) -> None:
        """Keep the report as the last one of `target`, add to the history, and forget what is too old."""
        key = (report.kind, target, int(deep))
        document = reports.dump(report)

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_SAVE_REPORT, (*key, measured_at, document))
            await _forget_reports(connection, measured_at)
            await self.history.write(connection, report.kind, target, reading(report, measured_at))

        await self._database.transaction(work)

    async def forget(self, *, now: float) -> None:
        """Forget what has been kept for long, also where nothing is measured any more."""

        async def work(connection: aiosqlite.Connection) -> None:
            await _forget_reports(connection, now)
            await self.history.forget(connection, now=now)

        await self._database.transaction(work)

    async def latest_report(self, kind: str, target: str, *, deep: bool) -> StoredReport | None:
        """Return what was kept last of a target; nothing when an older version wrote it in words of its own."""

        async def work(connection: aiosqlite.Connection) -> tuple[float, str] | None:
            async with connection.execute(_LATEST_REPORT, (kind, target, int(deep))) as cursor:
                row = await cursor.fetchone()
            return (row[0], row[1]) if row else None

        found = await self._database.transaction(work)
        if found is None:
            return None
        try:
            return StoredReport(reports.load(found[1]), found[0])
        except reports.ReportError as error:
            _log.warning("The stored report of %s is passed over: %s", target, error)
            return None

    async def reports_since(self, at: float) -> AsyncIterator[StoredReport]:
        """Yield every report that is kept of measurements from `at` on, one at a time, in no order of time."""
        row_id = 0

        async def work(connection: aiosqlite.Connection) -> tuple[int, float, str] | None:
            async with connection.execute(_NEXT_REPORT, (row_id, at)) as cursor:
                row = await cursor.fetchone()
            return (row[0], row[1], row[2]) if row else None

        while found := await self._database.transaction(work):
            row_id, measured_at, document = found
            try:
                yield StoredReport(reports.load(document), measured_at)
            except reports.ReportError as error:
                _log.warning("A stored report is passed over: %s", error)


async def _forget_reports(connection: aiosqlite.Connection, now: float) -> None:
    await connection.execute(_FORGET, ("host", now - KEEP_HOSTS_S))
    await connection.execute(_FORGET, ("service", now - KEEP_SERVICES_S))
