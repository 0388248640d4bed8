"""People who ask the real program by Telegram from inside the lab, and when they hear what.

The fake Bot API is on the client host's loopback, so that it takes as long as it is told to; the program is a process
of its own beside it.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import bot
from tests.fakes.telegram import Chat, FakeTelegram, Rates

_STARTED_S = 30.0
_HEARD_S = 30.0
_PROGRESS = "Checking"


@dataclass(frozen=True)
class Heard:
    """What somebody was told, and after how many seconds they saw the first line and the whole."""

    first: str
    first_s: float
    whole: str
    whole_s: float
    messages: int


def talk(questions: Sequence[str], latency_s: float) -> list[Heard]:
    """Start the program, ask it these questions one after the other in private, and return what was heard of each."""
    return asyncio.run(_talk(questions, latency_s))


async def _talk(questions: Sequence[str], latency_s: float) -> list[Heard]:
    async with FakeTelegram(latency_s=latency_s, rates=Rates.unlimited()) as api, _serving(api):
        chat = api.private(api.user(1))
        return [await _asked(chat, question) for question in questions]


async def _asked(chat: Chat, question: str) -> Heard:
    loop = asyncio.get_running_loop()
    drafted, sent = len(chat.drafts), len(chat.from_bot)
    began = loop.time()
    assert chat.person is not None
    await chat.say(chat.person, question)
    await chat.until(
        lambda: len(chat.drafts) > drafted or len(chat.from_bot) > sent, "word of the bot", timeout_s=_HEARD_S
    )
    first_s = loop.time() - began
    first = chat.drafts[-1]["text"] if len(chat.drafts) > drafted else chat.from_bot[-1].text
    await chat.until(
        lambda: len(chat.from_bot) > sent and not chat.from_bot[-1].text.startswith(_PROGRESS),
        "whole answer",
        timeout_s=_HEARD_S,
    )
    return Heard(first, first_s, chat.from_bot[-1].text, loop.time() - began, len(chat.from_bot) - sent)


@asynccontextmanager
async def _serving(api: FakeTelegram) -> AsyncIterator[None]:
    """Let the program run, from the moment when it asks for updates."""
    with tempfile.TemporaryDirectory() as directory:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=os.environ | _settings(api, Path(directory)), cwd=directory
        )
        try:
            await api.drained(timeout_s=_STARTED_S)
            yield
        finally:
            process.terminate()
            await process.wait()


def _settings(api: FakeTelegram, directory: Path) -> dict[str, str]:
    feeds = directory / "feeds.toml"
    feeds.write_text("replace = true\n")  # no feed is read: none is in the lab
    return {
        "FEEDS_FILE": str(feeds),
        "TELEGRAM_BOT_TOKEN": api.token,
        "TELEGRAM_API_URL": api.base_url,
        "DATABASE_PATH": str(directory / "db"),
        "REGISTRY_URL": "",
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(Path(bot.__file__).parents[1]),
    }
