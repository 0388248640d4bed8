"""What chats want to hear of, and when. Who hears of what is `bot.alerts.subscriptions`' affair."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bot.alerts.subscriptions import EVERYTHING, of_category, of_service
from bot.store.announcements import take_back
from bot.store.database import fetch_all
from bot.store.listeners import FIND, listeners, written

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    import aiosqlite

    from bot.alerts.subscriptions import Listener, Subscription, Told, Wishes
    from bot.incidents import Subject
    from bot.store.database import Database
    from probes.catalogue import Catalogue

_ENLIST = "INSERT INTO listener (chat, language, cursor) VALUES (?, ?, ?) ON CONFLICT (chat) DO NOTHING"
_UNLISTED = """
    SELECT id FROM chat WHERE id IN (SELECT value FROM json_each(?)) AND id NOT IN (SELECT chat FROM listener)
"""
_SUBSCRIBE = """
    INSERT INTO subscription (chat, target, degradations, thread, since_change) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (chat, target) DO UPDATE SET degradations = excluded.degradations, thread = excluded.thread
"""
_HAS_HEARD = """
    INSERT OR REPLACE INTO told (chat, kind, subject, incident, worst, since, mixed) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_UNSUBSCRIBE = "DELETE FROM subscription WHERE chat = ? AND target = ?"
_UNSUBSCRIBE_ALL = "DELETE FROM subscription WHERE chat = ?"
_WISH = """
    UPDATE listener
    SET muted_until = coalesce(?1, min(muted_until, ?8)), quiet_begin = ?2, quiet_end = ?3, zone = ?4, digest = ?5,
        digest_at = ?6, held_until = NULL
    WHERE chat = ?7
"""
_TARGETS = """
    SELECT DISTINCT target FROM subscription JOIN chat ON chat.id = subscription.chat WHERE chat.state <> 'gone'
"""


class Subscriptions:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, chat: str) -> Listener | None:
        """Return what a chat subscribed to and wishes; None if it never did."""

        async def work(connection: aiosqlite.Connection) -> Listener | None:
            found = await listeners(connection, FIND, (chat,))
            return found[0] if found else None

        return await self._database.transaction(work)

    async def subscribe(
        self, chat: str, asked: Iterable[Subscription], *, language: str, cursor: int, told: Mapping[Subject, Told]
    ) -> None:
        """Add subscriptions to those of a known chat, or change them; `told` is what it has just heard is going on.

        A chat without any so far begins to hear after the change `cursor`, in `language` if none was chosen in it.
        """

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_ENLIST, (chat, language, cursor))
            added = [(chat, one.target, int(one.degradations), one.thread, one.after) for one in asked]
            await connection.executemany(_SUBSCRIBE, added)
            heard = [(chat, subject.kind, subject.name, *written(one)) for subject, one in told.items()]
            await connection.executemany(_HAS_HEARD, heard)

        await self._database.transaction(work)

    async def unsubscribe(self, chat: str, targets: Collection[str] | None, *, now: float) -> None:
        """Remove some subscriptions, or with None all; what waits to be told of them is called back."""

        async def work(connection: aiosqlite.Connection) -> None:
            if targets is None:
                await connection.execute(_UNSUBSCRIBE_ALL, (chat,))
            else:
                await connection.executemany(_UNSUBSCRIBE, [(chat, target) for target in targets])
            await take_back(connection, chat, now)

        await self._database.transaction(work)

    async def wish(self, chat: str, wishes: Wishes, *, language: str, cursor: int, now: float) -> None:
        """Keep when a known chat wants to hear; what waits to be told is held against it anew.

        A mute that is taken back is over now: what was missed is still to be told.
        """
        quiet = wishes.quiet
        hours = (quiet.begin_min, quiet.end_min) if quiet else (None, None)

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_ENLIST, (chat, language, cursor))
            kept = (wishes.muted_until, *hours, wishes.zone, wishes.digest, wishes.digest_at)
            await connection.execute(_WISH, (*kept, chat, now))
            await take_back(connection, chat, now)

        await self._database.transaction(work)

    async def enlist(self, chats: Collection[str], *, language: str, cursor: int) -> None:
        """Let known chats hear that subscribed to nothing, such as those of whoever runs the bot."""
        asked = json.dumps(list(chats))

        async def work(connection: aiosqlite.Connection) -> None:
            found = await fetch_all(connection, _UNLISTED, (asked,))
            await connection.executemany(_ENLIST, [(chat, language, cursor) for (chat,) in found])

        await self._database.transaction(work)

    async def services(self, catalogue: Catalogue) -> set[str]:
        """Return the services, by id, that anybody who can be written to subscribed to."""

        async def work(connection: aiosqlite.Connection) -> set[str]:
            return {target for (target,) in await fetch_all(connection, _TARGETS)}

        found = await self._database.transaction(work)
        return {
            service.id
            for service in catalogue
            if found.intersection((EVERYTHING, of_category(service.category), of_service(service.id)))
        }
