"""A name server on loopback whose every answer is scripted: over UDP and TCP on one port, over HTTPS on another.

A name that the script knows is told of honestly where a type is missing (NOERROR and the SOA), an unknown one is
NXDOMAIN with the SOA. The messages are made here; `doh_server` carries them over HTTPS.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from dns.message import QueryMessage

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from types import TracebackType

    from dns.message import Message

SOA = ". 60 IN SOA a.nic.example. hostmaster.nic.example. 1 1800 900 604800 60"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One answer, as it goes out. `answers` and `authority` are records such as "A 192.0.2.1", owned by the name that
    is asked for, or whole ones such as "cdn.example.org. 60 IN A 192.0.2.1"."""

    rcode: str = "NOERROR"
    flags: str = "QR RD RA"
    answers: tuple[str, ...] = ()
    authority: tuple[str, ...] = ()
    truncated: bool = False
    """Over UDP; over TCP the answer comes whole."""
    wrong_id: bool = False
    wrong_question: bool = False
    raw: bytes | None = None
    """Goes out as it stands."""
    garbage: bytes | None = None
    """Goes out behind the right id."""
    hold: asyncio.Event | None = None
    """Waits for this before it goes out."""
    fin: bool = False
    """Over TCP: hangs up instead."""


def a(*addresses: str, **others: bool | asyncio.Event | str) -> Reply:
    return Reply(answers=tuple(f"A {address}" for address in addresses), **others)  # type: ignore[arg-type]


NODATA = Reply(authority=(SOA,))
NXDOMAIN = Reply(rcode="NXDOMAIN", authority=(SOA,))
FORGED_NXDOMAIN = Reply(rcode="NXDOMAIN", flags="QR AA RD RA")
"""As Russia's national resolvers tell of a delisted name: authoritative, and without the SOA."""
REFUSED = Reply(rcode="REFUSED")
SERVFAIL = Reply(rcode="SERVFAIL")


@dataclass(frozen=True)
class Asked:
    """A question that the server got."""

    transport: str
    name: str
    type: str
    message: QueryMessage


@dataclass
class DnsServer:
    """Answers from `script` on `host`, an address of this machine; `resolver` is what clients are told to ask."""

    host: str = "127.0.0.1"
    script: dict[tuple[str, str], tuple[Reply, ...]] = field(default_factory=dict)
    tcp_script: dict[tuple[str, str], tuple[Reply, ...]] = field(default_factory=dict)
    """Where TCP is answered otherwise than with the last reply of `script`."""
    asked: list[Asked] = field(default_factory=list)
    port: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _exits: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    def answer(self, name: str, query_type: str, *replies: Reply) -> None:
        """Script the replies to a question, one behind the other over UDP. None at all: silence."""
        self.script[name, query_type] = replies

    def answer_tcp(self, name: str, query_type: str, *replies: Reply) -> None:
        """Script the reply over TCP and HTTPS, where it is another one. None at all: silence."""
        self.tcp_script[name, query_type] = replies

    async def until_asked(self, times: int) -> None:
        """Wait until that many questions have come in all."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.asked) >= times)

    @property
    def resolver(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for _ in range(20):
            server = await asyncio.start_server(self._serve_stream, self.host, 0)
            self.port = server.sockets[0].getsockname()[1]
            try:
                datagrams, _protocol = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(self.host, self.port)
                )
            except OSError:  # somebody else has this port's UDP side
                server.close()
                continue
            self._exits.callback(server.close)
            self._exits.callback(datagrams.close)
            self._exits.push_async_callback(self._stop)
            return self
        raise RuntimeError("no port is free for both UDP and TCP")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._exits.aclose()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _stop(self) -> None:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def reply_to_datagram(self, wire: bytes, transport: asyncio.DatagramTransport, peer: tuple[str, int]) -> None:
        query = await self._note("udp", wire)
        for reply in self._replies(query):
            if reply.hold:
                await reply.hold.wait()
            transport.sendto(encode(reply, query, udp=True), peer)

    async def reply_whole(self, transport: str, wire: bytes) -> bytes | None:
        """Return the one reply of a stream transport; None where it hangs up. Waits forever where it is silent."""
        query = await self._note(transport, wire)
        replies = self.tcp_script.get(_key(query), self._replies(query)[-1:])
        if not replies:
            await asyncio.Event().wait()
        reply = replies[0]
        if reply.hold:
            await reply.hold.wait()
        return None if reply.fin else encode(reply, query, udp=False)

    async def _note(self, transport: str, wire: bytes) -> QueryMessage:
        query = dns.message.from_wire(wire)
        assert isinstance(query, dns.message.QueryMessage)
        async with self._changed:
            self.asked.append(Asked(transport, *_key(query), query))
            self._changed.notify_all()
        return query

    def _replies(self, query: QueryMessage) -> tuple[Reply, ...]:
        name, query_type = _key(query)
        known = any(name == other for other, _ in self.script)
        return self.script.get((name, query_type), (NODATA if known else NXDOMAIN,))

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                size = int.from_bytes(await reader.readexactly(2), "big")
                wire = await self.reply_whole("tcp", await reader.readexactly(size))
                if wire is None:
                    break
                writer.write(len(wire).to_bytes(2, "big") + wire)
                await writer.drain()
        self._tasks.discard(task)
        writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._server.spawn(self._server.reply_to_datagram(data, self._transport, addr))


def encode(reply: Reply, query: QueryMessage, *, udp: bool) -> bytes:
    """Return the reply's bytes. What does not fit is sent all the same: the client has to cope."""
    if reply.raw is not None:
        return reply.raw
    message_id = query.id ^ 0xFFFF if reply.wrong_id else query.id
    if reply.garbage is not None:
        return message_id.to_bytes(2, "big") + reply.garbage
    asked = query.question[0]
    question = dns.message.make_query("other.example.", asked.rdtype) if reply.wrong_question else query
    message = dns.message.make_response(question)
    message.id = message_id
    message.flags = dns.flags.from_text(reply.flags)
    message.set_rcode(dns.rcode.from_text(reply.rcode))
    if udp and reply.truncated:
        message.flags |= dns.flags.TC
    else:
        _fill(message, reply, asked.name.to_text())
    return message.to_wire(max_size=65535)


def _fill(message: Message, reply: Reply, owner: str) -> None:
    for section, records in ((message.answer, reply.answers), (message.authority, reply.authority)):
        for record in records:
            name, ttl, _in, kind, data = (
                record.split(" ", 4) if " IN " in record else (owner, "60", "IN", *record.split(" ", 1))
            )
            section.append(dns.rrset.from_text(name, int(ttl), "IN", kind, data))


def _key(query: QueryMessage) -> tuple[str, str]:
    asked = query.question[0]
    return asked.name.to_text(omit_final_dot=True).lower(), asked.rdtype.name
