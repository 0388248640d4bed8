"""The bot in chats that it is not in: what is known of a service, sent by a person, with a button that measures anew.

Nothing is measured while somebody is still typing. The messages themselves are edited by way of a responder, like any
other.
"""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

from telegram import InlineQueryResultArticle, InlineQueryResultsButton, InputTextMessageContent, LinkPreviewOptions
from telegram.constants import InlineQueryResultLimit, ParseMode

from bot.chat import categories, replies, words
from bot.chat.language import ago, say
from bot.chat.matching import match
from bot.chat.reply import Button, Headline, Paragraph, Reply
from bot.checks import Answer, asked_as
from bot.transports.telegram.calls import quietly
from bot.transports.telegram.render import render
from bot.transports.telegram.sender import kept
from probes.targets import BadTarget, host_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from telegram import Bot, InlineQuery, Message

    from bot.store import Store
    from probes.catalogue import Catalogue
    from probes.model import Service

MOST_RESULTS = 10
_CACHE_S = 10
"""How long Telegram may show the same results again."""
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_ADVICE = "/"
"""The id of a result that is about no service."""


class Inline:
    """Answers from what was measured last."""

    def __init__(self, bot: Bot, store: Store, catalogue: Catalogue) -> None:
        self._bot = bot
        self._store = store
        self._catalogue = catalogue

    async def offer(self, query: InlineQuery) -> None:
        """Answer what is being typed; who has typed on does not need it any more."""
        services = list(islice(filter(_has_id, self._meant(query.query)), MOST_RESULTS))
        results = [await self._article(service) for service in services]
        payload = f"check_{services[0].id}" if len(services) == 1 and services[0].kind == "service" else "inline"
        button = InlineQueryResultsButton(say(words.INLINE_PRIVATE), start_parameter=payload)
        await quietly(
            lambda: query.answer(results, cache_time=_CACHE_S, is_personal=True, button=button),
            "What is typed was not answered",
        )

    async def answer_guest(self, message: Message, text: str) -> tuple[str, str] | None:
        """Answer somebody who names the bot in a chat that it is not in.

        Return the id of what was said and the command that finds out more, if there is more to find out.
        """
        query_id = message.guest_query_id
        if query_id is None:
            return None
        service = next(self._meant(text), None) if text.strip() else None
        article = await self._article(service) if service else self._advice()
        sent = await quietly(lambda: self._bot.answer_guest_query(query_id, article), "A guest was not answered")
        return (sent.inline_message_id, f"/check {asked_as(service)}") if sent and service else None

    def _meant(self, text: str) -> Iterator[Service]:
        if not text.strip():
            yield from self._catalogue.categories().get(categories.DEFAULT, ())
            return
        found = match(text, self._catalogue)
        yield from found.services or found.suggestions
        for host in found.hosts:
            try:
                yield host_service(host)
            except BadTarget:
                continue

    async def _article(self, service: Service) -> InlineQueryResultArticle:
        stored = await kept(lambda: self._store.latest_report(service.kind, asked_as(service), deep=False))
        if stored is None:
            reply, title, description = _unknown(service), service.name, say(words.INLINE_UNKNOWN)
        else:
            age_s = max(0.0, time.time() - stored.measured_at)
            reply = replies.answer(service, Answer(stored.report, stored.measured_at, age_s))
            title, description = _title(reply) or service.name, ago(age_s)
        rendered = render(reply)
        await self._keep(rendered.long_commands)
        content = InputTextMessageContent(rendered.html, parse_mode=ParseMode.HTML, link_preview_options=_NO_PREVIEW)
        return InlineQueryResultArticle(
            asked_as(service), title, content, reply_markup=rendered.keyboard, description=description
        )

    def _advice(self) -> InlineQueryResultArticle:
        text = say(words.GUEST_WHAT, bot=self._bot.username)
        return InlineQueryResultArticle(_ADVICE, text, InputTextMessageContent(text))

    async def _keep(self, long_commands: tuple[str, ...]) -> None:
        if long_commands:
            await kept(lambda: self._store.chats.save_buttons(long_commands, now=time.time()))


def command_of(result_id: str) -> str:
    """Return the command that measures what a person chose and sent."""
    return f"/check {result_id}"


def _has_id(service: Service) -> bool:
    return len(asked_as(service).encode()) <= InlineQueryResultLimit.MAX_ID_LENGTH


def _unknown(service: Service) -> Reply:
    text = say(words.INLINE_UNKNOWN_ANSWER, name=service.name)
    button = Button(say(words.AGAIN_BUTTON), f"/again {asked_as(service)}")
    return Reply(topic=asked_as(service), blocks=(Paragraph(text),), buttons=((button,),))


def _title(reply: Reply) -> str:
    return next((block.text for block in reply.blocks if isinstance(block, Headline)), "")
