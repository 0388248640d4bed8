"""Where operators see, in Telegram, what a broadcast looks like and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from telegram.error import BadRequest, Forbidden, TelegramError

from bot.broadcasts.broadcasts import NotShown, Refusal
from bot.outbox.delivery import Sent, Unknown
from bot.outbox.model import Message, Priority
from bot.transports.telegram.calls import PLATFORM, Place, chat_id_of
from bot.transports.telegram.render import render

if TYPE_CHECKING:
    from bot.chat.reply import Reply
    from bot.outbox import Content
    from bot.outbox.delivery import Delivery
    from bot.pacing import Pacer
    from bot.transports.telegram.sender import Sender

_log = logging.getLogger(__name__)


class TelegramStage:
    """Shows what goes by the outbox elsewhere, by the same way."""

    def __init__(self, delivery: Delivery, sender: Sender, pacer: Pacer) -> None:
        self._delivery = delivery
        self._sender = sender
        self._pacer = pacer

    async def preview(self, chat: str, content: Content, language: str) -> None:
        """Show a content exactly as it will arrive at those who chose a language, or none. Raises `Refusal`."""
        for at in self._pacer.turn(chat, group=False, clock=_clock):
            await asyncio.sleep(at - _clock())
        outcome = await self._delivery.deliver(
            Message(
                id=0,
                chat=chat,
                is_group=False,
                language=language or None,
                muted=False,
                thread=None,
                content=content,
                priority=Priority.ALERT,
                attempts=1,
                doubts=0,
            )
        )
        if not isinstance(outcome, Sent | Unknown):
            raise Refusal(getattr(outcome, "reason", str(outcome)))

    async def show(self, chat: str, message: str | None, reply: Reply) -> str | None:
        """Put a reply in the place of a message, or below all others; return the message's id, if it is known.

        Raises `NotShown` for what Telegram may take later; what it will never take is let be.
        """
        if not chat.startswith(f"{PLATFORM}:"):
            return None
        place, rendered = Place(chat_id_of(chat)), render(reply)
        try:
            if message and await self._sender.edit(place, int(message), rendered):
                return message
            return str(await self._sender.send(place, rendered))
        except (BadRequest, Forbidden) as error:
            _log.info("The progress of a broadcast was not shown: %s", error)
            return message
        except TelegramError as error:
            raise NotShown(str(error)) from error


def _clock() -> float:
    return asyncio.get_running_loop().time()
