"""The conversation, free of any transport: a request comes in, replies go out.

What a message says is read in `bot.chat.commands` and `bot.chat.matching`; how replies are worded, in
`bot.chat.replies`. What is not about measuring is answered at desks of its own, which are handed to the conversation.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol

from bot.alerts.subscriptions import can_be_told
from bot.chat import categories, commands, replies, words, works
from bot.chat.asking import MOST_TARGETS, is_greeting, understood
from bot.chat.beside import Beside
from bot.chat.commands import Shown
from bot.chat.language import say, speaking
from bot.chat.matching import match
from bot.chat.progress import while_showing, with_progress
from bot.chat.works import Question
from bot.checks import BusyError, CheckError
from bot.store import StoreError
from bot.survey import Surveys

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from bot.alternatives import Alternatives
    from bot.chat.commands import Message
    from bot.chat.newsstand import Newsstand
    from bot.chat.reply import Reply
    from bot.chat.request import Desk, Request, Responder
    from bot.checks import Answer, Checks, Listener
    from bot.registry import Record
    from bot.store.history import Since
    from probes.catalogue import Catalogue
    from probes.model import Report, Service

    SinceWhen = Callable[[Service, Report], Awaitable[Since | None]]
    Handler = Callable[[Message, Request, Responder], Awaitable[None]]

_log = logging.getLogger(__name__)

MOST_CHARACTERS = 4096
"""Of a message; a longer one is not read at all."""


class Register(Protocol):
    """A register of blocked sites, which explains what is measured and decides nothing."""

    async def find(self, service: Service) -> Record | None:
        """Return what it has of a service; None while nothing is known."""


class Conversation:
    """Answers requests; many at once may be under way."""

    def __init__(
        self,
        checks: Checks,
        catalogue: Catalogue,
        register: Register | None = None,
        newsstand: Newsstand | None = None,
        desks: Iterable[Desk] = (),
        *,
        since: SinceWhen | None = None,
        alternatives: Alternatives | None = None,
    ) -> None:
        self._checks = checks
        self._newsstand = newsstand
        self._register = register
        self._catalogue = catalogue
        self._since = since
        self._alternatives = alternatives
        self._surveys = Surveys(checks)
        self._handlers: dict[str, Handler] = {
            "start": self._start,
            "help": self._help,
            "services": self._services,
            "works": self._works,
            "check": self._measure,
            "again": self._measure,
        }
        self.open(*desks, *((newsstand,) if newsstand else ()))

    def open(self, *desks: Desk) -> None:
        """Answer commands at these desks as well, from now on."""
        for desk in desks:
            self._handlers.update(dict.fromkeys(desk.commands, desk.obey))

    async def handle(self, request: Request, responder: Responder) -> None:
        """Answer one request wholly. Raises what the responder raises."""
        message = commands.parse(request.text[: MOST_CHARACTERS + 1])
        if not self._is_for_us(message, request, responder.capabilities.bot_name):
            return
        with speaking(request.language):
            if len(request.text) > MOST_CHARACTERS:
                await responder.answer(replies.plain(say(words.TOO_LONG)))
            elif message.command is None:
                await self._free_text(message.rest, request, responder)
            elif handler := self._handler(message.command, request):
                await _obeyed(handler, message, request, responder)
            else:
                await responder.answer(replies.unknown_command(message.command, told=can_be_told(request.chat)))

    def _handler(self, command: str, request: Request) -> Handler | None:
        """Return what answers a command, if there is such a thing for whoever asks."""
        for_operators = commands.COMMANDS.get(command) is Shown.TO_OPERATORS
        allowed = not for_operators or (request.operator and request.kind == "private")
        return self._handlers.get(command) if allowed else None

    def _is_for_us(self, message: Message, request: Request, bot_name: str | None) -> bool:
        """Tell whether a message wants an answer: a command for another bot does not, nor the talk of a group."""
        if message.bot is not None and bot_name is not None:
            return message.bot.casefold() == bot_name.casefold()
        return request.addressed or message.command in self._handlers

    async def _start(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer somebody's first word, or follow a link such as t.me/bot?start=check_whatsapp."""
        if message.rest.startswith("check_"):
            await self._check(message.rest.removeprefix("check_"), request, responder)
        else:
            await responder.answer(replies.start(told=can_be_told(request.chat)))

    async def _help(self, _message: Message, request: Request, responder: Responder) -> None:
        await responder.answer(replies.help_(told=can_be_told(request.chat)))

    async def _free_text(self, text: str, request: Request, responder: Responder) -> None:
        """Check what a text names; where it names nothing, it may ask what works, or only greet."""
        if is_greeting(text):
            await responder.answer(replies.help_(told=can_be_told(request.chat)))
            return
        found = match(text, self._catalogue)
        asked = categories.asked(text, self._catalogue.categories())
        if asked is None or found.services or found.hosts:
            await self._check(text, request, responder)
        else:
            await self._tell_works(" ".join(asked), responder)

    async def _services(self, message: Message, _request: Request, responder: Responder) -> None:
        groups = self._catalogue.categories()
        reading = categories.read(message.rest, groups)
        if reading.unknown:
            await responder.answer(works.unknown(reading.unknown, groups))
        if reading.categories or not reading.unknown:
            await responder.answer(replies.services({one: groups[one] for one in reading.categories or groups}))

    async def _works(self, message: Message, _request: Request, responder: Responder) -> None:
        await self._tell_works(message.rest, responder)

    async def _tell_works(self, text: str, responder: Responder) -> None:
        """Say what works: of some categories, of services, or of the messengers."""
        groups = self._catalogue.categories()
        reading = categories.read(text, groups)
        named = match(" ".join(reading.unknown), self._catalogue).services if reading.unknown else ()
        if reading.unknown and not named:
            await responder.answer(works.unknown(reading.unknown, groups))
            if not reading.categories:
                return
        asked = reading.categories or ((categories.DEFAULT,) if not named else ())
        services = (*named, *(service for one in asked for service in groups.get(one, ())))
        title = (categories.EVERYTHING,) if len(asked) == len(groups) else asked
        await self._survey(Question(title, services, named), responder, () if text else groups)

    async def _survey(self, question: Question, responder: Responder, others: Iterable[str]) -> None:
        known: dict[str, Answer] = {}

        async def survey() -> None:
            await self._surveys.survey(question.asked, lambda service, answer: known.update({service.id: answer}))

        await while_showing(lambda: works.progress(question, known), responder, survey)
        await responder.answer(works.overview(question, known, others))

    async def _measure(self, message: Message, request: Request, responder: Responder) -> None:
        if message.rest:
            await self._check(message.rest, request, responder, again=message.command == "again")
        else:
            await responder.answer(replies.plain(say(words.CHECK_WHAT)))

    async def _check(self, text: str, request: Request, responder: Responder, *, again: bool = False) -> None:
        found = understood(text, self._catalogue)
        if found.refusal:
            await responder.answer(found.refusal)
        if responder.capabilities.edits:
            await self._as_they_come(found.services, request, responder, again=again)
        else:
            await self._in_order(found.services, request, responder, again=again)
        if found.left_out:
            await responder.answer(replies.too_many(MOST_TARGETS, (service.name for service in found.left_out)))

    async def _as_they_come(
        self, services: Sequence[Service], request: Request, responder: Responder, *, again: bool
    ) -> None:
        async def one(service: Service) -> None:
            await responder.answer(await self._reply(service, request, responder, again=again))

        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(one(service))

    async def _in_order(
        self, services: Sequence[Service], request: Request, responder: Responder, *, again: bool
    ) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._reply(service, request, responder, again=again)) for service in services]
            for task in tasks:
                await responder.answer(await task)

    async def _reply(self, service: Service, request: Request, responder: Responder, *, again: bool) -> Reply:
        """Check one service and return what there is to say of it."""

        async def measured(listener: Listener) -> Reply:
            try:
                answer = await self._checks.check(service, again=again, listener=listener)
            except CheckError as error:
                return replies.broken(service, error.reference)
            except BusyError:
                return replies.busy(service)
            return replies.answer(service, answer, await self._beside(service, answer.report, request))

        return await with_progress(service, responder, measured)

    async def _beside(self, service: Service, report: Report, request: Request) -> Beside:
        """Return what is known of a service beside what was just measured."""
        country = report.vantage.country
        stories = await self._newsstand.about(service, request.language, country) if self._newsstand else ()
        return Beside(
            record=await self._register.find(service) if self._register else None,
            stories=stories,
            since=await self._since(service, report) if self._since else None,
            instead=await self._alternatives.to(service, report) if self._alternatives else (),
            alerts=can_be_told(request.chat) and "subscribe" in self._handlers,
        )


async def _obeyed(handler: Handler, message: Message, request: Request, responder: Responder) -> None:
    """Have a command answered where there is a chat for what it is about, and as far as the database is of use."""
    command = message.command or ""
    if commands.is_about_the_chat(command) and not request.chat:
        return
    if command in commands.OF_ALERTS and not can_be_told(request.chat):
        await responder.answer(replies.plain(say(words.SUBSCRIBE_NOWHERE)))
        return
    try:
        await handler(message, request, responder)
    except StoreError as error:
        _log.warning("The database was of no use: %s", error)
        await responder.answer(replies.plain(say(words.NOT_NOW)))
