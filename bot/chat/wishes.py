"""The commands by which a chat chooses when it is told of its own accord: /mute, /quiet and /digest."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING, get_args

from bot.alerts.hours import DIGEST_HOUR, Digest, clock, digest_due, read_zone, zone_of
from bot.alerts.subscriptions import LONGEST_MUTE_S, Listener
from bot.alerts.wording import Setting
from bot.chat import replies, timetable, words
from bot.chat.language import say
from bot.chat.reply import Button, Paragraph, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.alerts.subscriptions import Wishes
    from bot.chat.commands import Message
    from bot.chat.request import Request, Responder
    from bot.store import Store

    Answer = Callable[[str, Listener], tuple[Wishes | None, Reply]]


class WishesDesk:
    """Tells and changes when a chat wants to hear."""

    commands = ("mute", "quiet", "digest")

    def __init__(self, store: Store, *, zone: str = "UTC", now: Callable[[], float] = time.time) -> None:
        """`zone` is that of chats without one of their own."""
        self._store = store
        self._zone = zone
        self._now = now
        self._turn = asyncio.Lock()
        """Of reading wishes and keeping them changed: one message must not undo what another of its chat set."""
        self._answers: dict[str | None, Answer] = {"mute": self._mute, "quiet": self._quiet, "digest": self._digest}

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of `commands`."""
        await responder.answer(await self._reply(message, request))

    async def _reply(self, message: Message, request: Request) -> Reply:
        if message.rest and not await request.may_change():
            return replies.plain(say(words.ADMINS_ONLY))
        async with self._turn:
            listener = await self._store.subscriptions.of(request.chat)
            listener = listener or Listener(chat=request.chat, language=request.language)
            wishes, reply = self._answers[message.command](message.rest, listener)
            if wishes is not None:
                await self._keep(wishes, request)
        if not listener.subscriptions and (wishes is not None or not message.rest):
            reply = replace(reply, blocks=(*reply.blocks, Paragraph(say(words.NOTHING_SUBSCRIBED))))
        return reply

    async def _keep(self, wishes: Wishes, request: Request) -> None:
        now = self._now()
        last = await self._store.incidents.last_change_id()
        await self._store.chats.meet(request.chat, request.kind, now=now)
        await self._store.subscriptions.wish(request.chat, wishes, language=request.language, cursor=last, now=now)

    # --- what is asked for: the new wishes, if they change, and what is said ------------------------------------------

    def _mute(self, text: str, listener: Listener) -> tuple[Wishes | None, Reply]:
        wishes, setting = listener.wishes, self._setting(listener.wishes)
        if not text:
            return None, self._muted(wishes, setting)
        if timetable.is_off(text):
            return replace(wishes, muted_until=None), replies.plain(say(words.UNMUTED))
        length_s = timetable.length_s(text)
        if length_s is None:
            return None, replies.plain(say(words.MUTE_UNKNOWN))
        if length_s > LONGEST_MUTE_S:
            return None, replies.plain(say(words.MUTE_TOO_LONG))
        until = setting.now + length_s
        said = Paragraph(say(words.MUTED, when=setting.clock(until)))
        unmute = Button(say(words.UNMUTE_BUTTON), "/mute off")
        return replace(wishes, muted_until=until), Reply(blocks=(said,), buttons=((unmute,),))

    def _muted(self, wishes: Wishes, setting: Setting) -> Reply:
        choices = tuple(Button(say(label), f"/mute {text}") for text, label in words.MUTE_BUTTONS.items())
        if wishes.muted_until is None or wishes.muted_until <= setting.now:
            return Reply(blocks=(Paragraph(say(words.MUTED_NOT)),), buttons=(choices,))
        said = Paragraph(say(words.MUTED_NOW, when=setting.clock(wishes.muted_until)))
        return Reply(blocks=(said,), buttons=(choices, (Button(say(words.UNMUTE_BUTTON), "/mute off"),)))

    def _quiet(self, text: str, listener: Listener) -> tuple[Wishes | None, Reply]:
        wishes, zone = listener.wishes, listener.wishes.zone or self._zone
        if not text:
            said = say(words.QUIET_NOW, hours=str(wishes.quiet), zone=zone) if wishes.quiet else say(words.QUIET_NONE)
            return None, replies.plain(said)
        if timetable.is_off(text):
            return replace(wishes, quiet=None), replies.plain(say(words.QUIET_OFF))
        hours = timetable.hours(text)
        if hours is None:
            return None, replies.plain(say(words.QUIET_UNKNOWN, zone=zone))
        after = self._in_zone(replace(wishes, quiet=hours.quiet or wishes.quiet), hours.zone)
        zone = after.zone or self._zone
        if hours.quiet is None:
            return after, replies.plain(say(words.ZONE_SET, zone=zone))
        said = say(words.QUIET_SET, hours=str(hours.quiet), zone=zone)
        hint = (Paragraph(say(words.QUIET_ZONE, hours=str(hours.quiet))),) if after.zone is None else ()
        return after, Reply(blocks=(Paragraph(said), *hint))

    def _digest(self, text: str, listener: Listener) -> tuple[Wishes | None, Reply]:
        wishes = listener.wishes
        first, _, zone_name = text.partition(" ")
        if not text:
            return None, self._digests(wishes)
        if timetable.is_off(text):
            return replace(wishes, digest=None, digest_at=None), replies.plain(say(words.DIGEST_OFF))
        kind, zone = timetable.digest(first), read_zone(zone_name) if zone_name else None
        if kind is None or (zone_name and zone is None):
            return None, replies.plain(say(words.DIGEST_UNKNOWN))
        after = self._in_zone(replace(wishes, digest=kind), zone)
        return after, replies.plain(self._digest_at(kind, after))

    def _digests(self, wishes: Wishes) -> Reply:
        kinds = (*get_args(Digest), *(("off",) if wishes.digest else ()))
        choices = tuple(Button(say(words.DIGEST_BUTTONS[kind]), f"/digest {kind}") for kind in kinds)
        said = self._digest_at(wishes.digest, wishes) if wishes.digest else say(words.DIGEST_NONE)
        return Reply(blocks=(Paragraph(said),), buttons=(choices,))

    def _digest_at(self, kind: Digest, wishes: Wishes) -> str:
        return say(words.DIGEST_SET[kind], time=clock(DIGEST_HOUR * 60), zone=wishes.zone or self._zone)

    def _in_zone(self, wishes: Wishes, zone: str | None) -> Wishes:
        """Return the wishes in a zone, if one is given; the next digest is due by it."""
        zone = zone or wishes.zone
        due = digest_due(wishes.digest, self._now(), zone_of(zone or self._zone)) if wishes.digest else None
        return replace(wishes, zone=zone, digest_at=due)

    def _setting(self, wishes: Wishes) -> Setting:
        return Setting(now=self._now(), zone=wishes.zone or self._zone)
