"""The middlebox's process: moves packets between the two uplinks through a Middlebox, and obeys the lab.

Only input and output live here. The lab's orders come over a stream socket; when that closes, the process ends, and
with it everything in the lab.
"""

import contextlib
import heapq
import select
import socket
import time
from dataclasses import dataclass
from typing import Any

from tests.lab.censor import Censor
from tests.lab.framing import receive_message, send_message
from tests.lab.hosts import Hosts
from tests.lab.links import Link
from tests.lab.middlebox import Middlebox

_BURST_PACKETS = 64  # read from one side before the other has its turn
_LONGEST_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Configure:
    """An order: from now on this censor, these addresses on the internet, and a client with or without IPv6.

    With `keep_connections` those that are open stay so, in so far as the new censor lets them.
    """

    censor: Censor
    addresses: frozenset[str]
    ipv6: bool
    keep_connections: bool = False


@dataclass(frozen=True, slots=True)
class CountHits:
    """An order: answer with how often each rule of the censor has fired."""


class Forwarder:
    def __init__(self, hosts: Hosts, control: socket.socket) -> None:
        self._hosts = hosts
        self._control = control
        self._waiting: list[tuple[float, int, bool, bytes]] = []
        self._count = 0
        self._middlebox = Middlebox(Censor(), self._schedule)

    def run(self) -> None:
        """Forward until the lab closes its control socket."""
        client, internet, control = self._hosts.client_link, self._hosts.internet_link, self._control.fileno()
        watched = [client.descriptor, internet.descriptor, control]
        while True:
            ready, _, _ = select.select(watched, (), (), self._wait_s())
            if client.descriptor in ready:
                self._read(client, outbound=True)
            if internet.descriptor in ready:
                self._read(internet, outbound=False)
            self._deliver()
            if control in ready:
                try:
                    order = receive_message(self._control)
                except EOFError:
                    return
                self._obey(order)

    def _schedule(self, due_s: float, outbound: bool, packet: bytes) -> None:
        self._count += 1  # keeps the order of packets that are due at the same time
        heapq.heappush(self._waiting, (due_s, self._count, outbound, packet))

    def _wait_s(self) -> float:
        if not self._waiting:
            return _LONGEST_WAIT_S
        return max(0.0, self._waiting[0][0] - time.monotonic())

    def _read(self, link: Link, *, outbound: bool) -> None:
        receive, take, now = link.receive, self._middlebox.take, time.monotonic
        with contextlib.suppress(BlockingIOError):
            for _ in range(_BURST_PACKETS):
                take(receive(), outbound, now())

    def _deliver(self) -> None:
        waiting, now = self._waiting, time.monotonic()
        out, back = self._hosts.internet_link.send, self._hosts.client_link.send
        while waiting and waiting[0][0] <= now:
            with contextlib.suppress(OSError):  # a full queue loses a packet, as queues do
                while waiting and waiting[0][0] <= now:
                    _, _, outbound, packet = heapq.heappop(waiting)
                    (out if outbound else back)(packet)

    def _obey(self, order: Any) -> None:
        match order:
            case Configure():
                send_message(self._control, self._configure(order))
            case CountHits():
                send_message(self._control, ("hits", self._middlebox.hits))

    def _configure(self, order: Configure) -> tuple[str, str | None]:
        try:
            middlebox = Middlebox(order.censor, self._schedule, adopt=order.keep_connections)
            self._hosts.set_addresses(order.addresses)
        except (ValueError, OSError) as error:
            return "error", str(error)
        self._hosts.set_ipv6(order.ipv6)
        self._waiting.clear()
        self._middlebox = middlebox
        return "ready", None
