"""What reads bytes from strangers, each as a function of bytes: nothing may be raised but what the steps translate."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import h11

from probes import trust
from probes.failures import failure_of
from probes.model import Endpoint
from probes.observations import Arm, Purpose, Target
from probes.steps import dns_message, mtproto_message, quic_message, stun_message, websocket
from probes.steps.frame import Fields
from probes.steps.http import Reply, _exchange, _observation, request_for

if TYPE_CHECKING:
    from collections.abc import Callable

_QUERY = dns_message.query_for("example.org", "A", 0)
_TRANSACTION = bytes(range(12))
_NONCE = bytes(range(16))
_CONNECTION = bytes(range(8))
_ENDPOINT = Endpoint("https", "example.org", 443, "/")
_KEY = "dGhlIHNhbXBsZSBub25jZQ=="
_REQUESTS = (request_for(_ENDPOINT, _ENDPOINT.host), websocket.request_for(_ENDPOINT, _ENDPOINT.host, _KEY))
_FIELDS = Fields(
    arm=Arm.EXPERIMENT,
    purpose=Purpose.MEASURE,
    target=Target(host="example.org"),
    connection=None,
    elapsed_s=0.0,
    failure=None,
    info=None,
)


def dns(data: bytes) -> None:
    """An answer, with the right id as well: an injector knows it."""
    for wire in (data, b"\0\0" + data):
        answer = dns_message.read(wire, _QUERY)
        assert answer.failure is None or answer.failure
        dns_message.is_honest_nodata(answer)
        if answer.reply:
            dns_message.differ(answer.reply, answer.reply)


def stun(data: bytes) -> None:
    begin = data[:4] + b"\x21\x12\xa4\x42" + _TRANSACTION
    for wire in (data, begin + data[4:]):
        _failing(stun_message.read_response, wire, _TRANSACTION)


def mtproto(data: bytes) -> None:
    _failing(mtproto_message.unframed, data)
    _failing(mtproto_message.read_answer, data, _NONCE)
    challenge = b"\x63\x24\x16\x05" + _NONCE + data
    head = bytes(8) + data[:8].ljust(8, b"\0") + len(challenge).to_bytes(4, "little")
    _failing(mtproto_message.read_answer, head + challenge, _NONCE)


def quic(data: bytes) -> None:
    ids = bytes([8]) + _CONNECTION + bytes([8]) + _CONNECTION
    for wire in (data, b"\x80\0\0\0\0" + ids + data):
        _failing(quic_message.read_negotiation, wire, _CONNECTION, _CONNECTION)


def certificate(data: bytes) -> None:
    chain = (data,)
    assert trust.verify(chain, "example.org") is not None, "a stranger's certificate is trusted"
    trust.describe(chain)


def http(data: bytes) -> None:
    """A response in two pieces, to a request for a page and for a WebSocket, and what is made of it."""
    pieces = [data[: len(data) // 2], data[len(data) // 2 :]]
    heads = (list[bytes](), [b"HTTP/1.1 200 OK\r\n"], [b"HTTP/1.1 101 Switching Protocols\r\n"])
    for request, head in product(_REQUESTS, heads):
        reply = Reply()
        _failing(_exhaust, [*head, *pieces], request, reply)
        websocket._defect_of(_ENDPOINT, _KEY, reply)
        _observation(_FIELDS, _ENDPOINT, reply)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "dns": dns,
    "stun": stun,
    "mtproto": mtproto,
    "quic": quic,
    "certificate": certificate,
    "http": http,
}
_EXPECTED = (OSError, EOFError, ValueError, h11.ProtocolError)
"""What the steps translate into a failure string."""


def _failing(read: Callable[..., object], *arguments: object) -> None:
    try:
        read(*arguments)
    except _EXPECTED as error:
        if not failure_of(error):
            raise


class _Replay:
    """A stream that has received all that it ever will."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]

    async def send(self, data: bytes) -> None:
        pass

    async def receive(self) -> bytes:
        return self._pieces.pop(0) if self._pieces else b""


def _exhaust(pieces: list[bytes], request: h11.Request, reply: Reply) -> None:
    async def take() -> None:
        async for _ in _exchange(_Replay(pieces), request, reply):
            pass

    work = take()
    try:
        work.send(None)  # nothing in it waits
    except StopIteration:
        return
    finally:
        work.close()
