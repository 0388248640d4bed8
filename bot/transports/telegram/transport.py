"""Telegram: its updates become jobs, done side by side, each chat's in turn.

What an update leads to is decided in `handlers`; where updates come from, in `polling` and `webhook`.
python-telegram-bot is imported with this module, hence only when a token is configured.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING

from telegram import Bot

from bot.limits import FairQueue
from bot.outbox.wake import Wake
from bot.pacing import Pacer
from bot.transports.telegram import menus, polling, webhook
from bot.transports.telegram.handlers import Handlers
from bot.transports.telegram.outgoing import outgoing
from bot.transports.telegram.polling import until_reachable
from bot.transports.telegram.request import AiohttpRequest

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Hashable

    from telegram import Update

    from bot.chat.conversation import Conversation
    from bot.config import Settings
    from bot.store import Store
    from bot.transports.telegram.handlers import Job
    from probes.catalogue import Catalogue

_log = logging.getLogger(__name__)

MOST_IN_HAND = 256
"""Updates worked on at once."""
MOST_IN_HAND_EACH = 4
MOST_WAITING_EACH = 20
"""Of one chat."""
MOST_WAITING = 1000
"""With as many waiting, no more are fetched."""
GRACE_S = 2.5
"""How long a stop waits for the answers in hand."""


async def serve(
    conversation: Conversation, store: Store, catalogue: Catalogue, settings: Settings, wake: Wake | None = None
) -> None:
    """Serve Telegram until cancelled; then answer what is in hand, for a while.

    `wake` is how others tell that there is something to be sent. Raises `TransportError` when the token or the
    webhook's address is refused, OSError when its port cannot be had.
    """
    bot = _bot(settings)
    try:
        hook = webhook.webhook(bot, settings)
        # With a webhook set, polls are refused.
        await until_reachable(bot, hook.register if hook else bot.delete_webhook)
        _log.info("Telegram: serving as @%s", bot.username)
        pacer = Pacer()
        handlers = Handlers(
            bot,
            conversation,
            store,
            catalogue,
            pacer,
            language=settings.language,
            admin_ids=settings.admin_ids,
        )
        sending = outgoing(
            bot,
            pacer,
            conversation=conversation,
            store=store,
            catalogue=catalogue,
            settings=settings,
            wake=wake or Wake(),
        )
        async with sending, asyncio.TaskGroup() as group:
            showing = group.create_task(menus.publish(bot, settings.admin_ids, settings.language))
            try:
                await Transport(handlers).run(webhook.updates(hook) if hook else polling.updates(bot))
            finally:
                showing.cancel()
    finally:
        await bot.shutdown()


def _bot(settings: Settings) -> Bot:
    if settings.telegram_bot_token is None:
        raise ValueError("no token")
    proxy = settings.telegram_proxy.get_secret_value() if settings.telegram_proxy else None
    api = settings.telegram_api_url.rstrip("/")
    return Bot(
        settings.telegram_bot_token.get_secret_value(),
        base_url=f"{api}/bot",
        base_file_url=f"{api}/file/bot",
        request=AiohttpRequest(proxy=proxy),
        get_updates_request=AiohttpRequest(pool_size=1, proxy=proxy),
    )


class Transport:
    """Takes updates and works on them side by side, fairly."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers = handlers
        self._waiting: FairQueue[Job] = FairQueue(most_waiting=MOST_WAITING_EACH, most_running=MOST_IN_HAND_EACH)
        self._in_hand: set[asyncio.Task[None]] = set()
        self._moved_on = asyncio.Event()

    async def run(self, arriving: AsyncGenerator[Update, None]) -> None:
        """Work until cancelled; then finish what is in hand, within `GRACE_S`."""
        async with asyncio.TaskGroup() as group:
            try:
                async with aclosing(arriving):
                    async for update in arriving:
                        self._take(update, group)
                        while len(self._waiting) >= MOST_WAITING:
                            await self._next_done()
            except asyncio.CancelledError:
                await self._finish()
                raise

    def _take(self, update: Update, group: asyncio.TaskGroup) -> None:
        """Let an update's job wait for its turn. Nothing that is wrong with one is anybody else's affair."""
        try:
            job = self._handlers.job(update)
        except Exception:  # noqa: BLE001 -- whatever it is, the others are to be served
            _log.exception("Update %s was not understood", update.update_id)
            return
        if job and not self._waiting.put(job.line, job):
            _log.info("Update %s was dropped: too many of its chat wait", update.update_id)
        self._start(group)

    def _start(self, group: asyncio.TaskGroup) -> None:
        """Begin what may run."""
        while len(self._in_hand) < MOST_IN_HAND and (next_ := self._waiting.take()):
            line, job = next_
            task = group.create_task(self._work(job))
            self._in_hand.add(task)
            task.add_done_callback(partial(self._done, line, group))

    @staticmethod
    async def _work(job: Job) -> None:
        try:
            await job.do()
        except Exception:  # noqa: BLE001 -- whatever it is, the others are to be served
            _log.exception("An update was not answered")

    def _done(self, line: Hashable, group: asyncio.TaskGroup, task: asyncio.Task[None]) -> None:
        self._in_hand.discard(task)
        self._waiting.done(line)
        self._moved_on.set()
        if not task.cancelled():
            self._start(group)

    async def _next_done(self) -> None:
        self._moved_on.clear()
        await self._moved_on.wait()

    async def _finish(self) -> None:
        try:
            async with asyncio.timeout(GRACE_S):
                while self._in_hand:
                    await asyncio.wait(self._in_hand, return_when=asyncio.FIRST_COMPLETED)
        except TimeoutError:
            _log.warning("Stopped with %d answers still in hand", len(self._in_hand) + len(self._waiting))
