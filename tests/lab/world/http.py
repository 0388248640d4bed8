"""What a web server answers to one request, whatever carried it: a host's actions as status, headers and body.

Doh and TestHelper are left to `web`, which knows the resolvers and the control.
"""

import base64
import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.lab.world.answers import (
    Action,
    Break,
    Captive,
    Countdown,
    Cut,
    Download,
    Paced,
    Page,
    PerVisitor,
    RateLimit,
    Redirect,
    Slow,
    Trace,
    Upgrade,
)
from tests.lab.world.atlas import Atlas
from tests.lab.world.parts import Host

Headers = tuple[tuple[str, str], ...]
CHUNK_BYTES = 16_384
PACED_BYTES = 1_024
MAX_BODY_BYTES = 1 << 20
PARAGRAPHS = 40
SIZE_PATH = re.compile(r"/(\d{1,6})(B|KB|MB)(?:\.bin)?", re.IGNORECASE)
UNITS = {"b": 1, "kb": 1000, "mb": 1_000_000}
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
WEBSOCKET_VERSION = "13"
SOMEBODYS_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
# Zeros would be squeezed by anything on the way that compresses.
NOISE = hashlib.shake_128(b"reachbot lab").digest(CHUNK_BYTES)


@dataclass(frozen=True)
class Request:
    method: str
    scheme: str
    authority: str  # the Host header or :authority, as it came
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names
    body: bytes = b""
    body_bytes: int = 0  # of the whole body; `body` is cut at MAX_BODY_BYTES
    address: str = ""  # whom it was sent to
    client: str = ""
    visitor: Literal["client", "control"] = "client"

    @property
    def host(self) -> str:
        """The name asked for: lower case, without port and brackets."""
        name = self.authority.lower().rstrip(".")
        if name.startswith("["):
            return name[1:].partition("]")[0]
        return name.partition(":")[0]


@dataclass(frozen=True)
class Reply:
    """A response of `size_bytes`, of which no more than `cut` allows is sent; a body shorter than that is noise."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    size_bytes: int = 0
    delay_s: float = 0.0
    cut: Cut | None = None
    bytes_per_s: float = math.inf

    def chunks(self) -> Iterator[bytes]:
        left = self.size_bytes if self.cut is None else min(self.size_bytes, self.cut.after_bytes)
        source = self.body or NOISE
        most = CHUNK_BYTES if self.bytes_per_s == math.inf else PACED_BYTES
        start = 0
        while left > 0:
            chunk = source[start : start + min(left, most)]
            left -= len(chunk)
            start = start + len(chunk) if self.body else 0
            yield chunk


def reply(status: int, body: str | bytes, content_type: str, headers: Headers = ()) -> Reply:
    encoded = body.encode() if isinstance(body, str) else body
    return Reply(status, (("Content-Type", content_type), *headers), encoded, len(encoded))


@dataclass(frozen=True)
class Manner:
    """How an action is performed: late, slowly, or not to its end."""

    delay_s: float = 0.0
    cut: Cut | None = None
    bytes_per_s: float = math.inf


def settle(atlas: Atlas, host: Host, request: Request) -> tuple[Action, Manner]:
    """Find the action for a path and take it out of its conditions."""
    action, manner = _routed(host, request), Manner()
    while isinstance(action, Slow | Cut | Paced | RateLimit | PerVisitor | Captive):
        match action:
            case Slow(delay_s, then):
                manner, action = replace(manner, delay_s=manner.delay_s + delay_s), then
            case Cut(then=then):
                manner, action = replace(manner, cut=action), then
            case Paced(bytes_per_s, then):
                manner, action = replace(manner, bytes_per_s=bytes_per_s), then
            case RateLimit(allowed, retry_after_s, then):
                within = atlas.turn("rate", host.name, request.client) < allowed
                too_many = Page(status=429, title="Too many requests", headers=(("Retry-After", str(retry_after_s)),))
                action = then if within else too_many
            case PerVisitor(client, outside):
                action = client if request.visitor == "client" else outside
            case Captive():
                own = request.host == host.name
                action = Page(title="Wi-Fi login") if own else Redirect(f"http://{host.name}/login")
    return action, manner


def _routed(host: Host, request: Request) -> Action:
    path = request.path.partition("?")[0]
    for route in host.routes:
        if path == route.path or (route.path.endswith("/") and path.startswith(route.path)):
            return route.action
    size = SIZE_PATH.fullmatch(path)
    return Download(int(size[1]) * UNITS[size[2].lower()]) if size else host.page


def in_manner(answer: Reply | Break, manner: Manner) -> Reply | Break:
    if isinstance(answer, Break):
        return answer
    delay_s = answer.delay_s + manner.delay_s
    return replace(answer, delay_s=delay_s, cut=manner.cut, bytes_per_s=manner.bytes_per_s)


def render(host: Host, request: Request, action: Action, manner: Manner) -> Reply | Break:
    """Turn a settled action into a response, or into the way in which there is none."""
    if isinstance(action, Break):
        return action
    made = _rendered(host, request, action)
    common: Headers = (("Server", "lab"),)
    if host.quic and request.scheme == "https":
        common += (("Alt-Svc", 'h3=":443"; ma=86400'),)
    return in_manner(replace(made, headers=(*made.headers, *common)), manner)


def _rendered(host: Host, request: Request, action: Action) -> Reply:
    match action:
        case Page():
            return _page(host, action)
        case Redirect(to, status):
            return replace(reply(status, "", "text/html"), headers=(("Location", to),))
        case Countdown():
            above, _, number = request.path.rpartition("/")
            steps = int(number) if number.isdecimal() else 0
            return _rendered(host, request, Redirect(f"{above}/{steps - 1}") if steps else Page())
        case Download(size_bytes):
            return Reply(200, (("Content-Type", "application/octet-stream"),), b"", size_bytes)
        case Trace():
            text = f"h={request.host}\nip={request.client}\nvisit_scheme={request.scheme}\nloc=XX\n"
            return reply(200, text, "text/plain")
        case Upgrade():
            return _upgrade(request, action)
        case _:
            raise TypeError(f"{action!r} is no page")


def _page(host: Host, page: Page) -> Reply:
    if page.status in (204, 304):
        return Reply(page.status, page.headers)
    body = _document(page.title or title_of(host.name)) if page.body is None else page.body
    return reply(page.status, body, page.content_type, page.headers)


def title_of(name: str) -> str:
    return " ".join(part.capitalize() for part in name.removeprefix("*.").split("."))


def _document(title: str) -> str:
    text = "".join(f"<p>Paragraph {n} of {title}: the quick brown fox jumps.</p>\n" for n in range(PARAGRAPHS))
    return f"<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n<body><h1>{title}</h1>\n{text}</body></html>\n"


def _upgrade(request: Request, action: Upgrade) -> Reply:
    key = request.headers.get("sec-websocket-key", "")
    offered = [word.strip() for word in request.headers.get("sec-websocket-protocol", "").split(",")]
    if request.headers.get("upgrade", "").lower() != "websocket" or not key:
        return reply(400, "Bad Request: a WebSocket handshake is expected\n", "text/plain")
    if request.headers.get("sec-websocket-version") != WEBSOCKET_VERSION:
        return reply(426, "Upgrade Required\n", "text/plain", (("Sec-WebSocket-Version", WEBSOCKET_VERSION),))
    if action.origin and request.headers.get("origin") != action.origin:
        return reply(403, "Forbidden\n", "text/plain")
    if action.subprotocol and action.subprotocol not in offered:
        return reply(400, "Bad Request: no known subprotocol\n", "text/plain")
    return Reply(101, tuple(_switching(key if action.honest else SOMEBODYS_KEY, action.subprotocol)))


def _switching(key: str, subprotocol: str) -> Iterator[tuple[str, str]]:
    digest = hashlib.sha1((key + WEBSOCKET_GUID).encode(), usedforsecurity=False).digest()
    yield "Upgrade", "websocket"
    yield "Connection", "Upgrade"
    yield "Sec-WebSocket-Accept", base64.b64encode(digest).decode()
    if subprotocol:
        yield "Sec-WebSocket-Protocol", subprotocol
