"""The world's one process: what listens, who serves whom, and the control channel by which it is told what to be."""

import asyncio
import gc
import logging
import os
import pickle
import resource
import socket
from asyncio.sslproto import SSLProtocol
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tests.lab.ca import DIRECTORY_VARIABLE, ensure_ca
from tests.lab.world import dns, mtproto, streams, stun, web
from tests.lab.world.atlas import DNS_PORT, Atlas, Endpoint, Live
from tests.lab.world.listeners import Listeners
from tests.lab.world.model import World
from tests.lab.world.placement import Placement
from tests.lab.world.quic import QUIC_PORT, QuicServers
from tests.lab.world.udp import Datagram, Datagrams
from tests.lab.world.wire import Connection

DESCRIPTORS = 8192
LENGTH_BYTES = 4
MAX_MESSAGE_BYTES = 1 << 26
GARBAGE_OBJECTS = 50_000
TLS_BUFFER_BYTES = 1 << 15


def main(control_fd: int) -> None:
    """Be the internet until the control socket closes.

    On that stream socket, 4 bytes of length (big-endian) go before each pickled tuple: ("configure", World) is answered
    by ("ready", None) or ("error", text), ("journal", None) by ("journal", entries since the last configure).
    """
    _allow_many_descriptors()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS)
    SSLProtocol.max_size = TLS_BUFFER_BYTES  # each connection zeroes one, and asyncio's own have 256 KB
    # Clients that hang up in the middle of an answer are everyday life here, and this process shares their terminal.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    with socket.socket(fileno=control_fd) as control:
        control.setblocking(False)
        asyncio.run(_run(control))


def _allow_many_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < DESCRIPTORS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(DESCRIPTORS, hard), hard))


async def _run(control: socket.socket) -> None:
    directory = Path(os.environ[DIRECTORY_VARIABLE])
    ensure_ca(directory)
    async with asyncio.TaskGroup() as connections:
        server = Server(Live(Atlas(World(hosts={}, resolvers={})), directory), connections)
        try:
            await _obey(control, server)
        finally:
            server.close()


async def _obey(control: socket.socket, server: "Server") -> None:
    while True:
        try:
            command, argument = pickle.loads(await _receive(control))
        except EOFError:
            return
        answer = pickle.dumps(_perform(server, command, argument))
        await asyncio.get_running_loop().sock_sendall(control, len(answer).to_bytes(LENGTH_BYTES) + answer)


def _perform(server: "Server", command: str, argument: Any) -> tuple[str, Any]:
    try:
        if command == "configure":
            server.configure(argument)
            return "ready", None
        if command == "journal":
            return "journal", list(server.live.atlas.journal)
    except Exception as error:  # noqa: BLE001 - whatever is wrong with a world, its author must read it
        return "error", f"{type(error).__name__}: {error}"
    return "error", f"unknown command {command!r}"


async def _receive(control: socket.socket) -> bytes:
    length = int.from_bytes(await _exactly(control, LENGTH_BYTES))
    if length > MAX_MESSAGE_BYTES:
        raise EOFError
    return await _exactly(control, length)


async def _exactly(control: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        try:
            part = await asyncio.get_running_loop().sock_recv(control, count - len(data))
        except ConnectionError:
            part = b""
        if not part:
            raise EOFError
        data += part
    return bytes(data)


class Server:
    """All servers of the world. Each connection is a task; a new world changes what the next request finds."""

    def __init__(self, live: Live, connections: asyncio.TaskGroup) -> None:
        self.live = live
        self._connections = connections
        self._tasks: set[asyncio.Task[None]] = set()
        placement = Placement.from_environment()
        self._listeners = Listeners(placement, self._accepted)
        self._quic = QuicServers(live, self._start)
        self._datagrams = Datagrams(placement, self._received)
        self._datagrams.open((DNS_PORT, QUIC_PORT, *stun.PORTS))

    def configure(self, world: World) -> None:
        """Become this world. Raises whatever is wrong with it; what is served is the old one then."""
        atlas = Atlas(world)
        self._listeners.update(atlas.endpoints)
        self.live.atlas = atlas

    def close(self) -> None:
        self._listeners.close()
        self._datagrams.close()
        self._quic.close()
        for task in self._tasks:
            task.cancel()

    def _accepted(self, accepted: socket.socket, address: str, port: int, client: str) -> None:
        endpoint = self.live.atlas.endpoints.get((address, port))
        if endpoint is None:  # closed by a new world while the connection waited
            accepted.close()
            return
        connection = Connection(accepted, endpoint, client)
        self.live.atlas.note("tcp", address=address, port=port, client=client)
        task = self._start(self._attend(connection))
        task.add_done_callback(lambda _: connection.dispose())

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._connections.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _attend(self, connection: Connection) -> None:
        try:
            await self._serve(connection, connection.endpoint)
        except (OSError, EOFError):
            return  # the client went away, or never spoke
        except Exception as error:  # noqa: BLE001 - one broken conversation must not end the world; the journal tells
            self.live.atlas.note("error", text=f"{type(error).__name__}: {error}", address=connection.endpoint.address)

    async def _serve(self, connection: Connection, endpoint: Endpoint) -> None:
        match endpoint.service:
            case "dns":
                await streams.serve_dns(self.live, connection)
            case "chat":
                await streams.serve_chat(connection)
            case "mtproto":
                await mtproto.serve(self.live, connection)
            case _:
                await web.serve(self.live, connection)

    def _received(self, datagram: Datagram) -> None:
        atlas = self.live.atlas
        if datagram.address not in atlas.alive:
            return
        if datagram.port == DNS_PORT:
            reply = dns.reply(atlas, datagram.data, datagram.address, "udp", datagram.client[0])
            if reply.wire is not None and reply.delay_s:
                asyncio.get_running_loop().call_later(reply.delay_s, datagram.answer, reply.wire)
            elif reply.wire is not None:
                datagram.answer(reply.wire)
        elif datagram.port == QUIC_PORT:
            self._quic.receive(datagram)
        else:
            self._bind_back(datagram)

    def _bind_back(self, datagram: Datagram) -> None:
        atlas = self.live.atlas
        hosts = atlas.hosts_at.get(datagram.address, ())
        answer = stun.answer(datagram.data, datagram.client) if any(host.stun for host in hosts) else None
        atlas.note("stun", address=datagram.address, port=datagram.port, client=datagram.client[0])
        if answer is not None:
            datagram.answer(answer)
