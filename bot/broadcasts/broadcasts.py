"""Broadcasts from draft to end: begun when it is time, shown to operators while they go out, ended when all is told.

Whatever it knows stands in the store: after a restart it goes on where it was. Messages leave by the outbox.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from bot.broadcasts.model import OVER, Tally
from bot.chat.language import speaking
from bot.chat.panels import Seen, panel
from bot.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from bot.broadcasts.model import Audience, Broadcast, State
    from bot.chat.reply import Reply
    from bot.outbox import Content
    from bot.outbox.model import State as MessageState
    from bot.store.broadcasts import BroadcastStore, Usual
    from bot.store.chats import Chats
    from bot.store.outbox import OutboxStore

_log = logging.getLogger(__name__)

SHOWN_EVERY_S = 4.0
"""Between two showings of progress."""
_UNDER_WAY: tuple[State, ...] = ("running", "paused")


class Refusal(Exception):  # noqa: N818 -- an answer more than an error
    """The platform does not take a message; the text is its reason."""


class NotShown(Exception):  # noqa: N818 -- see above
    """A message could not be shown now, but may be later; the text is the reason."""


class Stage(Protocol):
    """Where operators see what becomes of a broadcast."""

    async def show(self, chat: str, message: str | None, reply: Reply) -> str | None:
        """Put a reply in the place of a message, or below all others; return the message's id, if it is known.

        Raises `NotShown` where it is worth another try.
        """

    async def preview(self, chat: str, content: Content, language: str) -> None:
        """Show a content exactly as it will arrive at those who chose a language, or none. Raises `Refusal`."""


class Broadcasts:
    """What operators can do with broadcasts. Raises `StoreError`."""

    def __init__(
        self,
        store: BroadcastStore,
        outbox: OutboxStore,
        chats: Chats,
        *,
        usual: Usual,
        per_s: float,
        wake: Callable[[], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`per_s` messages leave in a second at most; `wake` tells the outbox that there are some.

        Audiences are understood by what is `usual`.
        """
        self.store = store
        self._outbox = outbox
        self._chats = chats
        self._usual = usual
        self.per_s = per_s
        self._wake = wake
        self._clock = clock
        self._changed = asyncio.Event()

    async def seen(self, broadcast: Broadcast) -> Seen:
        """Return a broadcast with what is known of its messages."""
        if broadcast.started_at is None:
            return Seen(broadcast, Tally(left=await self.how_many(broadcast.audience)), self.per_s)
        return Seen(broadcast, tally(await self._outbox.counts(broadcast.id)), self.per_s)

    async def how_many(self, audience: Audience) -> int:
        """Return how many chats are in an audience."""
        return await self.store.how_many(audience, self._usual)

    async def start(self, broadcast: int) -> int | None:
        """Begin; return how many chats it goes to, None if it cannot begin any more."""
        count = await self.store.start(broadcast, self._usual, now=self._clock())
        if count is not None:
            _log.info("Broadcast %d has begun: %d chats", broadcast, count)
            self._told(moved=True)
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
        return self._told(await self.store.pause(broadcast, now=self._clock()))

    async def resume(self, broadcast: int) -> bool:
        """Go on with what was paused."""
        return self._told(await self.store.resume(broadcast, now=self._clock()))

    async def stop(self, broadcast: int) -> bool:
        """Send nothing more of it."""
        return self._told(await self.store.stop(broadcast, now=self._clock()))

    async def resend(self, broadcast: int) -> bool:
        """Send once more what may not have arrived; tell whether the rest was told already."""
        return self._told(await self.store.resend(broadcast, now=self._clock()))

    # --- following ---------------------------------------------------------------------------------------------------

    async def run(self, stage: Stage, operators: Collection[str]) -> None:
        """Begin, show and end broadcasts for ever. A scheduled one of whoever is no operator any more is discarded."""
        shown: dict[int, Reply | None] = {}
        while True:
            with _going_on("Broadcasts were"):
                for broadcast in await self._followed(shown):
                    with _going_on(f"Broadcast {broadcast.id} was"):
                        await self._tend(broadcast, operators)
                        if broadcast.made_by in operators:
                            await self._show(broadcast.id, stage, shown)
            await self._until_changed()

    async def _followed(self, shown: Collection[int]) -> list[Broadcast]:
        """Return those that are not over, and those whose end was not shown yet."""
        active = await self.store.active()
        followed = {one.id: one for one in active}
        for id_ in set(shown) - followed.keys():
            with _going_on(f"Broadcast {id_} was"):
                if one := await self.store.find(id_):
                    followed[id_] = one
        return list(followed.values())

    async def _tend(self, broadcast: Broadcast, operators: Collection[str]) -> None:
        if broadcast.state == "scheduled":
            await self._begin_in_time(broadcast, operators)
        if broadcast.state not in _UNDER_WAY or (await self.seen(broadcast)).tally.left:
            return
        if await self._move(broadcast.id, "finished", _UNDER_WAY):
            _log.info("Broadcast %d is finished", broadcast.id)

    async def _begin_in_time(self, broadcast: Broadcast, operators: Collection[str]) -> None:
        if broadcast.start_at is None or broadcast.start_at > self._clock():
            return
        if broadcast.made_by in operators:
            await self.start(broadcast.id)
        else:
            _log.warning("Broadcast %d is discarded: %s is no operator any more", broadcast.id, broadcast.made_by)
            await self.discard(broadcast.id)

    async def _show(self, id_: int, stage: Stage, shown: dict[int, Reply | None]) -> None:
        """Show its operator how one stands, in the message that shows it already; once more only what has changed."""
        one = await self.store.find(id_)
        if one is None or one.started_at is None:
            return
        shown.setdefault(id_, None)  # to be followed until its end is shown
        known, operator = await self.store.panel(id_), await self._chats.find(one.made_by)
        seen = await self.seen(one)
        with speaking((operator and operator.language) or self._usual.language):
            reply = panel(seen)
        if shown.get(id_) != reply:
            message = await stage.show(one.made_by, known, reply)
            shown[id_] = reply
            if message and message != known:
                await self.store.show_in(id_, message)
        if one.state in OVER and not seen.tally.left:
            shown.pop(id_, None)

    async def _move(
        self, broadcast: int, state: State, before: tuple[State, ...], *, start_at: float | None = None
    ) -> bool:
        return await self.store.move(broadcast, state, before=before, start_at=start_at, now=self._clock())

    def _told(self, moved: bool) -> bool:
        """Let everybody look at once where something has changed; return whether it has."""
        if moved:
            self._changed.set()
            self._wake()
        return moved

    async def _until_changed(self) -> None:
        try:
            async with asyncio.timeout(SHOWN_EVERY_S):
                await self._changed.wait()
        except TimeoutError:
            pass
        self._changed.clear()


@contextmanager
def _going_on(whose: str) -> Iterator[None]:
    """Log whatever is wrong: with one it must not end the others, with all not the alerts."""
    try:
        yield
    except (StoreError, NotShown) as error:
        _log.warning("%s not tended to: %s", whose, error)
    except Exception:  # noqa: BLE001 -- see above
        _log.exception("%s not tended to", whose)


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
