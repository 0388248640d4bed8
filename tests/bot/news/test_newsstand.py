"""What people get who ask for news, or ask about a service that is in the news."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.chat import headlines, words
from bot.chat.conversation import Conversation
from bot.chat.newsstand import Newsstand
from bot.chat.request import Request
from bot.checks import Checks
from bot.news import Feed, FeedHealth, Story
from bot.store import Store
from bot.store.news import FeedState
from bot.transports.console import _rendered
from bot.transports.telegram.render import render
from probes.catalogue import Catalogue
from tests.bot.canned import CannedProber
from tests.bot.chat.test_conversation import Listener
from tests.bot.chat.test_replies import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from bot.chat.reply import Reply
    from probes.model import Service

CATALOGUE = Catalogue.load()
NOW = time.time()


def story(number: int, **changes: Any) -> Story:
    plain = Story(
        title=f"Story {number}",
        url=f"https://a.example.org/{number}",
        source="Paper",
        published_at=NOW - 7200,
        language="en",
    )
    return replace(plain, **changes)


class Stories:
    """News that remember what they were asked for."""

    def __init__(self, count: int) -> None:
        self.stories = [story(number) for number in range(count)]
        self.asked: list[tuple[Any, ...]] = []

    async def for_service(
        self, service: Service, languages: Sequence[str], limit: int = 3, *, country: str | None = None
    ) -> list[Story]:
        self.asked.append((service.id, *languages, limit, country))
        return self.stories[:limit]

    async def latest(self, languages: Sequence[str], offset: int, limit: int) -> list[Story]:
        self.asked.append(("latest", *languages))
        return self.stories[offset : offset + limit]

    async def search(self, text: str, languages: Sequence[str], offset: int, limit: int) -> list[Story]:
        self.asked.append((text, *languages))
        return self.stories[offset : offset + limit]

    async def feeds_state(self) -> list[FeedHealth]:
        feed = Feed(id="paper", name="Paper", url="https://a.example.org/feed", language="en")
        good = FeedState(feed="paper", url="", succeeded_at=time.time() - 60, entries=12)
        bad = FeedState(feed="paper", url="", failures=3, error="HTTP 403")
        return [FeedHealth(feed=feed, state=state) for state in (None, good, bad)]


@pytest.fixture
async def checks(tmp_path: Path) -> AsyncIterator[Checks]:
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as tasks:
        yield Checks(CannedProber(), store, tasks, cache_s=60)


async def said(checks: Checks, stories: Stories | None, text: str, **request: Any) -> Reply:
    listener = Listener()
    conversation = Conversation(checks, CATALOGUE, newsstand=Newsstand(stories, CATALOGUE) if stories else None)
    await conversation.handle(Request(chat="test", text=text, **request), listener)
    (answer,) = listener.answers
    return answer


def commands(reply: Reply) -> list[str]:
    return [button.command for row in reply.buttons for button in row]


async def test_an_answer_has_links_that_explain_it(checks: Checks) -> None:
    stories = Stories(9)
    reply = await said(checks, stories, "whatsapp?", language="ru-RU")
    assert stories.asked == [("whatsapp", "ru", 3, None)]
    assert [line for line in text_of(reply).splitlines() if "Story" in line] == [
        f"Story {number} (Paper, 2 часа назад)" for number in range(3)
    ]


async def test_an_answer_without_news_says_nothing_of_them(checks: Checks) -> None:
    assert words.NEWS not in text_of(await said(checks, Stories(0), "whatsapp"))
    assert words.NEWS not in text_of(await said(checks, None, "whatsapp"))


async def test_pages_of_news_can_be_turned(checks: Checks) -> None:
    stories = Stories(12)
    assert commands(await said(checks, stories, "/news")) == ["/news 2"]
    second = await said(checks, stories, "/news 2")
    assert "Story 5" in text_of(second)
    assert "Story 10" not in text_of(second)
    assert commands(second) == ["/news 1", "/news 3"]
    last = await said(checks, stories, "/news 3")
    assert commands(last) == ["/news 2"]
    beyond = await said(checks, stories, "/news 99")
    assert words.NO_MORE_NEWS in text_of(beyond)


@pytest.mark.parametrize(
    ("text", "asked", "turned"),
    [
        ("/news whatsapp", ("whatsapp", "en", 6, None), "/news WhatsApp 2"),
        ("/news ватсап", ("whatsapp", "en", 6, None), "/news WhatsApp 2"),
        ("/news whatsapp 2", ("whatsapp", "en", 11, None), "/news WhatsApp 3"),
        ("/news example.org", ("example.org", "en", 6, None), "/news example.org 2"),
        ("/news internet shutdown", ("internet shutdown", "en"), "/news internet shutdown 2"),
        ("/news 127.0.0.1", ("127.0.0.1", "en"), "/news 127.0.0.1 2"),
    ],
)
async def test_news_are_about_what_was_named(checks: Checks, text: str, asked: tuple[Any, ...], turned: str) -> None:
    stories = Stories(20)
    reply = await said(checks, stories, text)
    assert stories.asked == [asked]
    assert turned in commands(reply)


async def test_no_news_is_a_fine_answer(checks: Checks) -> None:
    assert text_of(await said(checks, Stories(0), "/news")) == words.NO_NEWS
    assert "WhatsApp" in text_of(await said(checks, Stories(0), "/news whatsapp"))


async def test_only_those_who_run_the_bot_see_how_its_feeds_are_doing(checks: Checks) -> None:
    told = text_of(await said(checks, Stories(1), "/feeds", operator=True))
    assert re.findall(r"paper: .*", told) == [
        "paper: failed 3× in a row (HTTP 403); never read",
        "paper: not read yet",
        "paper: 12 entries 1 minute ago",
    ]
    assert "paper" not in text_of(await said(checks, Stories(1), "/feeds"))
    assert "paper" not in text_of(await said(checks, None, "/feeds", operator=True))


def test_a_hostile_title_stays_text_and_a_link_a_link() -> None:
    hostile = story(1, title='<b>"blocked"</b> & more', url="https://a.example.org/?a=1&b=2", published_at=None)
    reply = headlines.page([hostile], 1, "", NOW)
    assert (
        '• <a href="https://a.example.org/?a=1&amp;b=2">&lt;b&gt;"blocked"&lt;/b&gt; &amp; more (Paper)</a>'
        in render(reply).html
    )
    assert [text.strip() for text, _ in _rendered(reply)][-1] == "https://a.example.org/?a=1&b=2"
