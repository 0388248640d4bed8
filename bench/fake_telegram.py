"""A Bot API on loopback, in a process of its own, whose people never stop asking. Its argument is the latency in s."""

from __future__ import annotations

import asyncio
import sys
from itertools import count

from bench.beside import serve_until_closed
from tests.fakes.telegram import FakeTelegram, Rates

_PEOPLE = 500
_WAITING = 500
"""Updates that are always there to be fetched."""


async def main(latency_s: float) -> None:
    async with FakeTelegram(latency_s=latency_s, rates=Rates.unlimited(), validate=False) as api:
        asking = asyncio.create_task(_ask_for_ever(api))
        await serve_until_closed({"api": api.base_url, "token": api.token})
        asking.cancel()


async def _ask_for_ever(api: FakeTelegram) -> None:
    chats = [(person, api.private(person)) for person in (api.user(1 + number) for number in range(_PEOPLE))]
    for nth in count():
        person, chat = chats[nth % _PEOPLE]
        await chat.say(person, f"/check whatsapp {nth}")
        while len(api.updates.pending) >= _WAITING:
            await api.updates.changed.wait_for(lambda: len(api.updates.pending) < _WAITING, timeout_s=3600)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
