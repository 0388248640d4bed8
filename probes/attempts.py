"""One attempt on the wire: the steps that its scheme has, in their order, over sockets of its own.

The guard has been asked before; how a step is made is in `probes.steps`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from probes.observations import QuicObservation, StunObservation, Target, TcpObservation
from probes.pace import handshake_limit_s
from probes.steps import http, mtproto, quic, stun, tcp, tls, transfer, udp, websocket
from probes.steps.frame import Fields, Frame
from probes.trials import STAGES
from probes.trust import is_address

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from probes.network import Attempt
    from probes.observations import AnyObservation
    from probes.trust import Roots

    Observe = Callable[[AnyObservation], None]

_BEYOND = {"tcp": {"tls", "http", "mtproto"}, "tls": {"http"}, "http": set[str]()}
"""The steps that an attempt's `until` cuts off."""
_TRANSFER_PATIENCE = 3
"""How many times longer than an answer a transfer may take, if it doesn't stall."""


async def take(attempt: Attempt, connection: str, roots: Roots, observe: Observe) -> None:
    """Hand each step to `observe` as it ends, the failed one last. Raises OSError where there is no socket to be had.

    QUIC's version negotiation, its control, comes first, and is left out under another name than the endpoint's.
    """
    match attempt.endpoint.scheme:
        case "quic":
            await _over_quic(attempt, connection, roots, observe)
        case "stun":
            with udp.new_socket(attempt.address) as sock:
                frame = _frame(attempt, connection, sock)
                observe(await stun.bind(frame, timeout_s=attempt.timeouts.handshake_s))
        case _:
            with tcp.new_socket(attempt.address) as sock:
                await _over_tcp(_frame(attempt, connection, sock), attempt, roots, observe)


def not_taken(attempt: Attempt, connection: str, failure: str) -> AnyObservation:
    """Return the first step of an attempt that could not begin."""
    fields = Fields(
        arm=attempt.arm,
        purpose=attempt.purpose,
        target=_target(attempt),
        connection=connection,
        elapsed_s=0.0,
        failure=failure,
        info=None,
    )
    match attempt.endpoint.scheme:
        case "quic":
            return QuicObservation(**fields, kind="handshake", server_name=_server_name(attempt))
        case "stun":
            return StunObservation(**fields)
        case _:
            return TcpObservation(**fields)


async def _over_tcp(frame: Frame, attempt: Attempt, roots: Roots, observe: Observe) -> None:
    steps = _planned(attempt)
    connected = await tcp.connect(frame, attempt.timeouts.connect_s)
    observe(connected)
    if connected.failure is not None:
        return
    handshake_s = handshake_limit_s(attempt.timeouts, connected)
    plain = tcp.TcpStream(frame.sock)
    stream: http.Stream = plain
    if "tls" in steps:
        name = _server_name(attempt)
        shaken, secure = await tls.handshake(plain, frame, server_name=name, timeout_s=handshake_s, roots=roots)
        observe(shaken)
        if secure is None or (shaken.failure is not None and not attempt.any_certificate):
            return
        stream = secure
    if "http" in steps:
        observe(await _request(stream, frame, attempt))
    if "mtproto" in steps:
        transport: Literal["intermediate", "obfuscated2"] = "intermediate"
        if attempt.endpoint.scheme == "mtproto+obfuscated":
            transport = "obfuscated2"
        observe(await mtproto.exchange(plain, frame, transport=transport, timeout_s=handshake_s))


async def _request(stream: http.Stream, frame: Frame, attempt: Attempt) -> AnyObservation:
    """Ask for the endpoint's path, or for a WebSocket there, or move data in place of that."""
    host, timeout_s = attempt.asked_host or attempt.server_name or None, attempt.timeouts.response_s
    if attempt.transfer is None:
        ask = websocket.open_and_close if attempt.endpoint.scheme == "wss" else http.get
        return await ask(stream, frame, attempt.endpoint, host=host, timeout_s=timeout_s)
    return await transfer.move(
        stream,
        frame,
        attempt.endpoint,
        attempt.transfer,
        host=host,
        stall_s=timeout_s,
        timeout_s=_TRANSFER_PATIENCE * timeout_s,
    )


async def _over_quic(attempt: Attempt, connection: str, roots: Roots, observe: Observe) -> None:
    """Ask for versions and shake hands at once, over a socket each; a handshake that succeeds waits for no versions."""
    timeout_s = attempt.timeouts.handshake_s
    with udp.new_socket(attempt.address) as first, udp.new_socket(attempt.address) as second:

        async def ask() -> None:
            observe(await quic.negotiate(_frame(attempt, connection, first), timeout_s=timeout_s))

        async with asyncio.TaskGroup() as group:
            asking = group.create_task(ask()) if attempt.server_name is None else None
            frame, name = _frame(attempt, connection, second), _server_name(attempt)
            shaken = await quic.handshake(frame, server_name=name, timeout_s=timeout_s, roots=roots)
            if asking is not None and shaken.failure is None:
                asking.cancel()
        observe(shaken)


def _planned(attempt: Attempt) -> Sequence[str]:
    """Return the steps that the endpoint's scheme has, up to `until`."""
    return [step for step in STAGES[attempt.endpoint.scheme] if step not in _BEYOND[attempt.until]]


def _server_name(attempt: Attempt) -> str:
    """Return the name for the ClientHello: none for an IP address (RFC 6066 §3)."""
    name = attempt.endpoint.host if attempt.server_name is None else attempt.server_name
    return "" if is_address(name) else name


def _target(attempt: Attempt) -> Target:
    return Target(host=attempt.endpoint.host, address=attempt.address, port=attempt.port or attempt.endpoint.port)


def _frame(attempt: Attempt, connection: str, sock: socket.socket) -> Frame:
    target = _target(attempt)
    return Frame(sock=sock, arm=attempt.arm, purpose=attempt.purpose, target=target, connection=connection)
