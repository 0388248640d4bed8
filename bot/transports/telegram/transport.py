"""Telegram: its updates become requests of the conversation, each answered on its own.

Polling, rendering and sending live beside this module. python-telegram-bot is imported with it, hence only when a
token is configured.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING

from telegram import Bot, CallbackQuery, Message
from telegram.constants import ChatType, MessageEntityType

from bot.chat.conversation import Capabilities, Request
from bot.transports.telegram.polling import PollingRequest, until_reachable, updates
from bot.transports.telegram.request import AiohttpRequest
from bot.transports.telegram.responder import Place, TelegramResponder, quietly

if TYPE_CHECKING:
    from telegram import Update

    from bot.chat.conversation import Conversation
    from bot.config import Settings

_log = logging.getLogger(__name__)

MOST_IN_HAND = 256
"""Updates answered at once; with as many in hand no more are fetched."""
GRACE_S = 3.0
"""How long a stop waits for the answers in hand."""
STALE_S = 600
"""A question of this age is not answered any more: after an outage that would be a flood."""
_PRIVATE_INTERVAL_S = 1.0
_GROUP_INTERVAL_S = 5.0
"""Between edits; Telegram allows 20 messages a minute in a group."""
_SAME_MESSAGE = "/again "
"""Buttons with this command change the message that they stand under."""


async def serve(conversation: Conversation, settings: Settings) -> None:
    """Serve Telegram until cancelled; then answer what is in hand, for a while.

    Raises `TransportError` when the token is refused.
    """
    bot = _bot(settings)
    try:
        await until_reachable(bot)
        _log.info("Telegram: serving as @%s", bot.username)
        await Transport(bot, conversation, language=settings.language).run()
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
        get_updates_request=PollingRequest(pool_size=1, proxy=proxy),
    )


class Transport:
    """Takes updates and answers them side by side."""

    def __init__(self, bot: Bot, conversation: Conversation, *, language: str) -> None:
        self._bot = bot
        self._conversation = conversation
        self._language = language
        self._room = asyncio.Semaphore(MOST_IN_HAND)

    async def run(self) -> None:
        """Answer until cancelled; then finish what is in hand, within `GRACE_S`."""
        in_hand: set[asyncio.Task[None]] = set()
        await self._room.acquire()  # before an update is taken, so that a stop finds none that has no task yet
        async with asyncio.TaskGroup() as group:
            try:
                async with aclosing(updates(self._bot)) as arriving:
                    async for update in arriving:
                        task = group.create_task(self._handle(update))
                        in_hand.add(task)
                        task.add_done_callback(in_hand.discard)
                        await self._room.acquire()
            except asyncio.CancelledError:
                if in_hand:
                    await asyncio.wait(in_hand, timeout=GRACE_S)
                raise

    async def _handle(self, update: Update) -> None:
        """Answer one update. Nothing that goes wrong with it is anybody else's affair."""
        try:
            if update.callback_query:
                await self._pressed(update.callback_query)
            elif update.message and update.message.text:
                await self._said(update.message, update.message.text)
        except Exception:  # noqa: BLE001 -- whatever it is, the others are to be served
            _log.exception("Update %s was not answered", update.update_id)
        finally:
            self._room.release()

    async def _said(self, message: Message, text: str) -> None:
        if time.time() - message.date.timestamp() > STALE_S:
            return
        speaker = message.from_user
        request = Request(
            chat=f"telegram:{message.chat.id}",
            text=self._without_mention(text),
            language=(speaker and speaker.language_code) or self._language,
            addressed=self._is_addressed(message),
        )
        await self._conversation.handle(request, self._responder(message))

    async def _pressed(self, query: CallbackQuery) -> None:
        await quietly(query.answer, "A button's press could not be confirmed")
        if not query.data or not isinstance(query.message, Message):
            return
        request = Request(
            chat=f"telegram:{query.message.chat.id}",
            text=query.data,
            language=query.from_user.language_code or self._language,
        )
        same = query.message.message_id if query.data.startswith(_SAME_MESSAGE) else None
        await self._conversation.handle(request, self._responder(query.message, editing=same))

    def _responder(self, message: Message, *, editing: int | None = None) -> TelegramResponder:
        private = message.chat.type == ChatType.PRIVATE
        place = Place(
            message.chat.id,
            thread_id=message.message_thread_id if message.is_topic_message else None,
            reply_to=None if private else message.message_id,
        )
        capabilities = Capabilities(
            edits=True,
            progress_interval_s=_PRIVATE_INTERVAL_S if private else _GROUP_INTERVAL_S,
            bot_name=self._bot.username,
        )
        return TelegramResponder(self._bot, place, capabilities, editing=editing)

    def _is_addressed(self, message: Message) -> bool:
        """Tell whether a message is surely for the bot: in private, as an answer to it, or naming it."""
        answered = message.reply_to_message
        return (
            message.chat.type == ChatType.PRIVATE
            or (answered is not None and answered.from_user is not None and answered.from_user.id == self._bot.id)
            or self._mention.casefold()
            in (text.casefold() for text in message.parse_entities([MessageEntityType.MENTION]).values())
        )

    def _without_mention(self, text: str) -> str:
        """Return the text without the bot's name, but for that in a command: "/check@reachbot"."""
        return " ".join(word for word in text.split(" ") if word.casefold().strip(",:") != self._mention.casefold())

    @property
    def _mention(self) -> str:
        return f"@{self._bot.username}"
