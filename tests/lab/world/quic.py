"""The door to HTTP/3: `http3` and aioquic behind it are loaded, in a thread, when the first QUIC packet knocks."""

import asyncio
import importlib
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from tests.lab.world.atlas import Live
from tests.lab.world.udp import Datagram

QUIC_PORT = 443
WAITING_DATAGRAMS = 256

Start = Callable[[Coroutine[Any, Any, None]], object]


class QuicServers:
    """One QUIC server for each address of the world that offers QUIC and has been asked."""

    def __init__(self, live: Live, start: Start) -> None:
        self._live = live
        self._start = start
        self._http3: Any = None
        self._waiting: deque[Datagram] = deque(maxlen=WAITING_DATAGRAMS)
        self._servers: dict[Any, Any] = {}

    def receive(self, datagram: Datagram) -> None:
        """Take a packet for port 443; without a host there that offers QUIC, it is not answered."""
        atlas = self._live.atlas
        if not any(host.quic for host in atlas.hosts_at.get(datagram.address, ())):
            return
        if self._http3 is None:
            if not self._waiting:
                self._start(self._load())
            self._waiting.append(datagram)
            return
        leaf = self._http3.leaf_for(atlas, datagram.address)
        server = self._servers.get((datagram.address, leaf))
        if server is None:
            server = self._http3.server(self._live, datagram, leaf, self._start)
            self._servers[datagram.address, leaf] = server
        server.datagram_received(datagram.data, datagram.peer)

    def close(self) -> None:
        for server in self._servers.values():
            server.close()

    async def _load(self) -> None:
        self._http3 = await asyncio.to_thread(importlib.import_module, "tests.lab.world.http3")
        while self._waiting:
            self.receive(self._waiting.popleft())
