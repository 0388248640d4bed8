"""Builds the parts, starts them together and stops them in order.

What runs is wired here and nowhere else; what a command line says to that is `bot.cli`'s affair.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import time
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from bot import remembered
from bot.alerts.announcer import Announcer
from bot.alerts.hours import zone_in
from bot.alternatives import Alternatives
from bot.chat.chronicle import Chronicle
from bot.chat.conversation import Conversation
from bot.chat.newsstand import Newsstand
from bot.chat.operating import Operating
from bot.chat.progress import with_progress
from bot.chat.refusing import RefusalDesk
from bot.chat.settings import SettingsDesk
from bot.chat.subscribing import SubscriptionDesk
from bot.chat.why import WhyDesk
from bot.chat.wishes import WishesDesk
from bot.checks import Checks
from bot.history import HOLD_S
from bot.monitor import Monitor
from bot.news import Names, News, Poller, load_feeds
from bot.outbox.wake import Wake
from bot.prober import LazyProber
from bot.registry import Registry
from bot.store import Store, StoreError
from bot.transports import console
from probes.catalogue import Catalogue
from probes.vantage import told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence

    from bot.chat.request import Desk, Responder
    from bot.config import Settings
    from bot.news import Story
    from probes.model import Report, Service

_log = logging.getLogger(__name__)

_TIDY_S = 3600.0
_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


async def run(settings: Settings) -> None:
    """Serve every transport that is configured; without any, talk in this terminal."""
    if settings.telegram_bot_token is None:
        await chat(settings)
        return
    async with open_parts(settings) as parts:
        from bot.transports.telegram.transport import serve  # noqa: PLC0415 -- a fifth of a second and 20 MB

        await serve(parts.conversation, parts.store, parts.catalogue, settings, parts.wake)


async def chat(settings: Settings) -> None:
    """Talk on standard input and output until the input ends."""
    interactive = sys.stdin is not None and sys.stdin.isatty()
    screen = console.screen_for(sys.stdout, interactive=interactive)
    async with open_parts(settings) as parts:
        language = partial(console.chosen_language, parts.store.chats, settings.language)
        await console.converse(parts.conversation, sys.stdin, screen, language=language)


async def check(
    settings: Settings, services: Sequence[Service], responder: Responder, *, deep: bool
) -> AsyncIterator[Report]:
    """Measure side by side, without cache or database; yield the reports in the order of the services."""
    async with LazyProber(settings) as prober, asyncio.TaskGroup() as group:
        await prober.prepare(services)

        def measure(service: Service) -> Coroutine[Any, Any, Report]:
            check = partial(prober.check, service, deep=deep)
            return with_progress(service, responder, lambda listener: check(on_observation=listener))

        checks = [group.create_task(measure(service)) for service in services]
        for measuring in checks:
            yield await measuring


async def until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run `work` to its end, or until SIGINT or SIGTERM: then it is cancelled, and stops its parts in its own order."""
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        for number in _STOP_SIGNALS:
            loop.add_signal_handler(number, _stop, task)
        try:
            await asyncio.wait({task})
        finally:
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)


def _stop(task: asyncio.Task[None]) -> None:
    """Stop once: a second signal would cut short what the first one lets end."""
    if not task.cancelling():
        task.cancel()


@dataclass(frozen=True, slots=True)
class Parts:
    """What transports are built on."""

    conversation: Conversation
    store: Store
    catalogue: Catalogue
    wake: Wake
    """Wakes whatever sends what nobody asked for."""


@asynccontextmanager
async def open_parts(settings: Settings) -> AsyncIterator[Parts]:
    """Let the parts run for as long as the context lasts.

    Measurements stop first, then what runs beside them, then the engine; the database is the last.
    """
    catalogue = Catalogue.load(settings.catalogue_dir)
    feeds, names = load_feeds(settings.feeds_file), Names.of(catalogue)
    hold_s = max(HOLD_S, 2.0 * settings.check_interval_seconds)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database_path, hold_s=hold_s))
        prober = await stack.enter_async_context(LazyProber(settings))
        registry = _registry(settings, store)
        if registry:
            await stack.enter_async_context(_beside(registry.run()))
        await stack.enter_async_context(_beside(Poller(store.news, feeds, names).run()))
        measurements = await stack.enter_async_context(asyncio.TaskGroup())
        checks = Checks(prober, store, measurements, cache_s=settings.cache_seconds)
        news, wake = News(store.news, feeds, names), Wake()
        newsstand = Newsstand(news, catalogue)
        conversation = Conversation(
            checks,
            catalogue,
            registry,
            newsstand,
            _desks(settings, store, catalogue, checks, news),
            since=partial(remembered.since, store),
            alternatives=Alternatives(checks, catalogue),
        )
        for work in _watching(settings, store, catalogue, checks, stories=newsstand, wake=wake):
            await stack.enter_async_context(_beside(work))
        yield Parts(conversation, store, catalogue, wake)


def _desks(settings: Settings, store: Store, catalogue: Catalogue, checks: Checks, news: News) -> Sequence[Desk]:
    """Return where everything but measuring and news is answered, on whatever transport."""
    zone = _zone(settings)
    subscribing = SubscriptionDesk(store, catalogue, zone=zone)
    refusing = RefusalDesk(store.refusals)
    return (
        SettingsDesk(store.chats, subscribing, refusing),
        subscribing,
        refusing,
        WishesDesk(store, zone=zone),
        WhyDesk(checks, catalogue),
        Chronicle(
            store.history,
            catalogue,
            incidents_of=partial(remembered.incidents_of, store, catalogue),
            zone_of=partial(remembered.zone_of, store, zone),
        ),
        Operating(
            store.statistics, feeds=news.feeds_state, registers=store.registries.lists, last_answer=checks.latest
        ),
    )


def _watching(
    settings: Settings, store: Store, catalogue: Catalogue, checks: Checks, *, stories: Newsstand, wake: Wake
) -> Sequence[Coroutine[Any, Any, None]]:
    """Return what measures what people subscribed to, and what tells them of it."""
    announcer = Announcer(
        store,
        catalogue,
        language=settings.language,
        zone=_zone(settings),
        stories=stories,
        operators=[f"telegram:{id_}" for id_ in settings.admin_ids],
        on_message=wake,
    )
    interested = partial(store.subscriptions.services, catalogue)
    interval_s = settings.check_interval_seconds
    monitor = Monitor(checks, store.incidents, catalogue, interested, interval_s=interval_s)
    checks.report_to(monitor.heed)
    return monitor.run(), announcer.run(), _tidy(store)


async def _tidy(store: Store) -> None:
    """Forget what has been kept for long, whether anything is measured or not."""
    while True:
        try:
            await store.forget(now=time.time())
        except StoreError as error:
            _log.warning("Nothing old was forgotten: %s", error)
        await asyncio.sleep(_TIDY_S)


def _zone(settings: Settings) -> str:
    """Return the time zone of chats that chose none."""
    return zone_in(told(settings.location).country)


async def stored_news(settings: Settings, service: Service, country: str | None) -> list[Story]:
    """Return what is stored of news about a service; nothing where no bot has run, or while one has the database."""
    if not settings.database_path.exists():
        return []
    names = Names.of(Catalogue.load(settings.catalogue_dir))
    try:
        async with Store.open(settings.database_path) as store:
            news = News(store.news, load_feeds(settings.feeds_file), names)
            return await news.for_service(service, (settings.language,), country=country)
    except StoreError:
        return []


def _registry(settings: Settings, store: Store) -> Registry | None:
    if settings.registry_url is None:
        return None
    interval_s = settings.registry_interval_seconds
    return Registry(store.registries, settings.registry_url, settings.registry_lists, interval_s=interval_s)


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let `work` run for as long as the context lasts; should it fail, the context is cancelled."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        try:
            yield
        finally:
            task.cancel()
