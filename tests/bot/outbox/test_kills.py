"""Killed at any moment, the outbox loses nothing, and repeats nothing but what it marks."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from tests.bot.outbox.kills import POINTS, Crashes, check, fill
from tests.fakes.telegram import FakeTelegram, Rates

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_lost_and_nothing_doubled_in_silence_by_five_kills(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    async with FakeTelegram(rates=Rates.unlimited(), latency_s=0.01) as api:
        chats = [api.private(api.user(number)) for number in range(1, 31)]
        await fill(tmp_path / "db", chats)
        async with Crashes(api, tmp_path / "db", chance) as crashes:
            await crashes.by_itself(POINTS[seed % len(POINTS)])
            for _ in range(2):
                await crashes.at_any_moment()
                await crashes.by_itself(chance.choice(POINTS))
            await crashes.to_the_end()
        await check(tmp_path / "db", chats)
