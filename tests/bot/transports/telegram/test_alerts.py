"""Groups and people on Telegram subscribe, are told of a block where they asked for it, and of its end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.alerts.announcer import Announcer
from bot.chat.conversation import Conversation
from bot.chat.settings import SettingsDesk
from bot.chat.subscribing import SubscriptionDesk
from bot.chat.wishes import WishesDesk
from bot.checks import Checks
from bot.outbox.wake import Wake
from bot.transports.telegram.transport import serve
from tests.bot.changes import closed, opened
from tests.bot.transports.telegram.served import CATALOGUE, Bot, say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.incidents import Change
    from bot.store import Store
    from tests.bot.canned import CannedProber
    from tests.fakes.telegram import Chat, FakeTelegram, User


@pytest.fixture
async def conversation(store: Store, prober: CannedProber) -> AsyncIterator[Conversation]:
    async with asyncio.TaskGroup() as group:
        subscribing = SubscriptionDesk(store, CATALOGUE)
        desks = (subscribing, WishesDesk(store), SettingsDesk(store.chats, subscribing))
        yield Conversation(Checks(prober, store, group, cache_s=60), CATALOGUE, desks=desks)


class Town:
    """A bot that serves, and what happens to services."""

    def __init__(self, bot: Bot, announcer: Announcer) -> None:
        self.bot = bot
        self.store = bot.store
        self._announcer = announcer

    async def happens(self, *changes: Change) -> None:
        """Let something happen, and everybody be told of it; no news wait for others here."""
        for change in changes:
            await self.store.incidents.record("whatsapp", (), (change,), due_at=0.0)
        await self._announcer.look()


@pytest.fixture
async def town(bot: Bot) -> AsyncIterator[Town]:
    wake = Wake()
    serving = asyncio.create_task(serve(bot.conversation, bot.store, CATALOGUE, bot.settings(), wake))
    announcer = Announcer(bot.store, CATALOGUE, operators=("telegram:1",), group_wait_s=0.0, on_message=wake)
    try:
        yield Town(bot, announcer)
    finally:
        serving.cancel()
        await asyncio.wait({serving})


@pytest.fixture
def boss(api: FakeTelegram) -> User:
    return api.user(2, "Boss", "en")


async def subscribed(group: Chat, person: User, text: str, topic: str | None = None) -> str:
    await group.say(person, text, topic=topic)
    return (await group.reply()).text


async def test_a_group_is_told_in_the_topic_where_an_administrator_asked(town: Town, amina: User, boss: User) -> None:
    group = town.bot.api.supergroup("City", members=[amina], admins=[boss], topics=["Network"])
    assert "Only administrators" in await subscribed(group, amina, "/subscribe whatsapp", "Network")
    assert "here, in this topic" in await subscribed(group, boss, "/subscribe whatsapp", "Network")
    block = opened()
    await town.happens(block)
    alert = await group.reply()
    assert "WhatsApp — blocked since" in alert.text
    assert alert.thread_id == group.topic_id("Network")
    await town.happens(closed(block, at=block.at + 7200))
    over = await group.reply()
    assert "WhatsApp — works again" in over.text
    assert "It was blocked for 2 hours and 1 minute" in over.text
    assert over.thread_id == group.topic_id("Network")


async def test_where_the_topic_was_closed_the_general_one_is_told(town: Town, amina: User, boss: User) -> None:
    group = town.bot.api.supergroup("City", members=[amina], admins=[boss], topics=["Network"])
    await subscribed(group, boss, "/subscribe whatsapp", "Network")
    group.close_topic("Network")
    await town.happens(opened())
    alert = await group.reply()
    assert "WhatsApp — blocked since" in alert.text
    assert alert.thread_id is None


async def test_a_button_of_the_list_changes_the_list(town: Town, amina: User) -> None:
    chat = town.bot.api.private(amina)
    await say(chat, "/subscribe whatsapp")
    await chat.reply()
    await say(chat, "/subscriptions")
    listed = await chat.reply()
    await chat.press(listed, "WhatsApp: degradations too")
    await chat.until(lambda: "also when it works only in part" in chat.messages[-1].text, "the changed list")
    assert chat.messages[-1].id == listed.id


async def test_whoever_mutes_an_alert_hears_only_its_end(town: Town, amina: User) -> None:
    chat = town.bot.api.private(amina)
    await say(chat, "/subscribe everything")
    await chat.reply()
    block = opened()
    await town.happens(block)
    alert = await chat.reply()
    await chat.press(alert, "Mute for 8 h")
    assert "I raise no alarm here" in (await chat.reply()).text
    await town.happens(closed(block, at=block.at + 600))
    assert "WhatsApp — works again" in (await chat.reply()).text
