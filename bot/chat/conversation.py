"""The conversation, free of any transport: a request comes in, replies go out.

What a message says is read in `bot.chat.commands` and `bot.chat.matching`; how replies are worded, in
`bot.chat.replies`. What is not about measuring is answered at desks of its own, which are handed to the conversation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.alerts.subscriptions import can_be_told
from bot.chat import categories, commands, replies, words, works
from bot.chat.asking import MOST_TARGETS, is_greeting, understood
from bot.chat.beside import Beside
from bot.chat.commands import Shown
from bot.chat.language import say, speaking
from bot.chat.matching import match
from bot.chat.replies import Tally
from bot.chat.works import Question
from bot.checks import BusyError, CheckError
from bot.store import StoreError
from bot.store.chats import Kind
from bot.survey import Surveys

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from bot.alternatives import Alternatives
    from bot.chat.commands import Message
    from bot.chat.newsstand import Newsstand
    from bot.chat.reply import Reply
    from bot.checks import Answer, Checks, Listener
    from bot.registry import Record
    from bot.store.history import Since
    from probes.catalogue import Catalogue
    from probes.model import Report, Service

    SinceWhen = Callable[[Service, Report], Awaitable[Since | None]]
    Handler = Callable[[Message, "Request", "Responder"], Awaitable[None]]

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

MOST_CHARACTERS = 4096
"""Of a message; a longer one is not read at all."""
SILENCE_S = 0.2
"""What comes sooner needs no progress before it."""


async def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Attached:
    """What a message has beside its plain text, for the commands that pass messages on."""

    html: str = ""
    """The text with its markup, in the HTML that the platform reads."""
    photo: str | None = None
    """A picture, by the platform's name for it."""
    answered: str | None = None
    """The message that it answers, by the platform's name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody said."""

    chat: str
    """Where, by a name that the transport gives; empty for a chat that the bot is not in."""
    kind: Kind = "private"
    thread: int | None = None
    """The topic of the chat in which it was said."""
    text: str
    language: str = "en"
    addressed: bool = True
    """Whether it is surely meant for the bot: in a group most is not."""
    may_change: Callable[[], Awaitable[bool]] = _always
    """Tells whether whoever asks may change what is set in the chat."""
    operator: bool = False
    """Whether it comes from one of those who run the bot."""
    attached: Attached = Attached()


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a transport can do."""

    edits: bool = False
    """Whether a later message can take the place of an earlier one, so that answers may come in any order."""
    progress_interval_s: float | None = None
    """The least time between two messages of progress; None where progress is not shown."""
    pictures: bool = False
    """Whether it shows them."""
    bot_name: str | None = None
    """What people call the bot in commands ("/check@reachbot")."""


class Responder(Protocol):
    """The way back to whoever made one request. It keeps what belongs together by the replies' topics."""

    @property
    def capabilities(self) -> Capabilities:
        """What the transport can do."""

    async def progress(self, reply: Reply) -> None:
        """Show what is known so far. Not worth raising for: the answer is still to come."""

    async def answer(self, reply: Reply) -> None:
        """Say it, in place of the progress of the same topic."""


class Desk(Protocol):
    """Where some of the commands are answered."""

    @property
    def commands(self) -> Collection[str]:
        """Their names, all of them in `bot.chat.commands.COMMANDS`."""

    async def obey(self, message: Message, request: Request, responder: Responder) -> None:
        """Answer one of them. May raise `StoreError`, which the conversation answers for all desks."""


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


async def with_progress(service: Service, responder: Responder, measure: Callable[[Listener], Awaitable[_T]]) -> _T:
    """Return what `measure` returns; what its listener hears meanwhile is shown as progress."""
    tally = Tally()
    return await while_showing(lambda: replies.progress(service, tally), responder, lambda: measure(tally.add))


async def while_showing(progress: Callable[[], Reply], responder: Responder, work: Callable[[], Awaitable[_T]]) -> _T:
    """Return what `work` returns; what `progress` says meanwhile is shown."""
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_show(progress, responder, over))
        try:
            return await work()
        finally:
            over.set()


async def _show(progress: Callable[[], Reply], responder: Responder, over: asyncio.Event) -> None:
    """Show progress from time to time, whenever there is some, until the work is over.

    A message on its way is never cut short: it might arrive after the answer.
    """
    interval_s = responder.capabilities.progress_interval_s
    if interval_s is None or await _set_within(over, SILENCE_S):
        return
    shown = None
    while not over.is_set():
        reply = progress()
        if reply != shown:
            await responder.progress(reply)
            shown = reply
        await _set_within(over, interval_s)


async def _set_within(event: asyncio.Event, limit_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
    return event.is_set()
