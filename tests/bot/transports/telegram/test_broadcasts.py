"""Operators write to many on Telegram: every step, and who may take none."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.chat import words
from bot.chat.words_outbox import REPEATED
from tests.bot.transports.telegram.served import Bot, becomes, say
from tests.fakes.telegram import faults
from tests.fakes.telegram.text import utf16_length

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.store import Store
    from tests.fakes.telegram import Chat, Message, User


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Show progress without waiting, and take calls in a folder of the test's own."""
    monkeypatch.setattr("bot.broadcasts.broadcasts.SHOWN_EVERY_S", 0.02)
    monkeypatch.chdir(tmp_path)


@asynccontextmanager
async def operated(bot: Bot, *admins: int) -> AsyncIterator[Chat]:
    """A bot that serves, which Amina runs; Boris and a group know it."""
    for chat, kind in (("telegram:1", "private"), ("telegram:2", "private"), ("telegram:-4001", "group")):
        await bot.store.chats.meet(chat, kind, now=1)  # type: ignore[arg-type]
    boris = bot.api.private(bot.api.user(2, "Boris", "ru"))
    assert boris.id == 2
    bot.api.group(members=[bot.api.user(1), bot.api.user(2)])
    async with bot.serving(admin_ids=admins or (1,)):
        yield bot.api.private(bot.api.user(1, "Amina", "en"))


async def written(chat: Chat, text: str = "/broadcast Dear readers", **more: Any) -> Message:
    """Write a broadcast; return its draft, whatever else is told meanwhile."""
    said = await say(chat, text, **more)
    return await chat.reply_that(lambda message: "— a draft" in message.text, "a draft", below=said)


def marked(text: str, part: str, kind: str, **more: str) -> dict[str, Any]:
    """What says that a part of a text is of a kind."""
    return {"type": kind, "offset": utf16_length(text.partition(part)[0]), "length": utf16_length(part), **more}


async def pressed(chat: Chat, message: Message, label: str, wanted: str) -> Message:
    await chat.press(message, label)
    return await message.until(lambda shown: wanted in shown.text)


async def ended(chat: Chat) -> Message:
    """Return the panel of a broadcast that is over."""

    def panels() -> list[Message]:
        return [message for message in chat.from_bot if "— finished" in message.text]

    await chat.until(panels, "the end")
    return panels()[0]


async def test_it_is_seen_confirmed_and_followed_to_its_end(bot: Bot) -> None:
    async with operated(bot) as chat:
        await say(chat, "/broadcast Dear readers")
        preview, draft = await chat.replies(2)
        assert preview.text == "Dear readers"
        assert preview.button("No more announcements")
        assert "Above you see it as it will arrive." in draft.text
        assert "It goes to 3 chats, in about 1 second." in draft.text
        await pressed(chat, draft, "Send to 3 chats", "has begun")
        end = await ended(chat)
        assert "arrived: 3" in end.text
        assert "100 %" in end.text
        for number in (2, -4001):
            (told,) = bot.api.chats[number].messages[-1:]
            assert told.text == "Dear readers"


async def test_a_stranger_knows_no_such_command(bot: Bot) -> None:
    async with operated(bot, 9) as chat:
        for command in ("/broadcast hello", "/broadcasts", "/variant 1 ru hello", "/stats", "/health"):
            await say(chat, command)
            assert "do not know" in (await chat.reply()).text or "no command" in chat.from_bot[-1].text.lower()
        assert await bot.store.broadcasts.latest(1) == []


async def test_in_a_group_there_is_no_such_command_for_operators_either(bot: Bot, amina: User) -> None:
    async with operated(bot):
        group = bot.api.supergroup("City", members=[amina])
        await group.say(amina, "/broadcast hello")
        await bot.api.drained()
        assert await bot.store.broadcasts.latest(1) == []


async def test_the_audience_is_chosen_by_buttons_and_may_be_nobody(bot: Bot) -> None:
    async with operated(bot) as chat:
        draft = await written(chat)
        await pressed(chat, draft, "groups", "To these kinds of chats: groups.")
        assert "It goes to 1 chat, in" in draft.text
        await pressed(chat, draft, "Русский", "To chats that speak: Русский.")
        assert "Nobody is in this audience." in draft.text
        assert not [label for row in draft.buttons for label in row if str(label).startswith("Send to")]
        await say(chat, "/broadcasts 1 send")
        assert "Nobody is in this audience." in (await chat.reply()).text
        assert (await bot.store.broadcasts.latest(1))[0].state == "draft"


async def test_a_time_is_set_and_taken_back_and_a_draft_is_discarded(bot: Bot) -> None:
    async with operated(bot) as chat:
        draft = await written(chat)
        await pressed(chat, draft, "In an hour", "begins")
        await pressed(chat, draft, "Back to the draft", "a draft")
        await pressed(chat, draft, "Tomorrow 09:00 UTC", "09:00 UTC")
        await pressed(chat, draft, "Back to the draft", "a draft")
        await say(chat, "/broadcasts 1 at 2001-01-01 00:00")
        assert "I do not understand this time" in (await chat.reply()).text
        await pressed(chat, draft, "Discard", "discarded")
        await say(chat, "/broadcasts 1 send")
        assert "that cannot be done with it now" in (await chat.reply()).text


async def test_one_of_whoever_is_no_operator_any_more_is_discarded(bot: Bot, store: Store) -> None:
    async with operated(bot) as chat:
        await written(chat)
    await store.broadcasts.move(1, "scheduled", before=("draft",), start_at=5.0, now=4)

    async def state() -> str:
        return (await store.broadcasts.latest(1))[0].state

    async with bot.serving(admin_ids=(2,)):
        await becomes(state, "cancelled")
    assert await store.outbox.backlog() == {}


async def test_one_whose_time_has_come_begins_by_itself(bot: Bot, store: Store) -> None:
    async with operated(bot) as chat:
        await written(chat)
    await store.broadcasts.move(1, "scheduled", before=("draft",), start_at=5.0, now=4)

    async def sent() -> int:
        return (await store.outbox.counts(1)).get("sent", 0)

    async with bot.serving(admin_ids=(1,)):
        await becomes(sent, 3)


@pytest.mark.parametrize("text", ["/broadcast " + "x" * 4097, "x" * 4097])
async def test_a_text_of_4097_characters_is_no_broadcast(bot: Bot, text: str) -> None:
    async with operated(bot) as chat:
        await say(chat, text)
        assert "long" in (await chat.reply()).text
        assert await bot.store.broadcasts.latest(1) == []


async def test_what_telegram_refuses_is_no_broadcast(bot: Bot) -> None:
    async with operated(bot) as chat:
        bot.api.fault("sendMessage", faults.error(400, "Bad Request: can't parse entities"))
        await say(chat, "/broadcast hello")
        assert "Telegram does not take this message" in (await chat.reply()).text
        assert await bot.store.broadcasts.latest(1) == []


async def test_marks_and_links_arrive_as_they_were_written(bot: Bot) -> None:
    text = "/broadcast Dear 🎈 readers, look <here> & now"
    link = "https://example.org/?a=1&b=2"
    marks = [marked(text, "Dear 🎈", "bold"), marked(text, "look <here>", "text_link", url=link)]
    async with operated(bot) as chat:
        draft = await written(chat, text, entities=marks)
        await pressed(chat, draft, "Send to 3 chats", "has begun")
        boris = bot.api.private(bot.api.user(2))
        for told in (await boris.reply(), chat.from_bot[0]):
            assert told.text == "Dear 🎈 readers, look <here> & now"
            assert told.marked("bold") == ["Dear 🎈"]
            assert told.marked("text_link") == ["look <here>"]
            assert [entity.get("url") for entity in told.entities] == [None, link]


async def test_a_picture_goes_with_what_stands_below_it(bot: Bot) -> None:
    text = "/broadcast Dear readers"
    async with operated(bot) as chat:
        draft = await written(chat, text, photo="photo-of-the-city", entities=[marked(text, "Dear", "italic")])
        await pressed(chat, draft, "Send to 3 chats", "has begun")
        boris = bot.api.private(bot.api.user(2))
        for told in (await boris.reply(), chat.from_bot[0]):
            assert told.body["photo"][0]["file_id"] == "photo-of-the-city"
            assert told.text == "Dear readers"
            assert told.marked("italic") == ["Dear"]
            assert len(told.buttons) == 1


async def test_below_a_picture_there_is_less_room(bot: Bot) -> None:
    async with operated(bot) as chat:
        await say(chat, "/broadcast " + "x" * 1025, photo="photo-of-the-city")
        assert "1025 of at most 1024 characters" in (await chat.reply()).text.replace(",", "")
        assert await bot.store.broadcasts.latest(1) == []


async def test_a_picture_that_telegram_refuses_is_no_broadcast(bot: Bot) -> None:
    async with operated(bot) as chat:
        bot.api.fault("sendPhoto", faults.error(400, "Bad Request: wrong file identifier/HTTP URL specified"))
        await say(chat, "/broadcast Dear readers", photo="photo-of-the-city")
        assert "Telegram does not take this message" in (await chat.reply()).text
        assert await bot.store.broadcasts.latest(1) == []


async def test_an_answered_message_is_passed_on_as_it_is(bot: Bot) -> None:
    async with operated(bot) as chat:
        original = await say(chat, "/help")
        await chat.reply()
        await say(chat, "/broadcast", reply_to=original)
        preview, draft = await chat.replies(2)
        assert preview.text == "/help"
        assert "a draft" in draft.text


async def test_each_language_has_its_own_text(bot: Bot) -> None:
    async with operated(bot) as chat:
        await bot.store.chats.set_language("telegram:2", "ru")
        draft = await written(chat)
        await say(chat, "/variant 1 ru Дорогие читатели")
        preview, again = await chat.replies(2)
        assert preview.text == "Дорогие читатели"
        assert "Texts for single languages: Русский" in again.text
        await say(chat, "/variant 1 xx hello")
        assert "I do not speak “xx”" in (await chat.reply()).text
        await pressed(chat, draft, "Send to 3 chats", "has begun")
        boris = bot.api.private(bot.api.user(2))
        assert (await boris.reply()).text == "Дорогие читатели"


async def test_no_more_announcements_is_one_button(bot: Bot) -> None:
    async with operated(bot) as chat:
        draft = await written(chat)
        await pressed(chat, draft, "Send to 3 chats", "has begun")
        boris = bot.api.private(bot.api.user(2))
        told = await boris.reply()
        button = str(told.buttons[0][0])
        await boris.press(told, button)
        await boris.reply()
        assert await bot.store.refusals.refuses("telegram:2")
        await say(boris, "/privacy")
        await boris.reply()


async def test_in_a_group_only_administrators_want_no_more(bot: Bot) -> None:
    async with operated(bot) as chat:
        amina, carla = bot.api.user(1), bot.api.user(3, "Carla", "en")
        group = bot.api.group(members=[carla], admins=[amina])
        draft = await written(chat)
        await pressed(chat, draft, "Send to 3 chats", "has begun")
        told = await group.reply()
        await group.press(told, "No more announcements", carla)
        assert words.ADMINS_ONLY in (await group.reply()).text
        assert not await bot.store.refusals.refuses("telegram:-4001")
        await group.press(told, "No more announcements", amina)
        assert "no more announcements here" in (await group.reply()).text
        assert await bot.store.refusals.refuses("telegram:-4001")


async def test_what_may_have_arrived_is_sent_again_only_when_that_is_wanted(bot: Bot) -> None:
    async with operated(bot) as chat:
        bot.api.fault("sendMessage", faults.reset(), chat_id=2)
        draft = await written(chat)
        await pressed(chat, draft, "Send to 3 chats", "has begun")
        end = await ended(chat)
        boris = bot.api.private(bot.api.user(2))
        assert "may have arrived, or not: 1" in end.text
        assert boris.from_bot == []
        await chat.press(end, "Send again to 1 unknown")
        again = await boris.reply()
        assert again.text == f"{REPEATED}\n\nDear readers"
        await chat.until(lambda: any("arrived: 3" in message.text for message in chat.from_bot), "three that arrived")
        assert len(bot.api.chats[-4001].messages) == 1


async def test_it_is_paused_goes_on_and_is_stopped(bot: Bot, store: Store) -> None:
    async with operated(bot) as chat:
        for number in range(100, 300):
            await store.chats.meet(f"telegram:{number}", "private", now=1)
            bot.api.private(bot.api.user(number))
        bot.api.fault("sendMessage", faults.slow(0.2), times=None)
        draft = await written(chat)
        await pressed(chat, draft, "Send to 203 chats", "has begun")
        for verb, state in (("pause", "paused"), ("resume", "on its way"), ("stop", "stopped")):
            await say(chat, f"/broadcasts 1 {verb}")
            await chat.until(lambda state=state: any(f"— {state}" in one.text for one in chat.from_bot), state)
        counts = await store.outbox.counts(1)
        assert sum(counts.values()) == 203
        assert counts["cancelled"] > 0


async def test_two_at_once_both_arrive(bot: Bot) -> None:
    async with operated(bot) as chat:
        for text in ("one", "two"):
            draft = await written(chat, f"/broadcast {text}")
            await chat.press(draft, "Send to 3 chats")
            await chat.until(lambda text=text: any(m.text == text for m in bot.api.chats[2].messages), text)
        boris = bot.api.private(bot.api.user(2))
        assert sorted(message.text for message in boris.messages) == ["one", "two"]


async def test_two_that_overlap_both_reach_everybody_once(bot: Bot, store: Store) -> None:
    async with operated(bot) as chat:
        people = [bot.api.private(bot.api.user(number)) for number in range(100, 130)]
        for person in people:
            await store.chats.meet(f"telegram:{person.id}", "private", now=1)
        drafts = [await written(chat, f"/broadcast {text}") for text in ("one", "two")]
        for draft in drafts:
            await pressed(chat, draft, "Send to 33 chats", "has begun")
        assert {one.state for one in await store.broadcasts.latest(2)} == {"running"}

        async def states() -> set[str]:
            return {one.state for one in await store.broadcasts.latest(2)}

        await becomes(states, {"finished"})
        assert all(sorted(message.text for message in person.from_bot) == ["one", "two"] for person in people)


async def test_a_time_ahead_is_kept(bot: Bot, store: Store) -> None:
    at = (datetime.now(UTC) + timedelta(days=2)).replace(second=0, microsecond=0)
    async with operated(bot) as chat:
        await written(chat)
        await say(chat, f"/broadcasts 1 at {at:%Y-%m-%d %H:%M}")
        assert "Broadcast 1 — begins" in (await chat.reply()).text
        (one,) = await store.broadcasts.latest(1)
        assert (one.state, one.start_at) == ("scheduled", at.timestamp())
        assert await store.outbox.backlog() == {}


async def test_the_list_has_pages(bot: Bot, store: Store) -> None:
    async with operated(bot) as chat:
        await say(chat, "/broadcasts")
        assert "There are no broadcasts yet" in (await chat.reply()).text
        await written(chat)
        one = await store.broadcasts.find(1)
        assert one is not None
        for _ in range(9):
            await store.broadcasts.draft("telegram:1", one.variants[""], now=2)
        await say(chat, "/broadcasts")
        listed = await chat.reply()
        assert "10 (" in listed.text
        await pressed(chat, listed, "Older ▶", "1 (")
        for order in ("page 99999999999999999999", "page 0", "7777777777777", "1 dance", "99"):
            await say(chat, f"/broadcasts {order}")
            await chat.reply()


async def test_counts_and_health_are_told(bot: Bot) -> None:
    async with operated(bot) as chat:
        await say(chat, "/stats")
        stats = await chat.reply()
        assert "Chats that can be written to: 3" in stats.text
        assert "Boris" not in stats.text
        await say(chat, "/health")
        assert "SQLite" in (await chat.reply()).text
