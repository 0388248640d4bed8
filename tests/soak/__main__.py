"""`python -m tests.soak [KILLS] [SEED]`: kills the outbox at random moments while it delivers; says what came of it.

First while it tells everything that there is, then as often while it tells a broadcast. Then it kills the whole program
as often, and stops it now and then, while people change what is set in their chats.
"""

from __future__ import annotations

import asyncio
import random
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bot.broadcasts.kills import broadcast_through
from tests.bot.outbox.kills import POINTS, Crashes, check, fill
from tests.bot.transports.telegram.kills import town
from tests.fakes.telegram import FakeTelegram, Rates

_KILLS = 200
_ROUND = 10
"""Kills of one database."""
_CHATS = 60
_BROADCAST_ROUND = 20
_BROADCAST_CHATS = 2000
_TOWN_ROUND = 20


async def soak(kills: int, seed: int) -> None:
    """Raise AssertionError where anything was lost, or doubled in silence."""
    chance = random.Random(seed)
    await _everything(kills, chance)
    await _broadcasts(kills, chance)
    await _settings(kills, chance)


async def _everything(kills: int, chance: random.Random) -> None:
    became, done = Counter[str](), 0
    while done < kills:
        became += await _round(chance)
        done += _ROUND
        told = ", ".join(f"{count} {what}" for what, count in sorted(became.items()))
        print(f"{done} kills: {told}; lost 0, doubled in silence 0", flush=True)


async def _broadcasts(kills: int, chance: random.Random) -> None:
    sent, unknown, done = 0, 0, 0
    while done < kills:
        with TemporaryDirectory() as folder:
            told = await broadcast_through(_BROADCAST_ROUND, _BROADCAST_CHATS, Path(folder) / "db", chance)
        sent, unknown, done = sent + told.sent, unknown + told.unknown, done + _BROADCAST_ROUND
        print(f"{done} kills of a broadcast: {sent} sent, {unknown} unknown; left out 0, told twice 0", flush=True)


async def _settings(kills: int, chance: random.Random) -> None:
    done = 0
    while done < kills:
        with TemporaryDirectory() as folder:
            async with town(Path(folder), chance) as place:
                for _ in range(_TOWN_ROUND):
                    await place.kill()
                await place.stop()
                answers = sum(len(person.chat.from_bot) for person in place.people)
        done += _TOWN_ROUND
        print(
            f"{done} kills of the program: {answers} answers in this round; none untrue, no change in half", flush=True
        )


async def _round(chance: random.Random) -> Counter[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "db"
        async with FakeTelegram(rates=Rates.unlimited(), latency_s=0.01) as api:
            chats = [api.private(api.user(number)) for number in range(1, _CHATS + 1)]
            await fill(path, chats)
            async with Crashes(api, path, chance) as crashes:
                for nth in range(_ROUND):
                    await (crashes.at_any_moment() if nth % 2 else crashes.by_itself(chance.choice(POINTS)))
                await crashes.to_the_end()
            return await check(path, chats)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    asyncio.run(soak(*arguments, *(_KILLS, random.randrange(10**6))[len(arguments) :]))
