"""Feeds are read when they are due, what they bring is kept, and one that fails costs nobody anything."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from bot.news import schedule
from bot.news.model import Feed
from bot.news.news import News
from bot.news.service import FIRST_S, Poller
from bot.store.database import open_database
from bot.store.news import NewsStore
from probes.guard import Guard
from tests.bot.canned import HOST, WHATSAPP
from tests.bot.news.labelled import names
from tests.fakes.feed_server import FeedServer, feed, feed_server, item, rss
from tests.fakes.http_server import page, redirect, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.store.news import FeedState

LOOPBACK = Guard(ports=None, extra_networks=("127.0.0.1/32",))
DATE = "Mon, 23 Nov 2026 05:00:00 GMT"
START = 1_795_413_600.0  # an hour later
BLOCKED = item("Russia blocks WhatsApp", "https://a.example.org/1", date=DATE)
THROTTLED = item("Telegram throttled in Russia", "https://a.example.org/2", date=DATE)


@dataclass
class Newsroom:
    """Feeds on loopback, and what became of them."""

    server: FeedServer
    store: NewsStore
    feeds: dict[str, Feed]
    now: float = START

    @property
    def poller(self) -> Poller:
        return Poller(self.store, self.feeds, names(), guard=LOOPBACK, clock=lambda: self.now)

    @property
    def news(self) -> News:
        return News(self.store, self.feeds, names(), clock=lambda: self.now)

    def reads(self, id_: str, *answers: bytes, language: str = "en") -> None:
        url = self.server.says(f"/{id_}", *answers)
        self.feeds[id_] = Feed(id=id_, name=id_.title(), url=url, language=language)

    async def poll(self, after_s: float = 2 * schedule.LONGEST_S) -> FeedState:
        """Read everything after that time, and return how the feed "a" stands."""
        self.now += after_s
        await self.poller.poll()
        return (await self.store.states())["a"]

    async def titles(self, languages: tuple[str, ...] = ("en",)) -> list[str]:
        return [story.title for story in await self.news.latest(languages, 0, 100)]


@asynccontextmanager
async def newsroom(path: Path) -> AsyncIterator[Newsroom]:
    async with open_database(path / "db") as database, feed_server() as server:
        yield Newsroom(server, NewsStore(database), {})


async def test_what_feeds_bring_is_kept_and_found(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED, THROTTLED, item("A new café opens", "https://a.example.org/3"))))
        state = await room.poll(0)
        assert (state.entries, state.failures, state.error, state.succeeded_at) == (3, 0, "", START)
        assert sorted(await room.titles()) == ["Russia blocks WhatsApp", "Telegram throttled in Russia"]
        (story,) = await room.news.for_service(WHATSAPP, ("en",))
    assert (story.title, story.url, story.source) == ("Russia blocks WhatsApp", "https://a.example.org/1", "A")
    assert (story.language, story.published_at) == ("en", START - 3600)


async def test_a_feed_is_not_asked_before_it_is_due(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)))
        await room.poll(0)
        await room.poll(60)
        assert room.server.asked["/a"] == 1
        await room.poll(1.3 * schedule.INTERVAL_S)
        assert room.server.asked["/a"] == 2


async def test_a_server_that_knows_versions_is_asked_for_changes_only(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED), ETag='"v1"'), response(status="304 Not Modified"))
        await room.poll(0)
        state = await room.poll()
        await room.poll()
        assert [("if-none-match" in head) for head in room.server.heads["/a"]] == [False, True, True]
        assert (state.entries, state.etag, state.succeeded_at) == (1, '"v1"', room.now - 2 * schedule.LONGEST_S)


async def test_a_body_that_has_not_changed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)))
        await room.poll(0)
        monkeypatch.setattr("bot.news.parse.read", None)
        assert (await room.poll()).failures == 0


# --- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (feed(page("Доступ ограничен").encode(), content_type="text/html"), "web page"),
        (feed(page("Welcome").encode(), content_type="application/rss+xml"), "web page"),
        (response(b"", status="404 Not Found"), "404"),
        (response(b"not modified", status="451 Unavailable For Legal Reasons"), "451"),
        (feed(b"<rss><channel><title>Ne"), "broken"),
    ],
)
async def test_a_failure_is_a_failure_and_never_no_news(tmp_path: Path, answer: bytes, complaint: str) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED), ETag='"v1"'), answer)
        before = await room.poll(0)
        after = await room.poll(1.3 * schedule.INTERVAL_S)
        assert complaint in after.error
        assert after.failures == 1
        assert (after.succeeded_at, after.entries, after.etag) == (before.succeeded_at, 1, '"v1"')
        assert await room.titles() == ["Russia blocks WhatsApp"]


async def test_a_feed_that_fails_is_left_alone_longer_and_longer_until_it_works(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        failing = response(status="500 Internal Server Error")
        room.reads("a", failing, failing, failing, feed(rss(BLOCKED)))
        pauses = []
        for _ in range(3):
            state = await room.poll()
            pauses.append(state.next_at - room.now)
        assert pauses[0] < pauses[1] < pauses[2]
        recovered = await room.poll()
        assert (recovered.failures, recovered.error) == (0, "")


async def test_a_server_that_asks_for_time_gets_it(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", response(status="429 Too Many Requests", Retry_After="36000"))
        state = await room.poll(0)
        assert state.next_at == room.now + 36_000


async def test_one_feed_that_fails_or_dawdles_takes_nothing_from_the_others(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", response(status="500 Internal Server Error"))
        room.reads("b", feed(rss(THROTTLED)))
        await room.poll(0)
        assert await room.titles() == ["Telegram throttled in Russia"]


# --- feeds that move -------------------------------------------------------------------------------------------------


async def test_a_feed_that_moved_for_good_is_asked_at_its_new_place(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        new = room.server.says("/new", feed(rss(BLOCKED)), feed(rss(BLOCKED, THROTTLED)))
        room.reads("a", redirect("/new", "301 Moved Permanently"))
        assert (await room.poll(0)).moved_to == new
        await room.poll()
        assert (room.server.asked["/a"], room.server.asked["/new"]) == (1, 2)


async def test_a_block_page_behind_a_permanent_redirect_is_no_new_place(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.says("/blocked", feed(page("Заблокировано").encode(), content_type="text/html"))
        room.reads("a", redirect("/blocked", "301 Moved Permanently"))
        state = await room.poll(0)
        assert (state.moved_to, state.failures) == (None, 1)


async def test_a_new_place_that_stops_working_is_given_up(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.server.says("/new", feed(rss(BLOCKED)), response(status="404 Not Found"))
        room.reads("a", redirect("/new", "301 Moved Permanently"))
        await room.poll(0)
        states = [await room.poll() for _ in range(3)]
        assert [bool(state.moved_to) for state in states] == [True, True, False]
        room.reads("a", feed(rss(THROTTLED)))
        assert (await room.poll()).failures == 0


async def test_another_address_for_a_feed_starts_afresh(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED), ETag='"v1"'))
        await room.poll(0)
        room.feeds["a"] = Feed(
            id="a", name="A", url=room.server.says("/elsewhere", feed(rss(THROTTLED))), language="en"
        )
        await room.poll(1)
        assert "if-none-match" not in room.server.heads["/elsewhere"][0]


# --- what is kept ----------------------------------------------------------------------------------------------------


async def test_a_story_that_several_sources_tell_is_shown_once(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)))
        room.reads("b", feed(rss(item("Russia is blocking WhatsApp", "https://b.example.org/9", date=DATE))))
        await room.poll(0)
        assert len(await room.titles()) == 1
        assert len(await room.news.for_service(WHATSAPP, ("en",))) == 1


async def test_the_same_story_comes_again_and_again_and_is_kept_once(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)), feed(rss(BLOCKED, THROTTLED)))
        await room.poll(0)
        await room.poll(2 * schedule.INTERVAL_S)
        assert len(await room.titles()) == 2


async def test_what_is_old_and_what_comes_from_feeds_no_longer_wanted_is_forgotten(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)))
        room.reads("b", feed(rss(THROTTLED)))
        await room.poll(0)
        del room.feeds["b"]
        await room.poll(2 * schedule.INTERVAL_S)
        assert await room.titles() == ["Russia blocks WhatsApp"]
        room.reads("a", feed(rss()))
        await room.poll(100 * 86_400)
        assert await room.store.headlines(0) == []


async def test_undated_stories_are_shown_without_a_date(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(item("Russia blocks WhatsApp", "/1"), item("Iran bans Signal", "/2", date="soon"))))
        await room.poll(0)
        assert [story.published_at for story in await room.news.latest(("en",), 0, 9)] == []  # loopback links
        room.reads("b", feed(rss(item("Russia blocks WhatsApp", "https://a.example.org/1"))))
        await room.poll(1)
        assert [story.published_at for story in await room.news.latest(("en",), 0, 9)] == [None]


# --- what readers get ------------------------------------------------------------------------------------------------


async def three_languages(room: Newsroom) -> None:
    room.reads("a", feed(rss(BLOCKED)))
    russian = item("В России заблокировали WhatsApp", "https://r.example.org/1", date=DATE)
    room.reads("r", feed(rss(russian)), language="ru")
    french = item("La Russie bloque WhatsApp", "https://f.example.org/1", date=DATE)
    room.reads("f", feed(rss(french)), language="fr")
    await room.poll(0)


async def test_the_readers_language_comes_first(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await three_languages(room)
        for languages, first in ((("ru",), "ru"), (("fr",), "fr"), (("en",), "en")):
            assert (await room.news.latest(languages, 0, 9))[0].language == first
            shown = await room.news.for_service(WHATSAPP, languages)
            assert [story.language for story in shown] == list(dict.fromkeys((first, "en")))


async def test_news_come_in_pages(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        await three_languages(room)
        pages = [await room.news.latest(("ru",), offset, 2) for offset in (0, 2, 4)]
        assert [len(one) for one in pages] == [2, 1, 0]
        assert len({story.url for one in pages for story in one}) == 3


@pytest.mark.parametrize(
    ("text", "language"),
    [("блокировка", "ru"), ("заблокирован WhatsApp", "ru"), ("bloqué", "fr"), ("blocking", "en"), ("whatsapp", "en")],
)
async def test_any_form_of_a_word_finds_a_story(tmp_path: Path, text: str, language: str) -> None:
    async with newsroom(tmp_path) as room:
        await three_languages(room)
        assert (await room.news.search(text, (language,), 0, 9))[0].language == language
        assert await room.news.search("nothing like this", (language,), 0, 9) == []
        assert await room.news.search('" OR *', (language,), 0, 9) == []


async def test_a_site_that_nobody_lists_is_found_by_its_name(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(item("Regulator blocks example.org", "https://a.example.org/7", date=DATE))))
        await room.poll(0)
        assert [story.url for story in await room.news.for_service(HOST, ("en",))] == ["https://a.example.org/7"]


async def test_an_operator_sees_how_every_feed_is_doing(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)))
        await room.poll(0)
        room.reads("b", response(status="500 Internal Server Error"))
        health = {one.feed.id: one.state for one in await room.news.feeds_state()}
        assert health["b"] is None
        await room.poll(1)
        health = {one.feed.id: one.state for one in await room.news.feeds_state()}
        assert health["a"] is not None
        assert health["a"].entries == 1
        assert health["b"] is not None
        assert health["b"].error == "HTTP 500"


# --- the loop --------------------------------------------------------------------------------------------------------


async def test_nothing_is_fetched_at_the_start_and_a_stop_is_prompt(tmp_path: Path) -> None:
    assert FIRST_S >= 30
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)))
        task = asyncio.create_task(room.poller.run())
        for _ in range(20):
            await asyncio.sleep(0)
        assert not room.server.asked
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_stop_while_a_feed_is_awaited_is_prompt(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        room.reads("a", feed(rss(BLOCKED)))
        room.server.slow["/a"] = 30.0
        task = asyncio.create_task(room.poller.poll())
        await room.server.begun.wait()
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 2


async def test_few_feeds_are_read_at_once(tmp_path: Path) -> None:
    async with newsroom(tmp_path) as room:
        for number in range(12):
            room.reads(f"a{number or ''}", feed(rss(BLOCKED)))
            room.server.slow[f"/a{number or ''}"] = 0.0
        await room.poll(0)
        assert len(room.server.asked) == 12
        assert room.server.most_at_once <= 4
