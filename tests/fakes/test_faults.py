"""The scripted failures, the schema's watch, and what the fake remembers."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from tests.fakes.raw import call, done, refused
from tests.fakes.telegram import Chat, FakeTelegram, Rates, User, faults


def _private(api: FakeTelegram) -> tuple[Chat, User]:
    amina = api.user(1, "Amina", "sw")
    return api.private(amina), amina


@pytest.mark.parametrize(
    ("fault", "failure", "processed"),
    [
        (faults.reset(), aiohttp.ClientOSError, False),
        (faults.reset(processed=True), aiohttp.ClientOSError, True),
        (faults.cut(), aiohttp.ClientPayloadError, True),
    ],
)
async def test_a_connection_breaks_before_or_after_the_deed(
    fault: faults.Fault, failure: type[Exception], processed: bool
) -> None:
    async with FakeTelegram() as api:
        chat, _ = _private(api)
        api.fault("sendMessage", fault)
        with pytest.raises((failure, aiohttp.ServerDisconnectedError)):
            await call(api, "sendMessage", chat_id=1, text="x")
        assert len(chat.from_bot) == processed
        await done(api, "sendMessage", chat_id=1, text="y")


@pytest.mark.parametrize(
    ("fault", "status", "part"), [(faults.bad_gateway(), 502, "nginx"), (faults.captive_portal(), 200, "voucher")]
)
async def test_somebody_else_answers_in_html(fault: faults.Fault, status: int, part: str) -> None:
    async with FakeTelegram() as api:
        chat, _ = _private(api)
        api.fault("*", fault)
        url = f"{api.base_url}/bot{api.token}/sendMessage"
        async with aiohttp.ClientSession() as session, session.post(url, json={"chat_id": 1, "text": "x"}) as response:
            assert response.status == status
            assert part in await response.text()
        assert chat.messages == []
        assert api.calls == []


async def test_a_slow_answer_leaves_the_message_behind() -> None:
    async with FakeTelegram() as api:
        chat, _ = _private(api)
        api.fault("sendMessage", faults.slow(60))
        sending = asyncio.create_task(call(api, "sendMessage", chat_id=1, text="x"))
        await chat.reply()
        sending.cancel()


async def test_an_error_is_scripted_by_chat_text_and_number() -> None:
    async with FakeTelegram() as api:
        for number in (1, 2):
            api.private(api.user(number))
        flood = faults.error(429, "Too Many Requests: retry after 7", {"retry_after": 7})
        api.fault("sendMessage", flood, chat_id=2, contains="down", times=2, after=1)
        texts = [(1, "down"), (2, "up"), (2, "down"), (2, "is down"), (2, "down"), (2, "down")]
        answers = [await call(api, "sendMessage", chat_id=chat_id, text=text) for chat_id, text in texts]
        assert [answer["ok"] for answer in answers] == [True, True, True, False, False, True]
        assert answers[3] == {
            "ok": False,
            "error_code": 429,
            "description": "Too Many Requests: retry after 7",
            "parameters": {"retry_after": 7},
        }
        assert [recorded.ok for recorded in api.called("sendMessage", chat_id=2)] == [True, True, False, False, True]


async def test_connections_are_refused_until_they_are_accepted_again() -> None:
    async with FakeTelegram() as api, aiohttp.ClientSession() as session:
        url = f"{api.base_url}/bot{api.token}/getMe"
        async with session.get(url) as response:
            assert response.ok
        await api.refuse_connections()
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(url)
        await api.accept_connections()
        async with session.get(url) as response:
            assert response.ok


async def test_latency_is_added_to_every_call() -> None:
    async with FakeTelegram(latency_s=0.05) as api:
        begin = asyncio.get_running_loop().time()
        await done(api, "getMe")
        assert asyncio.get_running_loop().time() - begin >= 0.05


@pytest.mark.parametrize(
    "params",
    [
        {"text": "no chat"},
        {"chat_id": 1, "text": "x", "colour": "red"},
        {"chat_id": 1, "text": "x", "link_preview_options": {"is_disabled": "maybe"}},
        {"chat_id": 1, "text": "x", "link_preview_options": {"off": True}},
        {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": None}},
    ],
)
async def test_a_request_outside_the_schema_is_refused_and_remembered(params: dict[str, Any]) -> None:
    async with FakeTelegram(allow_violations=True) as api:
        _private(api)
        assert "violates the schema" in await refused(api, "sendMessage", **params)
        assert len(api.violations) == 1


async def _violating(then: type[Exception] | None = None) -> None:
    async with FakeTelegram() as api:
        await refused(api, "sendMessage", text="no chat")
        if then:
            raise then


async def test_a_violation_fails_the_test_unless_it_has_failed_already() -> None:
    with pytest.raises(AssertionError, match="schema was violated"):
        await _violating()
    with pytest.raises(ZeroDivisionError):
        await _violating(then=ZeroDivisionError)


async def test_rubbish_on_the_wire_is_a_bad_request() -> None:
    async with FakeTelegram() as api, aiohttp.ClientSession() as session:
        url = f"{api.base_url}/bot{api.token}/sendMessage"
        bodies: list[dict[str, Any]] = [
            {"data": b"{", "headers": {"Content-Type": "application/json"}},
            {"data": b"[]", "headers": {"Content-Type": "application/json"}},
            {"data": {"chat_id": "1", "text": "x", "reply_markup": "{"}},
        ]
        for body in bodies:
            async with session.post(url, **body) as response:
                assert response.status == 400
                assert "JSON" in (await response.json())["description"]


async def test_waiting_in_vain_shows_the_chat() -> None:
    async with FakeTelegram() as api:
        chat, amina = _private(api)
        await chat.say(amina, "anybody?")
        with pytest.raises(AssertionError, match=r"\[1\] Amina: anybody\?"):
            await chat.reply(timeout_s=0.01)
        message = await chat.say(amina, "still?")
        with pytest.raises(AssertionError, match="still not so"):
            await message.edited(timeout_s=0.01)
        with pytest.raises(AssertionError, match="no that"):
            await api.until(lambda: False, timeout_s=0.01)
        assert json.loads(json.dumps(message.to_json()))["text"] == "still?"


async def test_a_thousand_chats_are_served_at_once() -> None:
    async with FakeTelegram(rates=Rates.unlimited()) as api, aiohttp.ClientSession() as session:
        chats = [api.private(api.user(number)) for number in range(1, 1001)]
        url = f"{api.base_url}/bot{api.token}/sendMessage"

        async def send(chat: Chat) -> None:
            async with session.post(url, data={"chat_id": chat.id, "text": "x"}) as response:
                assert response.ok

        async with asyncio.TaskGroup() as group:
            for chat in chats:
                group.create_task(send(chat))
        assert [len(await chat.replies(1)) for chat in chats] == [1] * 1000
