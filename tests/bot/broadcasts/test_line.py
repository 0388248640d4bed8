"""The line between the command line and the running bot: orders, and whatever else comes down it."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from typing import TYPE_CHECKING, Any

import pytest

from bot.operator_line import MOST_BYTES, LineError, answering, calling, path_beside

if TYPE_CHECKING:
    from pathlib import Path


async def obey(order: dict[str, Any]) -> dict[str, Any]:
    match order:
        case {"do": "refuse"}:
            raise LineError("not today")
        case {"do": "break"}:
            raise RuntimeError("secret")
        case _:
            return {"done": order}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return path_beside(tmp_path / "db")


async def said(path: Path, line: bytes) -> Any:
    """Say something that the program would not, and return the answer."""
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    async with asyncio.timeout(20):
        answer = await reader.readline()
    writer.close()
    return json.loads(answer)


async def test_an_order_is_obeyed_and_answered(path: Path) -> None:
    async with answering(path, obey), calling(path) as call:
        assert await call.order(do="this", text="Дорогие читатели") == {
            "done": {"do": "this", "text": "Дорогие читатели"}
        }
        with pytest.raises(LineError, match="not today"):
            await call.order(do="refuse")
        with pytest.raises(LineError, match="the bot's log says what"):
            await call.order(do="break")
        assert await call.order(do="that") == {"done": {"do": "that"}}


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b"{oh\n", "this is no JSON"),
        (b"[1]\n", "this is no order"),
        (b"\xff\xfe\n", "this is no JSON"),
        (b'"' + b"x" * MOST_BYTES + b'"\n', "the order is too long"),
        (b"[" * 60_000 + b"\n", "this is no JSON"),
    ],
)
async def test_what_is_no_order_is_answered_too(path: Path, line: bytes, error: str) -> None:
    async with answering(path, obey):
        assert await said(path, line) == {"error": error}
        async with calling(path) as call:
            assert await call.order() == {"done": {}}


async def test_several_may_call_at_a_time_but_not_a_crowd(path: Path) -> None:
    async with answering(path, obey), calling(path) as one, calling(path) as other:
        assert await one.order(number=1) == {"done": {"number": 1}}
        assert await other.order(number=2) == {"done": {"number": 2}}
        crowd = [await asyncio.open_unix_connection(path) for _ in range(8)]
        assert await crowd[-1][0].read() == b""
        assert await one.order(number=3) == {"done": {"number": 3}}
        for _, writer in crowd:
            writer.close()


async def test_where_nobody_is_the_caller_is_told(path: Path) -> None:
    with pytest.raises(LineError, match=r"no bot is running with the database .*/db$"):
        async with calling(path):
            pass


async def test_what_a_killed_bot_left_is_no_bot_and_in_nobodys_way(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
    with pytest.raises(LineError, match="no bot is running"):
        async with calling(path):
            pass
    async with answering(path, obey), calling(path) as call:
        assert await call.order() == {"done": {}}
    with pytest.raises(LineError, match="no bot is running"):
        async with calling(path):
            pass


async def test_nobody_else_on_the_machine_may_call(path: Path) -> None:
    async with answering(path, obey):
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600


async def test_a_bot_that_stops_hangs_up(path: Path) -> None:
    async with answering(path, obey):
        call = calling(path)
        line = await call.__aenter__()
        assert await line.order() == {"done": {}}
    with pytest.raises(LineError, match="hung up"):
        await line.order()
    await call.__aexit__(None, None, None)
