"""An outbox that is killed again and again while it delivers, and what people make of it in the end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

import bot
from bot.chat.words_outbox import REPEATED
from bot.outbox import Priority
from bot.store import Store
from tests.bot.outbox.memory import outgoing

if TYPE_CHECKING:
    import random

    from tests.fakes.telegram import Chat, FakeTelegram

POINTS = ("before-lease", "after-lease", "after-send", "before-acknowledgement")
ALERTS = 3
"""Of each chat; every chat gets a broadcast and a digest too."""


async def fill(path: Path, chats: list[Chat]) -> None:
    """Put in everything that is to be told."""
    async with Store.open(path) as store:
        for chat in chats:
            await store.chats.meet(f"telegram:{chat.id}", "private", now=1)
        names = [f"telegram:{chat.id}" for chat in chats]
        alerts = [outgoing(name, f"alert {nth}", Priority.ALERT) for nth in range(ALERTS) for name in names]
        news = [outgoing(name, "news", Priority.BROADCAST, broadcast=1) for name in names]
        digests = [outgoing(name, "digest", Priority.DIGEST) for name in names]
        await store.outbox.put([*alerts, *news, *digests], now=1)


class Crashes:
    """Starts the process, and ends it in every way; as a context, it leaves none behind."""

    def __init__(self, api: FakeTelegram, path: Path, chance: random.Random) -> None:
        self._api = api
        self._path = path
        self._chance = chance
        self._last: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._last is not None:
            await _end(self._last)

    async def start(self, *fate: str) -> asyncio.subprocess.Process:
        arguments = (str(self._path), self._api.base_url, self._api.token, *fate)
        environment = os.environ | {"PYTHONPATH": str(Path(bot.__file__).parents[1])}
        self._last = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bot.outbox.sending", *arguments, env=environment
        )
        return self._last

    async def by_itself(self, point: str) -> None:
        """Let it die at a point that it reaches some time, unless it is through before."""
        process = await self.start(point, str(self._chance.randint(1, 12)))
        assert await process.wait() in {-signal.SIGKILL, 0}

    async def at_any_moment(self) -> None:
        """Kill it soon after it began to send."""
        before = len(self._api.calls)
        process = await self.start()
        while process.returncode is None and len(self._api.calls) == before:  # noqa: ASYNC110 -- either of two
            await asyncio.sleep(0.005)
        await asyncio.sleep(self._chance.random() * 0.2)
        await _end(process)

    async def to_the_end(self) -> None:
        """Let it tell all that is left."""
        process = await self.start()
        assert await process.wait() == 0


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def check(path: Path, chats: list[Chat]) -> Counter[str]:
    """Hold what people see to what is promised; return what became of the messages."""
    async with Store.open(path) as store:
        counts = await store.outbox.backlog()
        broadcast = await store.outbox.counts(1)
    assert counts.keys() <= {"sent", "unknown"}
    assert sum(counts.values()) == len(chats) * (ALERTS + 2)
    assert sum(broadcast.values()) == len(chats)
    repeats, without_news = 0, 0
    for chat in chats:
        texts = [message.text for message in chat.from_bot]
        unmarked = [text for text in texts if not text.startswith(REPEATED)]
        marked = [text.removeprefix(REPEATED).strip() for text in texts if text.startswith(REPEATED)]
        repeats += len(marked)
        assert not [text for text, times in Counter(unmarked).items() if times > 1]
        assert "news" not in marked
        wanted = {f"alert {nth}" for nth in range(ALERTS)} | {"digest"}
        assert wanted <= {*unmarked, *marked}, f"lost: {wanted - {*unmarked, *marked}}"
        without_news += "news" not in unmarked
        firsts = list(dict.fromkeys(text.removeprefix(REPEATED).strip() for text in texts))
        assert [text for text in firsts if text.startswith("alert")] == [f"alert {nth}" for nth in range(ALERTS)]
    assert without_news <= broadcast.get("unknown", 0)
    return Counter(dict(counts)) + Counter(repeated=repeats)
