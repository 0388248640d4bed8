"""One DNS question to one resolver, over UDP, TCP or HTTPS, by our own sockets: no search list, no cache, no retry.

The UDP socket is connected, so that ICMP errors are seen, and new for each question, so that its port is random too.

A suspicious first answer is not the last word: the socket then stays open for `GRACE_S`, since an injector beside the
path is faster than the resolver, whose own answer still follows. Suspicious is an answer that is a failure (but for a
referral, and for a missing type told of with the zone's SOA, which is how hosts without IPv6 look), that has the AA
flag, which a recursive resolver does not set, or that names an address which the guard does not let through. A good
answer is returned at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dns.exception import DNSException

from probes.failures import TIMEOUT, failure_of
from probes.guard import PUBLIC
from probes.observations import DnsObservation, DnsReply, Target
from probes.steps.dns_message import MISBEHAVING, Answer, differ, encode, is_honest_nodata, query_for, read
from probes.steps.doh import DohClients, DohError, NotDnsError
from probes.steps.limit import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dns.message import QueryMessage

    from probes.guard import Guard
    from probes.network import Question

__all__ = ["GRACE_S", "DohClients", "ask", "resolver_endpoint"]

PORT = 53
GRACE_S = 0.25
"""More than the difference between an injector a hop away and a resolver an ocean away."""
_HTTPS = 443
_MAX_DATAGRAMS = 64
_MAX_LATE_REPLIES = 8
_MAX_DATAGRAM_BYTES = 65535


@dataclass(frozen=True, slots=True)
class _Heard:
    answer: Answer
    at: float
    """The loop's time when the answer came, or was given up."""
    late: tuple[DnsReply, ...] = ()


async def ask(question: Question, doh: DohClients, guard: Guard = PUBLIC) -> DnsObservation:
    """Ask once and tell what came back. Never raises for what the network does.

    `elapsed_s` ends with the first answer; waiting for late ones is not counted. `transport` is "tcp" where a truncated
    answer led there. The reply is kept beside a failure, also one with a wrong id when there was no other.
    """
    began = asyncio.get_running_loop().time()
    deadline = began + question.timeout_s
    transport = question.transport
    heard = await _hear(question, transport, deadline, doh, guard)
    if heard.answer.truncated and transport == "udp":
        transport = "tcp"
        heard = await _hear(question, transport, deadline, doh, guard)
    return DnsObservation(
        arm=question.arm,
        purpose=question.purpose,
        target=Target(host=question.host or question.name),
        failure=heard.answer.failure,
        elapsed_s=heard.at - began,
        resolver=question.resolver,
        transport=transport,
        query_type=question.query_type,
        reply=heard.answer.reply,
        late_replies=heard.late,
    )


def resolver_endpoint(resolver: str) -> tuple[str, int]:
    """Split `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353` into address and port."""
    if resolver.startswith("["):
        address, _, port = resolver[1:].partition("]")
        port = port.removeprefix(":")
    elif resolver.count(":") == 1:
        address, _, port = resolver.partition(":")
    else:
        address, port = resolver, ""
    return address, int(port or PORT)


async def _hear(question: Question, transport: str, deadline: float, doh: DohClients, guard: Guard) -> _Heard:
    now = asyncio.get_running_loop().time
    try:
        if transport == "udp":
            return await _over_udp(question, deadline, guard)
        if transport == "doh":
            answer = await _over_https(question, doh, deadline - now())
        else:
            async with Limit(deadline - now()):
                answer = await _over_tcp(question)
    except NotDnsError:
        answer = Answer(MISBEHAVING)
    except (OSError, EOFError, DNSException, DohError, ValueError) as error:
        answer = Answer(failure_of(error))
    return _Heard(answer, now())


async def _over_udp(question: Question, deadline: float, guard: Guard) -> _Heard:
    loop = asyncio.get_running_loop()
    query = query_for(question.name, question.query_type)
    with _socket_to(question.resolver, socket.SOCK_DGRAM) as (sock, address):
        await loop.sock_connect(sock, address)
        await loop.sock_sendall(sock, encode(query))
        answer = await _first_answer(sock, query, deadline)
        at = loop.time()
        late: tuple[DnsReply, ...] = ()
        if answer.matches and not answer.truncated and _is_suspicious(answer, guard):
            late = await _late_replies(sock, query, answer, min(at + GRACE_S, deadline), guard)
        return _Heard(answer, at, late)


async def _over_tcp(question: Question) -> Answer:
    loop = asyncio.get_running_loop()
    query = query_for(question.name, question.query_type)
    with _socket_to(question.resolver, socket.SOCK_STREAM) as (sock, address):
        await loop.sock_connect(sock, address)
        wire = encode(query)
        await loop.sock_sendall(sock, len(wire).to_bytes(2, "big") + wire)
        size = int.from_bytes(await _exactly(sock, 2), "big")
        return read(await _exactly(sock, size), query)


async def _over_https(question: Question, doh: DohClients, timeout_s: float) -> Answer:
    query = query_for(question.name, question.query_type, message_id=0)  # RFC 8484 §4.1: the id shall be 0
    return read(await doh.exchange(question.resolver, encode(query), timeout_s), query)


async def _first_answer(sock: socket.socket, query: QueryMessage, deadline: float) -> Answer:
    """Return the first answer to the question; without one, the last datagram that was none, or the time-out."""
    answer = Answer(TIMEOUT)
    for _ in range(_MAX_DATAGRAMS):
        datagram = await _receive(sock, deadline)
        if datagram is None:
            break
        answer = read(datagram, query)
        if answer.matches:
            break
    return answer


async def _late_replies(
    sock: socket.socket, query: QueryMessage, first: Answer, deadline: float, guard: Guard
) -> tuple[DnsReply, ...]:
    """Return the further, different replies, up to the first that is above suspicion."""
    known = [first.reply] if first.reply else []
    late: list[DnsReply] = []
    with contextlib.suppress(OSError):  # an ICMP error after the answer takes nothing back
        for _ in range(_MAX_DATAGRAMS):
            datagram = await _receive(sock, deadline)
            if datagram is None or len(late) == _MAX_LATE_REPLIES:
                break
            answer = read(datagram, query)
            if not answer.matches or answer.reply is None:
                continue
            if all(differ(answer.reply, reply) for reply in (*known, *late)):
                late.append(answer.reply)
            if not _is_suspicious(answer, guard):
                break
    return tuple(late)


def _is_suspicious(answer: Answer, guard: Guard) -> bool:
    """Tell whether a better answer may follow (see the module's text)."""
    if answer.reply is None or "aa" in answer.reply.flags:
        return True
    if answer.failure:
        return not is_honest_nodata(answer)
    addresses = (record.data for record in answer.reply.answers if record.type in {"A", "AAAA"})
    return not all(guard.permits(address, _HTTPS) for address in addresses)


async def _receive(sock: socket.socket, deadline: float) -> bytes | None:
    """Return the next datagram, or None at the deadline. Raises `OSError` for an ICMP error."""
    loop = asyncio.get_running_loop()
    try:
        async with Limit(deadline - loop.time()):
            return await loop.sock_recv(sock, _MAX_DATAGRAM_BYTES)
    except TimeoutError:
        return None


async def _exactly(sock: socket.socket, size: int) -> bytes:
    loop = asyncio.get_running_loop()
    received = bytearray()
    while len(received) < size:
        part = await loop.sock_recv(sock, size - len(received))
        if not part:
            raise EOFError("the resolver closed the connection")
        received += part
    return bytes(received)


@contextlib.contextmanager
def _socket_to(resolver: str, kind: socket.SocketKind) -> Iterator[tuple[socket.socket, tuple[Any, ...]]]:
    """Open a non-blocking socket, and tell the address to connect it to, with the scope of a link-local one."""
    host, port = resolver_endpoint(resolver)
    numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV  # so that nothing is looked up, and nothing blocks
    family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=numeric)[0]
    with socket.socket(family, kind) as sock:
        sock.setblocking(False)
        yield sock, address
