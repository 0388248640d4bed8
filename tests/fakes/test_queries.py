"""Buttons, inline queries and guests: each is answered once, and in time."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes.raw import done, received, refused
from tests.fakes.telegram import FakeTelegram, Rates, User

_MARKUP = {"inline_keyboard": [[{"text": "Again", "callback_data": "a"}, {"text": "Why", "url": "https://ooni.org"}]]}


def _article(number: int = 1, text: str = "<b>ok</b>", **more: Any) -> dict[str, Any]:
    content = {"message_text": text, "parse_mode": "HTML"}
    return {"type": "article", "id": str(number), "title": "WhatsApp", "input_message_content": content, **more}


@pytest.fixture
async def api() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(rates=Rates.unlimited()) as api:
        yield api


@pytest.fixture
def amina(api: FakeTelegram) -> User:
    return api.user(1, "Amina", "sw")


async def test_a_pressed_button_is_answered_once(api: FakeTelegram, amina: User) -> None:
    chat = api.private(amina)
    await done(api, "sendMessage", chat_id=1, text="x", reply_markup=_MARKUP)
    press = await chat.press(await chat.reply(), "Again")
    query = (await received(api))[0]["callback_query"]
    assert (query["data"], query["from"]["id"], query["message"]["message_id"]) == ("a", 1, 1)
    long = {"callback_query_id": query["id"], "text": "x" * 201}
    assert "MESSAGE_TOO_LONG" in await refused(api, "answerCallbackQuery", **long)
    await done(api, "answerCallbackQuery", callback_query_id=query["id"], text="wait")
    assert (await press.answered())["text"] == "wait"
    assert await refused(api, "answerCallbackQuery", callback_query_id=query["id"]) == (
        "Bad Request: query is too old and response timeout expired or query ID is invalid"
    )


async def test_a_late_answer_is_refused(api: FakeTelegram, amina: User) -> None:
    chat = api.private(amina)
    await done(api, "sendMessage", chat_id=1, text="x", reply_markup=_MARKUP)
    press = await chat.press(await chat.reply(), "Again")
    press.expire()
    assert "query is too old" in await refused(api, "answerCallbackQuery", callback_query_id=press.id)


async def test_only_callback_buttons_can_be_pressed_and_in_groups_by_somebody(api: FakeTelegram, amina: User) -> None:
    group = api.group(members=[amina])
    await done(api, "sendMessage", chat_id=group.id, text="x", reply_markup=_MARKUP)
    message = await group.reply()
    with pytest.raises(ValueError, match="no callback button"):
        await group.press(message, "Why", amina)
    with pytest.raises(ValueError, match="say who"):
        await group.press(message, "Again")
    with pytest.raises(LookupError, match="no button 'No'"):
        await group.press(message, "No", amina)


async def test_inline_results_are_chosen_and_edited_by_their_own_id(api: FakeTelegram, amina: User) -> None:
    elsewhere = api.group(bot=None)
    asked = await api.inline(amina, "whatsapp")
    query = (await received(api))[0]["inline_query"]
    await done(api, "answerInlineQuery", inline_query_id=query["id"], results=[_article(reply_markup=_MARKUP)])
    message = await asked.choose(0, elsewhere)
    assert message.marked("bold") == ["ok"]
    chosen = (await received(api))[1]["chosen_inline_result"]
    edit = {"inline_message_id": chosen["inline_message_id"], "text": "down"}
    assert await done(api, "editMessageText", **edit, reply_markup=_MARKUP) is True
    await elsewhere.press(message, "Again", amina)
    pressed = (await received(api))[2]["callback_query"]
    assert pressed["inline_message_id"] == chosen["inline_message_id"]
    assert "message" not in pressed


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([_article(number) for number in range(51)], "RESULTS_TOO_MUCH"),
        ([_article(1), _article(1)], "RESULT_ID_DUPLICATE"),
        ([{**_article(), "id": "x" * 65}], "RESULT_ID_INVALID"),
        ([_article(text="<b>")], "Can't find end tag"),
        ([_article(text="x" * 4097)], "message is too long"),
        ([_article(text=" ")], "message text is empty"),
        ([_article(reply_markup={"inline_keyboard": [[{"text": "x", "callback_data": "x" * 65}]]})], "BUTTON_DATA"),
    ],
)
async def test_inline_results_are_refused(
    api: FakeTelegram, amina: User, results: list[dict[str, Any]], reason: str
) -> None:
    query = await api.inline(amina, "whatsapp")
    assert reason in await refused(api, "answerInlineQuery", inline_query_id=query.id, results=results)
    await done(api, "answerInlineQuery", inline_query_id=query.id, results=[])
    assert "too old" in await refused(api, "answerInlineQuery", inline_query_id=query.id, results=[])


async def test_a_guest_is_answered_with_one_result(api: FakeTelegram, amina: User) -> None:
    elsewhere = api.group(bot=None)
    guest = await elsewhere.ask_guest(amina, "@reach_test_bot whatsapp")
    update = (await received(api))[0]["guest_message"]
    assert update["chat"]["id"] == elsewhere.id
    sent = await done(api, "answerGuestQuery", guest_query_id=update["guest_query_id"], result=_article())
    assert sent["inline_message_id"]
    assert (await guest.answered())["result"]["title"] == "WhatsApp"
    assert "too old" in await refused(api, "answerGuestQuery", guest_query_id=guest.id, result=_article())
