"""The commands by which a chat chooses what it is told of its own accord: /subscribe, /unsubscribe, /subscriptions.

When it is told is the affair of `bot.chat.wishes`; who then hears of what, `bot.alerts.subscriptions`'.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Literal

from bot.alerts.subscriptions import (
    EVERYTHING,
    MOST_SUBSCRIPTIONS,
    Listener,
    Subscription,
    Told,
    covering,
    wants,
)
from bot.alerts.wording import Setting
from bot.chat import replies, subscribed, wanted, words
from bot.chat.language import say
from bot.incidents import Subject
from bot.incidents.model import Claim, severity_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bot.chat.commands import Message
    from bot.chat.reply import Reply
    from bot.chat.request import Request, Responder
    from bot.chat.wanted import Wanted
    from bot.store import Store
    from bot.store.incidents import Incident
    from probes.catalogue import Catalogue

Deed = Literal["degradations", "blocks", "remove"]
"""What a button of the list of subscriptions does with one of them."""
_DEEDS: dict[str, Deed] = {"degradations": "degradations", "blocks": "blocks", "remove": "remove"}


class SubscriptionDesk:
    """Tells and changes what a chat subscribed to."""

    commands = ("subscribe", "unsubscribe", "subscriptions")

    def __init__(
        self, store: Store, catalogue: Catalogue, *, zone: str = "UTC", clock: Callable[[], float] = time.time
    ) -> None:
        """`zone` is in whose times chats are told that have no zone of their own."""
        self._store = store
        self._catalogue = catalogue
        self._categories = {service.id: service.category for service in catalogue}
        self._zone = zone
        self._clock = clock
        self._turn = asyncio.Lock()
        """Of reading subscriptions and keeping them changed: one message must not undo another's of its chat."""

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of `commands`."""
        await responder.answer(await self._reply(message, request))

    async def _reply(self, message: Message, request: Request) -> Reply:
        if message.command == "subscriptions" or (message.command == "unsubscribe" and not message.rest):
            return await self._list(message.rest, request)
        if not message.rest:
            return subscribed.how(self._catalogue)
        if not await request.may_change():
            return replies.plain(say(words.ADMINS_ONLY))
        asked = wanted.read(message.rest, self._catalogue)
        async with self._turn:
            listener = await self._listener(request)
            if message.command == "unsubscribe":
                return await self._unsubscribe(asked, listener)
            return await self._subscribe(asked, listener, request)

    async def _listener(self, request: Request) -> Listener:
        found = await self._store.subscriptions.of(request.chat)
        return found or Listener(chat=request.chat, language=request.language)

    # --- /subscribe --------------------------------------------------------------------------------------------------

    async def _subscribe(self, asked: Wanted, listener: Listener, request: Request) -> Reply:
        """Add what is asked for, and tell what is going on with it: of that the chat will hear the end."""
        last = await self._store.incidents.last_change_id()
        added = [_chosen(target, asked, listener, request.thread, last) for target in asked.targets]
        subscriptions = {**listener.subscriptions, **{one.target: one for one in added}}
        if len(subscriptions) > MOST_SUBSCRIPTIONS:
            return replies.plain(say(words.SUBSCRIBE_TOO_MANY, count=MOST_SUBSCRIPTIONS))
        after = Listener(chat=listener.chat, subscriptions=subscriptions)
        now = self._going_on(await self._store.incidents.open_incidents() if added else (), after, added)
        if added:
            await self._store.chats.meet(request.chat, request.kind, now=self._clock())
            told = {one.subject: _told(one) for one in now if not _is_told(one, listener)}
            await self._store.subscriptions.subscribe(
                request.chat, added, language=request.language, cursor=last, told=told
            )
        return subscribed.added(added, asked, now, self._catalogue, self._setting(listener))

    def _going_on(
        self, incidents: Iterable[Incident], listener: Listener, added: Sequence[Subscription]
    ) -> list[subscribed.GoingOn]:
        """Return what a chat would have been told of what it has now subscribed to."""
        found = []
        for incident in incidents:
            subscription = covering(listener, incident.subject, self._categories)
            if subscription is not None and subscription in added and incident.subject.service and incident.course:
                stage = incident.course[-1]
                claim = Claim(status=stage.status, causes=stage.causes)
                if wants(subscription, severity_of(incident.subject, claim)):
                    found.append(subscribed.GoingOn(incident.subject, incident, stage))
        return found

    # --- /unsubscribe ------------------------------------------------------------------------------------------------

    async def _unsubscribe(self, asked: Wanted, listener: Listener) -> Reply:
        """Remove what is asked for; "everything" is whatever there is."""
        if EVERYTHING in asked.targets:
            await self._store.subscriptions.unsubscribe(listener.chat, None, now=self._clock())
            return replies.plain(say(words.UNSUBSCRIBED_ALL))
        removed = [target for target in asked.targets if target in listener.subscriptions]
        if removed:
            await self._store.subscriptions.unsubscribe(listener.chat, removed, now=self._clock())
        left = {target: one for target, one in listener.subscriptions.items() if target not in removed}
        after = Listener(chat=listener.chat, subscriptions=left)
        named = [target.rpartition(":")[2] for target in asked.targets if target.startswith("service:")]
        wholes = {one: covering(after, Subject("service", one), self._categories) for one in named}
        return subscribed.removed(removed, asked, wholes, self._catalogue)

    # --- /subscriptions ----------------------------------------------------------------------------------------------

    async def _list(self, text: str, request: Request) -> Reply:
        """Return a page of the subscriptions, after having done what a button under it asks for."""
        first, _, rest = text.partition(" ")
        if deed := _DEEDS.get(first):
            if not await request.may_change():
                return replies.plain(say(words.ADMINS_ONLY))
            target, _, text = rest.partition(" ")
            async with self._turn:
                await self._do(deed, target, request)
        listener = await self._listener(request)
        page = int(text) if text.isdecimal() else 1
        return subscribed.overview(listener, self._catalogue, self._setting(listener), request.thread, page)

    async def _do(self, deed: Deed, name: str, request: Request) -> None:
        listener = await self._listener(request)
        for target in wanted.read(name, self._catalogue).targets:
            one = listener.subscriptions.get(target)
            if one is None:
                continue
            if deed == "remove":
                await self._store.subscriptions.unsubscribe(request.chat, [target], now=self._clock())
            else:
                changed = Subscription(target, deed == "degradations", one.thread, one.after)
                await self._store.subscriptions.subscribe(
                    request.chat, [changed], language=listener.language, cursor=listener.cursor, told={}
                )

    # --- what is kept ------------------------------------------------------------------------------------------------

    async def kept(self, chat: str) -> list[str]:
        """Return what is kept of a chat here, for whoever asks."""
        listener = await self._store.subscriptions.of(chat)
        return list(subscribed.kept(listener, self._catalogue, self._setting(listener))) if listener else []

    def _setting(self, listener: Listener) -> Setting:
        zone = listener.wishes.zone or self._zone
        return Setting(now=self._clock(), zone=zone, services={one.id: one for one in self._catalogue})


def _chosen(target: str, asked: Wanted, listener: Listener, thread: int | None, last: int) -> Subscription:
    before = listener.subscriptions.get(target)
    degradations = asked.degradations if asked.degradations is not None else bool(before and before.degradations)
    return Subscription(target, degradations, thread, before.after if before else last)


def _is_told(one: subscribed.GoingOn, listener: Listener) -> bool:
    told = listener.told.get(one.subject)
    return told is not None and told.incident == one.incident.id


def _told(one: subscribed.GoingOn) -> Told:
    return Told(one.incident.id, one.stage.status, one.incident.opened_at)
