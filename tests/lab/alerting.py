"""The bot with everything from the monitor to Telegram, on the client host, in a hurry: what its chats are told.

Telegram is the fake one, in this process. Three chats subscribe to the targets, a fourth only looks on. Each line of
the output is JSON: a measurement's outcome, or a message that a chat got. Each line of the input is said in the fourth
chat, and what time it was then is told.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from bot.alerts.announcer import Announcer
from bot.chat.conversation import Conversation
from bot.chat.subscribing import SubscriptionDesk
from bot.checks import Checks
from bot.config import Settings
from bot.monitor import Monitor
from bot.outbox.wake import Wake
from bot.prober import LazyProber
from bot.store import Store
from bot.transports.telegram.transport import serve
from probes.catalogue import Catalogue
from tests.fakes.telegram import FakeTelegram

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from bot.checks import Listener, Prober
    from probes.model import Report, Service
    from tests.fakes.telegram import Chat
    from tests.lab.hurry import Clock

_TURN_S = 0.01


class Watched:
    """Measures in time as it is, whoever asks, and tells what came of it."""

    def __init__(self, prober: Prober, clock: Clock) -> None:
        self._prober = prober
        self._clock = clock

    async def check(self, service: Service, *, deep: bool = False, on_observation: Listener | None = None) -> Report:
        with self._clock:
            report = await self._prober.check(service, deep=deep, on_observation=on_observation)
        tell(measured=service.id, status=report.status, at=self._clock.now())
        return report


def tell(**line: Any) -> None:
    print(json.dumps(line), flush=True)


def main(clock: Clock, interval_s: float, targets: Sequence[str]) -> None:
    asyncio.run(_run(clock, interval_s, targets))


async def _run(clock: Clock, interval_s: float, targets: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        async with FakeTelegram() as api:
            town = [api.private(api.user(number, f"Person {number}", "en")) for number in (1, 2, 4)]
            boss = api.user(3, "Boss", "en")
            group = api.supergroup("City", admins=[boss])
            async with _bot(api, clock, interval_s, Path(directory) / "db"):
                for chat in (*town[:2], group):
                    await chat.say(chat.person or boss, f"/subscribe {' '.join(targets)}")
                    await chat.reply(timeout_s=30)
                async with asyncio.TaskGroup() as talks:
                    talks.create_task(_ask(town[2], clock))
                    await _listen([*town, group], clock)


@asynccontextmanager
async def _bot(api: FakeTelegram, clock: Clock, interval_s: float, database: Path) -> AsyncIterator[None]:
    settings = Settings(telegram_bot_token=SecretStr(api.token), telegram_api_url=api.base_url)
    catalogue = Catalogue.load(settings.catalogue_dir)
    async with Store.open(database) as store, LazyProber(settings) as prober, asyncio.TaskGroup() as group:
        checks = Checks(Watched(prober, clock), store, group, cache_s=0)
        conversation = Conversation(checks, catalogue, desks=(SubscriptionDesk(store, catalogue),))
        wake = Wake()
        announcer = Announcer(store, catalogue, on_message=wake, clock=clock.now, sleep=clock.sleep)
        monitor = Monitor(
            checks,
            store.incidents,
            catalogue,
            lambda: store.subscriptions.services(catalogue),
            interval_s=interval_s,
            clock=clock.now,
            sleep=clock.sleep,
            seed=1,
        )
        checks.report_to(monitor.heed)
        serving = serve(conversation, store, catalogue, settings, wake)
        tasks = [group.create_task(one) for one in (serving, announcer.run(), monitor.run())]
        yield
        for task in tasks:
            task.cancel()


async def _ask(chat: Chat, clock: Clock) -> None:
    """Say what is read, as somebody who did not subscribe."""
    assert chat.person
    while line := await asyncio.to_thread(sys.stdin.readline):
        tell(asked=line.strip(), at=clock.now())
        await chat.say(chat.person, line.strip())


async def _listen(chats: Sequence[Chat], clock: Clock) -> None:
    """Tell what arrives, until whoever started this has heard enough."""
    tell(ready=True, at=clock.now())
    heard = [len(chat.from_bot) for chat in chats]
    while True:
        for number, chat in enumerate(chats):
            for message in chat.from_bot[heard[number] :]:
                tell(chat=number, text=message.text, at=clock.now())
            heard[number] = len(chat.from_bot)
        await asyncio.sleep(_TURN_S)
