"""News as they are kept: stories with full-text search, and how reading each feed goes.

Where they come from is `bot.news`' affair, and so is what a word's stem is: it arrives here as it is stored.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import aiosqlite

    from bot.store.database import Database

_STATES = "SELECT * FROM feed_state ORDER BY feed"
_SAVE_STATE = """
    INSERT OR REPLACE INTO feed_state
        (feed, url, next_at, moved_to, etag, modified, digest, succeeded_at, entries, failures, error)
    VALUES
        (:feed, :url, :next_at, :moved_to, :etag, :modified, :digest, :succeeded_at, :entries, :failures, :error)
"""
_ADD = """
    INSERT INTO story (feed, language, url, title, summary, published_at, at, subjects, access, stems, same_as)
    VALUES (:feed, :language, :url, :title, :summary, :published_at, :at, :subjects, :access, :stems, :same_as)
    ON CONFLICT (url) DO NOTHING
    RETURNING id
"""
_ADD_WORDS = "INSERT INTO story_words (rowid, subjects, words) VALUES (?, ?, ?)"
_KNOWN = "SELECT value FROM json_each(?) WHERE value IN (SELECT url FROM story)"
_HEADLINES = "SELECT id, language, stems, subjects, at FROM story WHERE at >= ? AND same_as IS NULL"
_STORY = "id, feed, language, title, summary, url, published_at, at"
_FIND = f"""
    SELECT {_STORY} FROM story_words JOIN story ON story.id = story_words.rowid
    WHERE story_words MATCH ? AND at >= ? AND same_as IS NULL
    ORDER BY story_words.rowid DESC LIMIT ?
"""  # noqa: S608 -- the columns are a constant
_LATEST = f"""
    SELECT {_STORY} FROM story WHERE access = 1 AND same_as IS NULL AND at >= ? ORDER BY at DESC, id DESC LIMIT ?
"""  # noqa: S608 -- see above
_FORGET_OLD = "DELETE FROM story WHERE at < ?"
_FORGET_MOST = "DELETE FROM story WHERE id IN (SELECT id FROM story ORDER BY at DESC, id DESC LIMIT -1 OFFSET ?)"
_FORGET_FEEDS = (
    "DELETE FROM story WHERE feed NOT IN (SELECT value FROM json_each(?))",
    "DELETE FROM feed_state WHERE feed NOT IN (SELECT value FROM json_each(?))",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStory:
    """A story that is to be kept. Times are in seconds since 1970, here and below."""

    feed: str
    language: str
    title: str
    summary: str
    url: str
    published_at: float | None
    at: float
    stems: str
    """Of the title, by which another telling of it is known."""
    subjects: str = ""
    """Ids of the services that it is about, separated by blanks."""
    access: bool = False
    words: str = ""
    """All its stems, by which it is found."""
    same_as: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredStory:
    """A story as it is ranked and shown."""

    id: int
    feed: str
    language: str
    title: str
    summary: str
    url: str
    published_at: float | None
    at: float


@dataclass(frozen=True, slots=True)
class Headline:
    """What another telling of a story is compared with."""

    id: int
    language: str
    stems: str
    subjects: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How reading a feed goes."""

    feed: str
    url: str
    next_at: float = 0.0
    """When it may be asked again."""
    moved_to: str | None = None
    """Where its server says that it is for good."""
    etag: str | None = None
    modified: str | None = None
    """Last-Modified, as the server wrote it."""
    digest: str = ""
    """Of the last body, for servers that know no conditional requests."""
    succeeded_at: float | None = None
    entries: int = 0
    failures: int = 0
    """In a row."""
    error: str = ""
    """What the last attempt failed of; empty if it did not."""


class NewsStore:
    """Every method is one transaction, and raises `StoreError` when it cannot take place."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- feeds -------------------------------------------------------------------------------------------------------

    async def states(self) -> dict[str, FeedState]:
        """Return how reading the feeds goes, by their ids."""

        async def work(connection: aiosqlite.Connection) -> list[FeedState]:
            async with connection.execute(_STATES) as cursor:
                names = [column[0] for column in cursor.description]
                return [FeedState(**dict(zip(names, row, strict=True))) async for row in cursor]

        return {state.feed: state for state in await self._database.transaction(work)}

    async def save(self, state: FeedState, stories: Sequence[NewStory] = ()) -> int:
        """Note how reading a feed went, and add what it brought; return how many of the stories were new."""

        async def work(connection: aiosqlite.Connection) -> int:
            await connection.execute(_SAVE_STATE, asdict(state))
            added = [(id_, story) for story in stories if (id_ := await _add(connection, story)) is not None]
            await connection.executemany(_ADD_WORDS, [(id_, story.subjects, story.words) for id_, story in added])
            return len(added)

        return await self._database.transaction(work)

    async def keep_feeds(self, feeds: Collection[str]) -> None:
        """Forget all that came from other feeds than these."""

        async def work(connection: aiosqlite.Connection) -> None:
            for statement in _FORGET_FEEDS:
                await connection.execute(statement, (json.dumps(list(feeds)),))

        await self._database.transaction(work)

    # --- stories -----------------------------------------------------------------------------------------------------

    async def known(self, urls: Iterable[str]) -> set[str]:
        """Return those of the addresses whose stories are kept."""
        asked = json.dumps(list(urls))

        async def work(connection: aiosqlite.Connection) -> set[str]:
            return {row[0] for row in await connection.execute_fetchall(_KNOWN, (asked,))}

        return await self._database.transaction(work)

    async def headlines(self, since: float) -> list[Headline]:
        """Return the first tellings of stories since then."""

        async def work(connection: aiosqlite.Connection) -> list[Headline]:
            return [Headline(*row) for row in await connection.execute_fetchall(_HEADLINES, (since,))]

        return await self._database.transaction(work)

    async def about(self, subject: str, *, since: float, most: int) -> list[StoredStory]:
        """Return the stories about a service, those stored last first."""
        return await self._stories(_FIND, (f"subjects : {_quoted(subject)}", since, most))

    async def with_words(self, words: Sequence[str], *, since: float, most: int) -> list[StoredStory]:
        """Return the stories that have all these stems, those stored last first."""
        match = " AND ".join(map(_quoted, words))
        return await self._stories(_FIND, (f"words : ({match})", since, most)) if match else []

    async def latest(self, *, since: float, most: int) -> list[StoredStory]:
        """Return the news about access, the latest first."""
        return await self._stories(_LATEST, (since, most))

    async def forget(self, before: float, most: int) -> None:
        """Forget what is older than `before`, and of the rest what goes beyond the `most` recent ones."""

        async def work(connection: aiosqlite.Connection) -> None:
            await connection.execute(_FORGET_OLD, (before,))
            await connection.execute(_FORGET_MOST, (most,))

        await self._database.transaction(work)

    async def _stories(self, statement: str, values: tuple[Any, ...]) -> list[StoredStory]:
        async def work(connection: aiosqlite.Connection) -> list[StoredStory]:
            rows = await connection.execute_fetchall(statement, values)
            return [_story(row) for row in rows]

        return await self._database.transaction(work)


async def _add(connection: aiosqlite.Connection, story: NewStory) -> int | None:
    async with connection.execute(_ADD, asdict(story)) as cursor:
        row = await cursor.fetchone()
    return row[0] if row else None


def _story(row: Any) -> StoredStory:  # noqa: ANN401 -- a row of SQLite
    id_, feed, language, title, summary, url, published_at, at = row
    return StoredStory(
        id=id_,
        feed=feed,
        language=language,
        title=title,
        summary=summary,
        url=url,
        published_at=published_at,
        at=at,
    )


def _quoted(word: str) -> str:
    """Return a word as a string of FTS5's query language, where nothing of it is an operator."""
    return '"' + word.replace('"', '""') + '"'
