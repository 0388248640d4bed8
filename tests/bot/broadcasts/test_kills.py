"""Killed at any moment, a broadcast reaches everybody once, but for those who are said to be in doubt."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.bot.broadcasts.kills import broadcast_through

if TYPE_CHECKING:
    from pathlib import Path

_PEOPLE = 2000
_KILLS = 20


async def test_of_two_thousand_chats_twenty_kills_leave_nobody_out_and_tell_nobody_twice(tmp_path: Path) -> None:
    await broadcast_through(_KILLS, _PEOPLE, tmp_path / "db", random.Random(8))
