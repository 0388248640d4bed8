"""The chats that the bot talks to: what was set in each, whether it can be written to, and its buttons' long commands.

Nobody who asked is kept, nor what was asked. What a transport makes of a chat that is gone is its own affair.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2s
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aiosqlite

    from bot.store.database import Database

Kind = Literal["private", "group", "channel"]
State = Literal["active", "muted", "gone"]
"""Muted: the bot is there and may not write. Gone: it was blocked, removed, or the chat is no more."""

KEEP_GONE_S = 90 * 24 * 3600
"""How long the settings of a chat are kept that the bot was removed from: people change their minds."""
KEEP_BUTTONS_S = 24 * 3600
"""As long as anything is kept of a bare host: a command so long holds one that somebody typed."""

_MEET = """
    INSERT INTO chat (id, kind, state_since) VALUES (?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET state = 'active', state_since = excluded.state_since WHERE state = 'gone'
    RETURNING id, kind, language, state
"""
OF_A_MESSENGER = "instr(chat.id, ':') > 0"
"""A condition on the table `chat`: the terminal's, whose id names no messenger, cannot be written to."""
_FIND = "SELECT id, kind, language, state FROM chat WHERE id = ?"
_ACTIVE = "SELECT id FROM chat WHERE state = 'active' ORDER BY id"
_SET_LANGUAGE = "UPDATE chat SET language = ? WHERE id = ?"
_SET_STATE = "UPDATE chat SET state = ?1, state_since = ?2 WHERE id = ?3 AND state <> ?1"
_FORGET = "DELETE FROM chat WHERE id = ?"
_FORGET_GONE = "DELETE FROM chat WHERE state = 'gone' AND state_since < ?"

_SUCCEED = """
    INSERT INTO chat (id, kind, language, state, state_since)
    SELECT ?2, kind, language, 'active', state_since FROM chat WHERE id = ?1
    ON CONFLICT (id) DO UPDATE
    SET language = coalesce(chat.language, excluded.language)
"""
_DEPENDENTS = """
    SELECT found.name, "from" FROM sqlite_schema AS found, pragma_foreign_key_list(found.name)
    WHERE found.type = 'table' AND "table" = 'chat'
"""
_REWRITE = 'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE "{column}" = ?'

_SAVE_BUTTON = """
    INSERT INTO button (token, command, made_at) VALUES (?, ?, ?)
    ON CONFLICT (token) DO UPDATE SET made_at = excluded.made_at
"""
_COMMAND = "SELECT command FROM button WHERE token = ?"
_FORGET_BUTTONS = "DELETE FROM button WHERE made_at < ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """One chat and what was set in it."""

    id: str
    """By the transport's name for it: "telegram:-1001234567890"."""
    kind: Kind
    language: str | None = None
    state: State = "active"


@dataclass(slots=True)
class _Crowd:
    """Chats that spoke while the database was busy: they become known together, by one write to the disk."""

    arrived: dict[str, tuple[Kind, float]] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    known: dict[str, Chat] = field(default_factory=dict)


class Chats:
    """Every method is one transaction, and raises `StoreError` when it cannot take place. Times are since 1970."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._crowd = _Crowd()

    async def meet(self, chat: str, kind: Kind, *, now: float) -> Chat:
        """Return a chat that just spoke, known from now on; if it was gone it is back."""
        crowd = self._crowd
        crowd.arrived[chat] = (kind, now)
        async with crowd.turn:
            if not crowd.known:
                crowd.known = await self._database.transaction(partial(self._meet_all, crowd))
        return crowd.known[chat]

    async def _meet_all(self, crowd: _Crowd, connection: aiosqlite.Connection) -> dict[str, Chat]:
        if self._crowd is crowd:
            self._crowd = _Crowd()  # whoever comes now has to wait for the next one
        known = {}
        for chat, (kind, now) in crowd.arrived.items():
            row = await _row(connection, _MEET, (chat, kind, now)) or await _row(connection, _FIND, (chat,))
            known[chat] = _chat(row) or Chat(id=chat, kind=kind)
        return known

    async def find(self, chat: str) -> Chat | None:
        """Return what is stored of a chat."""

        async def work(connection: aiosqlite.Connection) -> Chat | None:
            return _chat(await _row(connection, _FIND, (chat,)))

        return await self._database.transaction(work)

    async def active(self) -> list[str]:
        """Return the chats that can be written to."""

        async def work(connection: aiosqlite.Connection) -> list[str]:
            async with connection.execute(_ACTIVE) as cursor:
                return [row[0] async for row in cursor]

        return await self._database.transaction(work)

    async def set_language(self, chat: str, language: str | None) -> None:
        """Speak this language in the chat; with None each person's own."""
        await self._database.write((_SET_LANGUAGE, (language, chat)))

    async def set_state(self, chat: str, state: State, *, now: float) -> None:
        """Note whether the bot can write there, and forget those that have been gone for long."""
        await self._database.write((_SET_STATE, (state, now, chat)), (_FORGET_GONE, (now - KEEP_GONE_S,)))

    async def forget(self, chat: str) -> None:
        """Delete everything that is stored of a chat, in every table."""
        await self._database.write((_FORGET, (chat,)))

    async def move(self, old: str, new: str) -> None:
        """Put a new id in the place of an old one in every table; where the new one has its own already, that stays."""

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_SUCCEED, (old, new))
            async with connection.execute(_DEPENDENTS) as cursor:
                dependents = await cursor.fetchall()
            for table, column in dependents:
                await connection.execute(_REWRITE.format(table=table, column=column), (new, old))
            await connection.execute(_FORGET, (old,))  # and with it whatever the new one had already

        if old != new:
            await self._database.transaction(work)

    async def save_buttons(self, commands: Iterable[str], *, now: float) -> None:
        """Keep what buttons say by their `token`, and forget what has been kept for long."""
        rows = ((_SAVE_BUTTON, (token(command), command, now)) for command in commands)
        await self._database.write(*rows, (_FORGET_BUTTONS, (now - KEEP_BUTTONS_S,)))

    async def command(self, token: str) -> str | None:
        """Return what the button of that token says, unless it has been forgotten."""

        async def work(connection: aiosqlite.Connection) -> str | None:
            row = await _row(connection, _COMMAND, (token,))
            return str(row[0]) if row else None

        return await self._database.transaction(work)


def token(command: str) -> str:
    """Return what stands for a long command, the same at all times."""
    return blake2s(command.encode(), digest_size=16).hexdigest()


async def _row(connection: aiosqlite.Connection, statement: str, values: tuple[object, ...]) -> aiosqlite.Row | None:
    async with connection.execute(statement, values) as cursor:
        return await cursor.fetchone()


def _chat(row: aiosqlite.Row | None) -> Chat | None:
    return Chat(id=row[0], kind=row[1], language=row[2], state=row[3]) if row else None
