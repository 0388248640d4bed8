"""A platform in memory, on which everything that can happen to a message can be made to happen."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from bot.chat.reply import Paragraph, Reply
from bot.outbox import Outgoing, Priority, Said
from bot.outbox.delivery import Outcome, Sent
from bot.outbox.outbox import Outbox
from bot.outbox.policy import Patience, Pause
from bot.pacing import Pacer, Rates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from bot.outbox.model import Message
    from bot.store import Store

HASTY = Patience(*(Pause(0.01, longest_s=0.02) for _ in range(4)))


def said(text: str) -> Said:
    return Said(Reply(blocks=(Paragraph(text),)))


def text_of(message: Message) -> str:
    assert isinstance(message.content, Said)
    (block,) = message.content.reply.blocks
    assert isinstance(block, Paragraph)
    return block.text


def alert(chat: str, text: str, **more: object) -> Outgoing:
    return outgoing(chat, text, Priority.ALERT, **more)


def outgoing(chat: str, text: str, priority: Priority, **more: object) -> Outgoing:
    return Outgoing(chat=chat, content=said(text), priority=priority, **more)  # type: ignore[arg-type]


class MemoryDelivery:
    """Delivers at once, unless something else is scripted for a chat."""

    def __init__(self) -> None:
        self.delivered: list[Message] = []
        self.tried: list[tuple[float, Message]] = []
        self.script: dict[str, deque[Outcome | BaseException]] = defaultdict(deque)
        self.gate = asyncio.Event()
        """Closed, nothing comes to an end."""
        self.gate.set()
        self.silent = False
        """Whether it leaves questions unanswered."""
        self.questions = 0
        self._moved = asyncio.Event()

    async def deliver(self, message: Message) -> Outcome:
        self.tried.append((asyncio.get_running_loop().time(), message))
        self._moved.set()
        await self.gate.wait()
        outcome = self.script[message.chat].popleft() if self.script[message.chat] else Sent(str(len(self.delivered)))
        if isinstance(outcome, BaseException):
            raise outcome
        if isinstance(outcome, Sent):
            self.delivered.append(message)
            self._moved.set()
        return outcome

    async def answers(self) -> bool:
        self.questions += 1
        self._moved.set()
        return not self.silent

    async def until(self, probe: Callable[[], object], timeout_s: float = 20) -> None:
        async with asyncio.timeout(timeout_s):
            while not probe():
                self._moved.clear()
                await self._moved.wait()

    def texts(self, chat: str | None = None) -> list[str]:
        return [text_of(message) for message in self.delivered if chat in {None, message.chat}]


class Running:
    """An outbox over a store and that platform, as fast as it can be unless `rates` are given."""

    def __init__(self, store: Store, delivery: MemoryDelivery | None = None, rates: Rates | None = None) -> None:
        self.store = store
        self.delivery = delivery or MemoryDelivery()
        self.pacer = Pacer(rates or Rates().times(10_000))
        self.outbox = Outbox(store.outbox, store.chats, self.delivery, self.pacer, patience=HASTY)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Outbox]:
        task = asyncio.create_task(self.outbox.run())
        try:
            yield self.outbox
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled():
                task.result()
