"""What chats are told of changes: kept in the transaction in which the messages begin to wait to be sent.

Alerts that still wait are called back where there is more to tell, and everything is told anew, in one message; not
while one of them may have been told: that is repeated as what it was, and its end belongs to it.
Who hears of what is `bot.alerts.subscriptions`' affair; how it is worded, the caller's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from bot.alerts.subscriptions import Listener, Told
from bot.incidents import Subject
from bot.outbox.model import Content, Outgoing, Priority
from bot.store.database import fetch_all
from bot.store.listeners import FIND, LISTENER, listeners, read_told, written
from bot.store.outbox import OutboxStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import aiosqlite

    from bot.store.database import Database

EXPIRE_S = 24 * 3600.0
"""What could not be sent for so long is not worth telling any more."""
_MOST_CALLED_BACK = 20
"""Chats whose alerts one transaction calls back: that takes a while for each."""

_LONGEST_HOLD_S = 48 * 3600.0
"""Quiet hours are shorter than a day, which the clocks make longer in autumn, by two hours in places; whoever is held
for more is held by a clock that was set back."""

_MAY_HEAR = f"(held_until IS NULL OR held_until <= :now OR held_until > :now + {_LONGEST_HOLD_S})"
_BEHIND = f"{LISTENER} WHERE (cursor < :behind OR muted_until <= :now) AND {_MAY_HEAR} ORDER BY cursor LIMIT :most"
_OLDEST = f"SELECT min(cursor) FROM listener WHERE cursor < :behind AND {_MAY_HEAR}"  # noqa: S608 -- a constant
_MUTES_OVER = f"SELECT EXISTS (SELECT 1 FROM listener WHERE muted_until <= :now AND {_MAY_HEAR})"  # noqa: S608 -- see above
_UNTOLD = """
    (SELECT max(doubts) FROM message
     WHERE message.chat = last_alert.chat AND state = 'waiting' AND subject GLOB 'alerts*') = 0
"""
"""Some alerts wait, and none of them may have been told."""
_OLDEST_ALERT = f"SELECT min(cursor) FROM last_alert WHERE at > ? AND {_UNTOLD}"  # noqa: S608 -- a constant
_LONGEST_PERIOD_S = 8 * 24 * 3600.0
"""No digest is due later than that, but by a clock that was set back."""
_IS_DUE = f"(digest_at <= :now OR digest_at > :now + {_LONGEST_PERIOD_S})"
_WITH_DIGEST = f"{LISTENER} WHERE {_IS_DUE} ORDER BY digest_at LIMIT :most"
_DIGESTS_DUE = f"SELECT EXISTS (SELECT 1 FROM listener WHERE {_IS_DUE})"  # noqa: S608 -- see above
_LANGUAGES = """
    SELECT DISTINCT coalesce(chat.language, listener.language) FROM listener JOIN chat ON chat.id = listener.chat
"""
_LAST_ALERTS = f"""
    SELECT chat, threads, cursor, told, muted_until FROM last_alert
    WHERE chat IN (SELECT value FROM json_each(?)) AND at > ? AND {_UNTOLD}
"""  # noqa: S608 -- see above
_ADVANCE = "UPDATE listener SET cursor = ?, held_until = ?, muted_until = ? WHERE chat = ?"
_TELL = """
    INSERT OR REPLACE INTO told (chat, kind, subject, incident, worst, since, mixed) VALUES (?, ?, ?, ?, ?, ?, ?)
"""
_UNTELL = "DELETE FROM told WHERE chat = ? AND kind = ? AND subject = ?"
_REMEMBER = "INSERT OR REPLACE INTO last_alert (chat, at, threads, cursor, told, muted_until) VALUES (?, ?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM last_alert WHERE chat = ?"
_NEXT_DIGEST = "UPDATE listener SET digest_at = ? WHERE chat = ?"

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """What a chat is told now, by topic, and what it has been told of every subject then."""

    messages: Mapping[int | None, Content] = field(default_factory=dict)
    told: Mapping[Subject, Told] = field(default_factory=dict)
    held_until: float | None = None
    """It wants quiet until then, and is not told yet: whatever there is waits."""
    unmuted: bool = False
    """It was muted, and what it missed and is still going on has been told."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A chat's digest, if it gets one, and when the next is due."""

    messages: Mapping[int | None, Content]
    next_at: float
    not_before: float = 0.0


class _Before(NamedTuple):
    """How a chat stood before its last alerts."""

    threads: Sequence[int | None]
    cursor: int
    told: Mapping[Subject, Told | None]
    """Of the subjects that they were about."""
    muted_until: float | None


class Announcements:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def oldest_cursor(self, *, up_to: int, now: float) -> int | None:
        """Return the cursor of whoever is furthest behind a change and may hear now; None if nobody is."""

        async def work(connection: aiosqlite.Connection) -> int | None:
            [(oldest,)] = await fetch_all(connection, _OLDEST, {"behind": up_to, "now": now})
            return None if oldest is None else int(oldest)

        return await self._database.transaction(work)

    async def are_mutes_over(self, now: float) -> bool:
        """Tell whether there are chats that may hear again, and have not been told what they missed."""

        async def work(connection: aiosqlite.Connection) -> bool:
            [(over,)] = await fetch_all(connection, _MUTES_OVER, {"now": now})
            return bool(over)

        return await self._database.transaction(work)

    async def earliest_cursor(self, cursor: int, *, now: float) -> int:
        """Return after which change all have to be known, as what waits may be called back and told anew."""

        async def work(connection: aiosqlite.Connection) -> int:
            [(earliest,)] = await fetch_all(connection, _OLDEST_ALERT, (now - EXPIRE_S,))
            return cursor if earliest is None else min(cursor, int(earliest))

        return await self._database.transaction(work)

    async def languages(self) -> set[str]:
        """Return the languages that are spoken to chats that may hear."""

        async def work(connection: aiosqlite.Connection) -> set[str]:
            return {language for (language,) in await fetch_all(connection, _LANGUAGES)}

        return await self._database.transaction(work)

    async def tell(
        self,
        decide: Callable[[Listener], Telling],
        contents: dict[Content, int],
        *,
        behind: int,
        up_to: int,
        most: int,
        now: float,
    ) -> int:
        """Tell some of the chats that are `behind` a change, or muted no more, and return how many that took a step.

        Who is held as before took none, and may be found again. They are told what `decide` says, of everything to
        the change `up_to`. `contents` are those that are stored already; new ones are added.
        """

        async def work(connection: aiosqlite.Connection) -> _Batch:
            batch = _Batch(up_to, now, dict(contents))
            found = await listeners(connection, _BEHIND, {"behind": behind, "now": now, "most": most})
            last = await _last_alerts(connection, found, now)
            for listener in found:
                if batch.called_back == _MOST_CALLED_BACK:
                    break
                stood, telling = listener, decide(listener)
                before = last.get(listener.chat) if telling.messages else None
                if before and await _called_back(connection, listener.chat, before, now):
                    stood = _restored(listener, before)
                    telling = decide(stood)
                await batch.add(connection, listener, stood, telling)
            await batch.write(connection)
            return batch

        batch = await self._database.transaction(work)
        contents.update(batch.contents)
        return batch.count

    async def are_digests_due(self, now: float) -> bool:
        async def work(connection: aiosqlite.Connection) -> bool:
            [(due,)] = await fetch_all(connection, _DIGESTS_DUE, {"now": now})
            return bool(due)

        return await self._database.transaction(work)

    async def summarise(self, decide: Callable[[Listener], Summary], *, most: int, now: float) -> int:
        """Let the digests wait to be sent that are due, and return how many chats they were due in."""

        async def work(connection: aiosqlite.Connection) -> int:
            summaries = {
                one.chat: decide(one) for one in await listeners(connection, _WITH_DIGEST, {"now": now, "most": most})
            }
            digests = [digest for chat, summary in summaries.items() for digest in _digests(chat, summary, now)]
            await OutboxStore.add_all(connection, digests, now)
            await connection.executemany(_NEXT_DIGEST, [(one.next_at, chat) for chat, one in summaries.items()])
            return len(summaries)

        return await self._database.transaction(work)


class _Batch:
    """What is written of chats that are told together."""

    def __init__(self, up_to: int, now: float, contents: dict[Content, int]) -> None:
        self.count = 0
        self.called_back = 0
        self.contents = contents
        self._up_to, self._now = up_to, now
        self._outgoings: list[Outgoing] = []
        self._cursors: list[Row] = []
        self._told: list[Row] = []
        self._untold: list[Row] = []
        self._last: list[Row] = []
        self._forgotten: list[Row] = []

    async def add(
        self, connection: aiosqlite.Connection, listener: Listener, stood: Listener, telling: Telling
    ) -> None:
        """Add a chat; if alerts were called back, `stood` is how it stood before them."""
        held = telling.held_until is not None
        self.count += not (held and listener.held)
        told = stood.told if held else telling.told
        muted_until = None if telling.unmuted else stood.wishes.muted_until
        cursor = stood.cursor if held else max(stood.cursor, self._up_to)
        self._cursors.append((cursor, telling.held_until, muted_until, listener.chat))
        self._note(listener, told)
        for thread, content in telling.messages.items():
            if content not in self.contents:
                self.contents[content] = await OutboxStore.keep(connection, content, self._now)
            self._outgoings.append(_alert(listener.chat, thread, self.contents[content], self._now))
        if stood is not listener:
            self.called_back += 1
            self._forgotten.append((listener.chat,))
        if telling.messages:
            before = {one: stood.told.get(one) for one in _changed(stood.told, told)}
            threads = json.dumps(list(telling.messages))
            stood_at = (stood.cursor, _dump(before), stood.wishes.muted_until)
            self._last.append((listener.chat, self._now, threads, *stood_at))

    def _note(self, listener: Listener, told: Mapping[Subject, Told]) -> None:
        for one in _changed(listener.told, told):
            key = (listener.chat, one.kind, one.name)
            if one in told:
                self._told.append((*key, *written(told[one])))
            else:
                self._untold.append(key)

    async def write(self, connection: aiosqlite.Connection) -> None:
        """Write all of it, within the transaction."""
        await OutboxStore.add_all(connection, self._outgoings, self._now)
        await connection.executemany(_ADVANCE, self._cursors)
        await connection.executemany(_UNTELL, self._untold)
        await connection.executemany(_TELL, self._told)
        await connection.executemany(_FORGET, self._forgotten)
        await connection.executemany(_REMEMBER, self._last)


def _changed(before: Mapping[Subject, Told], after: Mapping[Subject, Told]) -> set[Subject]:
    return {subject for subject in before.keys() | after.keys() if before.get(subject) != after.get(subject)}


def _alert(chat: str, thread: int | None, content: Content | int, now: float) -> Outgoing:
    return Outgoing(
        chat=chat,
        content=content,
        priority=Priority.ALERT,
        thread=thread,
        subject=_about(thread),
        expires_at=now + EXPIRE_S,
    )


def _about(thread: int | None) -> str:
    """Return by what the alerts of a topic can be called back."""
    return "alerts" if thread is None else f"alerts:{thread}"


def _digests(chat: str, summary: Summary, now: float) -> Iterable[Outgoing]:
    for thread, content in summary.messages.items():
        yield Outgoing(
            chat=chat,
            content=content,
            priority=Priority.DIGEST,
            thread=thread,
            subject="digest",
            not_before=summary.not_before,
            expires_at=max(now, summary.not_before) + EXPIRE_S,
        )


# --- calling back ----------------------------------------------------------------------------------------------------


async def take_back(connection: aiosqlite.Connection, chat: str, now: float) -> None:
    """Let a chat stand as before its last alerts, if these surely were not told: everything is decided anew."""
    found = await listeners(connection, FIND, (chat,))
    last = await _last_alerts(connection, found, now)
    if chat in last and await _called_back(connection, chat, last[chat], now):
        stood = _restored(found[0], last[chat])
        batch = _Batch(stood.cursor, now, {})
        await batch.add(connection, found[0], stood, Telling(told=stood.told))
        await batch.write(connection)


async def _called_back(connection: aiosqlite.Connection, chat: str, last: _Before, now: float) -> bool:
    """Call back all of a chat's last alerts; where some are on their way, leave the others as they were.

    The last is one in each topic. What waits before it was on its way when that was added, and came back since.
    """
    found = {thread: await OutboxStore.overtake(connection, chat, _about(thread), now) for thread in last.threads}
    is_whole = all(found.values())
    for thread, overtaken in found.items():
        others = overtaken[:-1] if is_whole else overtaken
        left = [_alert(chat, thread, one.content, now) for one in others if one.content is not None]
        await OutboxStore.add_all(connection, left, now)
    return is_whole


def _restored(listener: Listener, last: _Before) -> Listener:
    told = {subject: one for subject, one in listener.told.items() if subject not in last.told}
    told |= {subject: one for subject, one in last.told.items() if one is not None}
    wishes = replace(listener.wishes, muted_until=listener.wishes.muted_until or last.muted_until)
    return replace(listener, cursor=min(last.cursor, listener.cursor), told=told, wishes=wishes)


async def _last_alerts(connection: aiosqlite.Connection, found: Sequence[Listener], now: float) -> dict[str, _Before]:
    chats = json.dumps([listener.chat for listener in found])
    stored = await fetch_all(connection, _LAST_ALERTS, (chats, now - EXPIRE_S))
    return {
        chat: _Before(json.loads(threads), cursor, _load(told), muted) for chat, threads, cursor, told, muted in stored
    }


def _dump(told: Mapping[Subject, Told | None]) -> str:
    return json.dumps([(one.kind, one.name, was and written(was)) for one, was in told.items()])


def _load(text: str) -> dict[Subject, Told | None]:
    return {Subject(kind, name): was and read_told(was) for kind, name, was in json.loads(text)}
