"""Every command, wherever it is given and whoever gives it: one answer, in its place."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest

from bot.chat import commands, replies, words
from bot.chat.language import LANGUAGES
from bot.store import StoreError
from bot.transports.telegram.handlers import STALE_S
from tests.bot.transports.telegram.served import say

if TYPE_CHECKING:
    from bot.chat.request import Request, Responder
    from bot.store import Store
    from tests.bot.canned import CannedProber
    from tests.bot.transports.telegram.served import Bot
    from tests.fakes.telegram import Chat

COMMANDS = sorted(commands.COMMANDS)
SAYS = {
    "again": words.CHECK_WHAT,
    "check": words.CHECK_WHAT,
    "help": words.TRY,
    "language": words.LANGUAGE_EACH_OWN,
    "privacy": words.NOT_KEPT,
    "services": words.SERVICES,
    "start": words.START,
}
NEEDS_RIGHTS = {"forget"}


@pytest.mark.parametrize(
    ("place", "speaker"),
    [
        ("group", "stranger"),
        ("group", "administrator"),  # who cannot be anonymous there
        *product(("supergroup", "topic"), ("stranger", "administrator", "anonymous administrator")),
    ],
)
@pytest.mark.parametrize("command", COMMANDS)
async def test_among_people(bot: Bot, command: str, place: str, speaker: str) -> None:
    person, boss = bot.api.user(5, "Stranger", None), bot.api.user(6, "Boss")
    topic = "Network" if place == "topic" else None
    speaks, anonymous = person if speaker == "stranger" else boss, speaker.startswith("anonymous")
    async with bot.serving():
        if place == "group":
            chat = bot.api.group(members=[person], admins=[boss])
        else:
            chat = bot.api.supergroup(members=[person], admins=[boss], topics=[topic] if topic else [])
        asked = await chat.say(speaks, f"/{command}@{bot.api.me.username}", topic=topic, anonymous=anonymous)
        answer = await chat.reply()
        await answer.until(lambda message: "Checking" not in message.text)
        await bot.api.drained()
    refused = command in NEEDS_RIGHTS and speaker == "stranger"
    assert (words.ADMINS_ONLY if refused else SAYS.get(command, "")) in answer.text
    assert (answer.text == words.ADMINS_ONLY) is refused
    assert (answer.reply_to, answer.thread_id) == (asked, chat.topic_id(topic) if topic else None)
    assert len(chat.from_bot) == 1


@pytest.mark.parametrize("command", COMMANDS)
async def test_in_private(chat: Chat, bot: Bot, command: str) -> None:
    await say(chat, f"/{command}")
    answer = await chat.reply()
    await bot.api.drained()
    assert SAYS.get(command, "") in answer.text
    assert answer.reply_to is None
    assert len(chat.from_bot) == 1


@pytest.mark.parametrize("command", COMMANDS)
async def test_after_an_outage_nothing_old_is_answered(bot: Bot, command: str, prober: CannedProber) -> None:
    chat = bot.api.private(bot.api.user(1))
    for _ in range(20):
        await say(chat, f"/{command} whatsapp", age_s=STALE_S + 1)
    async with bot.serving():
        await bot.api.drained()
        await say(chat, "/help")
        assert words.TRY in (await chat.reply()).text
    assert len(chat.from_bot) == 1
    assert not prober.asked


async def test_what_is_kept_is_told_and_deleted(chat: Chat, store: Store) -> None:
    await say(chat, "/privacy")
    assert words.KEPT_NOTHING in (await chat.reply()).text
    await say(chat, "/language english")
    assert (await chat.reply()).text == words.LANGUAGE_SET.format(language="English")
    await say(chat, "/privacy")
    kept = (await chat.reply()).text
    for line in (words.KEPT_ID.format(id=1), words.KEPT_LANGUAGE.format(language="English")):
        assert line in kept
    await say(chat, "/forget")
    assert (await chat.reply()).text == words.FORGOTTEN
    assert await store.chats.find("telegram:1") is None
    await say(chat, "/privacy")  # and asking does not begin anew
    assert words.KEPT_NOTHING in (await chat.reply()).text


async def test_the_language_of_a_chat_goes_before_its_peoples_own(
    chat: Chat, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    languages: list[str] = []

    async def handle(request: Request, responder: Responder) -> None:
        if request.text.startswith("/"):
            await obey(request, responder)
            return
        languages.append(request.language)
        await responder.answer(replies.plain("heard"))

    obey = bot.conversation.handle

    monkeypatch.setattr(bot.conversation, "handle", handle)
    monkeypatch.setitem(words.LANGUAGES, "fr", "Français")
    for text in ("whatsapp", "/language Français", "whatsapp", "/language own", "whatsapp"):
        await say(chat, text)
        await chat.reply()
    silent = bot.api.private(bot.api.user(8, language_code=None))
    await say(silent, "whatsapp")
    await silent.reply()
    assert languages == ["en", "fr", "en", "en"]


async def test_a_language_that_is_not_spoken_is_not_taken(chat: Chat, store: Store) -> None:
    await say(chat, "/language klingon")
    answer = await chat.reply()
    assert answer.text == words.LANGUAGE_UNKNOWN
    assert answer.buttons == [*([name] for name in LANGUAGES.values()), [words.LANGUAGE_OWN_BUTTON]]
    known = await store.chats.find("telegram:1")
    assert known is not None
    assert known.language is None


async def test_a_database_that_is_of_no_use_costs_only_what_is_kept(
    chat: Chat, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(bot.store._database, "transaction", broken)
    monkeypatch.setattr(bot.store.chats._database, "transaction", broken)
    await say(chat, "whatsapp")
    assert "WhatsApp — works" in (await chat.reply()).text
    for command in ("/privacy", "/forget", "/language"):
        await say(chat, command)
        assert (await chat.reply()).text == words.NOT_NOW


async def test_what_breaks_is_apologised_for_in_private_only(
    chat: Chat, bot: Bot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(bot.conversation, "handle", broken)
    group = bot.api.supergroup(members=[bot.api.user(1)])
    await group.say(bot.api.user(1), "/check whatsapp")
    await say(chat, "/check whatsapp")
    reference = (await chat.reply()).text.removeprefix(words.BROKE.format(reference=""))
    assert f"({reference})" in caplog.text
    await bot.api.drained()
    assert group.from_bot == []
