"""Progress: what is known so far, shown while the answer is still being worked out."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bot.chat import replies
from bot.chat.replies import Tally

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.chat.reply import Reply
    from bot.chat.request import Responder
    from bot.checks import Listener
    from probes.model import Service

_T = TypeVar("_T")

SILENCE_S = 0.2
"""What comes sooner needs no progress before it."""


async def with_progress(service: Service, responder: Responder, measure: Callable[[Listener], Awaitable[_T]]) -> _T:
    """Return what `measure` returns; what its listener hears meanwhile is shown as progress."""
    tally = Tally()
    return await while_showing(lambda: replies.progress(service, tally), responder, lambda: measure(tally.add))


async def while_showing(progress: Callable[[], Reply], responder: Responder, work: Callable[[], Awaitable[_T]]) -> _T:
    """Return what `work` returns; what `progress` says meanwhile is shown."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_show(progress, responder, over))
        try:
            return await work()
        finally:
            over.set()


async def _show(progress: Callable[[], Reply], responder: Responder, over: asyncio.Event) -> None:
    """Show progress from time to time, whenever there is some, until the work is over.

    A message on its way is never cut short: it might arrive after the answer.
    """
    interval_s = responder.capabilities.progress_interval_s
    if interval_s is None or await _set_within(over, SILENCE_S):
        return
    shown = None
    while not over.is_set():
        reply = progress()
        if reply != shown:
            await responder.progress(reply)
            shown = reply
        await _set_within(over, interval_s)


async def _set_within(event: asyncio.Event, limit_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
    return event.is_set()
