"""One STUN Binding transaction over UDP (RFC 8489 §6.2.1): what messengers' calls begin with."""

from __future__ import annotations

import asyncio
import os
from functools import partial
from typing import TYPE_CHECKING

from probes.failures import failure_of, unknown
from probes.observations import StunObservation
from probes.steps import udp
from probes.steps.stun_message import TRANSACTION_BYTES, Response, binding_request, read_response

if TYPE_CHECKING:
    import socket

    from probes.steps.frame import Frame

# The waits after each request, in units of the first one: RFC 8489 §6.2.1 with Rc = 4 and Rm = 8, since its own 39.5 s
# are more patience than a check has.
_WAITS = (1, 2, 4, 8)


async def bind(frame: Frame, *, timeout_s: float) -> StunObservation:
    """Ask the frame's target once for the address it sees. The frame holds a new UDP socket (`udp.new_socket`).

    The same request is sent up to four times within the time, as RFC 8489 has it. An error response is a failure with
    the server's text. The address itself is not kept: it says who asked.
    """
    loop = asyncio.get_running_loop()
    transaction = _Transaction(frame.sock)
    failure: str | None
    started = loop.time()
    try:
        udp.connect(frame)
        failure = await transaction.run(started, timeout_s)
    except OSError as error:
        failure = failure_of(error)
    fields = frame.fields(loop.time() - started, failure)
    return StunObservation(**fields, requests=transaction.requests, answered_by=transaction.software)


class _Transaction:
    """One request with its repetitions."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.requests = 0
        self.software: str | None = None

    async def run(self, started: float, timeout_s: float) -> str | None:
        """Send until an answer comes; return the failure, if it is one. Raises OSError for an ICMP error."""
        identity = os.urandom(TRANSACTION_BYTES)
        listener = udp.Listener[Response](self._sock, partial(read_response, transaction=identity))
        elapsed = 0
        for wait in _WAITS:
            await asyncio.get_running_loop().sock_sendall(self._sock, binding_request(identity))
            self.requests += 1
            elapsed += wait
            if response := await listener.answer(started + timeout_s * elapsed / sum(_WAITS)):
                self.software = response.software
                return unknown(f"stun: {response.error}") if response.error else None
        return listener.failure
