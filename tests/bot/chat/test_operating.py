"""What operators hear of how the bot is doing: counts that leave nothing open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import headlines, operating
from bot.chat.operating import Operating
from bot.news import Feed, FeedHealth
from bot.store.news import FeedState
from bot.store.statistics import Counts, Health
from tests.bot.chat.test_replies import text_of

if TYPE_CHECKING:
    from bot.store.registries import RegistryList

NOW = 1_800_000_000.0


def feed(id_: str, *, failures: int | None) -> FeedHealth:
    """Return a feed that failed so often in a row; with None one that was not read yet."""
    state = None if failures is None else FeedState(feed=id_, url="https://a.example", failures=failures)
    return FeedHealth(feed=Feed(id=id_, name=id_, url="https://a.example", language="en"), state=state)


FEEDS = [feed("new", failures=None), feed("broken", failures=2), feed("fine", failures=0)]


class Nothing:
    """The figures of a bot that has just begun."""

    async def counts(self, *, now: float) -> Counts:
        assert now == NOW
        return Counts(chats=(), subscriptions=(), measurements=(), messages={})

    async def health(self, *, now: float) -> Health:
        assert now == NOW
        return Health(size_bytes=4096, sqlite="3.51.3", oldest_waits_since=None)


async def no_registers() -> dict[str, RegistryList]:
    return {}


async def all_feeds() -> list[FeedHealth]:
    return FEEDS


async def test_feeds_that_were_not_read_yet_are_not_said_to_work() -> None:
    desk = Operating(Nothing(), feeds=all_feeds, registers=no_registers, last_answer=lambda: None, clock=lambda: NOW)
    assert "Feeds: 3; failing: 1; not read yet: 1." in text_of(await desk._health())
    assert text_of(headlines.feeds(FEEDS, NOW)).startswith("3 feeds (failing: 1; not read yet: 1)\nbroken: failed 2×")


async def test_where_there_is_nothing_to_count_that_is_said() -> None:
    counts = await Nothing().counts(now=NOW)
    assert text_of(operating.stats(counts)).splitlines() == [
        "Counts",
        "Chats that can be written to: 0",
        "none",
        "Subscriptions",
        "none",
        "Measurements",
        "none",
        "Outbox",
        "none",
        "No messages were sent in the last 7 days.",
    ]
