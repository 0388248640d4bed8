"""One SQLite file, open once: who may open it, its schema, and transactions that nothing can leave half done.

SQLite before 3.51.3 may corrupt a WAL database that two connections write at the same instant (sqlite.org/wal.html,
"The WAL-reset bug"): hence one connection, and a lock that keeps a second process out. What is stored is
`bot.store.store`'s affair.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import sqlite3
from contextlib import asynccontextmanager, contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

import aiosqlite

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
    from typing import Any

    Values = tuple[object, ...] | Mapping[str, object]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_BUSY_TIMEOUT_MS = 5000
_PRAGMAS = (
    f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 67108864",
)


class StoreError(Exception):
    """The database cannot be used, or not now; the text is one line for the operator."""


class Database:
    """The one connection. Whoever wants something of it waits for its turn and then has a transaction to itself."""

    def __init__(self, connection: aiosqlite.Connection, path: Path) -> None:
        """Take over an open connection in autocommit mode; `open_database` is what makes one."""
        self._connection = connection
        self._path = path
        self._turn = asyncio.Lock()

    async def transaction(self, work: Callable[[aiosqlite.Connection], Awaitable[_T]]) -> _T:
        """Return what `work` does in one transaction, all of it or nothing.

        A caller that is cancelled while it waits for its turn has changed nothing. Cancelled later, it still waits for
        the end of the transaction, which takes place. Raises `StoreError`; what `work` itself raises undoes its work.
        """
        async with self._turn:
            with _translated(self._path):
                return await finished(self._whole(work))

    async def fetch_all(self, statement: str, values: Values = ()) -> list[Any]:
        """Return what a statement finds. Raises `StoreError`."""
        return await self.transaction(lambda connection: fetch_all(connection, statement, values))

    async def write(self, *statements: tuple[str, Values]) -> None:
        """Change something by statements that belong together. Raises `StoreError`."""

        async def work(connection: aiosqlite.Connection) -> None:
            for statement, values in statements:
                await connection.execute(statement, values)

        await self.transaction(work)

    async def _whole(self, work: Callable[[aiosqlite.Connection], Awaitable[_T]]) -> _T:
        await self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = await work(self._connection)
            await self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # some errors, such as a full disk, have undone it already
                await self._connection.execute("ROLLBACK")
            raise
        return result


@asynccontextmanager
async def open_database(path: Path) -> AsyncIterator[Database]:
    """Open the file, make it if it is missing, bring its schema up to date, and close it in order.

    Raises `StoreError` when another process has it, it cannot be written, is damaged or newer than this code.
    """
    with _alone(path):
        with _translated(path):
            connection = await aiosqlite.connect(path, isolation_level=None)
        try:
            with _translated(path):
                await _prepare(connection, path)
            yield Database(connection, path)
        finally:
            await finished(_close(connection))


async def fetch_all(connection: aiosqlite.Connection, statement: str, values: Values = ()) -> list[Any]:
    """Return what a statement finds, within anybody's transaction."""
    return list(await connection.execute_fetchall(statement, values))


async def finished(work: Coroutine[Any, Any, _T]) -> _T:
    """Return what `work` returns; a cancellation takes effect only when it is over."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait({task})
        if not task.cancelled() and (error := task.exception()):
            _log.warning("A cancelled piece of work failed as well: %s", error)
        raise


async def _prepare(connection: aiosqlite.Connection, path: Path) -> None:
    for pragma in _PRAGMAS:
        await connection.execute(pragma)
    damage = await _value(connection, "PRAGMA quick_check(1)")
    if damage != "ok":
        raise StoreError(f"the database {path} is damaged: {' '.join(str(damage).split())}")
    await _migrate(connection, path)


async def _migrate(connection: aiosqlite.Connection, path: Path) -> None:
    version = int(str(await _value(connection, "PRAGMA user_version")))
    scripts = migrations()
    if version > len(scripts):
        raise StoreError(
            f"the database {path} is of a newer reachbot (schema {version}; this one knows {len(scripts)})"
        )
    for number, script in enumerate(scripts[version:], start=version + 1):
        try:
            await connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                await connection.execute("ROLLBACK")
            raise


def migrations() -> list[str]:
    """Return the numbered scripts of `schema/` in their order; script N brings a database to version N."""
    files = (file for file in (resources.files("bot.store") / "schema").iterdir() if file.name.endswith(".sql"))
    return [file.read_text(encoding="utf-8") for file in sorted(files, key=lambda file: file.name)]


async def _value(connection: aiosqlite.Connection, statement: str) -> object:
    found = await fetch_all(connection, statement)
    return found[0][0] if found else None


async def _close(connection: aiosqlite.Connection) -> None:
    try:
        with suppress(sqlite3.Error):  # the log is only longer for it; the data is safe
            await connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        await connection.close()


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"the database {path} cannot be used: {error}") from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes away from the database by a lock on a file beside it, which stays behind empty.

    The lock is not put on the database itself: SQLite has locks of its own there, and where flock and POSIX locks see
    each other (BSD, macOS) it would shut itself out.
    """
    with _opened(path, f"{path}-lock") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StoreError(f"the database {path} is in use by another reachbot") from error
        _opened(path, str(path)).close()  # aiosqlite leaves its thread running when it is SQLite that finds this out
        yield


def _opened(path: Path, name: str) -> IO[bytes]:
    try:
        return Path(name).open("ab")
    except OSError as error:
        raise StoreError(f"the database {path} cannot be written: {error.strerror}") from error
