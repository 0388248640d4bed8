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
    """Return when the platform answers; tell whether a question was left unanswered before.

    The next is put after a pause, whether the one before has failed or not: one that is lost on the way keeps no other
    from being answered, and an answer that takes longer than the pause is waited for.
    """
    heard = asyncio.Event()
    failures = 0
    asked: set[asyncio.Task[None]] = set()

    async def ask() -> None:
        nonlocal failures
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_S):
                if await answers():
                    heard.set()
                    return
        failures += 1

    async with asyncio.TaskGroup() as group:
        for count in itertools.count(1):
            task = group.create_task(ask())
            asked.add(task)
            task.add_done_callback(asked.discard)
            if await _is_set(heard, within_s=pause.after(count)):
                break
        for task in asked:
            task.cancel()
    return failures > 0


async def _is_set(event: asyncio.Event, *, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await event.wait()
    return event.is_set()
