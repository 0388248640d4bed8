"""Groups: topics, administrators, new ids, being added, muted and removed; and nobody hears more than they want."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bot.chat import words
from bot.transports.telegram import admins
from tests.bot.transports.telegram.served import becomes, say, state
from tests.fakes.telegram import faults

if TYPE_CHECKING:
    from bot.store import Store
    from tests.bot.canned import CannedProber
    from tests.bot.transports.telegram.served import Bot
    from tests.fakes.telegram import Chat, FakeTelegram, User

GROUP_ID = -1001000000001
STORED_ID = f"telegram:{GROUP_ID}"


@pytest.fixture
def boss(api: FakeTelegram) -> User:
    return api.user(2, "Boss", "en")


# --- topics ----------------------------------------------------------------------------------------------------------


async def test_an_answer_stays_in_its_topic(bot: Bot, amina: User) -> None:
    async with bot.serving():
        group = bot.api.supergroup("City", members=[amina], topics=["Network"])
        question = await group.say(amina, "/check whatsapp", topic="Network")
        answer = await group.reply()
        assert (answer.thread_id, answer.reply_to) == (group.topic_id("Network"), question)
        await group.say(amina, "/check telegram")
        assert (await group.reply()).thread_id is None


async def test_where_the_topic_is_closed_the_general_one_is_written_to(bot: Bot, amina: User) -> None:
    async with bot.serving():
        group = bot.api.supergroup("City", members=[amina], topics=["Network"])
        group.close_topic("Network")
        await group.say(amina, "/help", topic="Network")
        answer = await group.reply()
    assert (answer.thread_id, answer.reply_to) == (None, None)


async def test_a_topic_that_is_deleted_meanwhile_costs_no_answer(bot: Bot, amina: User, prober: CannedProber) -> None:
    prober.go.clear()
    async with bot.serving():
        group = bot.api.supergroup("City", members=[amina], topics=["Network"])
        # No progress, which would stand in the topic.
        bot.api.fault("sendMessage", faults.reset(), contains="Checking", times=None)
        await group.say(amina, "/check whatsapp", topic="Network")
        await prober.begun.wait()
        group.delete_topic("Network")
        prober.go.set()
        answer = await group.reply()
    assert answer.thread_id is None
    assert "WhatsApp — works" in answer.text


async def test_where_every_topic_is_closed_nothing_is_said_and_nothing_breaks(
    bot: Bot, amina: User, caplog: pytest.LogCaptureFixture
) -> None:
    async with bot.serving():
        group = bot.api.supergroup("City", members=[amina], topics=["Network"])
        group.close_topic("Network")
        group.close_topic("General")
        await group.say(amina, "/help", topic="Network")
        await bot.api.until(lambda: len(bot.api.called("sendMessage")) == 2, "two tries")
        group.reopen_topic("General")
        await group.say(amina, "/help")
        await group.reply()
    assert "Traceback" not in caplog.text


# --- who is meant ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "is whatsapp down?",
        "/roll 6",
        "/check@other_bot whatsapp",
        "/forget@other_bot",
        "мой ватсап не работает",
    ],
)
async def test_what_is_meant_for_others_is_not_answered(group: Chat, boss: User, bot: Bot, text: str) -> None:
    await group.set_bot("administrator", boss)  # an administrator sees everything
    await group.say(boss, text)
    await group.say(boss, "/help")
    assert words.TRY in (await group.reply()).text
    await bot.api.drained()
    assert len(group.from_bot) == 1


@pytest.mark.parametrize("text", ["/check@reach_test_bot telegram", "@reach_test_bot telegram?", "/CHECK telegram"])
async def test_what_is_meant_for_the_bot_is_answered(group: Chat, amina: User, text: str) -> None:
    await group.say(amina, text)
    answer = await group.reply()
    await answer.until(lambda message: "Telegram — blocked" in message.text)


async def test_an_answer_to_the_bot_is_meant_for_it(group: Chat, amina: User) -> None:
    await group.say(amina, "/help")
    await group.say(amina, "signal", reply_to=await group.reply())
    await (await group.reply()).until(lambda message: "Signal — works" in message.text)


async def test_a_linked_channels_post_is_nobodys_question(group: Chat, amina: User, bot: Bot) -> None:
    channel = bot.api.channel()
    await group.post_from(channel, "whatsapp is down")
    await group.say(amina, "/help")
    await group.reply()
    assert len(group.from_bot) == 1


async def test_among_people_progress_is_shown_twice_at_most(
    group: Chat, amina: User, prober: CannedProber, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = itertools.count()
    monkeypatch.setattr("bot.chat.replies.Tally.__str__", lambda _: f"step {next(counts)}")

    async def tried() -> bool:
        return next(counts) > 10

    prober.go.clear()
    await group.say(amina, "/check whatsapp")
    answer = await group.reply()
    await answer.edited()
    await becomes(tried, wanted=True)
    prober.go.set()
    await answer.until(lambda message: "WhatsApp — works" in message.text)
    assert len(bot.api.called("sendMessage")) == 1
    assert len(bot.api.called("editMessageText")) == 2
    assert not bot.api.called("sendMessageDraft")


# --- administrators --------------------------------------------------------------------------------------------------


async def test_only_administrators_make_the_bot_forget_a_group(bot: Bot, amina: User, boss: User, store: Store) -> None:
    group = bot.api.supergroup(members=[amina], admins=[boss])
    await store.chats.meet(STORED_ID, "group", now=1)
    async with bot.serving():
        await group.say(amina, "/forget")
        assert (await group.reply()).text == words.ADMINS_ONLY
        assert await store.chats.find(STORED_ID)
        await group.say(boss, "/forget")
        assert (await group.reply()).text == words.FORGOTTEN
        assert await store.chats.find(STORED_ID) is None


async def test_an_anonymous_administrator_is_one_of_this_group_only(
    bot: Bot, amina: User, boss: User, store: Store
) -> None:
    group = bot.api.supergroup(members=[amina], admins=[boss])
    channel = bot.api.channel()
    await store.chats.meet(STORED_ID, "group", now=1)
    async with bot.serving():
        await group.post_from(channel, "/forget")  # a channel speaks as its own name, not as the group's
        assert (await group.reply()).text == words.ADMINS_ONLY
        await group.say(boss, "/forget", anonymous=True)
        assert (await group.reply()).text == words.FORGOTTEN
    assert not bot.api.called("getChatMember")


async def test_who_administers_is_asked_once_in_a_while_and_anew_after_a_change(
    group: Chat, amina: User, boss: User, bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await group.say(amina, "/forget")
        await group.reply()
    assert len(bot.api.called("getChatMember")) == 1
    await group.set_bot("administrator", boss)
    await group.say(amina, "/forget")
    await group.reply()
    assert len(bot.api.called("getChatMember")) == 2
    monkeypatch.setattr(admins, "KEEP_S", 0)
    await group.set_bot("member", boss)
    for _ in range(2):
        await group.say(amina, "/forget")
        await group.reply()
    assert len(bot.api.called("getChatMember")) == 4


async def test_where_nobody_can_tell_who_administers_nobody_does(
    bot: Bot, amina: User, boss: User, store: Store
) -> None:
    group = bot.api.supergroup(members=[amina], admins=[boss])
    await store.chats.meet(STORED_ID, "group", now=1)
    bot.api.fault("getChatMember", faults.bad_gateway())
    async with bot.serving():
        await group.say(boss, "/forget")
        assert (await group.reply()).text == words.ADMINS_ONLY
        await group.say(boss, "/forget")  # and what was not known is not remembered
        assert (await group.reply()).text == words.FORGOTTEN


# --- what happens to the bot -----------------------------------------------------------------------------------------


async def test_the_bot_knows_where_it_is_and_where_it_may_write(bot: Bot, boss: User, store: Store) -> None:
    group = bot.api.supergroup(admins=[boss], bot=None)
    async with bot.serving():
        for change, expected in (
            (group.set_bot("member", boss), "active"),
            (group.mute_bot(boss), "muted"),
            (group.set_bot("administrator", boss), "active"),
            (group.set_bot("kicked", boss), "gone"),
            (group.set_bot("member", boss), "active"),
            (group.set_bot("left", boss), "gone"),
            (group.set_bot("restricted", boss, is_member=False), "gone"),
        ):
            await change
            await becomes(partial(state, store, STORED_ID), expected)


async def test_who_blocks_the_bot_and_comes_back_is_known_to_be_gone_and_back(chat: Chat, store: Store) -> None:
    await say(chat, "/check whatsapp")
    await chat.reply()
    for change, expected in ((chat.block(), "gone"), (chat.unblock(), "active")):
        await change
        await becomes(partial(state, store, "telegram:1"), expected)


async def test_a_refusal_says_where_the_bot_cannot_write(
    group: Chat, amina: User, boss: User, store: Store, bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    await group.say(amina, "/check whatsapp")
    await group.reply()
    assert await state(store, STORED_ID) == "active"
    bot.api.fault("sendMessage", faults.error(400, "Bad Request: not enough rights to send text messages to the chat"))
    await group.say(amina, "/help")
    await bot.api.until(lambda: len(bot.api.called("sendMessage")) == 2, "a refusal")
    await bot.api.drained()
    await becomes(partial(state, store, STORED_ID), "muted")
    await group.say(amina, "/services")  # it may have been allowed to write again without a word
    await group.reply()
    await becomes(partial(state, store, STORED_ID), "active")
    bot.api.fault("sendMessage", faults.error(403, "Forbidden: bot was kicked from the supergroup chat"))
    await group.say(boss, "/help")
    await bot.api.until(lambda: len(bot.api.called("sendMessage")) == 4, "a refusal")
    await becomes(partial(state, store, STORED_ID), "gone")
    assert "Traceback" not in caplog.text


# --- a new id --------------------------------------------------------------------------------------------------------


async def test_a_group_that_becomes_a_supergroup_keeps_what_was_set(bot: Bot, amina: User, store: Store) -> None:
    group = bot.api.group(members=[amina])
    await store.chats.meet(f"telegram:{group.id}", "group", now=1)
    await store.chats.set_language(f"telegram:{group.id}", "fr")
    async with bot.serving():
        successor = await group.migrate(amina)
        await bot.api.drained()
        await successor.say(amina, "/privacy")
        assert "sa langue\N{NO-BREAK SPACE}: Français" in (await successor.reply()).text
    assert await store.chats.find(f"telegram:{group.id}") is None


async def test_a_group_that_moves_while_it_is_answered_gets_its_answer_at_the_new_place(
    bot: Bot, amina: User, prober: CannedProber, store: Store
) -> None:
    group = bot.api.group(members=[amina])
    prober.go.clear()
    async with bot.serving():
        bot.api.fault("sendMessage", faults.reset(), contains="Checking", times=None)
        await group.say(amina, "/check whatsapp")
        await prober.begun.wait()
        successor = await group.migrate(amina)
        prober.go.set()
        assert "WhatsApp — works" in (await successor.reply()).text
    assert await store.chats.find(f"telegram:{successor.id}")
    assert await store.chats.find(f"telegram:{group.id}") is None
