"""A bot without a network: incidents are made up, chats listen, and what waits in the outbox is delivered at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bot.alerts.announcer import Announcer
from bot.alerts.subscriptions import Subscription, Wishes
from bot.outbox import Said
from bot.outbox.model import Result
from probes.catalogue import Catalogue
from tests.bot.canned import SIGNAL, TELEGRAM, WHATSAPP, service
from tests.bot.changes import NOON, closed
from tests.bot.chat.test_replies import text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bot.alerts.subscriptions import Told
    from bot.incidents import Change, Subject
    from bot.store import Store
    from probes.model import Report

CATALOGUE = Catalogue((WHATSAPP, TELEGRAM, SIGNAL, service("youtube", "YouTube", category="video")))


class Delivered(NamedTuple):
    """A message as a chat got it."""

    chat: str
    thread: int | None
    text: str


class Telling:
    """Chats, changes and the announcer between them, at whatever time it is made."""

    def __init__(self, store: Store, **announcer: Any) -> None:
        self.now = NOON
        self.store = store
        self.rung = 0
        self.announcer = Announcer(
            store, CATALOGUE, clock=lambda: self.now, on_message=self._ring, sleep=self._sleep, **announcer
        )

    def _ring(self) -> None:
        self.rung += 1

    async def _sleep(self, seconds: float) -> None:
        self.now += seconds

    # --- chats -------------------------------------------------------------------------------------------------------

    async def meet(self, chat: str, *, language: str | None = None) -> None:
        await self.store.chats.meet(chat, "private", now=self.now)
        if language:
            await self.store.chats.set_language(chat, language)

    async def subscribe(self, chat: str, *targets: str, told: dict[Subject, Told] | None = None, **more: Any) -> None:
        await self.meet(chat)
        last = await self.store.incidents.last_change_id()
        asked = [Subscription(target, after=last, **more) for target in targets]
        await self.store.subscriptions.subscribe(chat, asked, language="en", cursor=last, told=told or {})

    async def unsubscribe(self, chat: str, *targets: str) -> None:
        await self.store.subscriptions.unsubscribe(chat, targets, now=self.now)

    async def wish(self, chat: str, **wishes: Any) -> None:
        await self.meet(chat)
        found = await self.store.subscriptions.of(chat)
        wished = replace(found.wishes if found else Wishes(), **wishes)
        last = await self.store.incidents.last_change_id()
        await self.store.subscriptions.wish(chat, wished, language="en", cursor=last, now=self.now)

    # --- what happens ------------------------------------------------------------------------------------------------

    async def happen(self, *changes: Change, report: Report | None = None) -> None:
        """Keep changes as a measurement's outcome, at this time."""
        for change in changes:
            service = change.subject.service or "whatsapp"
            await self.store.incidents.record(service, (), (change,), due_at=self.now, report=report)

    async def close(self, change: Change) -> None:
        await self.happen(closed(change, at=self.now))

    async def look(self, *, after_s: float = 0.0) -> None:
        self.now += after_s
        await self.announcer.look()

    # --- what is delivered -------------------------------------------------------------------------------------------

    async def deliver(self, *, most: int = 100_000) -> list[Delivered]:
        """Send what waits, and return it in its order."""
        delivered: list[Delivered] = []
        results: list[Result] = []
        while len(delivered) < most:
            claimed = await self.store.outbox.exchange(results, most=min(500, most - len(delivered)), now=self.now)
            results = []
            for message in claimed.messages:
                assert isinstance(message.content, Said)
                delivered.append(Delivered(message.chat, message.thread, text_of(message.content.reply)))
                results.append(Result(message=message.id, attempt=message.attempts, state="sent"))
            if not claimed.messages and (claimed.next_at is None or claimed.next_at > self.now):
                break
        await self.store.outbox.exchange(results, most=0, now=self.now)
        return delivered

    async def told(self, *, after_s: float = 0.0) -> list[Delivered]:
        """Look, and deliver what came of it."""
        await self.look(after_s=after_s)
        return await self.deliver()


def first_lines(delivered: Iterable[Delivered]) -> list[tuple[str, str]]:
    return [(one.chat, one.text.partition("\n")[0]) for one in delivered]
