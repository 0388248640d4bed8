"""A strict Bot API on loopback, in a process of its own. Arguments: how many people, and how much faster its limits."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace

from bench.beside import serve_until_closed
from tests.fakes.telegram import FakeTelegram, Rates


def limits(faster: float) -> Rates:
    """Return Telegram's limits, as much faster."""
    usual = Rates()
    chat, group, overall = (
        replace(rate, per_s=rate.per_s * faster) for rate in (usual.chat, usual.group, usual.overall)
    )
    return Rates(chat, group, overall)


async def main(people: int, faster: float) -> None:
    async with FakeTelegram(rates=limits(faster), validate=False, latency_s=0.08 / faster) as api:
        for number in range(1, people + 1):
            api.private(api.user(number))
        await serve_until_closed({"api": api.base_url, "token": api.token})


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
