"""HTTP/3 of the hosts that offer it, by aioquic."""

from tests.lab.world.atlas import Live
from tests.lab.world.udp import Datagram

QUIC_PORT = 443


class QuicServers:
    def __init__(self, live: Live) -> None:
        self._live = live

    def receive(self, datagram: Datagram) -> None:
        pass

    def close(self) -> None:
        pass
