"""A WebSocket's opening handshake (RFC 6455 §4.1) over a stream that is already there, and its end right after that.

Whatever the server itself answers, it has been reached and speaks HTTP. A refusal (400, 403, 404, 426) is as good a
sign of life as a 101; a page in place of either is kept as status, headers and title tell it. None of these is a
failure. A 101 that the key does not account for is one: no client may go on after it (RFC 6455 §4.1). It comes from
somebody who repeats answers without understanding them, and who that is, this step cannot tell.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import secrets
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from probes.failures import NOT_WEBSOCKET
from probes.steps import http
from probes.steps.limit import Limit

if TYPE_CHECKING:
    from probes.model import Endpoint
    from probes.observations import HttpObservation
    from probes.steps.frame import Frame

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""What the server adds to the key before it hashes it (RFC 6455 §1.3)."""
_KEY_BYTES = 16
_MASK_BYTES = 4
_EMPTY_CLOSE = b"\x88\x80"
"""The head of a Close frame without a body, masked as all that a client sends (RFC 6455 §5.2, §5.5.1)."""


async def open_and_close(
    stream: http.Stream, frame: Frame, endpoint: Endpoint, *, host: str | None = None, timeout_s: float
) -> HttpObservation:
    """Ask for the WebSocket at the endpoint's path, and say goodbye at once where it is opened.

    Bounded as `http.get` is. Nothing is read beyond the handshake, nor is the answer to the goodbye waited for.
    """
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    request = request_for(endpoint, host or endpoint.host, key)
    defect_of = partial(_defect_of, endpoint, key)
    seen = await http.ask(stream, frame, endpoint, request, defect_of=defect_of, timeout_s=timeout_s)
    if seen.failure is None and seen.status == HTTPStatus.SWITCHING_PROTOCOLS:
        with contextlib.suppress(OSError):
            async with Limit(timeout_s):
                await stream.send(_EMPTY_CLOSE + secrets.token_bytes(_MASK_BYTES))
    return seen


def request_for(endpoint: Endpoint, host: str, key: str) -> h11.Request:
    """Build what a browser would send, with what the endpoint's clients add; no extension, so that none is answered."""
    headers = [
        ("Host", http.authority_of(endpoint, host)),
        ("User-Agent", http.USER_AGENT),
        ("Accept", "*/*"),
        ("Accept-Language", "en-US,en;q=0.5"),
        ("Accept-Encoding", "identity"),
        ("Sec-WebSocket-Version", "13"),
        ("Origin", endpoint.origin),
        ("Sec-WebSocket-Protocol", endpoint.subprotocol),
        ("Sec-WebSocket-Key", key),
        ("Connection", "keep-alive, Upgrade"),
        ("Pragma", "no-cache"),
        ("Cache-Control", "no-cache"),
        ("Upgrade", "websocket"),
    ]
    said = [(name, value) for name, value in headers if value]
    return h11.Request(method="GET", target=http.target_of(endpoint), headers=said)


def accept_for(key: str) -> str:
    """Return what proves that a server has understood a handshake with this key (RFC 6455 §4.2.2)."""
    digest = hashlib.sha1((key + _GUID).encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def _defect_of(endpoint: Endpoint, key: str, reply: http.Reply) -> str | None:
    """Return the failure where a 101 is none that a client may go on after (RFC 6455 §4.1, "If the response …")."""
    if not reply.switches:
        return None
    headers = reply.headers
    right = (
        headers.get("upgrade", "").lower() == "websocket"
        and "upgrade" in _tokens(headers.get("connection", ""))
        and headers.get("sec-websocket-accept", "").strip() == accept_for(key)
        and headers.get("sec-websocket-protocol", endpoint.subprotocol) == endpoint.subprotocol
        and not headers.get("sec-websocket-extensions")
    )
    return None if right else NOT_WEBSOCKET


def _tokens(value: str) -> list[str]:
    return [token.strip() for token in value.lower().split(",")]
