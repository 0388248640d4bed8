"""What operators see of a broadcast: the message as it will arrive, and one message that says how far it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from telegram import Bot

from bot.broadcasts.broadcasts import NotShown, Refusal
from bot.broadcasts.orders import COMMAND_LINE
from bot.chat.broadcasting import announcement
from bot.chat.reply import Headline, Reply
from bot.outbox import Copied, Written
from bot.pacing import Pacer, Rate, Rates
from bot.transports.telegram.delivery import TelegramDelivery
from bot.transports.telegram.request import AiohttpRequest, Timeouts
from bot.transports.telegram.sender import Sender
from bot.transports.telegram.stage import TelegramStage
from tests.fakes.telegram import FakeTelegram, faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from bot.store import Store
    from tests.fakes.telegram import Chat

OPERATOR = "telegram:1"


@pytest.fixture
def pacer() -> Pacer:
    return Pacer(Rates().times(10_000))


@pytest.fixture
async def stage(api: FakeTelegram, store: Store, pacer: Pacer) -> AsyncIterator[TelegramStage]:
    async with AiohttpRequest(timeouts=Timeouts(read_s=0.3)) as request:
        bot = Bot(api.token, f"{api.base_url}/bot", request=request, get_updates_request=AiohttpRequest(pool_size=1))
        delivery = TelegramDelivery(bot, store.chats, language="en")
        yield TelegramStage(delivery, Sender(bot, pacer, store.chats), pacer)


@pytest.fixture
def chat(api: FakeTelegram) -> Chat:
    return api.private(api.user(1, "Amina", "en"))


def progress(share: int) -> Reply:
    return Reply(blocks=(Headline(f"{share} % sent"),))


# --- the preview -----------------------------------------------------------------------------------------------------


async def test_a_preview_is_what_will_arrive(stage: TelegramStage, chat: Chat) -> None:
    await stage.preview(OPERATOR, Written(html="Dear <b>readers</b>", photo="photo7"), "")
    (shown,) = chat.from_bot
    assert (shown.text, shown.marked("bold")) == ("Dear readers", ["readers"])
    assert shown.body["photo"][0]["file_id"] == "photo7"


async def test_a_preview_of_what_is_copied_is_a_copy(stage: TelegramStage, api: FakeTelegram, chat: Chat) -> None:
    original = await chat.say(api.user(1), "Good news")
    await stage.preview(OPERATOR, Copied(chat=OPERATOR, message_id=original.id), "")
    assert [shown.text for shown in chat.from_bot] == ["Good news"]


async def test_a_preview_speaks_the_language_that_was_chosen(stage: TelegramStage, chat: Chat) -> None:
    for language in ("", "en", "ru"):
        await stage.preview(OPERATOR, announcement("Dear readers"), language)
    usual, english, russian = (shown.buttons for shown in chat.from_bot)
    assert usual == english != russian


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (faults.error(400, "Bad Request: can't parse entities"), "parse entities"),
        (faults.error(400, "Bad Request: wrong file identifier"), "Wrong file identifier"),
        (faults.error(403, "Forbidden: bot was blocked by the user"), "blocked by the user"),
    ],
)
async def test_what_telegram_refuses_is_told_with_its_reason(
    stage: TelegramStage, api: FakeTelegram, chat: Chat, fault: faults.Fault, reason: str
) -> None:
    api.fault("sendMessage", fault, chat_id=chat.id)
    with pytest.raises(Refusal, match=reason):
        await stage.preview(OPERATOR, Written(html="Dear readers"), "")


async def test_a_preview_that_is_in_doubt_is_not_refused(stage: TelegramStage, api: FakeTelegram, chat: Chat) -> None:
    api.fault("sendMessage", faults.cut(), chat_id=chat.id)
    await stage.preview(OPERATOR, Written(html="Dear readers"), "")
    assert len(chat.from_bot) == 1


async def test_previews_wait_for_their_turn(stage: TelegramStage, pacer: Pacer, chat: Chat) -> None:
    pacer.rates = Rates(chat=Rate(1, per_s=0.2), chat_burst=1)
    clock = asyncio.get_running_loop().time
    began = clock()
    for _ in range(2):
        await stage.preview(OPERATOR, Written(html="Dear readers"), "")
    assert clock() - began >= 0.2
    assert len(chat.from_bot) == 2


# --- the progress ----------------------------------------------------------------------------------------------------


async def test_progress_is_one_message_that_changes(stage: TelegramStage, chat: Chat) -> None:
    first = await stage.show(OPERATOR, None, progress(1))
    assert await stage.show(OPERATOR, first, progress(50)) == first
    assert await stage.show(OPERATOR, first, progress(50)) == first
    (shown,) = chat.from_bot
    assert (str(shown.id), shown.text) == (first, "50 % sent")


async def test_progress_whose_message_is_gone_is_shown_below_all_others(stage: TelegramStage, chat: Chat) -> None:
    first = await stage.show(OPERATOR, None, progress(1))
    chat.from_bot[0].deleted = True
    second = await stage.show(OPERATOR, first, progress(50))
    assert second not in {first, None}
    assert [(str(shown.id), shown.text) for shown in chat.from_bot[1:]] == [(second, "50 % sent")]


async def test_the_command_line_is_shown_nothing_in_telegram(stage: TelegramStage, api: FakeTelegram) -> None:
    assert await stage.show(COMMAND_LINE, None, progress(1)) is None
    assert not api.calls


@pytest.mark.parametrize(
    "refusal", [faults.error(403, "Forbidden: bot was blocked by the user"), faults.error(400, "Bad Request: no")]
)
async def test_what_telegram_will_never_show_is_let_be(
    stage: TelegramStage, api: FakeTelegram, chat: Chat, refusal: faults.Fault
) -> None:
    first = await stage.show(OPERATOR, None, progress(1))
    api.fault("editMessageText", refusal, chat_id=chat.id)
    assert await stage.show(OPERATOR, first, progress(50)) == first


async def test_what_may_be_shown_later_is_worth_another_try(
    stage: TelegramStage, api: FakeTelegram, chat: Chat
) -> None:
    first = await stage.show(OPERATOR, None, progress(1))
    await api.refuse_connections()
    for message in (None, first):
        with pytest.raises(NotShown):
            await stage.show(OPERATOR, message, progress(50))
    await api.accept_connections()
    assert await stage.show(OPERATOR, first, progress(50)) == first
    assert [shown.text for shown in chat.from_bot] == ["50 % sent"]
