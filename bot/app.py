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
from typing import TYPE_CHECKING, Any, Self

import probes
from bot.alternatives import Alternatives
from bot.chat.chronicle import Chronicle
from bot.chat.conversation import Conversation, with_progress
from bot.chat.newsstand import Newsstand
from bot.chat.operating import Operating
from bot.chat.past import Incident
from bot.chat.settings import SettingsDesk
from bot.chat.why import WhyDesk
from bot.checks import Checks, asked_as
from bot.incidents.model import of_service
from bot.news import Names, News, Poller, load_feeds
from bot.outbox.wake import Wake
from bot.registry import Registry
from bot.store import Store, StoreError
from bot.transports import console
from probes.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Sequence
    from types import TracebackType

    from bot.chat.conversation import Responder
    from bot.checks import Listener, Prober
    from bot.config import Settings
    from bot.news import Story
    from bot.store.history import Since
    from probes.model import Report, Service

_log = logging.getLogger(__name__)

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
            loop.add_signal_handler(number, task.cancel)
        try:
            await asyncio.wait({task})
        finally:
            for number in _STOP_SIGNALS:
                loop.remove_signal_handler(number)


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
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(settings.database_path))
        prober = await stack.enter_async_context(LazyProber(settings))
        registry = _registry(settings, store)
        if registry:
            await stack.enter_async_context(_beside(registry.run()))
        await stack.enter_async_context(_beside(Poller(store.news, feeds, names).run()))
        measurements = await stack.enter_async_context(asyncio.TaskGroup())
        checks = Checks(prober, store, measurements, cache_s=settings.cache_seconds)
        news = News(store.news, feeds, names)
        desks = (
            SettingsDesk(store.chats),
            WhyDesk(checks, catalogue),
            Chronicle(store.history, catalogue, incidents_of=partial(_incidents_of, store)),
            Operating(
                store.statistics,
                feeds=news.feeds_state,
                registers=store.registries.lists,
                last_answer=checks.latest,
            ),
        )
        alternatives = Alternatives(checks, catalogue)
        newsstand = Newsstand(news, catalogue)
        since = partial(_since, store)
        conversation = Conversation(
            checks, catalogue, registry, newsstand, desks, since=since, alternatives=alternatives
        )
        yield Parts(conversation, store, catalogue, Wake())


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


async def _since(store: Store, service: Service, report: Report) -> Since | None:
    """Return since when a service has been as a report says; an answer does without where that cannot be read."""
    try:
        return await store.history.since(service.kind, asked_as(service), {report.status}, now=time.time())
    except StoreError as error:
        _log.warning("Since when it has been so could not be read: %s", error)
        return None


async def _incidents_of(store: Store, service: Service, since: float) -> list[Incident]:
    """Return the incidents of a service as its history shows them."""
    found = await store.incidents.incidents_of(of_service(service.id), since=since)
    return [Incident(one.opened_at, one.closed_at, one.severity, one.course[-1].causes) for one in found]


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


class LazyProber:
    """The engine, opened when something is first measured: a chat starts small and in a moment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._open = AsyncExitStack()
        self._prober: Prober | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def check(self, service: Service, *, deep: bool = False, on_observation: Listener | None = None) -> Report:
        """Measure, as `Prober.check` does."""
        async with self._opening:
            prober = self._prober or await self._opened()
        return await prober.check(service, deep=deep, on_observation=on_observation)

    async def _opened(self) -> Prober:
        prober: Prober = await self._open.enter_async_context(
            probes.Prober(
                trusted_doh=self._settings.trusted_doh,
                outside_controls=self._settings.outside_controls,
                location=self._settings.location,
            )
        )
        self._prober = prober
        return prober
