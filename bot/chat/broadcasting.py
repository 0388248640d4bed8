"""The desk at which operators write broadcasts and follow them.

Orders stand in buttons as commands ("/broadcasts 3 pause"), so that nothing of a dialogue is kept anywhere but in the
store. What each looks like is `bot.chat.panels`' affair.
"""

from __future__ import annotations

import logging
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.broadcasts.broadcasts import Refusal
from bot.chat import panels, replies
from bot.chat import words as general
from bot.chat.language import LANGUAGES, all_of, say
from bot.chat.panels import PAGE
from bot.chat.refusing import NO_MORE
from bot.chat.reply import Button, Paragraph, Reply
from bot.chat.words import broadcasts as words
from bot.outbox import Copied, Written

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.broadcasts.broadcasts import Broadcasts, Stage
    from bot.broadcasts.model import Audience, Broadcast
    from bot.chat.commands import Message
    from bot.chat.request import Request, Responder
    from bot.outbox import Content
    from probes.catalogue import Catalogue

    Order = Callable[["Broadcast", str], Awaitable[Reply | None]]

_log = logging.getLogger(__name__)

MOST_CHARACTERS = 4096
MOST_BELOW_PICTURE = 1024
"""What Telegram takes (core.telegram.org/bots/api, sendMessage and sendPhoto)."""
_COMMAND = re.compile(r"((?:\s|<[^>]*>)*)/\w+(?:@\w+)?\s*")
_VARIANT = re.compile(r"((?:\s|<[^>]*>)*)/\w+(?:@\w+)?\s+\d+\s+\w+\s*")
"""Markup may begin before the command, and goes on behind it."""
_NO_MORE = ((Button(words.NO_MORE_BUTTON, NO_MORE),),)
"""Said in the language of whoever gets it, when it is sent."""
_MOST_DIGITS = 9


class Broadcasting:
    """Takes operators' orders; each is answered with the broadcast as it is after it."""

    commands = ("broadcast", "variant", "broadcasts")

    def __init__(self, broadcasts: Broadcasts, stage: Stage, catalogue: Catalogue) -> None:
        self._broadcasts = broadcasts
        self._stage = stage
        self._catalogue = catalogue
        self._orders: dict[str, Order] = {
            "kind": self._kind,
            "language": self._language,
            "service": self._service,
            "send": self._send,
            "in": self._in,
            "tomorrow": self._tomorrow,
            "at": self._at,
            "draft": self._plain(broadcasts.unschedule),
            "discard": self._plain(broadcasts.discard),
            "pause": self._plain(broadcasts.pause),
            "resume": self._plain(broadcasts.resume),
            "stop": self._plain(broadcasts.stop),
            "resend": self._plain(broadcasts.resend),
        }

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of `commands`."""
        try:
            reply = await self._reply(message, request)
        except Refusal as refusal:
            reply = replies.plain(say(words.REFUSED, reason=str(refusal)))
        if reply:
            await responder.answer(reply)

    async def _reply(self, message: Message, request: Request) -> Reply | None:
        match message.command:
            case "broadcast":
                return await self._write(message, request)
            case "variant":
                return await self._vary(message.rest, request)
            case _:
                return await self._order(message.rest, request.chat)

    # --- writing -----------------------------------------------------------------------------------------------------

    async def _write(self, message: Message, request: Request) -> Reply | None:
        content = _content(request, _COMMAND, message.rest)
        if content is None:
            return replies.plain(say(words.WRITE_WHAT))
        if said := _too_long(content, message.rest):
            return said
        await self._stage.preview(request.chat, content, "")
        id_ = await self._broadcasts.store.draft(request.chat, content, now=time.time())
        _log.info("Broadcast %d was written by %s", id_, request.chat)
        return await self._shown(id_)

    async def _vary(self, text: str, request: Request) -> Reply | None:
        """Keep the text of a draft for one language."""
        number, _, rest = text.partition(" ")
        language, _, said = rest.strip().partition(" ")
        broadcast = await self._find(number)
        if broadcast is None or not language:
            return replies.plain(say(words.VARIANT_WHAT, id=number or 1))
        if language not in LANGUAGES:
            return replies.plain(say(words.VARIANT_LANGUAGE, language=language, names=all_of(LANGUAGES)))
        content = _content(request, _VARIANT, said)
        if content is None:
            return replies.plain(say(words.VARIANT_WHAT, id=broadcast.id))
        if broadcast.state != "draft":
            return _not_now(broadcast)
        if refusal := _too_long(content, said):
            return refusal
        await self._stage.preview(request.chat, content, language)
        await self._broadcasts.store.say(broadcast.id, language, content)
        return await self._shown(broadcast.id)

    # --- orders ------------------------------------------------------------------------------------------------------

    async def _order(self, text: str, operator: str) -> Reply | None:
        number, _, rest = text.partition(" ")
        if not number or number == "page":
            return await self._list(int(rest) if rest.isdecimal() and len(rest) <= _MOST_DIGITS else 1)
        broadcast = await self._find(number)
        if broadcast is None:
            return replies.plain(say(words.NO_SUCH, id=number))
        verb, _, value = rest.partition(" ")
        if not verb:
            return await self._shown(broadcast.id)
        order = self._orders.get(verb)
        if verb == "preview":
            await self._preview(broadcast, operator)
            return None
        return await order(broadcast, value.strip()) if order else replies.plain(say(words.BAD_ORDER, id=number))

    async def _list(self, page: int) -> Reply:
        found = await self._broadcasts.store.latest(PAGE + 1, max(0, page - 1) * PAGE)
        return panels.listing([await self._broadcasts.seen(one) for one in found], page)

    def _plain(self, do: Callable[[int], Awaitable[bool]]) -> Order:
        async def order(broadcast: Broadcast, _: str) -> Reply | None:
            return await self._shown(broadcast.id) if await do(broadcast.id) else _not_now(broadcast)

        return order

    async def _kind(self, broadcast: Broadcast, kind: str) -> Reply | None:
        chosen = broadcast.audience.kinds ^ ({kind} & words.KINDS.keys())
        return await self._address(broadcast, replace(broadcast.audience, kinds=chosen))

    async def _language(self, broadcast: Broadcast, language: str) -> Reply | None:
        chosen = broadcast.audience.languages ^ ({language} & LANGUAGES.keys())
        return await self._address(broadcast, replace(broadcast.audience, languages=chosen))

    async def _service(self, broadcast: Broadcast, name: str) -> Reply | None:
        service = self._catalogue.find(name)
        if service is None:
            return replies.plain(say(general.NOT_UNDERSTOOD))
        chosen = broadcast.audience.services ^ {service.id}
        return await self._address(broadcast, replace(broadcast.audience, services=chosen))

    async def _address(self, broadcast: Broadcast, audience: Audience) -> Reply | None:
        if broadcast.state != "draft":
            return _not_now(broadcast)
        await self._broadcasts.store.address(broadcast.id, audience)
        return await self._shown(broadcast.id)

    async def _preview(self, broadcast: Broadcast, operator: str) -> None:
        for language, content in broadcast.variants.items():
            await self._stage.preview(operator, content, language)

    async def _send(self, broadcast: Broadcast, _: str) -> Reply | None:
        if broadcast.state not in {"draft", "scheduled"}:
            return _not_now(broadcast)
        if not (await self._broadcasts.seen(broadcast)).tally.left:
            return replies.plain(say(words.NOBODY))
        if await self._broadcasts.start(broadcast.id) is None:
            return _not_now(broadcast)
        started = Paragraph(say(words.STARTED, id=broadcast.id))
        return Reply(topic=panels.topic(broadcast.id), blocks=(started,))

    async def _in(self, broadcast: Broadcast, _: str) -> Reply | None:
        return await self._schedule(broadcast, _now() + timedelta(hours=1))

    async def _tomorrow(self, broadcast: Broadcast, _: str) -> Reply | None:
        tomorrow = (_now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
        return await self._schedule(broadcast, tomorrow)

    async def _at(self, broadcast: Broadcast, text: str) -> Reply | None:
        try:
            at = datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        except ValueError:
            return replies.plain(say(words.BAD_TIME))
        return await self._schedule(broadcast, at) if at > _now() else replies.plain(say(words.BAD_TIME))

    async def _schedule(self, broadcast: Broadcast, at: datetime) -> Reply | None:
        done = await self._broadcasts.schedule(broadcast.id, at.timestamp())
        return await self._shown(broadcast.id) if done else _not_now(broadcast)

    async def _shown(self, broadcast: int) -> Reply | None:
        one = await self._broadcasts.store.find(broadcast)
        return panels.panel(await self._broadcasts.seen(one)) if one else None

    async def _find(self, number: str) -> Broadcast | None:
        return (
            await self._broadcasts.store.find(int(number))
            if number.isdecimal() and len(number) <= _MOST_DIGITS
            else None
        )


def announcement(html: str, photo: str | None = None) -> Written:
    """Return a text or a picture as readers get it, with the button by which they get no more of them."""
    return Written(html=html, photo=photo, buttons=_NO_MORE)


def _content(request: Request, before: re.Pattern[str], rest: str) -> Content | None:
    """Return what is to be passed on: the message answered, or what stands behind the command."""
    attached = request.attached
    html = before.sub(r"\1", attached.html, count=1) if rest else ""
    if html or attached.photo:
        return announcement(html, attached.photo)
    if attached.answered:
        return Copied(chat=request.chat, message_id=int(attached.answered), buttons=_NO_MORE)
    return None


def _too_long(content: Content, text: str) -> Reply | None:
    most = MOST_BELOW_PICTURE if isinstance(content, Written) and content.photo else MOST_CHARACTERS
    too_long = say(words.TOO_LONG_TEXT, count=len(text), most=most)
    return replies.plain(too_long) if len(text) > most else None


def _not_now(broadcast: Broadcast) -> Reply:
    return replies.plain(say(words.CANNOT_BE_DONE, id=broadcast.id, state=say(words.STATES[broadcast.state])))


def _now() -> datetime:
    return datetime.now(UTC)
