"""getUpdates, what is queued at all, and webhooks."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from tests.fakes.raw import call, done, received, refused
from tests.fakes.telegram import Chat, FakeTelegram, User


@pytest.fixture
async def api() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as api:
        yield api


@pytest.fixture
def amina(api: FakeTelegram) -> User:
    return api.user(1, "Amina", "sw")


@pytest.fixture
def chat(api: FakeTelegram, amina: User) -> Chat:
    return api.private(amina)


async def _ids(api: FakeTelegram, **params: Any) -> list[int]:
    return [update["update_id"] for update in await done(api, "getUpdates", **params)]


async def _texts(api: FakeTelegram, **params: Any) -> list[str]:
    return [update["message"]["text"] for update in await received(api, **params)]


async def test_a_higher_offset_confirms_what_is_below_it(api: FakeTelegram, chat: Chat, amina: User) -> None:
    await chat.say(amina, "one")
    await chat.say(amina, "two")
    first, second = await _ids(api)
    assert await _ids(api) == [first, second]
    assert await _ids(api, offset=second) == [second]
    assert await _ids(api, offset=0) == [second]
    assert await _ids(api, offset=second + 1) == []


async def test_a_negative_offset_keeps_only_the_last(api: FakeTelegram, chat: Chat, amina: User) -> None:
    for word in ("one", "two", "three"):
        await chat.say(amina, word)
    assert await _texts(api, offset=-2) == ["two", "three"]
    assert await _texts(api) == ["two", "three"]


async def test_the_limit_holds(api: FakeTelegram, chat: Chat, amina: User) -> None:
    for word in ("one", "two"):
        await chat.say(amina, word)
    assert await _texts(api, limit=1) == ["one"]


async def test_a_long_poll_ends_with_the_first_update(api: FakeTelegram, chat: Chat, amina: User) -> None:
    poll = asyncio.create_task(_texts(api, timeout=30))
    await api.drained()
    await chat.say(amina, "now")
    assert await poll == ["now"]


async def test_of_two_polls_the_older_ends_with_409(api: FakeTelegram, chat: Chat, amina: User) -> None:
    older = asyncio.create_task(call(api, "getUpdates", timeout=30))
    await api.drained()
    newer = asyncio.create_task(_texts(api, timeout=30))
    answer = await older
    assert answer["error_code"] == 409
    assert answer["description"].startswith("Conflict: terminated by other getUpdates request")
    await api.drained()
    await chat.say(amina, "for the newer")
    assert await newer == ["for the newer"]


async def test_a_client_that_goes_away_leaves_no_poll_behind(api: FakeTelegram) -> None:
    poll = asyncio.create_task(call(api, "getUpdates", timeout=30))
    await api.drained()
    poll.cancel()
    await api.updates.changed.wait_for(lambda: not api.updates.polled, timeout_s=5)


async def test_kinds_not_asked_for_are_never_queued(api: FakeTelegram, chat: Chat, amina: User) -> None:
    await done(api, "getUpdates", allowed_updates=["callback_query"])
    await chat.say(amina, "lost")
    await done(api, "getUpdates", allowed_updates=["message"])
    await chat.say(amina, "kept")
    assert await _texts(api) == ["kept"]
    await done(api, "getUpdates", allowed_updates=[])
    message = await chat.say(amina, "later")
    await chat.edit(message, "edited")
    assert [*(await received(api))[-1]] == ["edited_message"]


async def test_allowed_updates_must_be_json(api: FakeTelegram) -> None:
    url = f"{api.base_url}/bot{api.token}/getUpdates"
    async with aiohttp.ClientSession() as session, session.post(url, data={"allowed_updates": "message"}) as response:
        assert response.status == 400
        assert (await response.json())["description"] == "Bad Request: can't parse allowed updates JSON object"


@pytest.mark.parametrize(
    ("token", "code", "text"),
    [("1:short", 404, "Not Found"), ("1:" + "x" * 35, 401, "Unauthorized")],
)
async def test_a_wrong_token_is_refused(api: FakeTelegram, token: str, code: int, text: str) -> None:
    api.token, real = token, api.token
    url, api.token = f"{api.base_url}/bot{api.token}/getMe", real
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        assert response.status == code
        assert await response.json() == {"ok": False, "error_code": code, "description": text}


async def test_an_unknown_method_is_not_found_and_a_known_one_has_no_case(api: FakeTelegram) -> None:
    assert (await call(api, "sendTelepathy"))["error_code"] == 404
    assert (await done(api, "GETME"))["username"] == "reach_test_bot"


async def test_a_webhook_gets_updates_with_its_secret(api: FakeTelegram, chat: Chat, amina: User) -> None:
    taken: asyncio.Queue[tuple[str | None, Any]] = asyncio.Queue()
    statuses = iter([500, 200])

    async def take(request: web.Request) -> web.Response:
        await taken.put((request.headers.get("X-Telegram-Bot-Api-Secret-Token"), await request.json()))
        return web.Response(status=next(statuses))

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        await done(api, "setWebhook", url=f"http://127.0.0.1:{port}/hook", secret_token="s3cret")
        assert "webhook is active" in await refused(api, "getUpdates")
        await chat.say(amina, "hello")
        first, again = await taken.get(), await taken.get()
        assert first == again
        assert first[0] == "s3cret"
        assert first[1]["message"]["text"] == "hello"
        await api.updates.changed.wait_for(lambda: not api.updates.pending, timeout_s=5)
        assert (await done(api, "getWebhookInfo"))["url"].endswith("/hook")
        await done(api, "deleteWebhook")
        assert (await done(api, "getWebhookInfo"))["url"] == ""
    finally:
        await runner.cleanup()


async def test_a_webhook_must_be_https_and_its_secret_plain(api: FakeTelegram) -> None:
    assert "HTTPS URL" in await refused(api, "setWebhook", url="http://example.org/hook")
    assert "unallowed characters" in await refused(api, "setWebhook", url="https://example.org/", secret_token="a b")


async def test_pending_updates_can_be_dropped(api: FakeTelegram, chat: Chat, amina: User) -> None:
    await chat.say(amina, "old")
    await done(api, "deleteWebhook", drop_pending_updates=True)
    assert await received(api) == []


async def test_poison_goes_out_as_it_was_put_in(api: FakeTelegram) -> None:
    api.updates.push_raw({"message": {"message_id": 1}})
    assert await received(api) == [{"message": {"message_id": 1}}]
