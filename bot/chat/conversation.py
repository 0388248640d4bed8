"""The conversation, free of any transport: a request comes in, replies go out.

What a message says is read in `bot.chat.commands` and `bot.chat.matching`; how replies are worded, in
`bot.chat.replies`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from bot.chat import commands, replies, words
from bot.chat.matching import match
from bot.chat.replies import Tally
from bot.chat.reply import Reply
from bot.checks import BusyError, CheckError
from probes.model import Service
from probes.targets import BadTarget, host_service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.chat.commands import Message
    from bot.checks import Checks, Listener
    from probes.catalogue import Catalogue

_T = TypeVar("_T")

MOST_CHARACTERS = 4096
"""Of a message; a longer one is not read at all."""
MOST_CHECKS = 5
"""Targets of one message that are measured."""
SILENCE_S = 0.2
"""What comes sooner needs no progress before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What somebody said."""

    chat: str
    """Where, by a name that the transport gives: it means nothing to the conversation."""
    text: str
    language: str = "en"
    addressed: bool = True
    """Whether it is surely meant for the bot: in a group most is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a transport can do."""

    edits: bool = False
    """Whether a later message can take the place of an earlier one, so that answers may come in any order."""
    progress_interval_s: float | None = None
    """The least time between two messages of progress; None where progress is not shown."""
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


@dataclass(frozen=True, slots=True)
class _Understood:
    """What a message asks to be checked, and what has to be said of the rest of it."""

    services: Sequence[Service]
    refusals: Sequence[Reply]
    left_out: Sequence[Service]


class Conversation:
    """Answers requests; many at once may be under way."""

    def __init__(self, checks: Checks, catalogue: Catalogue) -> None:
        self._checks = checks
        self._catalogue = catalogue

    async def handle(self, request: Request, responder: Responder) -> None:
        """Answer one request wholly. Raises what the responder raises."""
        message = commands.parse(request.text[: MOST_CHARACTERS + 1])
        if not _is_for_us(message, request, responder.capabilities.bot_name):
            return
        if len(request.text) > MOST_CHARACTERS:
            await responder.answer(replies.plain(words.TOO_LONG))
            return
        match message.command:
            case "start" if message.rest.startswith("check_"):  # t.me/bot?start=check_whatsapp
                await self._check(message.rest.removeprefix("check_"), responder)
            case "start":
                await responder.answer(replies.start())
            case "help":
                await responder.answer(replies.help_())
            case "services":
                await responder.answer(replies.services(self._catalogue))
            case "check" | "again" if not message.rest:
                await responder.answer(replies.plain(words.CHECK_WHAT))
            case None | "check" | "again":
                await self._check(message.rest, responder, again=message.command == "again")
            case unknown:
                await responder.answer(replies.unknown_command(unknown))

    async def _check(self, text: str, responder: Responder, *, again: bool = False) -> None:
        found = self._understood(text)
        for refusal in found.refusals:
            await responder.answer(refusal)
        if responder.capabilities.edits:
            await self._as_they_come(found.services, responder, again=again)
        else:
            await self._in_order(found.services, responder, again=again)
        if found.left_out:
            await responder.answer(replies.too_many(MOST_CHECKS, (service.name for service in found.left_out)))

    def _understood(self, text: str) -> _Understood:
        """Return what a text asks for: services, hosts, or at least a hint how to ask."""
        found = match(text, self._catalogue)
        services, refusals = list(found.services), []
        for host in found.hosts or ((text,) if _may_be_host(text) and not services else ()):
            try:
                services.append(host_service(host))
            except BadTarget as error:
                refusals.append(replies.plain(str(error)))
        if found.suggestions and not services:
            refusals = [replies.did_you_mean(found.suggestions)]
        elif not services and not refusals:
            refusals = [replies.plain(words.NOT_UNDERSTOOD)]
        return _Understood(services[:MOST_CHECKS], refusals, services[MOST_CHECKS:])

    async def _as_they_come(self, services: Sequence[Service], responder: Responder, *, again: bool) -> None:
        async def one(service: Service) -> None:
            await responder.answer(await self._reply(service, responder, again=again))

        async with asyncio.TaskGroup() as group:
            for service in services:
                group.create_task(one(service))

    async def _in_order(self, services: Sequence[Service], responder: Responder, *, again: bool) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._reply(service, responder, again=again)) for service in services]
            for task in tasks:
                await responder.answer(await task)

    async def _reply(self, service: Service, responder: Responder, *, again: bool) -> Reply:
        """Check one service and return what there is to say of it."""

        async def measured(listener: Listener) -> Reply:
            try:
                answer = await self._checks.check(service, again=again, listener=listener)
            except CheckError as error:
                return replies.broken(service, error.reference)
            except BusyError:
                return replies.busy(service)
            return replies.answer(service, answer)

        return await with_progress(service, responder, measured)


async def with_progress(service: Service, responder: Responder, measure: Callable[[Listener], Awaitable[_T]]) -> _T:
    """Return what `measure` returns; what its listener hears meanwhile is shown as progress."""
    tally = Tally()
    over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_show_progress(service, tally, responder, over))
        try:
            return await measure(tally.add)
        finally:
            over.set()


async def _show_progress(service: Service, tally: Tally, responder: Responder, over: asyncio.Event) -> None:
    """Show progress from time to time, whenever there is some, until the check is over.

    A message on its way is never cut short: it might arrive after the answer.
    """
    interval_s = responder.capabilities.progress_interval_s
    if interval_s is None or await _set_within(over, SILENCE_S):
        return
    shown = None
    while not over.is_set():
        progress = replies.progress(service, tally)
        if progress != shown:
            await responder.progress(progress)
            shown = progress
        await _set_within(over, interval_s)


async def _set_within(event: asyncio.Event, limit_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
    return event.is_set()


def _is_for_us(message: Message, request: Request, bot_name: str | None) -> bool:
    """Tell whether a message wants an answer: a command for another bot does not, nor the talk of a group."""
    if message.bot is not None and bot_name is not None:
        return message.bot.casefold() == bot_name.casefold()
    return request.addressed or message.command in {"check", "again", "start", "help", "services"}


def _may_be_host(text: str) -> bool:
    """Tell whether a text that names nothing known was meant as a host, so that its refusal says why it is none."""
    return len(text.split()) == 1 and (text[0].isdigit() or any(sign in text for sign in ".:/@"))
