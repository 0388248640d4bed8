"""What the outbox has to tell reaches Telegram's chats, and each of Telegram's answers is known for what it is."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from telegram import Bot

from bot.chat.reply import Button, Headline, Reply
from bot.chat.words_outbox import REPEATED
from bot.outbox import Copied, Message, Priority, Said, Written
from bot.outbox.delivery import ChatGone, ChatMoved, Muted, NotSent, Rejected, Sent, Unknown
from bot.store.chats import token
from bot.transports.errors import TransportError
from bot.transports.telegram.delivery import TelegramDelivery
from bot.transports.telegram.request import AiohttpRequest, Timeouts
from tests.fakes.telegram import FakeTelegram, faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.outbox import Content
    from bot.outbox.delivery import Outcome
    from bot.store import Store
    from tests.fakes.telegram import Chat

BLOCKED = Said(Reply(blocks=(Headline("WhatsApp — blocked"),), buttons=((Button("Check", "/check whatsapp"),),)))


@pytest.fixture
async def delivery(api: FakeTelegram, store: Store) -> AsyncIterator[TelegramDelivery]:
    async with delivering(api, store) as delivery:
        yield delivery


@asynccontextmanager
async def delivering(api: FakeTelegram, store: Store) -> AsyncIterator[TelegramDelivery]:
    async with AiohttpRequest(timeouts=Timeouts(read_s=0.3)) as request:
        bot = Bot(api.token, f"{api.base_url}/bot", request=request, get_updates_request=AiohttpRequest(pool_size=1))
        yield TelegramDelivery(bot, store.chats, language="en")


def message(chat: int, content: Content = BLOCKED, *, thread: int | None = None, doubts: int = 0) -> Message:
    return Message(
        id=1,
        chat=f"telegram:{chat}",
        is_group=chat < 0,
        language=None,
        muted=False,
        thread=thread,
        content=content,
        priority=Priority.ALERT,
        attempts=1,
        doubts=doubts,
    )


@pytest.fixture
def private(api: FakeTelegram) -> Chat:
    return api.private(api.user(1, "Amina", "en"))


async def test_the_bots_own_words_arrive_with_their_buttons(delivery: TelegramDelivery, private: Chat) -> None:
    outcome = await delivery.deliver(message(1))
    (arrived,) = private.from_bot
    assert outcome == Sent(str(arrived.id))
    assert (arrived.text, arrived.marked("bold")) == ("WhatsApp — blocked", ["WhatsApp — blocked"])
    assert arrived.buttons == [["Check"]]


async def test_somebodys_text_and_picture_arrive_as_they_are(delivery: TelegramDelivery, private: Chat) -> None:
    buttons = ((Button("No more", "/quiet"),),)
    await delivery.deliver(message(1, Written(html="a <i>b</i>", buttons=buttons)))
    await delivery.deliver(message(1, Written(html="c <b>d</b>", photo="photo7", buttons=buttons)))
    text, picture = private.from_bot
    assert (text.text, text.marked("italic"), text.buttons) == ("a b", ["b"], [["No more"]])
    assert (picture.text, picture.marked("bold"), picture.buttons) == ("c d", ["d"], [["No more"]])
    assert picture.body["photo"][0]["file_id"] == "photo7"


async def test_what_is_copied_looks_as_it_does(delivery: TelegramDelivery, api: FakeTelegram, private: Chat) -> None:
    admin = api.user(9)
    original = await api.private(admin).say(admin, "Good news")
    content = Copied(chat="telegram:9", message_id=original.id, buttons=((Button("No more", "/quiet"),),))
    assert isinstance(await delivery.deliver(message(1, content, doubts=1)), Sent)
    (arrived,) = private.from_bot
    assert (arrived.text, arrived.buttons) == ("Good news", [["No more"]])


async def test_a_repeat_says_so_in_its_first_line(delivery: TelegramDelivery, private: Chat) -> None:
    for content in (BLOCKED, Written(html="a"), Written(html="a", photo="photo7"), Written(html="a" * 4096)):
        await delivery.deliver(message(1, content, doubts=1))
    marked = [arrived.text.startswith(f"{REPEATED}\n\n") for arrived in private.from_bot]
    assert marked == [True, True, True, False]


async def test_long_commands_of_buttons_are_kept(delivery: TelegramDelivery, store: Store, private: Chat) -> None:
    command = f"/check {'a' * 60}.org"
    await delivery.deliver(message(1, Written(html="a", buttons=((Button("Check", command),),))))
    assert private.from_bot
    assert await store.chats.command(token(command)) == command


async def test_where_a_topic_is_gone_the_general_one_is_used(delivery: TelegramDelivery, api: FakeTelegram) -> None:
    group = api.supergroup("City", members=[api.user(1)])
    assert isinstance(await delivery.deliver(message(group.id, thread=77)), Sent)
    assert len(group.from_bot) == 1


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (faults.error(429, "Too Many Requests", {"retry_after": 7}), NotSent),
        (faults.error(403, "Forbidden: bot was blocked by the user"), ChatGone),
        (faults.error(400, "Bad Request: chat not found"), ChatGone),
        (faults.error(400, "Bad Request: not enough rights to send text messages to the chat"), Muted),
        (faults.error(400, "Bad Request: can't parse entities"), Rejected),
        (faults.reset(), Unknown),
        (faults.cut(), Unknown),
        (faults.slow(1), Unknown),
        (faults.bad_gateway(), Unknown),
        (faults.captive_portal(), Unknown),
    ],
)
async def test_each_answer_is_known_for_what_it_is(
    delivery: TelegramDelivery, api: FakeTelegram, private: Chat, fault: faults.Fault, expected: type[Outcome]
) -> None:
    api.fault("sendMessage", fault, chat_id=private.id)
    assert type(await delivery.deliver(message(1))) is expected


async def test_a_chat_that_moved_is_known_by_its_new_id(delivery: TelegramDelivery, api: FakeTelegram) -> None:
    group = api.group("City", members=[api.user(1)])
    successor = await group.migrate(api.user(1))
    assert await delivery.deliver(message(group.id)) == ChatMoved(f"telegram:{successor.id}")


async def test_what_never_left_is_surely_not_there(delivery: TelegramDelivery, api: FakeTelegram) -> None:
    await api.refuse_connections()
    outcome = await delivery.deliver(message(1))
    assert isinstance(outcome, NotSent)
    assert outcome.retry_after_s is None


@pytest.mark.parametrize(
    ("code", "said"), [(401, "Unauthorized"), (404, "Not Found"), (409, "Conflict: terminated by other getUpdates")]
)
async def test_a_bot_that_is_refused_is_the_operators_affair(
    delivery: TelegramDelivery, api: FakeTelegram, private: Chat, code: int, said: str
) -> None:
    api.fault("sendMessage", faults.error(code, said), chat_id=private.id)
    with pytest.raises(TransportError):
        await delivery.deliver(message(1))


# --- asking ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "answers"),
    [
        (None, True),
        (faults.error(429, "Too Many Requests", {"retry_after": 7}), True),
        (faults.error(500, "Internal Server Error"), False),
        (faults.reset(), False),
        (faults.slow(1), False),
        (faults.bad_gateway(), False),
        (faults.captive_portal(), False),
    ],
)
async def test_a_question_tells_whether_the_platform_answers(
    delivery: TelegramDelivery, api: FakeTelegram, fault: faults.Fault | None, answers: bool
) -> None:
    if fault:
        api.fault("getMe", fault)
    assert await delivery.answers() is answers


async def test_where_nothing_is_reached_nothing_answers(delivery: TelegramDelivery, api: FakeTelegram) -> None:
    await api.refuse_connections()
    assert not await delivery.answers()


async def test_a_question_tells_that_the_bot_is_refused(delivery: TelegramDelivery, api: FakeTelegram) -> None:
    api.fault("getMe", faults.error(401, "Unauthorized"))
    with pytest.raises(TransportError):
        await delivery.answers()
