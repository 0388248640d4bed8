"""`python -m tests.soak [KILLS] [SEED]`: kills the outbox at random moments while it delivers; says what came of it."""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bot.outbox.kills import POINTS, Crashes, check, fill
from tests.fakes.telegram import FakeTelegram, Rates

_KILLS = 200
_ROUND = 10
"""Kills of one database."""
_CHATS = 60


async def soak(kills: int, seed: int) -> None:
    """Raise AssertionError where anything was lost, or doubled in silence."""
    chance, became, done = random.Random(seed), Counter[str](), 0
    while done < kills:
        became += await _round(chance)
        done += _ROUND
        told = ", ".join(f"{count} {what}" for what, count in sorted(became.items()))
        print(f"{done} kills: {told}; lost 0, doubled in silence 0", flush=True)


async def _round(chance: random.Random) -> Counter[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "db"
        async with FakeTelegram(rates=Rates.unlimited(), latency_s=0.01) as api:
            chats = [api.private(api.user(number)) for number in range(1, _CHATS + 1)]
            await fill(path, chats)
            crashes = Crashes(api, path, chance)
            for nth in range(_ROUND):
                await (crashes.at_any_moment() if nth % 2 else crashes.by_itself(chance.choice(POINTS)))
            await crashes.to_the_end()
            return await check(path, chats)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(soak(*arguments, *(_KILLS, random.randrange(10**6))[len(arguments) :]))
