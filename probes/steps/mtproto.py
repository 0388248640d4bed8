"""One MTProto exchange over a connected socket, which only a Telegram data centre, or a proxy of one, answers.

It needs no account: the first message of the key exchange is in clear, and resPQ echoes its nonce.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Literal

from probes.failures import failure_of
from probes.observations import MtprotoObservation
from probes.steps.limit import Limit
from probes.steps.mtproto_message import (
    HEADER_BYTES,
    NONCE_BYTES,
    Transport,
    framed,
    intermediate,
    is_usable,
    obfuscated2,
    read_answer,
    req_pq_multi,
    unframed,
)

if TYPE_CHECKING:
    from probes.steps.frame import Frame
    from probes.steps.tcp import TcpStream


async def exchange(
    tcp: TcpStream, frame: Frame, *, transport: Literal["intermediate", "obfuscated2"], timeout_s: float
) -> MtprotoObservation:
    """Send req_pq_multi once, by the given transport, and read what answers it.

    A transport error is no failure: whoever sends one speaks MTProto, and was reached. It is kept as `server_error`.
    """
    loop = asyncio.get_running_loop()
    failure = server_error = None
    started = loop.time()
    try:
        async with Limit(timeout_s):
            server_error = await _request_pq(tcp, intermediate() if transport == "intermediate" else _obfuscated())
    except (OSError, EOFError, ValueError) as error:
        failure = failure_of(error)
    fields = frame.fields(loop.time() - started, failure)
    return MtprotoObservation(**fields, transport=transport, server_error=server_error)


async def _request_pq(tcp: TcpStream, transport: Transport) -> int | None:
    """Return the server's error code, if it sends one. Raises OSError, EOFError, and ValueError for no sense."""
    nonce = os.urandom(NONCE_BYTES)
    request = framed(req_pq_multi(nonce, time.time_ns()))
    await tcp.send(transport.opening + transport.encrypt(request))
    received = bytearray()
    while (payload := unframed(received)) is None:
        data = await tcp.receive()
        if not data:
            raise EOFError("the connection ended before the answer")
        received += transport.decrypt(data)
    return read_answer(payload, nonce)


def _obfuscated() -> Transport:
    while not is_usable(header := os.urandom(HEADER_BYTES)):
        pass
    return obfuscated2(header)
