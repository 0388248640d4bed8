"""A TCP connection that gets another server after its first bytes were read, without the client's noticing.

The new server is shown the client's own SYN, so the client's sequence numbers stay as they are, and the new server's
are shifted to where the first one's stood. Timestamps and selective acknowledgements would betray the change: the
middlebox takes them out of the SYN of every connection that it might have to splice.
"""

from tests.lab.packets import ACK, SYN, Packet, build_tcp, rewritten

_MOST_HELD = 64
_SACK_PERMITTED, _TIMESTAMPS = 4, 8
_END, _NO_OPERATION = 0, 1
_OPTIONS_AT = 20  # in a TCP header


class Splice:
    """`first` is the packet that decided; it is sent on to the new server when that has answered."""

    def __init__(self, syn: Packet, first: Packet, server: tuple[bytes, int]) -> None:
        self._syn = syn
        self._server = server
        self._expected = first.acknowledgement  # what the client awaits next
        self._shift: int | None = None
        self._held: list[Packet] = []

    def outbound(self, packet: Packet) -> list[bytes]:
        """Return what the new server gets of a client's packet; until it answers, a SYN."""
        if self._shift is not None:
            return [self._for_server(packet)]
        if len(self._held) < _MOST_HELD:
            self._held.append(packet)
        return [rewritten(self._syn, destination=self._server)]

    def inbound(self, packet: Packet) -> tuple[list[bytes], list[bytes]]:
        """Return what goes back to the new server, and what the client gets, of a packet of the new server's."""
        if packet.flags & SYN:
            return self._begin(packet), []
        if self._shift is None:
            return [], []
        first_server = (self._syn.destination, self._syn.destination_port)
        return [], [rewritten(packet, source=first_server, sequence=packet.sequence + self._shift)]

    def _begin(self, answer: Packet) -> list[bytes]:
        if self._shift is not None:
            return []
        self._shift = self._expected - answer.next_sequence
        client = (self._syn.source, self._syn.source_port)
        next_sequence, acknowledgement = self._syn.next_sequence, answer.next_sequence
        done = build_tcp(client, self._server, sequence=next_sequence, acknowledgement=acknowledgement, flags=ACK)
        return [done, *map(self._for_server, self._held)]

    def _for_server(self, packet: Packet) -> bytes:
        acknowledgement = packet.acknowledgement - (self._shift or 0)
        return rewritten(packet, destination=self._server, acknowledgement=acknowledgement)


def without_telltales(syn: Packet) -> bytes:
    """Return a SYN that offers neither timestamps (RFC 7323) nor selective acknowledgements (RFC 2018)."""
    raw = bytearray(syn.raw)
    at = syn.start + _OPTIONS_AT
    while at + 1 < syn.payload_start and raw[at] != _END:
        size = 1 if raw[at] == _NO_OPERATION else max(2, raw[at + 1])
        if raw[at] in (_SACK_PERMITTED, _TIMESTAMPS):
            raw[at : at + size] = bytes((_NO_OPERATION,)) * size
        at += size
    return rewritten(syn, raw=bytes(raw))
