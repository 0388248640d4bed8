"""Messages on their way to chats: each a row until it is known what became of it, its content stored once.

`add` and `overtake` take part in somebody else's transaction, so that a change and what is told of it are kept together
or not at all. When messages leave, and what is done about a failure, is `bot.outbox`' affair.
"""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.outbox import document
from bot.outbox.model import Content, Message, Outgoing, Priority, Result, State
from bot.store.database import fetch_all
from bot.store.withholding import spare, withhold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import aiosqlite

    from bot.store.database import Database

_log = logging.getLogger(__name__)

KEEP_ENDED_S = 30 * 24 * 3600
"""How long it is known what became of a message."""
KEEP_BROADCAST_S = 90 * 24 * 3600
"""The same for one of a broadcast. A content that nobody is told is kept as long."""
FORGOTTEN_AT_ONCE = 1000
"""Rows that one transaction deletes at most."""
_LOOKED_AT_AT_ONCE = 1000
"""Rows that one transaction looks at: where more are to be put behind others, everybody else comes in between."""
_MOST_CONTENTS = 64
"""Contents kept in memory."""

_ADD_CONTENT = "INSERT INTO content (document, made_at) VALUES (?, ?) RETURNING id"
_ADD = """
    INSERT INTO message (chat, thread, content, priority, subject, broadcast, not_before, expires_at, next_at)
    SELECT id, :thread, :content, :priority, :subject, :broadcast, :not_before, :expires_at, :not_before
    FROM chat WHERE id = :chat AND state <> 'gone'
"""
_OVERTAKEN = """
    UPDATE message SET state = 'cancelled', failure = 'overtaken', next_at = NULL, ended_at = ?3
    WHERE chat = ?1 AND state = 'waiting' AND priority IN (1, 2, 3) AND subject = ?2
    RETURNING id, content, doubts
"""
_CONTENTS = "SELECT id, document FROM content WHERE id IN (SELECT value FROM json_each(?))"

_COLUMNS = """
    message.id, chat.id, chat.kind, chat.language, chat.state, message.thread, content, priority,
    attempts, doubts
"""
_DUE = f"""
    SELECT {_COLUMNS}, coalesce(expires_at <= :now, 0), EXISTS (
        SELECT 1 FROM message AS ahead
        WHERE ahead.chat = message.chat AND ahead.state IN ('waiting', 'leased') AND ahead.priority IN (1, 2, 3)
        AND ahead.id < message.id AND +ahead.priority <= message.priority AND ahead.not_before <= :now
    )
    FROM message JOIN chat ON chat.id = message.chat
    WHERE message.state = 'waiting' AND priority IN (SELECT value FROM json_each(:priorities)) AND next_at <= :now
    ORDER BY priority, next_at, message.id LIMIT :most
"""  # noqa: S608 -- the columns are a constant
_NEXT_AT = """
    SELECT min((SELECT next_at FROM message WHERE state = 'waiting' AND priority = value AND next_at IS NOT NULL
        ORDER BY next_at LIMIT 1))
    FROM json_each(?)
"""
_HURRY = "UPDATE message SET next_at = ?1 WHERE id = ?2 AND state = 'waiting' AND next_at > ?1"
_LEASE = "UPDATE message SET state = 'leased', attempts = attempts + 1 WHERE id = ?"
_PUT_BEHIND = "UPDATE message SET next_at = NULL WHERE id = ?"
_END = "UPDATE message SET state = ?, failure = ?, next_at = NULL, ended_at = ? WHERE id = ?"
_LEASED = f"""
    SELECT {_COLUMNS} FROM message JOIN chat ON chat.id = message.chat WHERE message.state = 'leased'
    ORDER BY message.id
"""  # noqa: S608 -- see above
_FINISH = """
    UPDATE message
    SET state = :state, next_at = :next_at, failure = :failure, platform_id = :platform_id, ended_at = :ended_at,
        attempts = attempts - :untried, doubts = doubts + :doubtful
    WHERE id = :message AND state = 'leased' AND attempts = :attempt
"""
_SET_CHAT_STATE = """
    UPDATE chat SET state = ?1, state_since = ?2 WHERE state <> ?1 AND id = (SELECT chat FROM message WHERE id = ?3)
"""

_COUNTS = "SELECT state, count(*) FROM message WHERE broadcast = ? GROUP BY state"
_BACKLOG = "SELECT state, count(*) FROM message GROUP BY state"

_FORGET = (
    """
    DELETE FROM message WHERE id IN (
        SELECT id FROM message WHERE ended_at < :ended AND (broadcast IS NULL OR ended_at < :broadcast) LIMIT :most
    )
    """,
    """
    DELETE FROM content WHERE id IN (
        SELECT id FROM content WHERE made_at < :broadcast
        AND NOT EXISTS (SELECT 1 FROM message WHERE message.content = content.id) LIMIT :most
    )
    """,
    """
    DELETE FROM broadcast_hold
    WHERE NOT EXISTS (SELECT 1 FROM message WHERE message.broadcast = broadcast_hold.broadcast)
    """,
)


class Overtaken(NamedTuple):
    """A message that was called back before it was told, as far as is known."""

    content: Content | None
    """None if this version cannot read it."""
    doubtful: bool
    """Whether it may have been told already."""


class Claimed(NamedTuple):
    """What is to be sent now, the most urgent first; and when there is more, if that is known to come."""

    messages: list[Message]
    next_at: float | None


class OutboxStore:
    """Every method without a connection is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._contents: dict[int, Content] = {}

    # --- putting in: within any transaction --------------------------------------------------------------------------

    @staticmethod
    async def keep(connection: aiosqlite.Connection, content: Content, now: float) -> int:
        """Store a content that many are to be told, and return its id."""
        return int((await fetch_all(connection, _ADD_CONTENT, (document.dump(content), now)))[0][0])

    @staticmethod
    async def add(connection: aiosqlite.Connection, outgoing: Outgoing, now: float) -> None:
        """Let a message wait for its turn. A chat that is unknown or gone is passed over."""
        await OutboxStore.add_all(connection, (outgoing,), now)

    @staticmethod
    async def add_all(connection: aiosqlite.Connection, outgoing: Iterable[Outgoing], now: float) -> None:
        """Let messages wait for their turns, each content stored once. Unknown chats and those gone are passed over."""
        ids: dict[Content, int] = {}
        rows = []
        for one in outgoing:
            id_ = one.content if isinstance(one.content, int) else ids.get(one.content)
            if id_ is None and not isinstance(one.content, int):
                id_ = ids[one.content] = await OutboxStore.keep(connection, one.content, now)
            rows.append(_values(one, id_, now))
        await connection.executemany(_ADD, rows)
        if any(row["broadcast"] is not None for row in rows):
            await withhold(connection, now)

    @staticmethod
    async def overtake(connection: aiosqlite.Connection, chat: str, subject: str, now: float) -> list[Overtaken]:
        """Call back whatever waits in a chat about a subject, and return it in its order.

        So who adds a later message can tell both in one. What is being sent at the moment is not called back.
        """
        rows = sorted(await fetch_all(connection, _OVERTAKEN, (chat, subject, now)))
        contents = await _contents(connection, {content for _, content, _ in rows})
        return [Overtaken(contents.get(content), doubtful=bool(doubts)) for _, content, doubts in rows]

    async def put(self, outgoing: Iterable[Outgoing], *, now: float) -> None:
        """Add messages in a transaction of their own."""
        await self._database.transaction(lambda connection: self.add_all(connection, outgoing, now))

    # --- sending -----------------------------------------------------------------------------------------------------

    async def exchange(
        self,
        results: Sequence[Result] = (),
        *,
        hurried: Sequence[int] = (),
        most: int,
        now: float,
        priorities: Sequence[Priority] = tuple(Priority),
    ) -> Claimed:
        """Note what became of leased messages, and lease at most so many that are due, of these priorities.

        What is `hurried` waits no longer for its next try.
        Those of a chat leave one after the other: none while an earlier one, no less urgent, is not out of the way.
        """
        chosen = json.dumps(priorities)

        async def work(connection: aiosqlite.Connection) -> Claimed:
            await _finish(connection, results, now)
            await _many(connection, _HURRY, [(now, message) for message in hurried])
            messages: list[Message] = []
            looked_at = 0
            while looked_at < _LOOKED_AT_AT_ONCE and (room := most - len(messages)) > 0:
                asked = min(room + 4 * looked_at, _LOOKED_AT_AT_ONCE)  # more each time, as so many stand behind
                due = await fetch_all(connection, _DUE, {"priorities": chosen, "now": now, "most": asked})
                looked_at += len(due)
                messages += await self._leased(connection, due, room, now)
                if len(due) < asked:
                    break
            return Claimed(messages, (await fetch_all(connection, _NEXT_AT, (chosen,)))[0][0])

        return await self._database.transaction(work)

    async def leased(self, *, now: float) -> list[Message]:
        """Return what is leased: before anybody sends, that is what a crash left behind."""

        async def work(connection: aiosqlite.Connection) -> list[Message]:
            return await self._messages(connection, await fetch_all(connection, _LEASED), now)

        return await self._database.transaction(work)

    async def _leased(self, connection: aiosqlite.Connection, due: list[Any], most: int, now: float) -> list[Message]:
        """Lease what may leave; end what came too late, and put the others behind those that they have to wait for."""
        late = [row for row in due if row[-2]]
        behind = [row for row in due if row[-1] and not row[-2]]
        free = [row[:-2] for row in due if not row[-1] and not row[-2]][:most]
        await _many(connection, _PUT_BEHIND, [(row[0],) for row in behind])  # first, to come forward when others end
        messages = [_counted(message) for message in await self._messages(connection, free, now)]
        await _many(connection, _END, [(*_too_late(row), now, row[0]) for row in late])
        await _many(connection, _LEASE, [(message.id,) for message in messages])
        return messages

    async def _messages(self, connection: aiosqlite.Connection, rows: list[Any], now: float) -> list[Message]:
        """Return the messages of these rows; those with a content that cannot be read end here."""
        wanted = {row[6] for row in rows}
        if missing := wanted - self._contents.keys():
            if len(self._contents) > _MOST_CONTENTS:
                self._contents = {id_: content for id_, content in self._contents.items() if id_ in wanted}
            self._contents |= await _contents(connection, missing)
        unreadable = [row[0] for row in rows if row[6] not in self._contents]
        await _many(connection, _END, [("dead", "unreadable", now, id_) for id_ in unreadable])
        return [_message(row, self._contents[row[6]]) for row in rows if row[6] in self._contents]

    # --- how it stands ------------------------------------------------------------------------------------------------

    async def counts(self, broadcast: int) -> dict[State, int]:
        """Return how many messages of a broadcast are in which state."""
        return await self._counts(_COUNTS, (broadcast,))

    async def backlog(self) -> dict[State, int]:
        """Return how many messages are in which state."""
        return await self._counts(_BACKLOG)

    # --- keeping it small --------------------------------------------------------------------------------------------

    async def forget(self, *, now: float) -> bool:
        """Forget what ended long ago, a bounded number of rows; tell whether there may be more."""
        values = {"ended": now - KEEP_ENDED_S, "broadcast": now - KEEP_BROADCAST_S, "most": FORGOTTEN_AT_ONCE}

        async def work(connection: aiosqlite.Connection) -> bool:
            counts = [(await connection.execute(statement, values)).rowcount for statement in _FORGET]
            return max(counts) >= FORGOTTEN_AT_ONCE

        return await self._database.transaction(work)

    async def _counts(self, statement: str, values: tuple[object, ...] = ()) -> dict[State, int]:
        async def work(connection: aiosqlite.Connection) -> dict[State, int]:
            return dict(await fetch_all(connection, statement, values))

        return await self._database.transaction(work)


async def _finish(connection: aiosqlite.Connection, results: Sequence[Result], now: float) -> None:
    if not results:
        return
    await _many(connection, _FINISH, [_ending(result, now) for result in results])
    about_chats = [(result.chat_state, now, result.message) for result in results if result.chat_state]
    await _many(connection, _SET_CHAT_STATE, about_chats)
    if returned := [result.message for result in results if result.state == "waiting"]:
        await spare(connection, returned, now)  # their chats may have refused while they were leased
        await withhold(connection, now)


async def _contents(connection: aiosqlite.Connection, ids: Iterable[int]) -> dict[int, Content]:
    found = {}
    for id_, text in await fetch_all(connection, _CONTENTS, (json.dumps(list(ids)),)):
        try:
            found[id_] = document.load(text)
        except document.DocumentError as error:
            _log.warning("A stored message is passed over: %s", error)
    return found


async def _many(connection: aiosqlite.Connection, statement: str, rows: Sequence[Any]) -> None:
    if rows:  # each statement is a trip to another thread
        await connection.executemany(statement, rows)


def _values(outgoing: Outgoing, content: int | None, now: float) -> dict[str, object]:
    return {
        "chat": outgoing.chat,
        "thread": outgoing.thread,
        "content": content,
        "priority": int(outgoing.priority),
        "subject": outgoing.subject,
        "broadcast": outgoing.broadcast,
        "not_before": max(outgoing.not_before, now),
        "expires_at": outgoing.expires_at,
    }


def _ending(result: Result, now: float) -> dict[str, object]:
    return {
        "message": result.message,
        "attempt": result.attempt,
        "state": result.state,
        "next_at": result.next_at if result.state == "waiting" else None,
        "failure": result.failure,
        "platform_id": result.platform_id,
        "ended_at": None if result.state == "waiting" else now,
        "untried": int(result.untried),
        "doubtful": int(result.doubtful),
    }


def _too_late(row: tuple[Any, ...]) -> tuple[State, str]:
    """Return what becomes of a message that is not worth telling any more; it may have been told."""
    return ("unknown", "expired") if row[9] else ("expired", "")


def _message(row: tuple[Any, ...], content: Content) -> Message:
    id_, chat, kind, language, state, thread, _, priority, attempts, doubts = row
    return Message(
        id=id_,
        chat=chat,
        is_group=kind != "private",
        language=language,
        muted=state == "muted",
        thread=thread,
        content=content,
        priority=Priority(priority),
        attempts=attempts,
        doubts=doubts,
    )


def _counted(message: Message) -> Message:
    return replace(message, attempts=message.attempts + 1)
