"""Updates that Telegram sends by itself: taken once, from Telegram alone, rubbish and floods survived."""

from __future__ import annotations

import asyncio
import io
import socket
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from pydantic import SecretStr
from telegram import Bot as Api

from bot.chat import words
from bot.transports.errors import TransportError
from bot.transports.telegram.webhook import Webhook
from tests.bot.transports.telegram.served import say
from tests.fakes.telegram import faults

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.bot.transports.telegram.served import Bot
    from tests.fakes.telegram import Chat, User

SECRET = "a-secret_of-ours"
HELP = {
    "update_id": 1,
    "message": {
        "message_id": 1,
        "date": 1_800_000_000,
        "chat": {"id": 1, "type": "private", "first_name": "Amina"},
        "text": "/help",
    },
}


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def hooked() -> dict[str, Any]:
    port = free_port()
    return {"webhook_url": f"http://127.0.0.1:{port}/hook", "webhook_port": port, "webhook_secret": SecretStr(SECRET)}


@pytest.fixture
async def chat(bot: Bot, amina: User, hooked: dict[str, Any]) -> AsyncIterator[Chat]:
    async with bot.serving(**hooked):
        yield bot.api.private(amina)


async def test_a_conversation_by_webhook(chat: Chat, bot: Bot) -> None:
    await say(chat, "/help")
    assert words.TRY in (await chat.reply()).text
    await say(chat, "whatsapp")
    assert "WhatsApp — works" in (await chat.reply()).text
    assert not bot.api.called("getUpdates")


async def test_back_to_asking_for_updates_the_webhook_is_taken_away(
    bot: Bot, amina: User, hooked: dict[str, Any]
) -> None:
    chat = bot.api.private(amina)
    async with bot.serving(**hooked):
        await say(chat, "/help")
        await chat.reply()
    await say(chat, "/help")  # kept by Telegram meanwhile
    async with bot.serving():
        await chat.reply()


async def test_an_address_that_telegram_does_not_like_ends_the_transport_in_one_line(
    bot: Bot, hooked: dict[str, Any]
) -> None:
    bot.api.fault("setWebhook", faults.error(400, "Bad Request: bad webhook: IP address 127.0.0.1 is reserved"))
    with pytest.raises(TransportError, match=r"Telegram refuses WEBHOOK_URL: .*reserved"):
        async with bot.serving(**hooked) as task:
            await task


# --- who calls, and with what ----------------------------------------------------------------------------------------


@pytest.fixture
async def hook(bot: Bot) -> AsyncIterator[Webhook]:
    port = free_port()
    hook = Webhook(f"http://127.0.0.1:{port}/hook", SECRET, "127.0.0.1", port, Api(bot.api.token))
    async with hook.listening():
        yield hook


async def post(hook: Webhook, body: object, secret: str | None = SECRET, path: str = "") -> int:
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
    data = {"json": body} if isinstance(body, dict) else {"data": body}
    async with aiohttp.ClientSession() as session, session.post(hook.url + path, headers=headers, **data) as answer:
        return answer.status


@pytest.mark.parametrize("secret", [None, "", "another", SECRET.upper(), SECRET + "x", "ключ"])
async def test_who_does_not_know_the_secret_is_turned_away(hook: Webhook, secret: str | None) -> None:
    assert await post(hook, HELP, secret) == 403
    assert hook.waiting.empty()


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", {"update_id": "x"}, {"message": {"date": []}}])
async def test_rubbish_is_confirmed_so_that_it_does_not_come_again(hook: Webhook, body: object) -> None:
    assert await post(hook, body) == 200
    assert hook.waiting.empty()


async def test_an_update_that_comes_twice_is_taken_once(hook: Webhook) -> None:
    for _ in range(2):
        assert await post(hook, HELP) == 200
    assert hook.waiting.qsize() == 1


async def test_what_is_too_much_is_left_with_telegram(hook: Webhook) -> None:
    hook.waiting = asyncio.Queue(2)
    statuses = [await post(hook, HELP | {"update_id": number}) for number in (1, 2, 3)]
    assert statuses == [200, 200, 503]
    hook.waiting.get_nowait()
    assert await post(hook, HELP | {"update_id": 3}) == 200


async def test_what_is_too_large_or_elsewhere_is_not_read(hook: Webhook) -> None:
    assert await post(hook, io.BytesIO(b"x" * (2**20 + 1))) == 413
    assert await post(hook, HELP, path="/else") == 404
