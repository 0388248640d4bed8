"""What goes out of itself: the outbox and the broadcasts, for as long as Telegram is served.

What is told to whom is decided elsewhere; here the parts are put together that only exist with Telegram.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from bot.broadcasts.broadcasts import Broadcasts
from bot.broadcasts.orders import COMMAND_LINE, Orders
from bot.chat.broadcasting import Broadcasting
from bot.operator_line import answering, path_beside
from bot.outbox.outbox import Outbox
from bot.store.broadcasts import Usual
from bot.transports.telegram.calls import stored_id
from bot.transports.telegram.delivery import TelegramDelivery
from bot.transports.telegram.sender import Sender
from bot.transports.telegram.stage import TelegramStage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from telegram import Bot

    from bot.chat.conversation import Conversation
    from bot.config import Settings
    from bot.outbox.wake import Wake
    from bot.pacing import Pacer
    from bot.store import Store
    from probes.catalogue import Catalogue

_log = logging.getLogger(__name__)


@asynccontextmanager
async def outgoing(
    bot: Bot,
    pacer: Pacer,
    *,
    conversation: Conversation,
    store: Store,
    catalogue: Catalogue,
    settings: Settings,
    wake: Wake,
) -> AsyncIterator[None]:
    """Send what waits for as long as the context lasts. Raises `TransportError` when nothing can be sent."""
    delivery = TelegramDelivery(bot, store.chats, language=settings.language)
    outbox = Outbox(store.outbox, store.chats, delivery, pacer)
    stage = TelegramStage(delivery, Sender(bot, pacer, store.chats), pacer)
    broadcasts = Broadcasts(
        store.broadcasts,
        store.outbox,
        store.chats,
        usual=Usual(settings.language, {service.id: service.category for service in catalogue}),
        per_s=pacer.rates.overall.count / pacer.rates.overall.per_s,
        wake=outbox.wake,
    )
    conversation.open(Broadcasting(broadcasts, stage, catalogue))
    operators = {COMMAND_LINE, *map(stored_id, settings.admin_ids)}
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        await _take_calls(stack, settings, Orders(broadcasts, catalogue))
        wake.call = outbox.wake
        tasks = [group.create_task(outbox.run()), group.create_task(broadcasts.run(stage, operators))]
        try:
            yield
        finally:
            wake.call = None
            for task in tasks:
                task.cancel()


async def _take_calls(stack: AsyncExitStack, settings: Settings, orders: Orders) -> None:
    """Let the command line call; where it cannot, the bot does without."""
    path = path_beside(settings.database_path)
    try:
        await stack.enter_async_context(answering(path, orders.obey))
    except OSError as error:
        _log.warning("`reachbot broadcast` cannot reach this bot by %s: %s", path, error)
