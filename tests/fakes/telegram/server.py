"""The fake's HTTP side: takes calls as Telegram does, records and validates each, and fails where the script says."""

import asyncio
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import isawaitable
from typing import Any, Self

from aiohttp import web

from tests.fakes.telegram import faults, schema
from tests.fakes.telegram.clock import Clock
from tests.fakes.telegram.errors import ApiError, Json, bad_request
from tests.fakes.telegram.methods import METHODS
from tests.fakes.telegram.people import People
from tests.fakes.telegram.rates import Rates
from tests.fakes.telegram.webhook import deliver
from tests.fakes.telegram.wire import json_response, read_request
from tests.fakes.telegram.world import Request

_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{35}")
_TURNS_TO_ACCEPT = 5
"""More turns of the loop than pass between a connection's being taken from the kernel and the server's knowing it."""
_MAX_BODY_BYTES = 60 * 2**20
_NO_SUCH_METHOD = ApiError(404, "Not Found")
_LONG_POLL = "getupdates"


@dataclass
class Call:
    """One call as it arrived. `at` is in seconds on the event loop's clock; `answer` is None while it runs."""

    method: str
    params: Json
    at: float
    files: dict[str, bytes] = field(default_factory=dict)
    answer: Json | None = None

    @property
    def ok(self) -> bool:
        return bool(self.answer and self.answer["ok"])

    @property
    def chat_id(self) -> Any:
        return self.params.get("chat_id")

    @property
    def error(self) -> str:
        return str((self.answer or {}).get("description", ""))


class FakeTelegram(People):
    """`async with FakeTelegram() as api:` serves the Bot API at `api.base_url` for `api.token`.

    rates: flood limits; `Rates.unlimited()` for tests that are not about them.
    latency_s: added to every call but getUpdates, half on the way there, half on the way back.
    allow_violations: do not fail at the end when the bot broke the Bot API's schema (`violations` names how).
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        rates: Rates | None = None,
        latency_s: float = 0,
        validate: bool = True,
        allow_violations: bool = False,
    ) -> None:
        super().__init__(clock=clock or Clock(), rates=rates or Rates(), validate=validate)
        self.token = "123456789:AAFakeTokenOfTheLocalBotApi_0123456"
        self.latency_s = latency_s
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.faults = faults.Script()
        self._validate = validate
        self._allow_violations = allow_violations
        self._port = 0
        self._held: socket.socket | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        schema.warm_up()
        app = web.Application(client_max_size=_MAX_BODY_BYTES)
        app.router.add_route("*", "/bot{token}/{method}", self._serve)
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
        await self._runner.setup()
        await self.accept_connections()
        self._webhook = asyncio.create_task(deliver(self.updates))
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._webhook.cancel()
        await asyncio.gather(self._webhook, return_exceptions=True)
        await self._runner.cleanup()
        if self._held is not None:
            self._held.close()
        if kind is None and self.violations and not self._allow_violations:
            raise AssertionError("the Bot API's schema was violated:\n" + "\n".join(self.violations))

    async def accept_connections(self) -> None:
        """Listens (again), on the same port as before."""
        listening, self._held = self._held or _bound(0), None
        self._port = listening.getsockname()[1]
        self._site = web.SockSite(self._runner, listening)
        await self._site.start()

    async def refuse_connections(self) -> None:
        """New connections are refused and open ones reset, until `accept_connections`."""
        await self._site.stop()
        for _ in range(_TURNS_TO_ACCEPT):
            for connection in list(getattr(self._runner.server, "connections", [])):
                if connection.transport is not None:
                    connection.transport.abort()
            await asyncio.sleep(0)
        # Bound but not listening: refuses, and keeps the port from everybody else.
        self._held = _bound(self._port)

    async def left(self) -> None:
        """Waits until nobody is connected: nothing comes any more from a client that is gone."""
        while getattr(self._runner.server, "connections", ()):  # noqa: ASYNC110 -- the server does not tell
            await asyncio.sleep(0.001)

    def fault(self, method: str, fault: faults.Fault, **when: Any) -> None:
        """Scripts a fault; `when` as in `faults.Script.add`: chat_id, contains, times, after."""
        self.faults.add(method, fault, **when)

    def called(self, method: str, *, chat_id: int | None = None) -> list[Call]:
        """The recorded calls of a method, in order."""
        wanted = method.lower()
        return [call for call in self.calls if call.method.lower() == wanted and chat_id in {None, call.chat_id}]

    async def _serve(self, http: web.Request) -> web.StreamResponse:
        token, method = http.match_info["token"], http.match_info["method"]
        if token != self.token:
            known_form = _TOKEN.fullmatch(token)
            return json_response(ApiError(401, "Unauthorized").to_json() if known_form else _NO_SUCH_METHOD.to_json())
        try:
            request = await read_request(http, method)
        except ApiError as error:
            return json_response(error.to_json())
        fault = self.faults.next(request)
        if fault is not None:
            self.fire()  # a call that fails unprocessed leaves no other trace
        return await self._answer(http, request, fault)

    async def _answer(self, http: web.Request, request: Request, fault: faults.Fault | None) -> web.StreamResponse:
        latency_s = 0 if request.method.lower() == _LONG_POLL else self.latency_s
        await asyncio.sleep(latency_s / 2)
        if fault is None or fault.processed or fault.error:
            answer = await self._recorded(request, fault.error if fault else None)
        else:
            answer = {"ok": False, "error_code": 500, "description": "never shown"}
        await asyncio.sleep(latency_s / 2)
        response = json_response(answer)
        return response if fault is None or fault.error else await faults.respond(fault, http, response)

    async def _recorded(self, request: Request, error: ApiError | None) -> Json:
        loop = asyncio.get_running_loop()
        call = Call(request.method, request.params, loop.time(), request.files)
        self.calls.append(call)
        try:
            if error is not None:
                raise error
            result = await self._result(request)
        except ApiError as refusal:
            call.answer = refusal.to_json()
        else:
            call.answer = {"ok": True, "result": result}
        self.fire()
        return call.answer

    async def _result(self, request: Request) -> Any:
        handler = METHODS.get(request.method.lower())
        if handler is None:
            raise _NO_SUCH_METHOD
        with self._noted_violations():
            schema.check_request(request.method, request.params, request.files)
        chat_id = request.params.get("chat_id", 0)
        self.flood.admit(request.method.lower(), chat_id if isinstance(chat_id, int) else 0, self.clock.now())
        result = handler(self, request)
        if isawaitable(result):
            result = await result
        if request.method.lower() != _LONG_POLL:  # updates were checked when they were queued, but for the poison
            with self._noted_violations():
                schema.check_result(request.method, result)
        return result

    @contextmanager
    def _noted_violations(self) -> Iterator[None]:
        try:
            yield
        except schema.SchemaError as error:
            if self._validate:
                self.violations.append(str(error))
                raise bad_request("request violates the schema of the Bot API") from error


def _bound(port: int) -> socket.socket:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    return sock
