"""Broadcasts: their drafts, whom each goes to, and what became of it.

The messages themselves are `bot.store.outbox`' affair; it is asked within the same transaction wherever both change.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.alerts.subscriptions import targets
from bot.broadcasts.model import Audience, Broadcast
from bot.incidents import Subject
from bot.outbox import Outgoing, Priority, document
from bot.store.chats import OF_A_MESSENGER
from bot.store.database import StoreError, fetch_all
from bot.store.outbox import OutboxStore
from bot.store.withholding import pausing, resending, resuming, stopping

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import aiosqlite

    from bot.broadcasts.model import State
    from bot.outbox import Content
    from bot.store.database import Database
    from bot.store.withholding import Statement

_log = logging.getLogger(__name__)

_COLUMNS = "id, made_by, made_at, state, audience, start_at, started_at, ended_at"
_DRAFT = "INSERT INTO broadcast (made_by, made_at, state, audience) VALUES (?, ?, 'draft', '{}') RETURNING id"
_SAY = """
    INSERT INTO broadcast_variant (broadcast, language, document) VALUES (?, ?, ?)
    ON CONFLICT (broadcast, language) DO UPDATE SET document = excluded.document
"""
_FIND = f"SELECT {_COLUMNS} FROM broadcast WHERE id = ?"  # noqa: S608 -- the columns are a constant
_LATEST = f"SELECT {_COLUMNS} FROM broadcast ORDER BY id DESC LIMIT ? OFFSET ?"  # noqa: S608 -- see above
_ACTIVE = f"""
    SELECT {_COLUMNS} FROM broadcast WHERE state IN ('scheduled', 'running', 'paused') ORDER BY id
"""  # noqa: S608 -- see above
_VARIANTS = "SELECT language, document FROM broadcast_variant WHERE broadcast = ? ORDER BY language"
_SET_AUDIENCE = "UPDATE broadcast SET audience = ? WHERE id = ? AND state = 'draft'"
_SET_STATE = """
    UPDATE broadcast SET state = :state, start_at = iif(:state = 'draft', NULL, coalesce(:start_at, start_at)),
        started_at = coalesce(started_at, :started_at), ended_at = :ended_at
    WHERE id = :id AND state IN (SELECT value FROM json_each(:before))
"""
_PANEL = "SELECT panel FROM broadcast WHERE id = ?"
_SET_PANEL = "UPDATE broadcast SET panel = ? WHERE id = ?"

# Every narrowing is a JSON list; an empty one narrows nothing.
_AUDIENCE = f"""
    FROM chat WHERE state = 'active' AND {OF_A_MESSENGER}
    AND (:kinds = '[]' OR kind IN (SELECT value FROM json_each(:kinds)))
    AND (:languages = '[]' OR coalesce(language, :language) IN (SELECT value FROM json_each(:languages)))
    AND (:targets = '[]' OR id IN (
        SELECT chat FROM subscription WHERE target IN (SELECT value FROM json_each(:targets))
    ))
    AND id NOT IN (SELECT chat FROM broadcast_refusal)
"""  # noqa: S608 -- the condition is a constant
_RECIPIENTS = f"SELECT id, coalesce(language, :language) {_AUDIENCE} ORDER BY id"
_HOW_MANY = f"SELECT count(*) {_AUDIENCE}"


class Usual(NamedTuple):
    """What audiences are understood by."""

    language: str
    """Spoken where none was chosen."""
    categories: Mapping[str, str]
    """Of services by their ids: whoever subscribed to a category hears of each."""


class BroadcastStore:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._passed_over: set[int] = set()

    # --- drafts ------------------------------------------------------------------------------------------------------

    async def draft(self, made_by: str, content: Content, *, now: float) -> int:
        """Keep a new broadcast and return its id."""

        async def work(connection: aiosqlite.Connection) -> int:
            id_ = int((await fetch_all(connection, _DRAFT, (made_by, now)))[0][0])
            await connection.execute(_SAY, (id_, "", document.dump(content)))
            return id_

        return await self._database.transaction(work)

    async def say(self, broadcast: int, language: str, content: Content) -> None:
        """Say it like this in one language; under "" to everybody else."""
        await self._database.write((_SAY, (broadcast, language, document.dump(content))))

    async def address(self, broadcast: int, audience: Audience) -> None:
        """Change whom a draft is for."""
        text = json.dumps({name: sorted(chosen) for name, chosen in asdict(audience).items()})
        await self._database.write((_SET_AUDIENCE, (text, broadcast)))

    async def find(self, broadcast: int) -> Broadcast | None:
        """Return a broadcast with all that it says."""

        async def work(connection: aiosqlite.Connection) -> Broadcast | None:
            rows = await fetch_all(connection, _FIND, (broadcast,))
            return await _whole(connection, rows[0]) if rows else None

        return await self._database.transaction(work)

    async def latest(self, most: int, offset: int = 0) -> list[Broadcast]:
        """Return broadcasts, the newest first; those that cannot be read are passed over."""
        return await self._list(_LATEST, (most, offset))

    async def active(self) -> list[Broadcast]:
        """Return those that wait for their time, are on their way, or are paused, as far as they can be read."""
        return await self._list(_ACTIVE, ())

    async def how_many(self, audience: Audience, usual: Usual) -> int:
        """Return how many chats are in an audience."""

        async def work(connection: aiosqlite.Connection) -> int:
            return int((await fetch_all(connection, _HOW_MANY, _narrowing(audience, usual)))[0][0])

        return await self._database.transaction(work)

    # --- on its way --------------------------------------------------------------------------------------------------

    async def move(
        self, broadcast: int, state: State, *, before: Sequence[State], start_at: float | None = None, now: float
    ) -> bool:
        """Change a broadcast's state from one of those `before`; tell whether it was in one."""
        return await self._change(broadcast, state, before, start_at=start_at, now=now)

    async def pause(self, broadcast: int, *, now: float) -> bool:
        """Hold back what has not left yet; tell whether it was on its way."""
        return await self._change(broadcast, "paused", ("running",), *pausing(broadcast, now), now=now)

    async def resume(self, broadcast: int, *, now: float) -> bool:
        """Go on with what was paused; tell whether it was."""
        return await self._change(broadcast, "running", ("paused",), *resuming(broadcast), now=now)

    async def stop(self, broadcast: int, *, now: float) -> bool:
        """Send nothing more of it; tell whether there was something."""
        return await self._change(broadcast, "stopped", ("running", "paused"), *stopping(broadcast, now), now=now)

    async def resend(self, broadcast: int, *, now: float) -> bool:
        """Send once more what may not have arrived; tell whether the rest was told already."""
        again = resending(broadcast, now)
        return await self._change(broadcast, "running", ("finished", "stopped"), *again, now=now)

    async def start(self, broadcast: int, usual: Usual, *, now: float) -> int | None:
        """Give every chat of the audience, as it is now, its message; return how many, None if it cannot begin."""

        async def work(connection: aiosqlite.Connection) -> int | None:
            if not await _move(connection, broadcast, "running", ("draft", "scheduled"), now=now):
                return None
            one = await _whole(connection, (await fetch_all(connection, _FIND, (broadcast,)))[0])
            contents = {
                language: await OutboxStore.keep(connection, content, now) for language, content in one.variants.items()
            }
            recipients = await fetch_all(connection, _RECIPIENTS, _narrowing(one.audience, usual))
            await OutboxStore.add_all(connection, _outgoing(broadcast, contents, recipients), now)
            return len(recipients)

        return await self._database.transaction(work)

    async def panel(self, broadcast: int) -> str | None:
        """Return the message in which its progress is shown."""

        async def work(connection: aiosqlite.Connection) -> str | None:
            rows = await fetch_all(connection, _PANEL, (broadcast,))
            return rows[0][0] if rows else None

        return await self._database.transaction(work)

    async def show_in(self, broadcast: int, panel: str) -> None:
        """Note the message in which its progress is shown."""
        await self._database.write((_SET_PANEL, (panel, broadcast)))

    async def _list(self, statement: str, values: tuple[object, ...]) -> list[Broadcast]:
        async def work(connection: aiosqlite.Connection) -> list[Broadcast]:
            read = [await self._readable(connection, row) for row in await fetch_all(connection, statement, values)]
            return [one for one in read if one]

        return await self._database.transaction(work)

    async def _readable(self, connection: aiosqlite.Connection, row: Any) -> Broadcast | None:  # noqa: ANN401 -- see below
        try:
            return await _whole(connection, row)
        except StoreError as error:
            if row[0] not in self._passed_over:  # lists are asked for every few seconds
                self._passed_over.add(row[0])
                _log.warning("Passed over: %s", error)
            return None

    async def _change(
        self,
        broadcast: int,
        state: State,
        before: Sequence[State],
        *statements: Statement,
        start_at: float | None = None,
        now: float,
    ) -> bool:
        """Change a state, and with it what becomes of the messages; tell whether it was one of those `before`."""

        async def work(connection: aiosqlite.Connection) -> bool:
            moved = await _move(connection, broadcast, state, before, start_at=start_at, now=now)
            for statement, values in statements if moved else ():
                await connection.execute(statement, values)
            return moved

        return await self._database.transaction(work)


def _narrowing(audience: Audience, usual: Usual) -> dict[str, str]:
    """Return the sets of an audience; whoever hears of a service may have subscribed to its category, or to all."""
    heard = {one for service in audience.services for one in targets(Subject("service", service), usual.categories)}
    narrowings = {"kinds": audience.kinds, "languages": audience.languages, "targets": heard}
    return {name: json.dumps(sorted(chosen)) for name, chosen in narrowings.items()} | {"language": usual.language}


async def _move(
    connection: aiosqlite.Connection,
    broadcast: int,
    state: State,
    before: Sequence[State],
    *,
    start_at: float | None = None,
    now: float,
) -> bool:
    values = {
        "id": broadcast,
        "state": state,
        "before": json.dumps(before),
        "start_at": start_at,
        "started_at": now if state == "running" else None,
        "ended_at": now if state in {"finished", "stopped", "cancelled"} else None,
    }
    return (await connection.execute(_SET_STATE, values)).rowcount == 1


async def _whole(connection: aiosqlite.Connection, row: Any) -> Broadcast:  # noqa: ANN401 -- as SQLite gives it
    id_, made_by, made_at, state, audience, start_at, started_at, ended_at = row
    try:
        variants = {language: document.load(text) for language, text in await fetch_all(connection, _VARIANTS, (id_,))}
        wanted = Audience(**{name: frozenset(chosen) for name, chosen in json.loads(audience).items()})
    except (document.DocumentError, AttributeError, TypeError, ValueError) as error:
        raise StoreError(f"broadcast {id_} cannot be read: another version of the bot wrote it") from error
    return Broadcast(
        id=id_,
        made_by=made_by,
        made_at=made_at,
        state=state,
        audience=wanted,
        variants=variants,
        start_at=start_at,
        started_at=started_at,
        ended_at=ended_at,
    )


def _outgoing(broadcast: int, contents: dict[str, int], recipients: Iterable[tuple[str, str]]) -> Iterable[Outgoing]:
    for chat, language in recipients:
        content = contents.get(language, contents[""])
        yield Outgoing(chat=chat, content=content, priority=Priority.BROADCAST, broadcast=broadcast)
