"""The outbox: ten thousand chats told at the allowed rate, who waits how long behind that, and what leasing takes.

The fake Bot API keeps Telegram's limits strictly. For the rate they are ten times faster than they are, and so is the
pacer: seconds of it are Telegram's. Waits are measured at the limits as they are. Both have processes of their own.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.beside import running
from bench.table import Row
from bot.outbox import Priority
from bot.pacing import Rates
from bot.store import Store
from tests.bot.outbox.memory import outgoing

if TYPE_CHECKING:
    from bench.runs import Size

ABOUT = "messages to everybody: rate, refusals, waits in between, memory"
_FASTER = 10
_WAITING_EACH = 10
_LEASED_AT_ONCE = 9


def measure(size: Size) -> list[Row]:
    people = size.pick(10_000, 100)
    all_of_it = asyncio.run(_tell(people, _FASTER, 0))
    with_others = asyncio.run(_tell(people, 1, size.pick(12.0, 1.0)))
    return [*rate(all_of_it, people), *_waits(with_others), asyncio.run(_lease(people))]


async def _tell(people: int, faster: float, seconds: float) -> dict[str, float]:
    async with (
        running("bench.fake_limits", str(people), str(faster)) as api,
        running("bench.telling", api["api"], api["token"], str(people), str(faster), str(seconds)) as figures,
    ):
        return figures


def rate(figures: dict[str, float], people: int) -> list[Row]:
    """Return how close to the allowed rate people were told, and what that took."""
    allowed = Rates().overall.count / Rates().overall.per_s
    detail = f"{people:,} chats in {figures['took_s']:.0f} s, {allowed:.0f} a second allowed"
    return [
        Row(
            name="of the allowed rate, decision to last message",
            value=100 * figures["per_s"] / allowed,
            unit=" %",
            at_least=99,
            detail=detail,
        ),
        Row(name="refusals for sending too fast", value=figures["floods"], at_most=0, wrong=figures["floods"] > 0),
        Row(name="putting it into the outbox", value=figures["put_s"], unit=" s", at_most=0.5),
        Row(name="resident memory at most", value=figures["resident_mb"], unit=" MB", at_most=150),
    ]


def _waits(figures: dict[str, float]) -> list[Row]:
    return [
        Row(name="longest wait of a reply behind it", value=figures["reply_s"], unit=" s", at_most=1),
        Row(name="longest wait of an alert behind it", value=figures["alert_s"], unit=" s", at_most=2),
    ]


async def _lease(chats: int) -> Row:
    """Lease and finish a few at a time, with ten messages waiting for every chat."""
    with TemporaryDirectory() as folder:
        async with Store.open(Path(folder) / "db") as store:
            names = [f"telegram:{number}" for number in range(chats)]
            await asyncio.gather(*(store.chats.meet(name, "private", now=1) for name in names))
            for _ in range(_WAITING_EACH):
                await store.outbox.put([outgoing(name, "News.", Priority.DIGEST) for name in names], now=1)
            times_ms = []
            for _ in range(100):
                began = time.perf_counter()
                await store.outbox.exchange(most=_LEASED_AT_ONCE, now=2)
                times_ms.append(1000 * (time.perf_counter() - began))
    name = f"leasing {_LEASED_AT_ONCE} of {_WAITING_EACH * chats:,} that wait"
    return Row(name=name, value=median(times_ms), unit=" ms", at_most=10)
