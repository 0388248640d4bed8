"""What somebody gets who asks for news: pages about a service, a site or some words, or about access as such.

How pages look is `bot.chat.headlines`' affair; which stories there are, `bot.news`'.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Protocol

from bot.chat import headlines
from bot.chat.headlines import MOST_PAGES, PAGE
from bot.chat.matching import match
from probes.targets import BadTarget, host_service

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.chat.commands import Message
    from bot.chat.reply import Reply
    from bot.chat.request import Request, Responder
    from bot.news import FeedHealth, Story
    from probes.catalogue import Catalogue
    from probes.model import Service

_PAGE_NUMBER = re.compile(r"(?:(.*)\s)?(\d{1,2})", re.DOTALL)


class News(Protocol):
    """Stories about access. None of it fails: without a readable store there are none."""

    async def for_service(
        self, service: Service, languages: Sequence[str], limit: int = 3, *, country: str | None = None
    ) -> list[Story]:
        """Return those that explain best why a service can or cannot be used."""

    async def latest(self, languages: Sequence[str], offset: int, limit: int) -> list[Story]:
        """Return those about access as such."""

    async def search(self, text: str, languages: Sequence[str], offset: int, limit: int) -> list[Story]:
        """Return those with all words of a text."""

    async def feeds_state(self) -> list[FeedHealth]:
        """Return how reading each feed goes."""


class Newsstand:
    """Hands out pages of news."""

    commands = ("news", "feeds")

    def __init__(self, news: News, catalogue: Catalogue) -> None:
        self._news = news
        self._catalogue = catalogue

    async def about(self, service: Service, language: str, country: str | None) -> list[Story]:
        """Return what explains an answer about a service."""
        return await self._news.for_service(service, _read_by(language), country=country)

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of `commands`."""
        if message.command == "news":
            await responder.answer(await self.page(message.rest, request.language))
        else:
            await responder.answer(await self.feeds())

    async def page(self, text: str, language: str) -> Reply:
        """Return the page that a text asks for: "", "2", "whatsapp", "whatsapp 2", "example.org", "some words"."""
        found = _PAGE_NUMBER.fullmatch(text)
        asked, number = ((found[1] or "").strip(), min(max(int(found[2]), 1), MOST_PAGES)) if found else (text, 1)
        offset, limit = (number - 1) * PAGE, PAGE + 1
        languages = _read_by(language)
        if not asked:
            stories = await self._news.latest(languages, offset, limit)
        elif service := self._service(asked):
            asked = service.name
            stories = (await self._news.for_service(service, languages, offset + limit))[offset:]
        else:
            stories = await self._news.search(asked, languages, offset, limit)
        return headlines.page(stories, number, asked, time.time())

    async def feeds(self) -> Reply:
        """Return how the feeds are doing, for those who run the bot."""
        return headlines.feeds(await self._news.feeds_state(), time.time())

    def _service(self, asked: str) -> Service | None:
        found = match(asked, self._catalogue)
        if found.services:
            return found.services[0]
        try:
            return host_service(found.hosts[0]) if found.hosts else None
        except BadTarget:
            return None


def _read_by(language: str) -> tuple[str, ...]:
    """Return the languages that somebody reads, as far as their setting tells, without the region."""
    return (language.partition("-")[0].lower(),)
