"""Chats as they hear of changes: rows → `bot.alerts.subscriptions.Listener`, within anybody's transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from bot.alerts.hours import Quiet
from bot.alerts.subscriptions import Listener, Subscription, Told, Wishes
from bot.incidents import Subject
from bot.store.database import fetch_all
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    import aiosqlite

    from bot.store.database import Values

LISTENER = """
    SELECT
        listener.chat, coalesce(chat.language, listener.language), chat.state <> 'gone', cursor,
        held_until IS NOT NULL, muted_until, quiet_begin, quiet_end, zone, digest,
        digest_at
    FROM listener JOIN chat ON chat.id = listener.chat
"""
"""The beginning of a statement that `listeners` can read."""
FIND = f"{LISTENER} WHERE listener.chat = ?"
_SUBSCRIPTIONS = """
    SELECT chat, target, degradations, thread, since_change FROM subscription
    WHERE chat IN (SELECT value FROM json_each(?)) ORDER BY chat, target
"""
_TOLD = """
    SELECT chat, kind, subject, incident, worst, since, mixed FROM told
    WHERE chat IN (SELECT value FROM json_each(?))
"""


async def listeners(connection: aiosqlite.Connection, statement: str, values: Values) -> list[Listener]:
    """Return the chats that a statement finds, with all that belongs to them."""
    found = await fetch_all(connection, statement, values)
    chats = (json.dumps([row[0] for row in found]),)
    subscriptions: dict[str, dict[str, Subscription]] = {row[0]: {} for row in found}
    told: dict[str, dict[Subject, Told]] = {row[0]: {} for row in found}
    if found:
        for chat, target, degradations, thread, after in await fetch_all(connection, _SUBSCRIPTIONS, chats):
            subscriptions[chat][target] = Subscription(target, bool(degradations), thread, after)
        for chat, kind, name, *one in await fetch_all(connection, _TOLD, chats):
            told[chat][Subject(kind, name)] = read_told(one)
    return [_listener(row, subscriptions[row[0]], told[row[0]]) for row in found]


def _listener(row: Any, subscriptions: dict[str, Subscription], told: dict[Subject, Told]) -> Listener:  # noqa: ANN401 -- a row of SQLite
    chat, language, reachable, cursor, held, muted_until, begin, end, zone, digest, digest_at = row
    wishes = Wishes(
        muted_until=muted_until,
        quiet=None if begin is None else Quiet(begin, end),
        zone=zone,
        digest=digest,
        digest_at=digest_at,
    )
    return Listener(
        chat=chat,
        language=language,
        reachable=bool(reachable),
        cursor=cursor,
        held=bool(held),
        wishes=wishes,
        subscriptions=subscriptions,
        told=told,
    )


def written(told: Told) -> tuple[object, ...]:
    """Return what was told of a subject as the end of a row."""
    return told.incident, told.worst, told.since, int(told.mixed)


def read_told(row: Sequence[Any]) -> Told:
    """Return what `written` wrote."""
    incident, worst, since, mixed = row
    return Told(incident, Status(worst), since, bool(mixed))
