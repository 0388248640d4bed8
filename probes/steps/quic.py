"""QUIC over UDP: whether a server tells its versions, and a version 1 handshake with a name in it.

Each takes a new socket (`udp.new_socket`), so a source port of its own: what drops QUIC by name keeps dropping the
four-tuple. The version negotiation has no name in it and no version that filters know: it is the handshake's control.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
from functools import partial
from typing import TYPE_CHECKING

from probes import trust
from probes.failures import failure_of
from probes.observations import QuicObservation
from probes.steps import udp
from probes.steps.limit import Limit
from probes.steps.quic_message import CONNECTION_ID_BYTES, forced_negotiation, read_negotiation

if TYPE_CHECKING:
    from types import ModuleType

    from probes.steps.frame import Frame
    from probes.steps.quic_client import QuicClient

_CLIENT = "probes.steps.quic_client"
_loaded: dict[str, ModuleType] = {}


async def negotiate(frame: Frame, *, timeout_s: float) -> QuicObservation:
    """Send one long header of a version that nobody speaks and read the versions that come back."""
    loop = asyncio.get_running_loop()
    versions: tuple[str, ...] | None = None
    started = loop.time()
    try:
        udp.connect(frame)
        destination, source = os.urandom(CONNECTION_ID_BYTES), os.urandom(CONNECTION_ID_BYTES)
        read = partial(read_negotiation, destination=destination, source=source)
        listener = udp.Listener(frame.sock, read)
        await loop.sock_sendall(frame.sock, forced_negotiation(destination, source, os.urandom(4)))
        versions = await listener.answer(started + timeout_s)
        failure = None if versions else listener.failure
    except OSError as error:
        failure = failure_of(error)
    fields = frame.fields(loop.time() - started, failure)
    return QuicObservation(**fields, kind="version_negotiation", versions=versions or ())


async def handshake(
    frame: Frame, *, server_name: str, timeout_s: float, roots: trust.Roots = trust.SYSTEM
) -> QuicObservation:
    """Shake hands once by QUIC v1 with h3 and judge the chain afterwards; judging is not in the time.

    The chain has to prove `server_name`, or the target's host where no name is sent. A failure that names a
    certificate or an alert still tells that the server was reached.
    """
    loop = asyncio.get_running_loop()
    module = await load()
    client: QuicClient | None = None
    started = loop.time()
    try:
        udp.connect(frame)
        client = module.QuicClient(server_name, started)
        async with Limit(timeout_s):
            failure = await _shake_hands(frame, client)
    except (OSError, ValueError) as error:
        failure = failure_of(error)
    elapsed_s = loop.time() - started
    alpn = None
    if client is not None and failure is None:
        alpn = client.alpn
        failure = trust.verify(client.chain, server_name or frame.target.host, roots)
    return QuicObservation(**frame.fields(elapsed_s, failure), kind="handshake", server_name=server_name, alpn=alpn)


async def load() -> ModuleType:
    """Load aioquic beside the loop: it takes some 70 ms, the first time."""
    if _CLIENT not in _loaded:
        _loaded[_CLIENT] = await asyncio.to_thread(importlib.import_module, _CLIENT)
    return _loaded[_CLIENT]


async def _shake_hands(frame: Frame, client: QuicClient) -> str | None:
    """Carry datagrams to and fro until the handshake is over; return its failure. Raises OSError and ValueError."""
    loop = asyncio.get_running_loop()
    while not client.complete and not client.failure:
        for data in client.outgoing(loop.time()):
            await loop.sock_sendall(frame.sock, data)
        datagram = await _receive(frame, client.timer)
        if datagram is None:
            client.on_timer(loop.time())
        else:
            client.receive(datagram, loop.time())
    failure = client.failure
    with contextlib.suppress(OSError):  # an ICMP error after the answer takes nothing back
        for data in client.close(loop.time()):
            await loop.sock_sendall(frame.sock, data)
    return failure


async def _receive(frame: Frame, until: float | None) -> bytes | None:
    """Return the next datagram, or None once the timer is due. Raises OSError for an ICMP error."""
    try:
        async with asyncio.timeout_at(until):
            return await asyncio.get_running_loop().sock_recv(frame.sock, udp.MAX_DATAGRAM_BYTES)
    except TimeoutError:
        return None
