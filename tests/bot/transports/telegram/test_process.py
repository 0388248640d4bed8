"""The program as operators run it: a stop answers what is in hand, and waits for nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bot
from bot.chat import words
from tests.bot.transports.telegram.served import no_feeds, say
from tests.fakes.telegram import FakeTelegram, faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STOP_S = 5.0
STARTED_S = 30.0
"""On a busy machine Python alone takes its time."""


@asynccontextmanager
async def running(api: FakeTelegram, path: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """The program, asking the fake for updates."""
    settings = {
        "FEEDS_FILE": str(no_feeds(path)),
        "TELEGRAM_BOT_TOKEN": api.token,
        "TELEGRAM_API_URL": api.base_url,
        "DATABASE_PATH": str(path / "db"),
        "REGISTRY_URL": "",
        "PYTHONPATH": str(Path(bot.__file__).parents[1]),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", env=os.environ | settings, cwd=path, stderr=asyncio.subprocess.PIPE
    )
    try:
        await api.drained(timeout_s=STARTED_S)
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        assert process.stderr is not None
        log = (await process.stderr.read()).decode()
        await process.wait()
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_stop_answers_what_is_in_hand_and_leaves(api: FakeTelegram, tmp_path: Path, number: int) -> None:
    chat = api.private(api.user(1))
    async with running(api, tmp_path) as process:
        api.fault("sendMessage", faults.slow(0.5))
        await say(chat, "/help")
        await api.until(lambda: api.called("sendMessage"), "an answer that takes its time")
        began = asyncio.get_running_loop().time()
        process.send_signal(number)
        assert await process.wait() == 0
        assert asyncio.get_running_loop().time() - began < STOP_S
    assert words.TRY in chat.from_bot[0].text
    assert not api.updates.pending


async def test_a_stop_waits_for_nobody_who_does_not_answer(api: FakeTelegram, tmp_path: Path) -> None:
    chat = api.private(api.user(1))
    async with running(api, tmp_path) as process:
        api.fault("sendMessage", faults.slow(60))
        api.fault("getUpdates", faults.slow(60), times=None)
        await say(chat, "/help")
        await api.until(lambda: api.called("sendMessage"), "an answer that does not come through")
        began = asyncio.get_running_loop().time()
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
        assert asyncio.get_running_loop().time() - began < STOP_S
