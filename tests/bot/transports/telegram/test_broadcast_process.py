"""Broadcasts and the program as operators run it: the command line has it tell many, and a stop only delays that."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import bot
from bot.broadcasts.broadcasts import tally
from bot.store import Store
from tests.bot.transports.telegram.test_process import STOP_S, running

if TYPE_CHECKING:
    from tests.fakes.telegram import Chat, FakeTelegram

_PEOPLE = 60


async def known(api: FakeTelegram, path: Path) -> list[Chat]:
    """People whom the bot may write to."""
    async with Store.open(path / "db") as store:
        for number in range(1, _PEOPLE + 1):
            await store.chats.meet(f"telegram:{number}", "private", now=1)
    return [api.private(api.user(number)) for number in range(1, _PEOPLE + 1)]


async def command(path: Path, text: str, *options: str) -> asyncio.subprocess.Process:
    """`reachbot broadcast FILE OPTION…`, with a file that says this."""
    file = path / "text"
    file.write_text(text)
    settings = {"DATABASE_PATH": str(path / "db"), "PYTHONPATH": str(Path(bot.__file__).parents[1])}
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "broadcast", str(file), *options),
        env=os.environ | settings,
        cwd=path,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
    )


async def test_the_command_line_has_the_running_bot_tell_everybody(api: FakeTelegram, tmp_path: Path) -> None:
    chats = await known(api, tmp_path)
    async with running(api, tmp_path):
        process = await command(tmp_path, "Dear readers, 1 < 2", "--yes")
        told, complaint = await process.communicate()
    assert (process.returncode, complaint) == (0, b"")
    last = told.decode().splitlines()[-1]
    assert last == f"Broadcast 1 finished: {_PEOPLE} sent, 0 unknown, 0 failed, 0 left"
    assert all([message.text for message in chat.from_bot] == ["Dear readers, 1 < 2"] for chat in chats)


async def test_without_a_running_bot_the_command_line_says_so(tmp_path: Path) -> None:
    process = await command(tmp_path, "Dear readers", "--yes")
    told, complaint = await process.communicate()
    assert process.returncode not in {0, None}
    assert told == b""
    assert complaint
    assert b"Traceback" not in complaint


async def test_what_could_not_be_sent_is_refused_before_anybody_is_asked(api: FakeTelegram, tmp_path: Path) -> None:
    await known(api, tmp_path)
    async with running(api, tmp_path):
        process = await command(tmp_path, "Dear readers", "--at", "2020-01-01 09:00")
        told, complaint = await process.communicate()
    assert process.returncode == 2
    assert told == b""
    assert complaint == b"reachbot: this time is over, or more than a year ahead\n"


async def interrupted(process: asyncio.subprocess.Process) -> bytes:
    """Press Ctrl-C, and again where that came in the instant before Python waits for a key; return the complaint."""
    ending = asyncio.create_task(process.communicate())
    while not ending.done():
        process.send_signal(signal.SIGINT)
        await asyncio.wait({ending}, timeout=10)
    return ending.result()[1]


async def test_whoever_interrupts_the_question_leaves_nothing_behind(api: FakeTelegram, tmp_path: Path) -> None:
    await known(api, tmp_path)
    async with running(api, tmp_path):
        process = await command(tmp_path, "Dear readers")
        assert process.stdout is not None
        await process.stdout.readuntil(b"[y/N]: ")
        complaint = await interrupted(process)
    assert process.returncode not in {0, None}
    assert complaint.strip() == b"Aborted!"
    async with Store.open(tmp_path / "db") as store:
        assert await store.broadcasts.latest(9) == []
    assert not api.called("sendMessage")


async def test_a_stop_in_the_middle_of_a_broadcast_only_delays_it(api: FakeTelegram, tmp_path: Path) -> None:
    chats = await known(api, tmp_path)
    async with running(api, tmp_path) as process:
        follower = await command(tmp_path, "Dear readers", "--yes")
        await api.until(lambda: len(api.called("sendMessage")) >= _PEOPLE // 4, "a quarter", timeout_s=30)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), STOP_S) == 0
        await follower.communicate()
    assert sum(len(chat.from_bot) for chat in chats) < _PEOPLE
    async with running(api, tmp_path):
        await api.until(lambda: all(chat.from_bot for chat in chats), "everybody", timeout_s=30)
    assert all(len(chat.from_bot) == 1 for chat in chats)
    async with Store.open(tmp_path / "db") as store:
        counts = tally(await store.outbox.counts(1))
    assert (counts.total, counts.unknown, counts.failed) == (_PEOPLE, 0, 0)
