"""A broadcast that is begun, killed again and again, and held to what is promised of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.broadcasts.broadcasts import tally
from bot.outbox import Written
from bot.store import Store
from bot.store.broadcasts import Usual
from tests.bot.outbox.kills import Crashes
from tests.fakes.telegram import FakeTelegram, Rates

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from bot.broadcasts.model import Tally
    from tests.fakes.telegram import Chat

_TEXT = "Dear readers"


async def broadcast_through(kills: int, people: int, path: Path, chance: random.Random) -> Tally:
    """Tell so many people through so many kills. Raises AssertionError where anybody is left out, or told twice."""
    async with FakeTelegram(rates=Rates.unlimited(), latency_s=0.01, validate=False) as api:
        chats = [api.private(api.user(number)) for number in range(1, people + 1)]
        id_ = await _begin(path, chats)
        async with Crashes(api, path, chance) as crashes:
            for _ in range(kills):
                await crashes.at_any_moment()
            await crashes.to_the_end()
        async with Store.open(path) as store:
            told = tally(await store.outbox.counts(id_))
        assert (told.total, told.left, told.failed, told.withdrawn) == (people, 0, 0, 0)
        arrived = [len(chat.from_bot) for chat in chats]
        assert max(arrived) == 1
        assert told.sent <= sum(arrived) <= told.sent + told.unknown
    return told


async def _begin(path: Path, chats: list[Chat]) -> int:
    async with Store.open(path) as store:
        for chat in chats:
            await store.chats.meet(f"telegram:{chat.id}", "private", now=1)
        id_ = await store.broadcasts.draft("telegram:1", Written(html=_TEXT), now=1)
        assert await store.broadcasts.start(id_, Usual("en", {}), now=1) == len(chats)
    return id_
