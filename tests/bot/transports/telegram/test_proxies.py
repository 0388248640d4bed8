"""SOCKS proxies carry the calls, resolve the names, and fail before anything was sent."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from telegram import Bot

from bot.transports.telegram.request import AiohttpRequest, NotSentError, NotSentTimeoutError, Timeouts
from tests.fakes.socks_server import Socks, socks_proxy
from tests.fakes.tcp_server import hang, serve

if TYPE_CHECKING:
    from tests.fakes.telegram import FakeTelegram

_ELSEWHERE = "http://a-name-only-the-proxy-knows.invalid"


def _socks(api: FakeTelegram, **more: object) -> Socks:
    return Socks(destination=urlsplit(api.base_url).port or 0, **more)  # type: ignore[arg-type]


def _bot(api: FakeTelegram, request: AiohttpRequest) -> Bot:
    return Bot(api.token, base_url=f"{_ELSEWHERE}/bot", request=request, get_updates_request=request)


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
async def test_a_socks_proxy_carries_the_calls_and_resolves_the_names(api: FakeTelegram, scheme: str) -> None:
    async with (
        socks_proxy(_socks(api)) as socks,
        AiohttpRequest(proxy=f"{scheme}://127.0.0.1:{socks.port}") as request,
    ):
        for _ in range(2):
            assert (await _bot(api, request).get_me()).username == "reach_test_bot"
    assert socks.asked == ["a-name-only-the-proxy-knows.invalid:80"]  # and the connection is kept


async def test_a_password_is_told_as_it_is(api: FakeTelegram) -> None:
    async with (
        socks_proxy(_socks(api, credentials=("user", "p@ss/"))) as socks,
        AiohttpRequest(proxy=f"socks5://user:p%40ss%2F@127.0.0.1:{socks.port}") as request,
    ):
        assert (await _bot(api, request).get_me()).id


@pytest.mark.parametrize("more", [{"refusal": 5}, {"credentials": ("user", "other")}])
async def test_a_proxy_that_refuses_means_not_sent_and_tells_no_password(
    api: FakeTelegram, more: dict[str, object]
) -> None:
    async with (
        socks_proxy(_socks(api, **more)) as socks,
        AiohttpRequest(proxy=f"socks5://user:secret@127.0.0.1:{socks.port}") as request,
    ):
        with pytest.raises(NotSentError) as failure:
            await _bot(api, request).get_me()
    assert "secret" not in str(failure.value)
    assert api.token not in f"{failure.value!r} {failure.value.__cause__!r}"


async def test_a_proxy_that_is_away_or_silent_means_not_sent(api: FakeTelegram) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        async with AiohttpRequest(proxy=f"socks5://127.0.0.1:{taken.getsockname()[1]}") as request:
            with pytest.raises(NotSentError):
                await _bot(api, request).get_me()
    async with (
        serve(hang) as port,
        AiohttpRequest(proxy=f"socks5://127.0.0.1:{port}", timeouts=Timeouts(connect_s=0.1)) as request,
    ):
        with pytest.raises(NotSentTimeoutError):
            await _bot(api, request).get_me()
