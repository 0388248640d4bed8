"""What must not leave though it waits: messages of broadcasts that are paused or stopped, or that a chat wants none of.

All of it takes part in somebody else's transaction: that of whoever notes what becomes of a broadcast, or of a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aiosqlite

_HOLD = """
    INSERT INTO broadcast_hold (broadcast, state) VALUES (?, ?) ON CONFLICT (broadcast) DO UPDATE
    SET state = excluded.state WHERE state <> 'cancelled'
"""
_WITHHOLD = """
    UPDATE message SET state = held.state, ended_at = iif(held.state = 'cancelled', ?, NULL)
    FROM broadcast_hold AS held
    WHERE message.broadcast = held.broadcast AND message.state IN ('waiting', 'paused') AND message.state <> held.state
"""
_LET_GO = "DELETE FROM broadcast_hold WHERE broadcast = ? AND state = 'paused'"
_GO_ON = """
    UPDATE message SET state = 'waiting', next_at = not_before WHERE broadcast = ?1 AND state = 'paused'
    AND NOT EXISTS (SELECT 1 FROM broadcast_hold WHERE broadcast = ?1)
"""
_CALL_AGAIN = "DELETE FROM broadcast_hold WHERE broadcast = ? AND state = 'cancelled'"
_RESEND = """
    UPDATE message SET state = 'waiting', next_at = ?2, ended_at = NULL WHERE broadcast = ?1 AND state = 'unknown'
    AND chat NOT IN (SELECT chat FROM broadcast_refusal)
"""
_SPARE = """
    UPDATE message SET state = 'cancelled', failure = 'refused', next_at = NULL, ended_at = ?2
    WHERE chat = ?1 AND state IN ('waiting', 'paused') AND broadcast IS NOT NULL
"""
_SPARE_RETURNED = """
    UPDATE message SET state = 'cancelled', failure = 'refused', next_at = NULL, ended_at = ?
    WHERE id = ? AND state = 'waiting' AND broadcast IS NOT NULL AND chat IN (SELECT chat FROM broadcast_refusal)
"""

Statement = tuple[str, tuple[object, ...]]
"""With its values."""


def pausing(broadcast: int, now: float) -> tuple[Statement, ...]:
    """Return what holds back whatever has not left yet."""
    return (_HOLD, (broadcast, "paused")), (_WITHHOLD, (now,))


def resuming(broadcast: int) -> tuple[Statement, ...]:
    """Return what lets go what was paused."""
    return (_LET_GO, (broadcast,)), (_GO_ON, (broadcast,))


def stopping(broadcast: int, now: float) -> tuple[Statement, ...]:
    """Return what cancels whatever has not left yet."""
    return (_HOLD, (broadcast, "cancelled")), (_WITHHOLD, (now,))


def resending(broadcast: int, now: float) -> tuple[Statement, ...]:
    """Return what sends once more what may not have arrived."""
    return (_CALL_AGAIN, (broadcast,)), (_RESEND, (broadcast, now)), (_WITHHOLD, (now,))


def refusing(chat: str, now: float) -> tuple[Statement, ...]:
    """Return what spares a chat whatever of broadcasts has not left yet."""
    return ((_SPARE, (chat, now)),)


async def withhold(connection: aiosqlite.Connection, now: float) -> None:
    """Hold back what has come to wait of broadcasts that are paused or stopped."""
    await connection.execute(_WITHHOLD, (now,))


async def spare(connection: aiosqlite.Connection, messages: Iterable[int], now: float) -> None:
    """Cancel those of the messages that wait, are of a broadcast, and go to a chat that wants none."""
    await connection.executemany(_SPARE_RETURNED, [(now, message) for message in messages])
