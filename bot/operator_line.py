"""The line on which the command line talks to the running bot: a socket beside the database, one order a line.

The database belongs to one process, so that whoever wants something of it asks that one. Only the same user of the same
machine can call. Orders and answers are JSON objects; an order that cannot be obeyed is answered with {"error": …}.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    Obey = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

_log = logging.getLogger(__name__)

MOST_BYTES = 65_536
"""Of one order or answer."""
_MOST_CALLERS = 8
_IDLE_S = 600.0


class LineError(Exception):
    """The bot cannot be called, or does not obey; the text is one line for the operator."""


def path_beside(database: Path) -> Path:
    """Return where the bot that uses this database can be called."""
    return Path(f"{database}.sock")


@asynccontextmanager
async def answering(path: Path, obey: Obey) -> AsyncIterator[None]:
    """Take calls for as long as the context lasts. Raises OSError where no socket can be made."""
    callers: set[asyncio.Task[Any] | None] = set()

    async def call(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if task is not None and len(callers) < _MOST_CALLERS:
                callers.add(task)
                # Cancelled below and by nobody else; of a cancelled caller asyncio (3.11) logs a traceback.
                with suppress(OSError, TimeoutError, asyncio.CancelledError):
                    await _converse(reader, writer, obey)
        finally:
            callers.discard(task)
            writer.close()

    _remove(path)  # that of one that was killed: the lock on the database says that it is gone
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(call, path, limit=MOST_BYTES)
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()
        for caller in filter(None, tuple(callers)):
            caller.cancel()
        await asyncio.gather(*filter(None, callers), return_exceptions=True)
        _remove(path)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, obey: Obey) -> None:
    while True:
        try:
            async with asyncio.timeout(_IDLE_S):
                line = await reader.readline()
        except ValueError:
            await _tell(writer, {"error": "the order is too long"})
            return  # nobody knows where the next one begins
        if not line:
            return
        await _tell(writer, await _answer(line, obey))


async def _tell(writer: asyncio.StreamWriter, what: dict[str, Any]) -> None:
    writer.write(json.dumps(what).encode() + b"\n")
    await writer.drain()


async def _answer(line: bytes, obey: Obey) -> dict[str, Any]:
    try:
        order = json.loads(line)
    except (ValueError, RecursionError):
        return {"error": "this is no JSON"}
    if not isinstance(order, dict):
        return {"error": "this is no order"}
    try:
        return await obey(order)
    except LineError as error:
        return {"error": str(error)}
    except Exception:  # noqa: BLE001 -- whoever calls is told, and the bot goes on
        _log.exception("An order from the command line was not obeyed")
        return {"error": "something broke; the bot's log says what"}


class Call:
    """A call to the running bot."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def order(self, **what: object) -> dict[str, Any]:
        """Have something done and return what came of it. Raises `LineError`."""
        try:
            await _tell(self._writer, what)
            line = await self._reader.readline()
        except (OSError, ValueError) as error:
            raise LineError("the bot hung up") from error
        if not line:
            raise LineError("the bot hung up")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise LineError(str(answer["error"]))
        return answer


@asynccontextmanager
async def calling(path: Path) -> AsyncIterator[Call]:
    """Call the bot. Raises `LineError` when none is running there."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=MOST_BYTES)
    except OSError as error:
        raise LineError(f"no bot is running with the database {str(path).removesuffix('.sock')}") from error
    try:
        yield Call(reader, writer)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
