"""The outbox in virtual time, over a real store in memory: hours of outages take no time and are exact."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.outbox.delivery import NotSent, Outcome, Sent, Unknown
from bot.outbox.outbox import Outbox
from bot.pacing import Pacer
from bot.store.database import Database, migrations
from bot.store.store import Store
from tests.bot.outbox.memory import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import aiosqlite

    from bot.outbox.model import Message

Stretch = tuple[float, float, Outcome]
"""Since when something fails, until when, and how."""
ANSWER_S = 0.1
"""How long the platform takes for an answer."""
UNREACHED = NotSent("no connection")
UNANSWERED = Unknown("502")


class Connection:
    """SQLite on the event loop's own thread: what it does takes no time."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        for script in migrations():
            self._connection.executescript(script)

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    async def execute(self, statement: str, values: Any = ()) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    async def executemany(self, statement: str, rows: Any) -> sqlite3.Cursor:
        return self._connection.executemany(statement, rows)

    async def execute_fetchall(self, statement: str, values: Any = ()) -> list[Any]:
        return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        self._connection.close()


class Platform:
    """Takes every message, but for stretches of time in which it fails in one way."""

    def __init__(self, *outages: Stretch, never: Mapping[str, Outcome] | None = None) -> None:
        """`never` are texts that it never takes, whatever else it does."""
        self._outages = outages
        self._never = never or {}
        self.tried: list[tuple[float, Message]] = []
        self.arrived: dict[str, float] = {}
        """When each text did, first."""
        self.questions: list[float] = []

    async def deliver(self, message: Message) -> Outcome:
        self.tried.append((_clock(), message))
        failure = await self._failure() or self._never.get(text_of(message))
        if failure is None:
            self.arrived.setdefault(text_of(message), _clock())
        return failure or Sent("1")

    async def answers(self) -> bool:
        self.questions.append(_clock())
        return await self._failure() is None

    def heard_s(self, since: float, until: float) -> float:
        """Return for how many seconds of that time it took messages."""
        silent = (min(until, end) - max(since, begin) for begin, end, _ in self._outages)
        return until - since - sum(max(0.0, seconds) for seconds in silent)

    async def _failure(self) -> Outcome | None:
        at = _clock()
        await asyncio.sleep(ANSWER_S)
        return next((outcome for since, until, outcome in self._outages if since <= at < until), None)


@asynccontextmanager
async def through(platform: Platform, chats: int) -> AsyncIterator[Outbox]:
    """Run an outbox with so many chats that sends there."""
    connection = Connection()
    store = Store(Database(cast("aiosqlite.Connection", connection), Path(":memory:")))
    names = [(f"telegram:{number}",) for number in range(1, chats + 1)]
    await connection.executemany("INSERT INTO chat (id, kind, state_since) VALUES (?, 'private', 0)", names)
    outbox = Outbox(store.outbox, store.chats, platform, Pacer(), now=_clock)
    task = asyncio.create_task(outbox.run())
    try:
        yield outbox
    finally:
        task.cancel()
        await asyncio.wait({task})
        connection.close()


def _clock() -> float:
    return asyncio.get_running_loop().time()
