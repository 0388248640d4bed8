"""Which chats want no announcements. Whom a broadcast goes to is found out in `bot.store.broadcasts`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.store.withholding import refusing

if TYPE_CHECKING:
    import aiosqlite

    from bot.store.database import Database

_REFUSE = "INSERT OR IGNORE INTO broadcast_refusal (chat) SELECT id FROM chat WHERE id = ?"
_ACCEPT = "DELETE FROM broadcast_refusal WHERE chat = ?"
_REFUSES = "SELECT 1 FROM broadcast_refusal WHERE chat = ?"


class Refusals:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def refuse(self, chat: str, *, now: float) -> None:
        """Send a chat no more broadcasts, not even one that is on its way to others."""

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_REFUSE, (chat,))
            for statement, values in refusing(chat, now):
                await connection.execute(statement, values)

        await self._database.transaction(work)

    async def accept(self, chat: str) -> None:
        """Send a chat broadcasts again."""

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_ACCEPT, (chat,))

        await self._database.transaction(work)

    async def refuses(self, chat: str) -> bool:
        """Tell whether a chat wants no broadcasts."""

        async def work(connection: aiosqlite.Connection) -> bool:
            return bool(list(await connection.execute_fetchall(_REFUSES, (chat,))))

        return await self._database.transaction(work)
