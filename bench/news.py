"""News: how right the links are, how long a query takes among many stories, and how smoothly feeds are read.

The labelled headlines are those of the tests. The feeds are on loopback, full and of every language; how long the event
loop stands still is seen from a timer that ought to fire every two milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from html import escape
from itertools import cycle, islice
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.stalls import watched
from bench.table import Row
from bot.news import stories
from bot.news.model import Entry, Feed
from bot.news.news import News
from bot.news.service import Poller
from bot.store.database import open_database
from bot.store.news import FeedState, NewsStore
from probes.catalogue import Catalogue
from probes.guard import Guard
from tests.bot.news.labelled import NOW, READERS, figures, labelled, names
from tests.fakes.feed_server import feed, feed_server, item, rss

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.runs import Size
    from bot.store.news import NewStory

ABOUT = "news: precision of links, time of a query, stalls while feeds are read"
_PARTS = ("development", "held_out")
_ENTRIES = 50
"""Of one feed."""
_IDLE_S = 3.0
_SUMMARY = "Users in several regions report that nothing loads; providers decline to comment. " * 10


def measure(size: Size) -> list[Row]:
    return [
        *_precision(),
        *asyncio.run(_queries(size.pick(10_000, 200))),
        asyncio.run(_stall(*size.pick((40, 5), (3, 1)))),
    ]


def _precision() -> list[Row]:
    every, unseen = figures(labelled(*_PARTS)), figures(labelled("held_out"))
    headlines = f"{len(labelled(*_PARTS))} headlines, {every.answers} answers"
    recall = f"of all stories {every.recall:.3g} are found"
    return [
        Row(name="links about the service, of three at most", value=every.precision, at_least=0.9, detail=headlines),
        Row(name="the same, vocabulary not tuned on them", value=unseen.precision, at_least=0.9),
        Row(name="answers with a wrong first link", value=len(every.wrong_first), at_most=0, detail=recall),
    ]


# --- queries ---------------------------------------------------------------------------------------------------------


async def _queries(count: int) -> list[Row]:
    with TemporaryDirectory() as directory:
        async with open_database(Path(directory) / "bench.sqlite3") as database:
            store = NewsStore(database)
            await store.save(FeedState(feed="bench", url=""), _many(count))
            news = News(store, {}, names(), clock=lambda: NOW)
            services = await _timed(
                [partial(news.for_service, service, languages) for service in Catalogue.load() for languages in READERS]
            )
            pages = await _timed([partial(news.latest, languages, 0, 5) for languages in READERS * 10])
    slowest = f"{quantiles(services, n=20)[-1]:.2g} ms for 19 of 20"
    return [
        Row(
            name=f"links for a service, {count:,} stories",
            value=median(services),
            unit=" ms",
            at_most=5,
            detail=slowest,
        ),
        Row(name="a page of the latest news", value=median(pages), unit=" ms", at_most=5),
    ]


def _many(count: int) -> list[NewStory]:
    """Return the labelled headlines again and again, each as a story of its own, spread over two months."""
    entries = [
        Entry(
            title=f"{row.story.title} ({number})",
            summary=row.story.summary,
            url=f"https://news.example.org/{number}",
            published_at=NOW - number * 60 * 86_400 / count,
        )
        for number, row in enumerate(islice(cycle(labelled(*_PARTS)), count))
    ]
    languages = islice(cycle(row.story.language for row in labelled(*_PARTS)), count)
    kept = (
        stories.sort(Feed(id="bench", name="Bench", url="", language=language), [entry], (), names(), NOW)
        for entry, language in zip(entries, languages, strict=True)
    )
    return [story for found in kept for story in found]


async def _timed(asking: list[Callable[[], Awaitable[object]]]) -> list[float]:
    """Return the milliseconds that each question took, nothing of it asked before."""
    figures_ms = []
    for ask in asking:
        began = time.perf_counter()
        await ask()
        figures_ms.append(1000 * (time.perf_counter() - began))
    return figures_ms


# --- stalls ----------------------------------------------------------------------------------------------------------


async def _stall(feeds: int, rounds: int) -> Row:
    measured = [await _poll(feeds) for _ in range(rounds)]
    idle_s = (await watched(partial(asyncio.sleep, _IDLE_S))).stall_s
    return Row(
        name=f"longest stall while {feeds} feeds are read",
        value=1000 * median(stall_s for stall_s, _ in measured),
        unit=" ms",
        at_most=50,
        detail=f"median of {rounds} rounds; of a loop with nothing to do {1000 * idle_s:.2g} ms",
        wrong=not all(whole for _, whole in measured),
    )


async def _poll(feeds: int) -> tuple[float, bool]:
    """Read so many feeds into an empty store; return the longest stall and whether all were read."""
    with TemporaryDirectory() as directory:
        async with (
            open_database(Path(directory) / "bench.sqlite3") as database,
            feed_server((f"/{number}", _full(number)) for number in range(feeds)) as server,
        ):
            ids = [f"f{number}" for number in range(feeds)]
            known = {id_: Feed(id=id_, name=id_, url=server.url(f"/{id_[1:]}"), language="en") for id_ in ids}
            guard = Guard(ports=None, extra_networks=("127.0.0.1/32",))
            poller = Poller(NewsStore(database), known, names(), guard=guard)
            longest_s = (await watched(poller.poll)).stall_s
            states = await NewsStore(database).states()
    return longest_s, all(state.entries == _ENTRIES for state in states.values())


def _full(number: int) -> bytes:
    """Return a feed like no other, with headlines from all over the labelled ones."""
    rows = islice(cycle(labelled(*_PARTS)), number, number + _ENTRIES)
    ids = range(number * 1000, number * 1000 + _ENTRIES)
    return feed(
        rss(
            *(
                item(f"{escape(row.story.title)} {id_}", f"https://a.example.org/{id_}", summary=_SUMMARY)
                for id_, row in zip(ids, rows, strict=True)
            )
        )
    )
