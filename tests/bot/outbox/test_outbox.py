"""What is put in is told once, in order, whatever happens on the way; nothing keeps what is more urgent waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.outbox import Priority
from bot.outbox.delivery import ChatGone, ChatMoved, Muted, NotSent, Rejected, Unknown
from bot.outbox.outbox import Outbox
from bot.pacing import Rates
from bot.store import Store, StoreError
from bot.transports.errors import TransportError
from tests.bot.outbox.memory import MemoryDelivery, Running, alert, outgoing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CHATS = tuple(f"telegram:{number}" for number in range(1, 6))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        for chat in CHATS:
            await store.chats.meet(chat, "private", now=1)
        yield store


@pytest.fixture
def bot(store: Store) -> Running:
    return Running(store)


async def settled(store: Store, **counts: int) -> None:
    """Wait until so many messages are in each state, and none in any other."""
    async with asyncio.timeout(20):
        while await store.outbox.backlog() != counts:  # noqa: ASYNC110 -- the store has no events to wait for
            await asyncio.sleep(0.001)


async def test_what_is_put_in_is_told_in_each_chats_order(bot: Running) -> None:
    async with bot.running() as outbox:
        await outbox.put(*(alert(chat, f"{number}") for number in range(20) for chat in CHATS))
        await bot.delivery.until(lambda: len(bot.delivery.delivered) == 100)
    for chat in CHATS:
        assert bot.delivery.texts(chat) == [str(number) for number in range(20)]
    await settled(bot.store, sent=100)
