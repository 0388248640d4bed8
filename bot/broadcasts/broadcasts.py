"""Broadcasts from draft to end: begun when it is time, shown to operators while they go out, ended when all is told.

Whatever it knows stands in the store: after a restart it goes on where it was. Messages leave by the outbox.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Protocol

from bot.broadcasts.model import OVER, Tally
from bot.chat.language import speaking
from bot.chat.panels import Seen, panel
from bot.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from bot.broadcasts.model import Broadcast, State
    from bot.chat.reply import Reply
    from bot.outbox import Content
    from bot.outbox.model import State as MessageState
    from bot.store.broadcasts import BroadcastStore
    from bot.store.chats import Chats
    from bot.store.outbox import OutboxStore

_log = logging.getLogger(__name__)

SHOWN_EVERY_S = 4.0
"""Between two showings of progress."""
_UNDER_WAY: tuple[State, ...] = ("running", "paused")


class Refusal(Exception):  # noqa: N818 -- an answer more than an error
    """The platform does not take a message; the text is its reason."""


class Stage(Protocol):
    """Where operators see what becomes of a broadcast."""

    async def show(self, chat: str, message: str | None, reply: Reply) -> str | None:
        """Put a reply in the place of a message, or below all others; return the message's id, if it is known."""

    async def preview(self, chat: str, content: Content) -> None:
        """Show a content exactly as it will arrive. Raises `Refusal`."""


class Broadcasts:
    """What operators can do with broadcasts. Raises `StoreError`."""

    def __init__(
        self,
        store: BroadcastStore,
        outbox: OutboxStore,
        chats: Chats,
        *,
        language: str,
        per_s: float,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`per_s` messages leave in a second at most; `wake` tells the outbox that there are some.

        `language` is spoken to operators who chose none.
        """
        self.store = store
        self._outbox = outbox
        self._chats = chats
        self._language = language
        self._per_s = per_s
        self._wake = wake
        self._clock = clock
        self._changed = asyncio.Event()

    async def seen(self, broadcast: Broadcast) -> Seen:
        """Return a broadcast with what is known of its messages."""
        if broadcast.started_at is None:
            return Seen(
                broadcast,
                Tally(left=await self.store.how_many(broadcast.audience, otherwise=self._language)),
                self._per_s,
            )
        return Seen(broadcast, tally(await self._outbox.counts(broadcast.id)), self._per_s)

    async def start(self, broadcast: int) -> int | None:
        """Begin; return how many chats it goes to, None if it cannot begin any more."""
        count = await self.store.start(broadcast, otherwise=self._language, now=self._clock())
        if count is not None:
            _log.info("Broadcast %d has begun: %d chats", broadcast, count)
            self._tell()
        return count

    async def schedule(self, broadcast: int, start_at: float) -> bool:
        """Begin later; tell whether it was still a draft."""
        return await self._move(broadcast, "scheduled", ("draft",), start_at=start_at)

    async def unschedule(self, broadcast: int) -> bool:
        """Make a draft of it again; tell whether it was waiting for its time."""
        return await self._move(broadcast, "draft", ("scheduled",))

    async def discard(self, broadcast: int) -> bool:
        """Give up what has not begun."""
        return await self._move(broadcast, "cancelled", ("draft", "scheduled"))

    async def pause(self, broadcast: int) -> bool:
        """Hold back what has not left yet."""
        if moved := await self._move(broadcast, "paused", ("running",)):
            await self._outbox.pause(broadcast, now=self._clock())
        return moved

    async def resume(self, broadcast: int) -> bool:
        """Go on with what was paused."""
        if moved := await self._move(broadcast, "running", ("paused",)):
            await self._outbox.resume(broadcast)
            self._tell()
        return moved

    async def stop(self, broadcast: int) -> bool:
        """Send nothing more of it."""
        if moved := await self._move(broadcast, "stopped", _UNDER_WAY):
            await self._outbox.stop(broadcast, now=self._clock())
        return moved

    async def resend(self, broadcast: int) -> bool:
        """Send once more what may not have arrived; tell whether the rest was told already."""
        if moved := await self._move(broadcast, "running", ("finished", "stopped")):
            await self._outbox.resend_unknown(broadcast, now=self._clock())
            self._tell()
        return moved

    async def run(self, stage: Stage, operators: Collection[str]) -> None:
        """Begin, show and end broadcasts for ever. A scheduled one of whoever is no operator any more is discarded."""
        while True:
            try:
                for broadcast in await self.store.active():
                    await self._tend(broadcast, stage, operators)
            except StoreError as error:
                _log.warning("Broadcasts were not tended to: %s", error)
            await self._until_changed()

    async def _tend(self, broadcast: Broadcast, stage: Stage, operators: Collection[str]) -> None:
        if broadcast.state == "scheduled":
            await self._begin_in_time(broadcast, operators)
            return
        seen = await self.seen(broadcast)
        if broadcast.state == "running" and not seen.tally.left:
            await self._move(broadcast.id, "finished", _UNDER_WAY)
            _log.info("Broadcast %d is finished", broadcast.id)
        await self.show(broadcast.id, stage)

    async def _begin_in_time(self, broadcast: Broadcast, operators: Collection[str]) -> None:
        if broadcast.start_at is None or broadcast.start_at > self._clock():
            return
        if broadcast.made_by in operators:
            await self.start(broadcast.id)
        else:
            _log.warning("Broadcast %d is discarded: %s is no operator any more", broadcast.id, broadcast.made_by)
            await self.discard(broadcast.id)

    async def show(self, broadcast: int, stage: Stage) -> None:
        """Show operators how it stands, in the message that shows it already."""
        one = await self.store.find(broadcast)
        if one is None:
            return
        known, operator = await self.store.panel(broadcast), await self._chats.find(one.made_by)
        with speaking((operator and operator.language) or self._language):
            reply = panel(await self.seen(one))
        shown = await stage.show(one.made_by, known, reply)
        if shown and shown != known:
            await self.store.show_in(broadcast, shown)

    async def _move(
        self, broadcast: int, state: State, before: tuple[State, ...], *, start_at: float | None = None
    ) -> bool:
        moved = await self.store.move(broadcast, state, before=before, start_at=start_at, now=self._clock())
        if moved and state in OVER:
            self._changed.set()
        return moved

    def _tell(self) -> None:
        self._changed.set()
        self._wake()

    async def _until_changed(self) -> None:
        try:
            async with asyncio.timeout(SHOWN_EVERY_S):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()


def tally(counts: dict[MessageState, int]) -> Tally:
    """Return what operators are told of the states of a broadcast's messages."""
    number = counts.get
    return Tally(
        sent=number("sent", 0),
        unknown=number("unknown", 0),
        failed=number("dead", 0),
        left=number("waiting", 0) + number("leased", 0) + number("paused", 0),
        withdrawn=number("expired", 0) + number("cancelled", 0),
    )
