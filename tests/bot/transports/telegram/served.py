"""The program behind the transport without its process, and what every conversation needs."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bot.config import Settings
from bot.limits import Allowance
from bot.transports.telegram.transport import serve
from probes.catalogue import Catalogue
from probes.model import Cause, Status
from tests.bot.canned import report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from bot.chat.conversation import Conversation
    from bot.store import Store
    from tests.fakes.telegram import Chat, FakeTelegram, Message

CATALOGUE = Catalogue.load()
BLOCKED = report("telegram", Status.BLOCKED, Cause.TLS_SNI_RESET)
PLENTY = Allowance(10_000, every_s=0.001)


class Bot:
    """The program without its process: everything behind the transport, and the means to start and stop it."""

    def __init__(self, api: FakeTelegram, conversation: Conversation, store: Store) -> None:
        self.api = api
        self.conversation = conversation
        self.store = store

    def settings(self, **more: Any) -> Settings:
        usual: dict[str, Any] = {"telegram_bot_token": SecretStr(self.api.token), "telegram_api_url": self.api.base_url}
        return Settings(**usual | more)

    @asynccontextmanager
    async def serving(self, **more: Any) -> AsyncIterator[asyncio.Task[None]]:
        task = asyncio.create_task(serve(self.conversation, self.store, CATALOGUE, self.settings(**more)))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()


async def say(chat: Chat, text: str, **more: Any) -> Message:
    """The person of a private chat writes."""
    assert chat.person is not None
    return await chat.say(chat.person, text, **more)


async def drafted(chat: Chat, text: str) -> None:
    """Wait until the bot is seen writing that."""
    await chat.until(lambda: any(text in draft["text"] for draft in chat.drafts), f"draft with {text!r}")


async def becomes(probe: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Wait until what is stored is as wanted; nothing tells of that."""
    async with asyncio.timeout(30):
        while await probe() != wanted:  # noqa: ASYNC110 -- the store has no events to wait for
            await asyncio.sleep(0.001)


async def state(store: Store, chat: str) -> str | None:
    """What is stored of whether the bot can write in a chat."""
    known = await store.chats.find(chat)
    return known.state if known else None


def no_feeds(path: Path) -> Path:
    """A setting with which no feed is read: the shipped ones are on the internet."""
    file = path / "feeds.toml"
    file.write_text("replace = true\n")
    return file
