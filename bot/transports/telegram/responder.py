"""The way back to whoever asked: an answer takes the place of its progress.

How a reply looks is `bot.transports.telegram.render`'s affair; how it gets there, the sender's; which request it
answers, the transport's.
"""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from bot.chat.reply import Reply
from bot.transports.telegram import calls, pictures
from bot.transports.telegram.render import render

if TYPE_CHECKING:
    from bot.chat.request import Capabilities
    from bot.transports.telegram.calls import Place
    from bot.transports.telegram.sender import Sender

_log = logging.getLogger(__name__)

_MOST_AMONG_PEOPLE = 2
"""Times that progress is shown where others look on: once, and once more."""
_draft_ids = itertools.count(1)


@dataclass(slots=True)
class _Shown:
    """What stands in the chat for one topic."""

    message_id: int | None
    times: int = 0


class TelegramResponder:
    """Answers one request.

    It keeps a message for each topic; `editing` is one that is there already, for the first of them. Where nothing else
    can be seen of an answer yet, a private chat is shown a draft.
    """

    def __init__(self, sender: Sender, place: Place, capabilities: Capabilities, *, editing: int | None = None) -> None:
        self.capabilities = capabilities
        self._sender = sender
        self._place = place
        self._spare = _Shown(editing) if editing is not None else None
        self._inline = _Shown(None) if place.inline_id is not None else None
        self._shown: dict[str, _Shown] = {}
        self._drafts = sender.has_drafts and place.is_private and self._spare is None
        self._draft_id = next(_draft_ids)
        self._drafted: dict[str, Reply] = {}

    async def progress(self, reply: Reply) -> None:
        """Show it where there is room for it; nothing is repeated for it."""
        try:
            if self._drafts:
                await self._draft(reply)
            else:
                await self._show(reply)
        except RetryAfter:
            _log.info("Telegram asked for a pause instead of progress")
        except TelegramError as error:
            _log.info("Progress was not shown: %s", error)

    async def answer(self, reply: Reply) -> None:
        """Say it. Raises `TelegramError` where that cannot be done, or may have been done already."""
        try:
            await self._say(reply)
        except Forbidden as error:
            _log.info("An answer is not wanted any more: %s", error)
        except BadRequest as error:
            if not calls.is_unwritable(error):
                raise
            _log.info("An answer cannot be given there: %s", error)

    async def _say(self, reply: Reply) -> None:
        self._drafted.pop(reply.topic, None)
        if reply.picture and self._inline is None:
            await self._show_picture(reply, reply.picture.png)
            return
        rendered = render(reply)
        known = self._known(reply.topic)
        if known and (await self._sender.edit(self._place, known.message_id, rendered) or known is self._inline):
            return
        self._remember(reply.topic, await self._sender.send(self._place, rendered))

    async def _show_picture(self, reply: Reply, png: bytes) -> None:
        caption = pictures.caption(reply)
        known = self._known(reply.topic)
        if known is None or not await self._sender.edit_picture(self._place, known.message_id, png, caption):
            self._remember(reply.topic, await self._sender.send_picture(self._place, png, caption))

    async def _show(self, reply: Reply) -> None:
        """Put progress where the answer will stand, not too often among people."""
        known = self._known(reply.topic)
        if known is None:
            if sent := await self._sender.send_in_passing(self._place, render(reply)):
                self._remember(reply.topic, sent)
        elif self._place.is_private or known.times < _MOST_AMONG_PEOPLE:
            known.times += await self._sender.edit_in_passing(self._place, known.message_id, render(reply))

    async def _draft(self, reply: Reply) -> None:
        """Show what is being written of all topics: a chat has one draft at a time."""
        self._drafted[reply.topic] = reply
        together = tuple(block for drafted in self._drafted.values() for block in drafted.blocks)
        try:
            await self._sender.draft(self._place, self._draft_id, render(Reply(blocks=together)))
        except BadRequest:
            self._drafts = False
            raise
        self._drafts = self._sender.has_drafts

    def _known(self, topic: str) -> _Shown | None:
        if self._inline:
            return self._inline
        if topic and self._spare is not None:
            self._shown[topic], self._spare = self._spare, None
        return self._shown.get(topic)

    def _remember(self, topic: str, message_id: int) -> None:
        if topic:
            self._shown[topic] = _Shown(message_id, times=1)
