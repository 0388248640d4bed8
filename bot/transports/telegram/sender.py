"""Calls that put something before people: each in its turn, repeated where that does no harm, and known by its outcome.

How a reply looks is `bot.transports.telegram.render`'s affair; which messages belong together, the responder's.
"""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, RetryAfter

from bot.store import StoreError
from bot.transports.telegram import calls, pictures
from bot.transports.telegram.calls import stored_id
from bot.transports.telegram.request import NotSentError, OutcomeUnknownError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from telegram import Bot

    from bot.pacing import Pacer
    from bot.store import Chats
    from bot.store.chats import State
    from bot.transports.telegram.calls import Place
    from bot.transports.telegram.render import Rendered

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_TRIES = 4
_FIRST_PAUSE_S = 0.5
_LONGEST_WAIT_S = 60.0
"""Of a flood limit; a message that may come only later is given up."""


class Sender:
    """Sends and edits. Raises `TelegramError` for what could not be done, or may have been done already."""

    def __init__(self, bot: Bot, pacer: Pacer, chats: Chats) -> None:
        self._bot = bot
        self._pacer = pacer
        self._chats = chats
        self.has_drafts = True
        """Until the server turns out to know nothing of them."""

    async def send(self, place: Place, rendered: Rendered) -> int:
        """Send a message and return its id. One that may have arrived is not sent again."""
        await self._keep_buttons(rendered)
        sent = await self._insist(place, lambda: calls.send(self._bot, place, rendered), repeatable=False)
        return sent.message_id

    async def edit(self, place: Place, message_id: int | None, rendered: Rendered) -> bool:
        """Tell whether the message now says this; it may be gone."""
        await self._keep_buttons(rendered)
        return await self._insist(place, lambda: calls.edit(self._bot, place, message_id, rendered), repeatable=True)

    async def send_picture(self, place: Place, png: bytes, caption: Rendered) -> int:
        """Send a picture, as `send` does a message."""
        await self._keep_buttons(caption)
        call = partial(pictures.send_photo, self._bot, place, png, caption)
        return (await self._insist(place, call, repeatable=False)).message_id

    async def edit_picture(self, place: Place, message_id: int | None, png: bytes, caption: Rendered) -> bool:
        """Tell whether the message is now this picture; it may be gone."""
        await self._keep_buttons(caption)
        call = partial(pictures.edit_photo, self._bot, place, message_id, png, caption)
        return await self._insist(place, call, repeatable=True)

    async def send_in_passing(self, place: Place, rendered: Rendered) -> int | None:
        """Send what is not worth waiting for; None where it is not the time for it."""
        sent = await self._in_passing(place, place.lane, lambda: calls.send(self._bot, place, rendered))
        return sent.message_id if sent else None

    async def edit_in_passing(self, place: Place, message_id: int | None, rendered: Rendered) -> bool:
        """Edit where that needs no waiting. Whether it was done is not worth knowing, but that it was tried."""
        done = await self._in_passing(place, place.lane, lambda: calls.edit(self._bot, place, message_id, rendered))
        return done is not None

    async def draft(self, place: Place, draft_id: int, rendered: Rendered) -> bool:
        """Show a message that is still being written; False where it is not the time, or there is no such thing."""
        lane = ("draft", place.lane)  # limited by themselves: one must not cost the answer its turn
        try:
            done = await self._in_passing(place, lane, lambda: calls.draft(self._bot, place, draft_id, rendered))
        except InvalidToken:  # what python-telegram-bot makes of 404: a server of one's own that does not know them
            self.has_drafts = False
            return False
        return bool(done)

    # How a call is made

    async def _insist(self, place: Place, call: Callable[[], Awaitable[_T]], *, repeatable: bool) -> _T:
        """Try again what was surely not done, and what does no harm if done twice."""
        for pause_s in (_FIRST_PAUSE_S * 2**number for number in range(_TRIES - 1)):
            try:
                return await self._once(place, call)
            except RetryAfter as error:
                if calls.seconds(error) > _LONGEST_WAIT_S:
                    raise
            except ChatMigrated as error:
                await self._follow(place, error.new_chat_id)
            except NotSentError:
                await asyncio.sleep(pause_s)
            except OutcomeUnknownError:
                if not repeatable:  # a message sent twice is worse than one that may be missing
                    raise
                await asyncio.sleep(pause_s)
            except BadRequest as error:
                if place.thread_id is None or not calls.is_threadless(error):
                    raise
                place.thread_id = place.reply_to = None  # the general topic; a reply would be taken to the old one
        return await self._once(place, call)

    async def _once(self, place: Place, call: Callable[[], Awaitable[_T]]) -> _T:
        for at in self._pacer.turn(place.lane, group=place.is_group, clock=_clock):
            await _until(at)
        return await self._noted(place, place.lane, call)

    async def _in_passing(self, place: Place, lane: Hashable, call: Callable[[], Awaitable[_T]]) -> _T | None:
        if self._pacer.held_until(place.lane) > _clock():
            return None
        if not self._pacer.at_once(lane, group=place.is_group, now=_clock()):
            return None
        return await self._noted(place, lane, call)

    async def _noted(self, place: Place, lane: Hashable, call: Callable[[], Awaitable[_T]]) -> _T:
        """Make the call, and note what its refusal says about the chat."""
        try:
            done = await call()
        except RetryAfter as error:
            self._pacer.hold(lane, calls.seconds(error), group=place.is_group, now=_clock())
            raise
        except Forbidden:
            await self._mark(place, "gone")
            raise
        except BadRequest as error:
            if calls.is_muted(error):
                await self._mark(place, "muted")
            elif calls.is_chatless(error):
                await self._mark(place, "gone")
            raise
        if place.muted:
            await self._mark(place, "active")
        return done

    # What is kept of it

    async def _follow(self, place: Place, new_chat_id: int) -> None:
        old, place.chat_id = place.chat_id, new_chat_id
        if old is not None:
            await kept(lambda: self._chats.move(stored_id(old), stored_id(new_chat_id)))

    async def _mark(self, place: Place, state: State) -> None:
        chat_id = place.chat_id
        place.muted = state == "muted"
        if chat_id is not None:
            await kept(lambda: self._chats.set_state(stored_id(chat_id), state, now=time.time()))

    async def _keep_buttons(self, rendered: Rendered) -> None:
        if rendered.long_commands:
            await kept(lambda: self._chats.save_buttons(rendered.long_commands, now=time.time()))


async def kept(work: Callable[[], Awaitable[_T]]) -> _T | None:
    """Do something with the store; people are served without it too."""
    try:
        return await work()
    except StoreError as error:
        _log.warning("The database was of no use: %s", error)
        return None


def _clock() -> float:
    return asyncio.get_running_loop().time()


async def _until(at: float) -> None:
    if (left_s := at - _clock()) > 0:
        await asyncio.sleep(left_s)
