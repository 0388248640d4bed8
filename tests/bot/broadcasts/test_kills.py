"""Killed at any moment, a broadcast reaches everybody once, but for those who are said to be in doubt."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from bot.broadcasts.broadcasts import tally
from bot.outbox import Written
from bot.store import Store
from bot.store.broadcasts import Usual
from tests.bot.outbox.kills import Crashes
from tests.fakes.telegram import FakeTelegram, Rates

if TYPE_CHECKING:
    from pathlib import Path

_PEOPLE = 2000
_KILLS = 20


async def test_of_two_thousand_chats_twenty_kills_leave_nobody_out_and_tell_nobody_twice(tmp_path: Path) -> None:
    path = tmp_path / "db"
    async with FakeTelegram(rates=Rates.unlimited(), latency_s=0.01, validate=False) as api:
        chats = [api.private(api.user(number)) for number in range(1, _PEOPLE + 1)]
        async with Store.open(path) as store:
            for chat in chats:
                await store.chats.meet(f"telegram:{chat.id}", "private", now=1)
            id_ = await store.broadcasts.draft("telegram:1", Written(html="Dear readers"), now=1)
            assert await store.broadcasts.start(id_, Usual("en", {}), now=1) == _PEOPLE
        crashes = Crashes(api, path, random.Random(8))
        for _ in range(_KILLS):
            await crashes.at_any_moment()
        await crashes.to_the_end()
        async with Store.open(path) as store:
            told = tally(await store.outbox.counts(id_))
        assert (told.total, told.left, told.failed, told.withdrawn) == (_PEOPLE, 0, 0, 0)
        arrived = [len(chat.from_bot) for chat in chats]
        assert max(arrived) == 1
        assert told.sent <= sum(arrived) <= told.sent + told.unknown
