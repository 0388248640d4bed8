"""What may be sent, edited and deleted, and how Telegram says no."""

import math
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.fakes.raw import call, done, refused
from tests.fakes.telegram import Chat, Clock, FakeTelegram, Rates, User

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
_YES = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}


@pytest.fixture
async def api() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(rates=Rates.unlimited(), allow_violations=True) as api:
        yield api


@pytest.fixture
def amina(api: FakeTelegram) -> User:
    return api.user(1, "Amina", "sw")


@pytest.fixture
def chat(api: FakeTelegram, amina: User) -> Chat:
    return api.private(amina)


async def test_a_message_comes_back_as_it_is_shown(api: FakeTelegram, chat: Chat) -> None:
    sent = await done(
        api, "sendMessage", chat_id=1, text="  <b>Hi</b> &amp; bye\n ", parse_mode="HTML", reply_markup=_YES
    )
    assert sent["text"] == "Hi & bye"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert sent["chat"] == {"id": 1, "type": "private", "first_name": "Amina"}
    assert chat.transcript() == "[1] bot: Hi & bye\n    [Yes]"
    assert (await chat.reply()).buttons == [["Yes"]]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, "text must be non-empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "<b>x", "parse_mode": "HTML"}, "can't parse entities: "),
        ({"text": "x", "parse_mode": "MarkdownV2"}, "unsupported parse_mode"),
        ({"text": "<b>x</b>" * 101, "parse_mode": "HTML"}, "ENTITIES_TOO_LONG"),
        (
            {"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
            "entity beginning at UTF-16 offset 0",
        ),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        ({"text": "x", "message_thread_id": 5}, "message thread not found"),
        ({"text": "x", "chat_id": 99}, "chat not found"),
        ({"text": "x", "reply_markup": {"inline_keyboard": None}}, "request violates the schema"),
        ({"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a"}]]}}, "can't parse inline keyboard button"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]}},
            "BUTTON_DATA_INVALID",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "nowhere"}]]}},
            "inline keyboard button URL 'nowhere' is invalid",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "copy_text": {"text": "x" * 257}}]]}},
            "BUTTON_COPY_TEXT_INVALID",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "a"}] * 9]}},
            "reply markup is too long",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "a", "style": "red"}]]}},
            "can't parse inline keyboard button: invalid button style",
        ),
    ],
)
async def test_a_message_is_refused(api: FakeTelegram, chat: Chat, params: dict[str, Any], reason: str) -> None:
    description = await refused(api, "sendMessage", **{"chat_id": chat.id, **params})
    assert description.startswith(f"Bad Request: {reason}")
    assert chat.messages == []


@pytest.mark.parametrize(
    ("text", "parse_mode"), [("x" * 4096, None), ("<b>" + "&amp;" * 4096 + "</b>", "HTML"), ("😀" * 4096, None)]
)
async def test_the_longest_text_is_measured_after_parsing(
    api: FakeTelegram, chat: Chat, text: str, parse_mode: str | None
) -> None:
    await done(api, "sendMessage", chat_id=chat.id, text=text, **({"parse_mode": parse_mode} if parse_mode else {}))


async def test_a_reply_may_survive_the_loss_of_its_message(api: FakeTelegram, chat: Chat) -> None:
    reply_parameters = {"message_id": 99, "allow_sending_without_reply": True}
    sent = await done(api, "sendMessage", chat_id=chat.id, text="x", reply_parameters=reply_parameters)
    assert "reply_to_message" not in sent


async def test_an_edit_that_changes_nothing_is_refused(api: FakeTelegram, chat: Chat) -> None:
    sent = await done(api, "sendMessage", chat_id=chat.id, text="one", reply_markup=_YES)
    same: dict[str, Any] = {"chat_id": chat.id, "message_id": sent["message_id"], "text": "one"}
    assert (await refused(api, "editMessageText", **same, reply_markup=_YES)).startswith(
        "Bad Request: message is not modified: specified new message content"
    )
    edited = await done(api, "editMessageText", **same)
    assert "reply_markup" not in edited
    assert edited["edit_date"]


async def test_only_own_messages_that_are_there_can_be_edited(api: FakeTelegram, chat: Chat, amina: User) -> None:
    foreign = await chat.say(amina, "mine")
    assert await refused(api, "editMessageText", chat_id=1, message_id=foreign.id, text="x") == (
        "Bad Request: message can't be edited"
    )
    assert await refused(api, "editMessageText", chat_id=1, message_id=99, text="x") == (
        "Bad Request: message to edit not found"
    )
    assert (
        await refused(api, "editMessageText", inline_message_id="none", text="x") == "Bad Request: MESSAGE_ID_INVALID"
    )


async def test_a_keyboard_can_be_changed_alone(api: FakeTelegram, chat: Chat) -> None:
    sent = await done(api, "sendMessage", chat_id=chat.id, text="one", reply_markup=_YES)
    where = {"chat_id": chat.id, "message_id": sent["message_id"]}
    await done(api, "editMessageReplyMarkup", **where, reply_markup={"inline_keyboard": []})
    assert chat.from_bot[0].buttons == []
    assert "not modified" in await refused(api, "editMessageReplyMarkup", **where)


async def test_deleting_knows_whose_message_it_is_and_how_old() -> None:
    async with FakeTelegram(clock=Clock(1_800_000_000)) as api:
        amina = api.user(1)
        group = api.group(members=[amina])
        foreign = await group.say(amina, "/hi")
        assert (await refused(api, "deleteMessage", chat_id=group.id, message_id=foreign.id)).endswith(
            "can't be deleted"
        )
        own = await done(api, "sendMessage", chat_id=group.id, text="x")
        old = await done(api, "sendMessage", chat_id=group.id, text="y")
        await done(api, "deleteMessage", chat_id=group.id, message_id=own["message_id"])
        assert (await refused(api, "deleteMessage", chat_id=group.id, message_id=own["message_id"])).endswith(
            "not found"
        )
        api.clock.advance(48 * 3600)
        assert (await refused(api, "deleteMessage", chat_id=group.id, message_id=old["message_id"])).endswith(
            "can't be deleted"
        )
        await group.set_bot("administrator", amina)
        await done(api, "deleteMessage", chat_id=group.id, message_id=foreign.id)


async def _upload(api: FakeTelegram, photo: bytes, **fields: str) -> dict[str, Any]:
    form = aiohttp.FormData({"chat_id": "1", **fields})
    form.add_field("photo", photo, filename="chart.png", content_type="image/png")
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{api.base_url}/bot{api.token}/sendPhoto", data=form) as response,
    ):
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_photo_is_uploaded_with_its_caption(api: FakeTelegram, chat: Chat) -> None:
    answer = await _upload(api, _PNG, caption="<i>30 days</i>", parse_mode="HTML")
    assert answer["result"]["caption_entities"] == [{"type": "italic", "offset": 0, "length": 7}]
    assert api.called("sendPhoto")[0].files == {"photo": _PNG}
    assert chat.transcript() == "[1] bot: [photo] 30 days"
    again = await done(api, "sendPhoto", chat_id=1, photo=answer["result"]["photo"][0]["file_id"])
    assert again["photo"]
    assert (await refused(api, "editMessageText", chat_id=1, message_id=1, text="x")).endswith(
        "there is no text in the message to edit"
    )
    await done(api, "editMessageCaption", chat_id=1, message_id=1, caption="7 days")


async def test_a_photo_is_refused(api: FakeTelegram, chat: Chat) -> None:
    assert (await _upload(api, b"<svg/>"))["description"] == "Bad Request: IMAGE_PROCESS_FAILED"
    assert (await _upload(api, _PNG, caption="x" * 1025))["description"] == "Bad Request: message caption is too long"
    assert (await refused(api, "sendPhoto", chat_id=1, photo="nothing")).startswith(
        "Bad Request: wrong file identifier"
    )
    assert chat.messages == []


async def test_a_message_can_be_copied(api: FakeTelegram, chat: Chat) -> None:
    await done(api, "sendMessage", chat_id=chat.id, text="<b>x</b>", parse_mode="HTML")
    bilal = api.private(api.user(2, "Bilal"))
    await done(api, "copyMessage", chat_id=2, from_chat_id=1, message_id=1)
    assert (await bilal.reply()).marked("bold") == ["x"]
    assert (await refused(api, "copyMessage", chat_id=2, from_chat_id=1, message_id=9)).endswith("to copy not found")


async def test_drafts_are_for_private_chats(api: FakeTelegram, chat: Chat) -> None:
    group = api.group()
    await done(api, "sendMessageDraft", chat_id=1, draft_id=5, text="")
    await done(api, "sendMessageDraft", chat_id=1, draft_id=5, text="Asking …")
    assert [draft["text"] for draft in chat.drafts] == ["", "Asking …"]
    assert chat.messages == []
    assert "private chats" in await refused(api, "sendMessageDraft", chat_id=group.id, draft_id=5, text="x")
    assert "non-zero" in await refused(api, "sendMessageDraft", chat_id=1, draft_id=0, text="x")


async def test_chat_actions_are_the_known_ones(api: FakeTelegram, chat: Chat) -> None:
    await done(api, "sendChatAction", chat_id=1, action="typing")
    assert chat.actions == ["typing"]
    assert "wrong parameter action" in await refused(api, "sendChatAction", chat_id=1, action="dancing")


async def test_parameters_come_in_any_of_four_ways(api: FakeTelegram, chat: Chat) -> None:
    url = f"{api.base_url}/bot{api.token}/sendMessage"
    fields = {"chat_id": "1", "text": '{"a": 1}', "disable_notification": "True"}
    async with aiohttp.ClientSession() as session:
        for way in ({"params": fields}, {"data": fields}, {"json": fields}):
            async with session.post(url, **way) as response:  # type: ignore[arg-type]
                assert (await response.json())["ok"]
    assert [message.text for message in chat.from_bot] == ['{"a": 1}'] * 3
    assert (await call(api, "sendPhoto"))["error_code"] == 400


async def test_rates_count_messages_and_edits_in_each_chat() -> None:
    clock = Clock(1_800_000_000)
    async with FakeTelegram(clock=clock) as api:
        chat = api.private(api.user(1))
        for _ in range(5):
            await done(api, "sendMessage", chat_id=chat.id, text="x")
        answer = await call(api, "editMessageText", chat_id=chat.id, message_id=1, text="y")
        assert answer == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 1",
            "parameters": {"retry_after": 1},
        }
        clock.advance(1)
        await done(api, "editMessageText", chat_id=chat.id, message_id=1, text="y")


async def test_a_group_takes_twenty_messages_a_minute() -> None:
    clock = Clock(1_800_000_000)
    rates = Rates(chat=Rates.unlimited().chat)
    async with FakeTelegram(clock=clock, rates=rates) as api:
        group = api.group()
        for _ in range(20):
            await done(api, "sendMessage", chat_id=group.id, text="x")
        answer = await call(api, "sendMessage", chat_id=group.id, text="x")
        assert answer["parameters"] == {"retry_after": 3}
        clock.advance(3)
        await done(api, "sendMessage", chat_id=group.id, text="x")


async def test_thirty_messages_a_second_go_out_over_all_chats() -> None:
    async with FakeTelegram(clock=Clock(1_800_000_000)) as api:
        chats = [api.private(api.user(number)) for number in range(1, 32)]
        answers = [await call(api, "sendMessage", chat_id=chat.id, text="x") for chat in chats]
        assert [answer["ok"] for answer in answers] == [True] * 30 + [False]
        assert (await call(api, "answerCallbackQuery", callback_query_id="none"))["error_code"] == 400


def test_unlimited_rates_never_make_anybody_wait() -> None:
    assert math.isinf(Rates.unlimited().chat.per_s)
