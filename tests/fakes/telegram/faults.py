"""What can go wrong between the bot and Telegram, scripted by method, chat and number of times.

`processed` says whether Telegram did what was asked: the bot cannot know, the test can.
"""

import asyncio
import enum
from dataclasses import dataclass, field

from aiohttp import web

from tests.fakes.telegram.errors import ApiError, Json
from tests.fakes.telegram.world import Request

_GATEWAY_PAGE = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>nginx</body>\r\n</html>\r\n"
_PORTAL_PAGE = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Buy a voucher to go online</body></html>"


class Kind(enum.Enum):
    ERROR = enum.auto()
    RESET = enum.auto()
    CUT = enum.auto()
    SLOW = enum.auto()
    PAGE = enum.auto()


@dataclass(frozen=True)
class Fault:
    """One way to fail. Made by the functions below."""

    kind: Kind
    processed: bool = False
    delay_s: float = 0
    page: tuple[int, str] = (200, "")
    error: ApiError | None = None


def error(code: int, description: str, parameters: Json | None = None) -> Fault:
    """An answer of the API: `error(400, "Bad Request: chat not found")`."""
    return Fault(Kind.ERROR, error=ApiError(code, description, parameters))


def reset(*, processed: bool = False) -> Fault:
    """The connection is reset in place of an answer, before or after the call took effect."""
    return Fault(Kind.RESET, processed=processed)


def cut(*, processed: bool = True) -> Fault:
    """The answer breaks off in its middle."""
    return Fault(Kind.CUT, processed=processed)


def slow(seconds: float, *, processed: bool = True) -> Fault:
    """The answer comes late; whoever gives up before has a message in the chat all the same."""
    return Fault(Kind.SLOW, processed=processed, delay_s=seconds)


def bad_gateway(*, processed: bool = False) -> Fault:
    """A 502 with HTML, from the servers in front of the API."""
    return Fault(Kind.PAGE, processed=processed, page=(502, _GATEWAY_PAGE))


def captive_portal() -> Fault:
    """A 200 with somebody else's HTML; the call never reached Telegram."""
    return Fault(Kind.PAGE, page=(200, _PORTAL_PAGE))


@dataclass
class _Scripted:
    fault: Fault
    method: str
    chat_id: int | None
    contains: str
    left: int | None
    skip: int

    def strikes(self, request: Request) -> bool:
        here = self.method in {"*", request.method.lower()} and self.chat_id in {None, request.params.get("chat_id")}
        return here and self.contains in str(request.params.get("text", request.params.get("caption", "")))


@dataclass
class Script:
    """The faults still to come, each until it is used up."""

    _entries: list[_Scripted] = field(default_factory=list)

    def add(
        self,
        method: str,
        fault: Fault,
        *,
        chat_id: int | None = None,
        contains: str = "",
        times: int | None = 1,
        after: int = 0,
    ) -> None:
        """Fails calls of `method` ("*" for any), `times` times (None: for ever), letting `after` calls pass first.

        chat_id, contains: only calls to that chat, only those whose text has this in it.
        """
        self._entries.append(_Scripted(fault, method.lower(), chat_id, contains, times, after))

    def clear(self) -> None:
        self._entries.clear()

    @property
    def is_over(self) -> bool:
        """Whether none is still to come."""
        return not self._entries

    def next(self, request: Request) -> Fault | None:
        """The fault that strikes this call, used up by asking."""
        for entry in self._entries:
            if not entry.strikes(request):
                continue
            if entry.skip:
                entry.skip -= 1
                continue
            if entry.left is not None:
                entry.left -= 1
                if not entry.left:
                    self._entries.remove(entry)
            return entry.fault
        return None


async def respond(fault: Fault, http: web.Request, answer: web.Response) -> web.StreamResponse:
    """What the client gets in place of `answer`."""
    if fault.kind is Kind.SLOW:
        await asyncio.sleep(fault.delay_s)
        return answer
    if fault.kind is Kind.PAGE:
        status, page = fault.page
        return web.Response(status=status, text=page, content_type="text/html")
    if fault.kind is Kind.CUT:
        await _send_half(http, answer)
    if http.transport is not None:
        http.transport.abort()
    return answer


async def _send_half(http: web.Request, answer: web.Response) -> None:
    body = answer.body
    assert isinstance(body, bytes)
    half = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
    half.content_length = len(body)
    await half.prepare(http)
    await half.write(body[: len(body) // 2])
