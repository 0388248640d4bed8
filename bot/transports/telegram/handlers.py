"""What each kind of update leads to: a question for the conversation, a change of what is stored, or nothing.

`Handlers.job` decides at once, without waiting for anything, whether an update is worth anybody's time. When jobs are
done is the transport's affair.
"""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from typing import TYPE_CHECKING, NamedTuple

from telegram import CallbackQuery, Message
from telegram.error import BadRequest, TelegramError

from bot.chat import commands, replies, settings, words
from bot.chat.language import closest, say, speaking
from bot.chat.request import Capabilities, Request
from bot.limits import Allowance, Limits
from bot.transports.telegram import membership
from bot.transports.telegram.admins import Admins
from bot.transports.telegram.calls import Place, stored_id
from bot.transports.telegram.inline import Inline, command_of
from bot.transports.telegram.reading import Asked, Reader, asked_by, asker_of, kind_of, place_of, said_in
from bot.transports.telegram.render import LONG_MARK
from bot.transports.telegram.responder import TelegramResponder
from bot.transports.telegram.sender import Sender, kept

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Hashable

    from telegram import Bot, ChatMemberUpdated, ChosenInlineResult, InlineQuery, Update, User

    from bot.chat.conversation import Conversation
    from bot.limits import Refusal
    from bot.pacing import Pacer
    from bot.store import Store
    from probes.catalogue import Catalogue

_log = logging.getLogger(__name__)

STALE_S = 600
"""A question of this age is not answered any more: after an outage that would be a flood."""
_PRIVATE_INTERVAL_S = 1.0
_GROUP_INTERVAL_S = 5.0
"""Between two showings of progress."""
_OF_TYPING = Allowance(20, every_s=0.5)
"""While somebody types, Telegram asks with each letter."""
_SAME_MESSAGE = ("/again ", "/news ", "/past ", "/status", "/subscriptions ", "/broadcasts ", f"/{settings.LANGUAGE} ")
"""Buttons with these commands change the message that they stand under."""


class Job(NamedTuple):
    """Something to be done about an update, in the line of whom it concerns."""

    line: Hashable
    do: Callable[[], Awaitable[object]]


class Handlers:
    """Handles the updates of one bot."""

    def __init__(
        self,
        bot: Bot,
        conversation: Conversation,
        store: Store,
        catalogue: Catalogue,
        pacer: Pacer,
        *,
        language: str,
        admin_ids: Collection[int] = (),
    ) -> None:
        self._bot = bot
        self._conversation = conversation
        self._store = store
        self._language_otherwise = language
        self._admin_ids = admin_ids
        self._sender = Sender(bot, pacer, store.chats)
        self._reader = Reader(bot.bot, commands.COMMANDS)
        self._admins = Admins(bot)
        self._inline = Inline(bot, store, catalogue)
        self._limits = Limits()
        self._typing = Limits(user=_OF_TYPING, chat=_OF_TYPING)

    def job(self, update: Update) -> Job | None:
        """Return what is to be done about an update, if anything is."""
        job, user = self._job(update), update.effective_user
        return job and Job(job.line, lambda: self._speaking_to(user, job.do))

    async def _speaking_to(self, user: User | None, do: Callable[[], Awaitable[object]]) -> None:
        """Do something in somebody's own language; a chat's own may take its place."""
        with speaking(self._own_language(user)):
            await do()

    def _job(self, update: Update) -> Job | None:
        if message := update.message:
            return self._about_message(message)
        if query := update.callback_query:
            return self._about_press(query)
        if change := update.my_chat_member:
            return Job(change.chat.id, lambda: self._changed(change))
        if typed := update.inline_query:
            return self._about_typing(typed)
        if choice := update.chosen_inline_result:
            return self._about_choice(choice)
        return self._about_guest(update.guest_message) if update.guest_message else None

    # --- what people say ---

    def _about_message(self, message: Message) -> Job | None:
        if message.migrate_to_chat_id or message.migrate_from_chat_id:
            return Job(message.chat.id, lambda: self._migrated(message))
        text = said_in(message)
        if text is None or time.time() - message.date.timestamp() > STALE_S:
            return None
        if not self._reader.is_for_us(message, text):
            return None
        refusal = self._limits.ask(user=asker_of(message), chat=message.chat.id, now=_clock())
        if refusal is None:
            return Job(message.chat.id, lambda: self._said(message, text))
        return Job(message.chat.id, lambda: self._slow_down(message, refusal)) if refusal.tell else None

    async def _said(self, message: Message, text: str) -> None:
        await self._ask(asked_by(message, self._reader.without_mention(text)))

    async def _slow_down(self, message: Message, refusal: Refusal) -> None:
        await self._responder(place_of(message)).answer(replies.plain(_come_back(refusal)))

    # --- what people press ---

    def _about_press(self, query: CallbackQuery) -> Job | None:
        line = query.message.chat.id if query.message else query.from_user.id
        refusal = self._limits.ask(user=query.from_user.id, chat=line, now=_clock())
        if refusal is None:
            return Job(line, lambda: self._pressed(query))
        return Job(line, lambda: _confirm(query, _come_back(refusal) if refusal.tell else None))

    async def _pressed(self, query: CallbackQuery) -> None:
        command = query.data or ""
        if command.startswith(LONG_MARK):
            command = await self._long_command(command.removeprefix(LONG_MARK))
        if not await _confirm(query, None if command else say(words.BUTTON_FORGOTTEN)) or not command:
            return
        message = query.message
        if message is None:
            await self._ask(Asked(command, Place(None, inline_id=query.inline_message_id), None, query.from_user))
            return
        # Of an old message Telegram tells no more than its id: not its topic either.
        place = place_of(message) if isinstance(message, Message) else Place(message.chat.id)
        editing = message.message_id if command.startswith(_SAME_MESSAGE) else None
        await self._ask(Asked(command, place, message.chat, query.from_user, editing=editing))

    async def _long_command(self, token: str) -> str:
        return await kept(lambda: self._store.chats.command(token)) or ""

    # --- what people ask from other chats ---

    def _about_typing(self, query: InlineQuery) -> Job | None:
        refused = self._typing.ask(user=query.from_user.id, chat=query.from_user.id, now=_clock())
        return None if refused else Job(("inline", query.from_user.id), lambda: self._inline.offer(query))

    def _about_choice(self, choice: ChosenInlineResult) -> Job | None:
        """Measure what somebody sent; Telegram tells of it only where @BotFather was asked for inline feedback."""
        inline_id = choice.inline_message_id
        if inline_id is None:
            return None
        asked = Asked(command_of(choice.result_id), Place(None, inline_id=inline_id), None, choice.from_user)
        return Job(("inline", choice.from_user.id), lambda: self._ask(asked))

    def _about_guest(self, message: Message) -> Job | None:
        asker = asker_of(message)
        refused = self._limits.ask(user=asker, chat=("guest", message.chat.id), now=_clock())
        return None if refused else Job(("inline", asker), lambda: self._guest(message))

    async def _guest(self, message: Message) -> None:
        found = await self._inline.answer_guest(message, self._reader.without_mention(message.text or ""))
        if found:
            inline_id, command = found
            await self._ask(Asked(command, Place(None, inline_id=inline_id), None, message.from_user))

    # --- what happens to chats ---

    async def _changed(self, change: ChatMemberUpdated) -> None:
        self._admins.forget(change.chat.id)
        await membership.note(change, self._store.chats, now=time.time())

    async def _migrated(self, message: Message) -> None:
        await membership.follow(message, self._store.chats)

    # --- what they have in common ---

    async def _ask(self, asked: Asked) -> None:
        """Answer a question; where that breaks, apologise to who is alone with the bot."""
        responder = self._responder(asked.place, editing=asked.editing)
        try:
            await self._answer(asked, responder)
        except Exception as error:
            if _is_telegrams(error):
                raise
            reference = secrets.token_hex(4)
            _log.exception("A question was not answered (%s)", reference)
            if asked.place.is_private:
                await responder.answer(replies.plain(say(words.BROKE, reference=reference)))

    async def _answer(self, asked: Asked, responder: TelegramResponder) -> None:
        """Put a question to the conversation."""
        chat, user, place = asked.chat, asked.user, asked.place
        request = Request(
            chat=stored_id(chat.id) if chat else "",
            kind=kind_of(chat) if chat else "private",
            thread=place.thread_id,
            text=asked.text,
            language=await self._meet(asked),
            may_change=lambda: self._may_change(asked),
            operator=chat is not None and user is not None and user.id in self._admin_ids,
            attached=asked.attached,
        )
        await self._conversation.handle(request, responder)

    async def _may_change(self, asked: Asked) -> bool:
        """Tell whether whoever asks may change what is set in the chat."""
        if asked.may_change is not None or asked.chat is None or asked.user is None:
            return asked.may_change is True
        return asked.place.is_private or await self._admins.has(asked.chat.id, asked.user.id)

    async def _meet(self, asked: Asked) -> str:
        """Know a chat from now on; return the language that was chosen in it, else its speaker's own."""
        chat, user, chats, known = asked.chat, asked.user, self._store.chats, None
        where = chat or user
        if chat is not None and commands.parse(asked.text).command not in settings.WITHOUT_A_TRACE:
            known = await kept(lambda: chats.meet(stored_id(chat.id), kind_of(chat), now=time.time()))
        elif where is not None:
            known = await kept(lambda: chats.find(stored_id(where.id)))
        asked.place.muted = known is not None and known.state == "muted"
        return (known and known.language) or self._own_language(user)

    def _own_language(self, user: User | None) -> str:
        return closest(user.language_code if user else None) or self._language_otherwise

    def _responder(self, place: Place, *, editing: int | None = None) -> TelegramResponder:
        capabilities = Capabilities(
            edits=True,
            pictures=True,
            progress_interval_s=_PRIVATE_INTERVAL_S if place.is_private else _GROUP_INTERVAL_S,
            bot_name=self._bot.username,
        )
        return TelegramResponder(self._sender, place, capabilities, editing=editing)


async def _confirm(query: CallbackQuery, text: str | None) -> bool:
    """Tell Telegram that a press arrived; False where it has given up on it, and so has whoever pressed."""
    try:
        await query.answer(text, show_alert=text is not None)
    except BadRequest:
        return False
    except TelegramError as error:
        _log.info("A button's press could not be confirmed: %s", error)
    return True


def _is_telegrams(error: Exception) -> bool:
    """Tell whether all that went wrong is that Telegram did not take something, or may have taken it."""
    if isinstance(error, ExceptionGroup):
        return error.split(TelegramError)[1] is None
    return isinstance(error, TelegramError)


def _come_back(refusal: Refusal) -> str:
    return say(words.SLOW_DOWN, seconds=math.ceil(refusal.wait_s))


def _clock() -> float:
    return asyncio.get_running_loop().time()
