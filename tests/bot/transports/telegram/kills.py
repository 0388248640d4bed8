"""People who change what is set in their chats while the program is killed and stopped, and what they are promised."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

import bot
from bot.alerts.subscriptions import of_service
from bot.chat import words
from bot.chat.language import say as said
from bot.chat.language import speaking
from bot.chat.words import broadcasts as announcements
from bot.store import Store
from tests.bot.transports.telegram.served import no_feeds, say
from tests.fakes.telegram import Chat, FakeTelegram, Message, Rates
from tests.fakes.telegram.changes import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


STOP_S = 5.0
_NUMBERS = range(1, 9)
_LATENCY_S = 0.005
_EARLY = 0.2
"""The share of kills that come before the program may even serve."""
_BIRTH_S = 0.3
_LIFE_S = 0.15
"""Within which it is killed once it serves."""
_SERVICES = ("whatsapp", "signal", "youtube")


@dataclass(frozen=True, slots=True)
class Kept:
    """All that is kept of a chat."""

    language: str | None = None
    targets: frozenset[str] = frozenset()
    quiet: str | None = None
    zone: str | None = None
    digest: str | None = None
    refuses: bool = False


async def kept(store: Store, chat: str) -> Kept:
    """Return what is stored of a chat. Raises AssertionError where it does not belong together."""
    known, listener = await store.chats.find(chat), await store.subscriptions.of(chat)
    stored = Kept(language=known.language if known else None, refuses=await store.refusals.refuses(chat))
    if listener is None:
        return stored
    wishes = listener.wishes
    assert (wishes.digest is None) == (wishes.digest_at is None)
    return replace(
        stored,
        targets=frozenset(listener.subscriptions),
        quiet=str(wishes.quiet) if wishes.quiet else None,
        zone=wishes.zone,
        digest=wishes.digest,
    )


# --- what people do --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Change:
    """What somebody may ask for. Done twice it does what it does once."""

    text: str
    told: str
    """By which the answer is known, whatever language is spoken."""
    applied: Callable[[Kept], Kept]


def _setting(text: str, told: str, **what: object) -> Change:
    return Change(text, told, lambda before: replace(before, **what))  # type: ignore[arg-type]


CHANGES = (
    _setting("/language ru", "Русский", language="ru"),
    _setting("/language fr", "Français", language="fr"),
    _setting(f"/subscribe {' '.join(_SERVICES)}", "YouTube", targets=frozenset(map(of_service, _SERVICES))),
    _setting("/unsubscribe everything", words.UNSUBSCRIBED_ALL, targets=frozenset()),
    _setting("/quiet 22:00-06:00 Europe/Moscow", "22:00–06:00", quiet="22:00–06:00", zone="Europe/Moscow"),
    _setting("/quiet off", words.QUIET_OFF, quiet=None),
    _setting("/digest weekly Asia/Almaty", "Asia/Almaty", digest="weekly", zone="Asia/Almaty"),
    _setting("/digest off", words.DIGEST_OFF, digest=None),
    _setting("/announcements off", announcements.REFUSING, refuses=True),
    _setting("/announcements on", announcements.ACCEPTING, refuses=False),
    _setting("/check telegram", "Telegram"),
    Change("/forget", words.FORGOTTEN, lambda _: Kept()),
)


@dataclass(slots=True)
class Person:
    """Changes one thing after the other, each when what was before it is done."""

    chat: Chat
    api: FakeTelegram
    chance: random.Random
    kept: Kept = field(default_factory=Kept)
    """What was confirmed."""
    change: Change = CHANGES[0]
    message: Message | None = None
    """By which the change was asked for; None if nothing is under way."""
    heard: int = 0
    """How often that was answered before the program died."""

    async def live(self) -> None:
        """Ask for ever; first wait for what is under way."""
        while True:
            if self.message is None:
                self.change = self.chance.choice(CHANGES)
                await self._ask()
            await self.chat.until(lambda: self.is_answered, f"answer to {self.change.text}")
            await self.api.updates.changed.wait_for(lambda: not self.is_pending, timeout_s=PATIENCE_S)
            self.kept, self.message = self.change.applied(self.kept), None

    async def _ask(self) -> None:
        self.message, self.heard = await say(self.chat, self.change.text), 0

    @property
    def is_pending(self) -> bool:
        """Whether Telegram will hand out the message again."""
        asked = (self.chat.id, self.message.id if self.message else 0)
        handed = [update["message"] for update in self.api.updates.pending]
        return asked in {(message["chat"]["id"], message["message_id"]) for message in handed}

    @property
    def is_answered(self) -> bool:
        """Whether it was answered, by the program that runs or ran last."""
        return self._answers > self.heard

    @property
    def _answers(self) -> int:
        below = self.message.id if self.message else 0
        told = spoken(self.change.told)
        return sum(message.id > below and any(text in message.text for text in told) for message in self.chat.from_bot)

    def survive(self, stored: Kept) -> None:
        """Hold what is stored to what was confirmed: a change that was not is there as a whole, or not at all."""
        after = self.change.applied(self.kept) if self.message else self.kept
        allowed = {after} if self._answers else {self.kept, after}
        assert stored in allowed, f"{stored} is kept of {self.chat.id}, not {allowed}:\n{self.chat.transcript()}"
        self.kept, self.heard = stored, self._answers
        if not self.is_pending:
            self.message = None


def spoken(text: str) -> set[str]:
    """Return a text in the languages that people here choose."""
    found = set()
    for language in ("en", "ru", "fr"):
        with speaking(language):
            found.add(said(text))
    return found


# --- what happens to the program -------------------------------------------------------------------------------------


class Town:
    """People, and a program that they talk to: each time a copy of one that waits."""

    def __init__(
        self, api: FakeTelegram, path: Path, process: asyncio.subprocess.Process, chance: random.Random
    ) -> None:
        self.api = api
        self.people = [Person(api.private(api.user(number, f"P{number}", "en")), api, chance) for number in _NUMBERS]
        self._path = path
        self._process = process
        self._chance = chance
        self._copy = 0

    async def start(self) -> None:
        """Let the program begin."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._copy = await self._line()

    async def end(self, number: signal.Signals) -> int:
        """End it by a signal; return its exit code, when nothing comes from it any more."""
        os.kill(self._copy, number)
        code = await self._line()
        await self.api.left()
        return code

    async def kill(self) -> None:
        """Start it, kill it at any moment, and look after what it leaves."""
        async with self._busy():
            await self.start()
            if self._chance.random() < _EARLY:
                await asyncio.sleep(self._chance.random() * _BIRTH_S)
            else:
                await self._some_while()
            assert await self.end(signal.SIGKILL) == -signal.SIGKILL
        await self._survive()

    async def stop(self) -> None:
        """Start it and stop it at any moment. Whatever it took it has answered, and nothing else."""
        async with self._busy():
            await self.start()
            await self._some_while()
            began_s = asyncio.get_running_loop().time()
            assert await self.end(signal.SIGTERM) == 0
            assert asyncio.get_running_loop().time() - began_s < STOP_S
            asked = [person for person in self.people if person.message]
            assert [person.is_answered for person in asked] == [not person.is_pending for person in asked]
        await self._survive()

    async def _some_while(self) -> None:
        """Wait until it answers, and a moment more."""
        before = len(self.api.called("sendMessage"))
        await self.api.until(lambda: len(self.api.called("sendMessage")) > before, "an answer")
        await asyncio.sleep(self._chance.random() * _LIFE_S)

    @asynccontextmanager
    async def _busy(self) -> AsyncIterator[None]:
        """Let everybody change things for as long as the context lasts."""
        async with asyncio.TaskGroup() as group:
            lives = [group.create_task(person.live()) for person in self.people]
            yield
            for life in lives:
                life.cancel()

    async def _survive(self) -> None:
        async with Store.open(self._path / "db") as store:
            for person in self.people:
                person.survive(await kept(store, f"telegram:{person.chat.id}"))

    async def _line(self) -> int:
        assert self._process.stdout is not None
        return int(await self._process.stdout.readline())


@asynccontextmanager
async def town(path: Path, chance: random.Random) -> AsyncIterator[Town]:
    """A town whose program keeps what it keeps in a folder. Raises AssertionError where anything in it broke."""
    async with FakeTelegram(rates=Rates.unlimited(), validate=False, latency_s=_LATENCY_S) as api:
        with (path / "log").open("wb") as log:
            process = await _waiting(api, path, log)
            try:
                yield Town(api, path, process, chance)
            finally:
                assert process.stdin is not None
                process.stdin.close()
                await process.wait()
        told = (path / "log").read_text()
        assert "Traceback" not in told, told


async def _waiting(api: FakeTelegram, path: Path, log: IO[bytes]) -> asyncio.subprocess.Process:
    settings = {
        "FEEDS_FILE": str(no_feeds(path)),
        "TELEGRAM_BOT_TOKEN": api.token,
        "TELEGRAM_API_URL": api.base_url,
        "DATABASE_PATH": str(path / "db"),
        "REGISTRY_URL": "",
        "CACHE_SECONDS": "0",
        "PYTHONPATH": str(Path(bot.__file__).parents[1]),
    }
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bot.transports.telegram.copies"),
        env=os.environ | settings,
        cwd=path,
        stdin=pipe,
        stdout=pipe,
        stderr=log,
    )
