"""A bot that serves the fake Bot API, with a canned prober behind it, and in which nobody waits for anything."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.chat import progress
from bot.chat.chronicle import Chronicle
from bot.chat.conversation import Conversation
from bot.chat.language import LANGUAGES, all_of, lasting, speaking
from bot.chat.newsstand import Newsstand
from bot.chat.operating import Operating
from bot.chat.refusing import RefusalDesk
from bot.chat.settings import SettingsDesk
from bot.chat.subscribing import SubscriptionDesk
from bot.chat.why import WhyDesk
from bot.chat.wishes import WishesDesk
from bot.checks import Checks
from bot.limits import Limits
from bot.news import Names, News
from bot.pacing import Pacer, Rates
from bot.store import Store
from bot.transports.telegram import handlers, polling, transport
from tests.bot.canned import CannedProber, report, step
from tests.bot.transports.telegram.served import BLOCKED, CATALOGUE, PLENTY, Bot
from tests.fakes.telegram import FakeTelegram, User
from tests.fakes.telegram import Rates as FakeRates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fakes.telegram import Chat


@pytest.fixture(scope="session", autouse=True)
def warm() -> None:
    """Let no test pay for what the first to list or date anything imports."""
    for spoken in LANGUAGES:
        with speaking(spoken):
            all_of(("one", "two"))
            lasting(60)


@pytest.fixture
def prober() -> CannedProber:
    return CannedProber(report("whatsapp"), BLOCKED, observations=(step(),))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        yield store


@pytest.fixture
async def conversation(store: Store, prober: CannedProber) -> AsyncIterator[Conversation]:
    async with asyncio.TaskGroup() as group:
        news = News(store.news, {}, Names.of(CATALOGUE))
        checks = Checks(prober, store, group, cache_s=60)
        refusing = RefusalDesk(store.refusals)
        desks = (
            SettingsDesk(store.chats, refusing),
            refusing,
            SubscriptionDesk(store, CATALOGUE),
            WishesDesk(store),
            WhyDesk(checks, CATALOGUE),
            Chronicle(store.history, CATALOGUE),
            Operating(
                store.statistics,
                feeds=news.feeds_state,
                registers=store.registries.lists,
                last_answer=checks.latest,
            ),
        )
        yield Conversation(checks, CATALOGUE, newsstand=Newsstand(news, CATALOGUE), desks=desks)


@pytest.fixture
async def api() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(rates=FakeRates.unlimited()) as fake:
        yield fake


@pytest.fixture
def bot(api: FakeTelegram, conversation: Conversation, store: Store) -> Bot:
    return Bot(api, conversation, store)


@pytest.fixture
def amina(api: FakeTelegram) -> User:
    return api.user(1, "Amina", "en")


@pytest.fixture
async def chat(bot: Bot, amina: User) -> AsyncIterator[Chat]:
    """Amina's chat with a bot that is serving."""
    async with bot.serving():
        yield bot.api.private(amina)


@pytest.fixture
async def group(bot: Bot, amina: User) -> AsyncIterator[Chat]:
    """A group that Amina and a bot that is serving are in."""
    async with bot.serving():
        yield bot.api.supergroup("City", members=[amina])


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for what comes after a while."""
    monkeypatch.setattr(polling, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("bot.transports.telegram.calls.seconds", lambda _: 0.0)
    monkeypatch.setattr("bot.transports.telegram.polling.seconds", lambda _: 0.0)
    monkeypatch.setattr("bot.transports.telegram.sender._FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(progress, "SILENCE_S", 0)
    monkeypatch.setattr(handlers, "_PRIVATE_INTERVAL_S", 0.01)
    monkeypatch.setattr(handlers, "_GROUP_INTERVAL_S", 0.01)
    monkeypatch.setattr(handlers, "Limits", lambda **_: Limits(PLENTY, PLENTY))
    monkeypatch.setattr(transport, "Pacer", lambda: Pacer(Rates().times(10_000)))
