"""Copies of published registers of blocked sites: what they list, how old they are and why they are no newer.

Where they come from and how they are read is `bot.registry`'s affair.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import aiosqlite

    from bot.store.database import Database

SWEPT_AT_ONCE = 5000
"""Rows of an old edition that one transaction deletes."""

_LISTS = "SELECT * FROM registry_list ORDER BY id"
_SAVE = """
    INSERT OR REPLACE INTO registry_list
        (id, url, edition, entries, fetched_at, etag, last_modified, next_at, failures, error)
    VALUES (:id, :url, :edition, :entries, :fetched_at, :etag, :last_modified, :next_at, :failures, :error)
"""
_ADD = """
    INSERT INTO registry_entry (list, edition, name, since, authority) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (list, edition, name) DO UPDATE SET since = excluded.since, authority = excluded.authority
    WHERE excluded.since < registry_entry.since OR registry_entry.since IS NULL
"""
_FIND = """
    SELECT name, since, authority
    FROM json_each(?2) AS asked
    JOIN registry_list ON registry_list.id = ?1
    JOIN registry_entry ON list = ?1 AND registry_entry.edition = registry_list.edition AND name = asked.value
    ORDER BY asked.key
"""
_SWEEP_OLDER = """
    DELETE FROM registry_entry WHERE (list, edition, name) IN (
        SELECT list, edition, name FROM registry_entry
        WHERE list = ?1 AND edition < (SELECT coalesce(max(edition), 0) FROM registry_list WHERE id = ?1) LIMIT ?2
    )
"""
_SWEEP_NEWER = """
    DELETE FROM registry_entry WHERE (list, edition, name) IN (
        SELECT list, edition, name FROM registry_entry
        WHERE list = ?1 AND edition > (SELECT coalesce(max(edition), 0) FROM registry_list WHERE id = ?1) LIMIT ?2
    )
"""
_DROP = "DELETE FROM registry_list WHERE id = ?"


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A host name, or all below it ("*.example.org"), that a list has."""

    name: str
    since: str | None = None
    """The date, ISO 8601."""
    authority: str | None = None
    """Who decided it, in the register's own words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryList:
    """How a copy of a list stands. Times are in seconds since 1970."""

    id: str
    url: str
    edition: int = 0
    """0 before the first one is complete."""
    entries: int = 0
    fetched_at: float | None = None
    etag: str | None = None
    last_modified: str | None = None
    next_at: float = 0.0
    failures: int = 0
    """Attempts in a row that came to nothing."""
    error: str | None = None
    """What the last attempt failed of."""


class Registries:
    """Every method but `sweep` is one transaction; all raise `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lists(self) -> dict[str, RegistryList]:
        """Return how every copy stands, by the lists' ids."""

        async def work(connection: aiosqlite.Connection) -> list[RegistryList]:
            async with connection.execute(_LISTS) as cursor:
                names = [column[0] for column in cursor.description]
                return [RegistryList(**dict(zip(names, row, strict=True))) async for row in cursor]

        return {found.id: found for found in await self._database.transaction(work)}

    async def save(self, state: RegistryList) -> None:
        """Note how a copy stands; a new `edition` of it counts from now on."""

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_SAVE, asdict(state))

        await self._database.transaction(work)

    async def add(self, list_: str, edition: int, entries: Iterable[RegistryEntry]) -> None:
        """Add to an edition; of several entries for one name the oldest is kept."""
        rows = [(list_, edition, entry.name, entry.since, entry.authority) for entry in entries]

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.executemany(_ADD, rows)

        await self._database.transaction(work)

    async def find(self, list_: str, names: Sequence[str]) -> list[RegistryEntry]:
        """Return what the copy of a list has of these names, in their order."""

        async def work(connection: aiosqlite.Connection) -> list[RegistryEntry]:
            async with connection.execute(_FIND, (list_, json.dumps(names))) as cursor:
                return [RegistryEntry(*row) async for row in cursor]

        return await self._database.transaction(work)

    async def sweep(self, list_: str) -> None:
        """Delete the editions that do not count, a bounded number of rows in one transaction."""
        for statement in (_SWEEP_OLDER, _SWEEP_NEWER):  # with <> in one the current edition would be read as well
            while await self._delete(statement, list_) == SWEPT_AT_ONCE:
                pass

    async def _delete(self, statement: str, list_: str) -> int:
        async def work(connection: aiosqlite.Connection) -> int:
            async with connection.execute(statement, (list_, SWEPT_AT_ONCE)) as cursor:
                return cursor.rowcount

        return await self._database.transaction(work)

    async def drop(self, list_: str) -> None:
        """Forget a list and everything in it."""

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_DROP, (list_,))

        await self._database.transaction(work)
        await self.sweep(list_)
