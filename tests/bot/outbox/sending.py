"""The outbox alone in a process of its own: it sends until all is told, or until it is killed.

Arguments: the database, the API's address, the token, and the point at which it kills itself, if any: "before-lease 3"
is before its third lease. So light a process starts in half a second.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telegram import Bot

from bot.outbox.outbox import Outbox
from bot.pacing import Pacer, Rates
from bot.store import Store
from bot.transports.telegram.delivery import TelegramDelivery
from bot.transports.telegram.request import AiohttpRequest
from tests.bot.outbox.memory import HASTY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.outbox.delivery import Outcome
    from bot.outbox.model import Message, Result
    from bot.store.outbox import Claimed

FASTER = 20


class Fate:
    """Kills the process when a point is reached for the nth time."""

    def __init__(self, point: str, nth: int) -> None:
        self._point = point
        self._left = nth

    def reached(self, point: str) -> None:
        self._left -= point == self._point
        if point == self._point and not self._left:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedDelivery(TelegramDelivery):
    def __init__(self, fate: Fate, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._fate = fate

    async def deliver(self, message: Message) -> Outcome:
        self._fate.reached("after-lease")
        outcome = await super().deliver(message)
        self._fate.reached("after-send")
        return outcome


def doom(store: Store, fate: Fate) -> None:
    """Let the store reach points of fate too."""
    real = store.outbox.exchange

    async def exchange(results: Sequence[Result] = (), **how: Any) -> Claimed:
        if results:
            fate.reached("before-acknowledgement")
        if how["most"]:
            fate.reached("before-lease")
        return await real(results, **how)

    store.outbox.exchange = exchange  # type: ignore[method-assign]


async def main(path: str, api: str, token: str, point: str = "", nth: str = "0") -> None:
    fate = Fate(point, int(nth))
    request = AiohttpRequest()
    async with Store.open(Path(path)) as store, request:
        bot = Bot(token, base_url=f"{api}/bot", request=request, get_updates_request=AiohttpRequest(pool_size=1))
        doom(store, fate)
        delivery = DoomedDelivery(fate, bot, store.chats, language="en")
        pacer = Pacer(Rates().times(FASTER))
        task = asyncio.ensure_future(Outbox(store.outbox, store.chats, delivery, pacer, patience=HASTY).run())
        while (await store.outbox.backlog()).keys() & {"waiting", "leased"}:  # noqa: ASYNC110 -- nothing tells
            await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait({task})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
