"""Killed at any moment, the program keeps all that it confirmed; stopped at any moment, it answers what it took."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.bot.transports.telegram.kills import town

if TYPE_CHECKING:
    from pathlib import Path

_KILLS = 10
_STOPS = 3


async def test_ten_kills_lose_nothing_that_was_confirmed_and_leave_nothing_half_done(tmp_path: Path) -> None:
    async with town(tmp_path, random.Random(5)) as place:
        for _ in range(_KILLS):
            await place.kill()


async def test_stops_leave_nothing_unanswered_and_nothing_answered_twice(tmp_path: Path) -> None:
    async with town(tmp_path, random.Random(6)) as place:
        for _ in range(_STOPS):
            await place.stop()
