"""Asking a platform that fell silent, until it answers."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.outbox.policy import Pause

LONGEST_S = 15.0
"""How long an answer is waited for."""


async def until_answered(answers: Callable[[], Awaitable[bool]], pause: Pause) -> bool:
    """Return when the platform answers; tell whether it was silent before.

    It was if a question had failed by then, or one that was put earlier was still open: what is answered late, but in
    its turn, tells of none. The next is put after a pause, whether the one before has failed or not: one that is lost
    on the way keeps no other from being answered, and an answer that takes longer than the pause is waited for.
    """
    heard = asyncio.Event()
    was_silent = False
    asked: dict[int, asyncio.Task[None]] = {}

    async def ask(number: int) -> None:
        nonlocal was_silent
        is_answered = False
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                is_answered = await answers()
        was_silent |= not is_answered or min(asked) < number
        del asked[number]
        if is_answered:
            heard.set()

    async with asyncio.TaskGroup() as group:
        for number in itertools.count(1):
            asked[number] = group.create_task(ask(number))
            if await _is_set(heard, within_s=pause.after(number)):
                break
        for task in asked.values():
            task.cancel()
    return was_silent


async def _is_set(event: asyncio.Event, *, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
