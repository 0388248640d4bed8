"""The desk at which operators hear how much the bot does and how it is doing: counts, never who."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, Protocol

from bot import __version__
from bot.chat import replies
from bot.chat.language import LANGUAGES, ago, lasting, named, number, say
from bot.chat.reply import Headline, Items, Line, Paragraph, Reply
from bot.chat.words import broadcasts as words

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

    from bot.chat.commands import Message
    from bot.chat.request import Request, Responder
    from bot.checks import Answer
    from bot.news import FeedHealth
    from bot.store.registries import RegistryList
    from bot.store.statistics import Counts, Health

_SAFE_SQLITE = (3, 51, 3)
"""Before it, two connections can damage a WAL database (sqlite.org/wal.html, "The WAL-reset bug")."""
_MOST_LINES = 12
_FAILED = ("dead", "unknown")
_OVER = (*_FAILED, "sent")


class Figures(Protocol):
    """Where the counts come from."""

    async def counts(self, *, now: float) -> Counts: ...

    async def health(self, *, now: float) -> Health: ...


class Operating:
    """Answers /stats and /health."""

    commands = ("stats", "health")

    def __init__(
        self,
        figures: Figures,
        *,
        feeds: Callable[[], Awaitable[list[FeedHealth]]],
        registers: Callable[[], Awaitable[dict[str, RegistryList]]],
        last_answer: Callable[[], Answer | None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`last_answer` is the latest measurement of all, which saw where the bot looks from."""
        self._figures = figures
        self._feeds = feeds
        self._registers = registers
        self._last_answer = last_answer
        self._clock = clock
        self._started_at = clock()

    async def obey(self, message: Message, _request: Request, responder: Responder) -> None:
        """Answer one of `commands`."""
        await responder.answer(await (self._stats() if message.command == "stats" else self._health()))

    async def _stats(self) -> Reply:
        return stats(await self._figures.counts(now=self._clock()))

    async def _health(self) -> Reply:
        now = self._clock()
        lines = (
            say(words.HEALTH_UP, duration=lasting(now - self._started_at), version=__version__, python=_PYTHON),
            *_vantage(self._last_answer(), now),
            _feed_line(await self._feeds()),
            *_register_lines((await self._registers()).values(), now),
            *_database_lines(await self._figures.health(now=now), now),
        )
        return Reply(blocks=(Items(say(words.HEALTH), tuple(map(Line, lines))),))


# --- counts ----------------------------------------------------------------------------------------------------------


def stats(counts: Counts) -> Reply:
    """Return the counts as operators read them. Pure."""
    return Reply(
        blocks=(
            Headline(say(words.STATS)),
            _chats(counts),
            _items(words.SUBSCRIPTIONS, words.SUBSCRIPTIONS_OF, "subject", [*_subscriptions(counts)]),
            _items(words.CHECKS, words.CHECKS_A_DAY, "day", counts.measurements),
            _outbox(counts),
            Paragraph(_error_rate(counts)),
        )
    )


def _chats(counts: Counts) -> Items:
    title = say(words.CHATS, count=sum(count for _, _, count in counts.chats))
    lines = (
        say(
            words.CHATS_BY,
            kind=named(words.KINDS, kind),
            language=LANGUAGES.get(language or "", language or say(words.NO_LANGUAGE)),
            count=count,
        )
        for kind, language, count in counts.chats
    )
    return _listed(title, lines)


def _subscriptions(counts: Counts) -> Iterator[tuple[str, int]]:
    for target, count in counts.subscriptions:
        kind, _, name = target.rpartition(":")
        if kind == "category":
            name = say(words.OF_CATEGORY, name=name)
        yield (name if kind else say(words.OF_EVERYTHING), count)


def _items(title: str, text: str, name: str, rows: Sequence[tuple[str, int]]) -> Items:
    return _listed(say(title), (say(text, **{name: key, "count": count}) for key, count in rows[:_MOST_LINES]))


def _outbox(counts: Counts) -> Items:
    states = ((named(words.OUTBOX_STATES, state), count) for state, count in sorted(counts.messages.items()))
    return _listed(say(words.OUTBOX), (say(words.OUTBOX_STATE, state=state, count=count) for state, count in states))


def _listed(title: str, texts: Iterable[str]) -> Items:
    return Items(title, tuple(map(Line, texts)) or (Line(say(words.NONE_COUNTED)),))


def _error_rate(counts: Counts) -> str:
    over = sum(counts.messages.get(state, 0) for state in _OVER)
    if not over:
        return say(words.NOTHING_SENT)
    failed = sum(counts.messages.get(state, 0) for state in _FAILED)
    return say(words.ERROR_RATE, percent=number(100 * failed / over, 1))


# --- health ----------------------------------------------------------------------------------------------------------

_PYTHON = platform.python_version()


def _vantage(answer: Answer | None, now: float) -> Iterator[str]:
    if answer is None:
        yield say(words.HEALTH_NO_VANTAGE)
        return
    yield say(words.HEALTH_VANTAGE, place=replies.whereabouts(answer.report.vantage) or "?")
    baseline = answer.report.baseline
    when = ago(now - answer.measured_at)
    yield say(words.HEALTH_BASELINE, network=baseline.network, resolver=baseline.resolver, when=when)


def _feed_line(feeds: Sequence[FeedHealth]) -> str:
    failing = sum(bool(feed.state and feed.state.failures) for feed in feeds)
    unread = sum(feed.state is None for feed in feeds)
    return say(words.HEALTH_FEEDS, count=len(feeds), failing=failing, unread=unread)


def _register_lines(registers: Iterable[RegistryList], now: float) -> Iterator[str]:
    read = [(one.entries, one.fetched_at) for one in registers if one.fetched_at is not None]
    if not read:
        yield say(words.HEALTH_NO_REGISTER)
    for entries, fetched_at in read:
        yield say(words.HEALTH_REGISTER, entries=entries, when=ago(now - (fetched_at or now)))


def _database_lines(health: Health, now: float) -> Iterator[str]:
    yield say(words.HEALTH_DATABASE, megabytes=number(health.size_bytes / 1e6, 1), version=health.sqlite)
    if tuple(map(int, health.sqlite.split("."))) < _SAFE_SQLITE:
        yield say(words.HEALTH_OLD_SQLITE)
    if health.oldest_waits_since is None:
        yield say(words.HEALTH_OUTBOX_EMPTY)
    else:
        yield say(words.HEALTH_OUTBOX, duration=lasting(now - health.oldest_waits_since))
