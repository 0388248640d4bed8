"""What somebody gets who asks why: the evidence of the last measurement, or of a new one where there is none.

How it is put together and worded is `bot.chat.reasons`' affair.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import reasons, replies, words
from bot.chat.asking import understood
from bot.chat.language import say
from bot.chat.progress import with_progress
from bot.chat.reply import Reply
from bot.checks import BusyError, CheckError

if TYPE_CHECKING:
    from bot.chat.commands import Message
    from bot.chat.request import Request, Responder
    from bot.checks import Answer, Checks, Listener
    from probes.catalogue import Catalogue
    from probes.model import Service

WHY = "why"
DETAILS = "details"


class WhyDesk:
    """Shows evidence."""

    commands = (WHY, DETAILS)

    def __init__(self, checks: Checks, catalogue: Catalogue) -> None:
        self._checks = checks
        self._catalogue = catalogue

    async def obey(self, message: Message, _request: Request, responder: Responder) -> None:
        """Answer one of `commands`."""
        if not message.rest:
            await responder.answer(replies.plain(say(words.WHY_WHAT)))
            return
        found = understood(message.rest, self._catalogue)
        if found.refusal:
            await responder.answer(found.refusal)
        show = reasons.details if message.command == DETAILS else reasons.why
        for service in found.services:
            answer = await self._known(service, responder)
            await responder.answer(answer if isinstance(answer, Reply) else show(service, answer))

    async def _known(self, service: Service, responder: Responder) -> Answer | Reply:
        """Return what was measured last, however long ago; else what is measured now, or why that cannot be."""

        async def measured(listener: Listener) -> Answer | Reply:
            try:
                return await self._checks.check(service, listener=listener)
            except CheckError as error:
                return replies.broken(service, error.reference)
            except BusyError:
                return replies.busy(service)

        known = await self._checks.last(service)
        if known is not None:
            return known
        return await with_progress(service, responder, measured)
