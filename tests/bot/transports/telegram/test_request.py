"""What each failure between the bot and Telegram is called, and that none of them gives the token away."""

import asyncio
import io
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import telegram.error
import trustme
from aiohttp import web
from telegram import Bot, InputFile

from bot.logs import RedactingFormatter
from bot.transports.telegram.request import (
    AiohttpRequest,
    NotSentError,
    NotSentTimeoutError,
    NotTelegramError,
    OutcomeUnknownError,
    OutcomeUnknownTimeoutError,
    Timeouts,
)
from tests.fakes.telegram import FakeTelegram, Rates, faults

_PNG = b"\x89PNG\r\n\x1a\n" + bytes(8)
_IMPATIENT = Timeouts(pool_s=0.2, connect_s=0.2, read_s=0.1)
_TOKEN = "123456789:AAFakeTokenOfTheLocalBotApi_0123456"


class Log:
    """All that is logged: as our formatter writes it, and as it came."""

    def __init__(self, raw: pytest.LogCaptureFixture) -> None:
        self.raw = raw
        self.stream = io.StringIO()
        self.handler = logging.StreamHandler(self.stream)
        self.handler.setFormatter(RedactingFormatter())

    @property
    def text(self) -> str:
        """What is written, and what reached the log unredacted from anybody but python-telegram-bot's own Bot.

        That one logs the API's address, token and all, whenever it is made.
        """
        others = [record.getMessage() for record in self.raw.records if record.name != "telegram.Bot"]
        return "\n".join([self.stream.getvalue(), *others])


@pytest.fixture(autouse=True)
def log(caplog: pytest.LogCaptureFixture) -> Iterator[Log]:
    caplog.set_level(logging.DEBUG)
    log = Log(caplog)
    logging.getLogger().addHandler(log.handler)
    yield log
    logging.getLogger().removeHandler(log.handler)


@pytest.fixture
async def api() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(rates=Rates.unlimited()) as api:
        api.private(api.user(1))
        yield api


def _bot(base_url: str, request: AiohttpRequest) -> Bot:
    return Bot(_TOKEN, base_url=f"{base_url}/bot", request=request, get_updates_request=request)


def _texts_of(error: BaseException) -> str:
    """Everything that could be printed about an error: it, its causes and contexts, and its traceback."""
    links, waiting = [], [error]
    while waiting:
        link = waiting.pop()
        links.append(f"{link}\n{link!r}")
        waiting += [known for known in (link.__cause__, link.__context__) if known is not None]
    return "\n".join([*links, *traceback.format_exception(error)])


def _assert_no_token(log: Log, error: BaseException | None = None) -> None:
    assert _TOKEN not in log.text
    assert error is None or _TOKEN not in _texts_of(error)


async def _failed_send(base_url: str, request: AiohttpRequest) -> telegram.error.TelegramError:
    async with request:
        with pytest.raises(telegram.error.TelegramError) as caught:
            await _bot(base_url, request).send_message(1, "x")
        return caught.value


@pytest.mark.parametrize(
    ("fault", "expected", "delivered"),
    [
        (faults.reset(), OutcomeUnknownError, False),
        (faults.reset(processed=True), OutcomeUnknownError, True),
        (faults.cut(), OutcomeUnknownError, True),
        (faults.slow(30), OutcomeUnknownTimeoutError, True),
        (faults.slow(30, processed=False), OutcomeUnknownTimeoutError, False),
        (faults.bad_gateway(), OutcomeUnknownError, False),
        (faults.captive_portal(), NotTelegramError, False),
        (faults.error(500, "Internal Server Error: restart"), OutcomeUnknownError, False),
        (faults.error(429, "Too Many Requests: retry after 7", {"retry_after": 7}), telegram.error.RetryAfter, False),
        (faults.error(400, "Bad Request: chat not found"), telegram.error.BadRequest, False),
        (faults.error(400, "Bad Request: x", {"migrate_to_chat_id": -9}), telegram.error.ChatMigrated, False),
        (faults.error(401, "Unauthorized"), telegram.error.InvalidToken, False),
        (faults.error(403, "Forbidden: bot was blocked by the user"), telegram.error.Forbidden, False),
        (faults.error(409, "Conflict: terminated"), telegram.error.Conflict, False),
    ],
)
async def test_each_failure_says_whether_the_message_may_have_arrived(
    api: FakeTelegram,
    log: Log,
    *,
    fault: faults.Fault,
    expected: type[Exception],
    delivered: bool,
) -> None:
    api.fault("sendMessage", fault)
    error = await _failed_send(api.base_url, AiohttpRequest(timeouts=_IMPATIENT))
    assert type(error) is expected
    assert bool(api.private(api.user(1)).from_bot) is delivered
    _assert_no_token(log, error)


async def test_a_refused_connection_means_not_sent(api: FakeTelegram, log: Log) -> None:
    await api.refuse_connections()
    error = await _failed_send(api.base_url, AiohttpRequest())
    assert type(error) is NotSentError
    assert isinstance(error.__cause__, ConnectionRefusedError | OSError)
    _assert_no_token(log, error)


async def test_a_name_that_does_not_exist_means_not_sent(log: Log) -> None:
    # A label of 64 letters fails before any resolver is asked (RFC 1035 §2.3.4).
    error = await _failed_send(f"http://{'a' * 64}.invalid", AiohttpRequest(timeouts=_IMPATIENT))
    assert isinstance(error, NotSentError)
    _assert_no_token(log, error)


async def test_an_address_that_is_none_means_not_sent(log: Log) -> None:
    error = await _failed_send("http://127.0.0.1:99999", AiohttpRequest())
    assert isinstance(error, NotSentError)
    _assert_no_token(log, error)


async def test_a_full_pool_means_not_sent(api: FakeTelegram, log: Log) -> None:
    async with AiohttpRequest(pool_size=1, timeouts=_IMPATIENT) as request:
        bot = _bot(api.base_url, request)
        poll = asyncio.create_task(bot.get_updates(timeout=30))
        await api.drained()
        with pytest.raises(NotSentTimeoutError) as caught:
            await bot.send_message(1, "x")
        poll.cancel()
    assert isinstance(caught.value, telegram.error.TimedOut)
    assert "Connection timeout" in str(caught.value.__cause__)
    _assert_no_token(log, caught.value)


async def test_a_call_after_the_end_means_not_sent(api: FakeTelegram) -> None:
    request = AiohttpRequest()
    async with request:
        await request.initialize()
    await request.shutdown()
    with pytest.raises(NotSentError, match="not open"):
        await _bot(api.base_url, request).send_message(1, "x")


async def test_the_timeouts_of_one_call_go_before_the_usual_ones(api: FakeTelegram) -> None:
    async with AiohttpRequest(timeouts=_IMPATIENT) as request:
        bot = _bot(api.base_url, request)
        api.fault("getMe", faults.slow(0.3))
        await bot.get_me(read_timeout=None)
        api.fault("getMe", faults.slow(0.3))
        await bot.get_me(read_timeout=10, write_timeout=1, connect_timeout=1, pool_timeout=1)
    assert request.read_timeout == 0.1


async def test_long_polls_texts_and_photos_arrive_unharmed(api: FakeTelegram) -> None:
    amina = api.user(1)
    chat = api.private(amina)
    async with AiohttpRequest() as request:
        bot = _bot(api.base_url, request)
        await chat.say(amina, "/check «тест» & 😀 100%")
        (update,) = await bot.get_updates(timeout=10, allowed_updates=["message"])
        assert update.message is not None
        assert update.message.text == "/check «тест» & 😀 100%"
        await bot.send_message(1, "a=b&c=<b>1</b> + «да» 😀", parse_mode="HTML")
        await bot.send_photo(1, InputFile(_PNG, filename="график.png"), caption="30 <i>days</i>", parse_mode="HTML")
    text, photo = await chat.replies(2)
    assert text.text == "a=b&c=1 + «да» 😀"
    assert photo.marked("italic") == ["days"]
    assert api.called("sendPhoto")[0].files == {"photo": _PNG}


async def test_nothing_is_sent_twice_over_a_connection_that_died(api: FakeTelegram) -> None:
    async with AiohttpRequest(pool_size=1) as request:
        bot = _bot(api.base_url, request)
        await bot.get_me()
        api.fault("sendMessage", faults.reset(processed=True), times=None)
        with pytest.raises(OutcomeUnknownError):
            await bot.send_message(1, "x")
    assert len(api.called("sendMessage")) == 1


@asynccontextmanager
async def _serving(handler: Callable[[web.Request], web.StreamResponse], **site: ssl.SSLContext) -> AsyncIterator[int]:
    async def handle(request: web.Request) -> web.StreamResponse:
        return handler(request)

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", handle)
    runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=site.get("trust")).start()
    try:
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [200, 302, 403, 404, 429])
@pytest.mark.parametrize("body", ["<html>blocked</html>", '{"detail": "blocked"}', "{", ""])
async def test_a_block_page_is_never_taken_for_telegram(status: int, body: str) -> None:
    async with _serving(lambda _: web.Response(status=status, text=body, headers={"Location": "/login"})) as port:
        error = await _failed_send(f"http://127.0.0.1:{port}", AiohttpRequest())
    assert type(error) is NotTelegramError


async def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.transports.telegram.request._MAX_ANSWER_BYTES", 1000)
    async with _serving(lambda _: web.Response(text="{" + "x" * 2000)) as port:
        error = await _failed_send(f"http://127.0.0.1:{port}", AiohttpRequest())
    assert type(error) is OutcomeUnknownError
    assert "more than 1000 bytes" in str(error)


async def test_a_proxy_carries_the_calls(api: FakeTelegram) -> None:
    async with AiohttpRequest(proxy=api.base_url) as request:
        bot = _bot("http://a-name-only-the-proxy-knows.invalid", request)
        assert (await bot.get_me()).username == "reach_test_bot"


async def test_a_proxy_that_refuses_the_tunnel_means_not_sent(log: Log) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert b"Proxy-Authorization: Basic" in request
        assert _TOKEN.encode() not in request
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        request = AiohttpRequest(proxy=f"http://user:secret@127.0.0.1:{port}")
        error = await _failed_send("https://api.telegram.invalid", request)
    assert type(error) is NotSentError
    assert "407" in str(error)
    assert "secret" not in _texts_of(error) + log.text + repr(request)
    _assert_no_token(log, error)


async def test_a_proxy_that_hangs_up_on_the_tunnel_means_not_sent(log: Log) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await _failed_send("https://api.telegram.invalid", AiohttpRequest(proxy=f"http://127.0.0.1:{port}"))
    assert type(error) is NotSentError
    _assert_no_token(log, error)


def test_a_proxy_of_another_kind_is_refused_without_naming_its_password() -> None:
    with pytest.raises(ValueError, match="http://") as refusal:
        AiohttpRequest(proxy="gopher://user:secret@proxy:1080")
    assert "secret" not in str(refusal.value)


async def test_only_certificates_of_the_trust_store_are_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: Log
) -> None:
    authority = trustme.CA()
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(trust)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    me = {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "Reach", "username": "reach_bot"}}
    async with _serving(lambda _: web.json_response(me), trust=trust) as port:
        error = await _failed_send(f"https://127.0.0.1:{port}", AiohttpRequest())
        assert type(error) is NotSentError
        assert "certificate" in str(error).lower()
        _assert_no_token(log, error)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        async with AiohttpRequest() as request:
            assert (await _bot(f"https://127.0.0.1:{port}", request).get_me()).username == "reach_bot"


async def test_the_token_stays_out_of_the_log_even_where_the_library_names_it(api: FakeTelegram, log: Log) -> None:
    api.fault("getMe", faults.error(401, "Unauthorized"))
    async with AiohttpRequest() as request:
        with pytest.raises(telegram.error.InvalidToken) as caught:
            await _bot(api.base_url, request).initialize()
    logging.getLogger("bot").error("cannot start: %s", caught.value, exc_info=caught.value)
    assert _TOKEN in str(caught.value)
    assert _TOKEN not in log.stream.getvalue()
    assert "cannot start" in log.stream.getvalue()


async def test_files_are_fetched_as_they_are() -> None:
    async with _serving(lambda _: web.Response(body=_PNG)) as port, AiohttpRequest() as request:
        assert await request.retrieve(f"http://127.0.0.1:{port}/file/bot{_TOKEN}/photo.png") == _PNG
