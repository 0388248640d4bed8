"""`reachbot broadcast`: has the running bot tell a text to many, and follows it on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.broadcasts.orders import MOST_BYTES_OF_TEXT, followed
from bot.operator_line import LineError, calling, path_beside

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.operator_line import Call

    Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asks for."""

    html: str
    audience: Sequence[str]
    start_at: float | None
    """In seconds since 1970; None for at once."""


def wanted(file: str, audience: Sequence[str], at: str | None, *, html: bool) -> Wanted:
    """Read what is to be told. Raises `LineError`."""
    data = sys.stdin.buffer.read(MOST_BYTES_OF_TEXT + 1) if file == "-" else _read(Path(file))
    if len(data) > MOST_BYTES_OF_TEXT:
        raise LineError(f"{file} is too long for one message")
    try:
        text = data.decode().strip()
    except UnicodeDecodeError as error:
        raise LineError(f"{file} is not text in UTF-8") from error
    return Wanted(html=text if html else escape(text, quote=False), audience=audience, start_at=_time(at))


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES_OF_TEXT + 1)
    except OSError as error:
        raise LineError(f"{file} cannot be read: {error.strerror}") from error


def _time(at: str | None) -> float | None:
    if at is None:
        return None
    try:
        return datetime.strptime(at, "%Y-%m-%d %H:%M").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise LineError(f"{at!r} is no time: write 2026-12-01 09:00 (UTC)") from error


async def question(database: Path, what: Wanted) -> str:
    """Return what to ask before it is told. Raises `LineError`, also where it could not be told."""
    async with calling(path_beside(database)) as call:
        found = await call.order(do="weigh", **_plain(what))
    count = found["chats"]
    if not count:
        raise LineError("nobody is in this audience")
    duration = f"{max(1, round(found['takes_s']))} s"
    return f"{what.html}\n\nTell this to {count} chat{'s' * (count != 1)}? It takes about {duration}."


async def send(database: Path, what: Wanted, tell: Tell) -> None:
    """Have it told. Raises `LineError`."""
    async with calling(path_beside(database)) as call:
        id_ = (await call.order(do="send", **_plain(what)))["id"]
        if what.start_at is not None:
            tell(f"Broadcast {id_} begins at its time.")
        else:
            await _follow(call, id_, tell)


def _plain(what: Wanted) -> dict[str, Any]:
    return {"html": what.html, "audience": list(what.audience), "at": what.start_at}


async def _follow(call: Call, id_: int, tell: Tell) -> None:
    said = ""
    async with aclosing(followed(call, id_)) as states:
        async for state in states:
            if (line := _line(state)) != said:
                tell(line)
                said = line


def _line(state: dict[str, Any]) -> str:
    counts = ", ".join(f"{state[name]} {name}" for name in ("sent", "unknown", "failed", "left"))
    return f"Broadcast {state['id']} {state['state']}: {counts}"
