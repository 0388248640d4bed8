"""The censor at work: packets in, packets out, and flows remembered between them. Pure: time and packets are given."""

import math
from itertools import islice

from tests.lab.censor import Censor, Residual
from tests.lab.flows import Flow
from tests.lab.inspection import Found, Inspector
from tests.lab.interference import Hit
from tests.lab.packets import ACK, RST, SYN, TCP, UDP, Packet, build_tcp, parse, rewritten
from tests.lab.path import Path, Schedule
from tests.lab.rulebook import Rulebook
from tests.lab.splice import Splice, without_telltales

_MOST_FLOWS = 50_000
_HEADER_V4, _HEADER_V6 = 20, 40
_FLAGS_V4, _FLAGS_V6 = 33, 53  # where a packet has its TCP flags
_PLAIN_V4 = 0x45  # version 4 and no options


class Middlebox:
    """One censor's state. `schedule` gets every packet that is to arrive, with its due time.

    Connections from before its time are reset at their next packet, or, to `adopt` them, judged by their addresses.
    """

    def __init__(self, censor: Censor, schedule: Schedule, *, adopt: bool = False) -> None:
        self._adopts = adopt
        self._rules = Rulebook(censor)
        self._inspector = Inspector(censor, self._rules)
        self._path = Path(censor, schedule)
        self._may_splice = self._rules.may_splice
        self._has_hops = censor.hops > 0
        self._out: dict[bytes, Flow] = {}  # by protocol, client and server; only these are counted
        self._back: dict[bytes, Flow] = {}  # by protocol, server and client
        self._residuals: dict[bytes, tuple[float, Residual]] = {}

    @property
    def hits(self) -> tuple[int, ...]:
        """How often each rule fired, in the censor's order."""
        return tuple(armed.hits for armed in self._rules.armed)

    def take(self, raw: bytes, outbound: bool, now_s: float) -> None:
        """Take one packet from either end; what nothing is held against takes a short way."""
        size = len(raw)
        if size >= _HEADER_V4 and raw[0] == _PLAIN_V4:
            key, flags = raw[9:10] + raw[12:24], raw[_FLAGS_V4] if raw[9] == TCP and size > _FLAGS_V4 else 0
        elif size >= _HEADER_V6 and raw[0] >> 4 == 6:
            key, flags = raw[6:7] + raw[8:44], raw[_FLAGS_V6] if raw[6] == TCP and size > _FLAGS_V6 else 0
        else:
            return
        flow = (self._out if outbound else self._back).get(key)
        if self._has_hops and outbound and not self._path.reaches_censor(raw):
            self._path.carry(raw, outbound, now_s)
        elif flow is None or (outbound and flags & 0x12 == SYN):
            self._take_first(flow, raw, outbound, now_s)
        elif flow.quiet:
            self._path.carry(raw, outbound, now_s)
        else:
            self._judge(flow, raw, outbound, now_s)

    def _take_first(self, known: Flow | None, raw: bytes, outbound: bool, now_s: float) -> None:
        packet = parse(raw)
        if packet is None:
            return
        if packet.protocol == TCP and not packet.opens and not self._adopts:
            self._cut(packet, outbound, now_s)
        elif not outbound:
            self._path.carry(raw, outbound, now_s)
        elif packet.protocol not in (TCP, UDP):
            self._take_flowless(packet, now_s)
        elif known is not None and known.first_sequence == _first_sequence(packet):
            self._judge(known, raw, outbound, now_s)
        else:
            self._open(packet, now_s)

    def _cut(self, packet: Packet, outbound: bool, now_s: float) -> None:
        """Let the sender of a segment know that its connection is no more (RFC 9293 §3.5.2)."""
        if not packet.flags & RST:
            self._path.inject(
                build_tcp(
                    (packet.destination, packet.destination_port),
                    (packet.source, packet.source_port),
                    sequence=packet.acknowledgement,
                    acknowledgement=packet.next_sequence,
                    flags=RST | ACK,
                ),
                not outbound,
                now_s,
            )

    def _take_flowless(self, packet: Packet, now_s: float) -> None:
        flow = Flow(key=b"")
        found = self._inspector.open(flow, packet)
        if found is not None and not Hit(found.armed, flow, packet, self._path, now_s, alone=True).act():
            return
        if flow.allowed:
            self._path.carry(packet.raw, True, now_s)

    def _open(self, packet: Packet, now_s: float) -> None:
        flow = Flow(key=_key(packet), first_sequence=_first_sequence(packet))
        if packet.opens and self._may_splice:
            packet.raw = without_telltales(packet)
            flow.syn = packet
        self._out[flow.key] = flow
        self._expect_answers(flow, packet.destination, packet.destination_port)
        self._forget_oldest()
        self._apply_residual(flow, now_s)
        found = self._inspector.open(flow, packet)
        flow.inspected = flow.inspected and (packet.opens or packet.protocol == UDP)
        flow.packets = 1
        if found is None or self._act(found, flow, packet, now_s):
            flow.packets = 0
            self._judge(flow, packet.raw, True, now_s)

    def _judge(self, flow: Flow, raw: bytes, outbound: bool, now_s: float) -> None:
        flow.packets += 1
        if flow.is_silenced(outbound, now_s):
            self._extend_residual(flow, outbound, now_s)
        elif not outbound or self._lets_out(flow, raw, now_s):
            flow.settle()
            self._pass_on(flow, raw, outbound, now_s)

    def _lets_out(self, flow: Flow, raw: bytes, now_s: float) -> bool:
        """Read a client's packet and act on it; tell whether it goes on."""
        if not flow.inspected and flow.refused_by is None and flow.allowed:
            return True
        packet = parse(raw)
        if packet is None:
            return False
        if flow.refused_by is not None:
            return flow.refused_by(packet, now_s)
        found = self._inspector.look(flow, packet) if flow.inspected else None
        if found is not None and not self._act(found, flow, packet, now_s):
            return False
        # An allow-list: a TCP flow may go on until it has said what it is; a datagram has said it.
        return flow.allowed or (packet.protocol == TCP and flow.inspected)

    def _act(self, found: Found, flow: Flow, packet: Packet, now_s: float) -> bool:
        hit = Hit(found.armed, flow, packet, self._path, now_s, found.alone, found.query)
        goes_on = hit.act()
        if flow.redirect is not None:
            self._expect_answers(flow, *flow.redirect)
        residual = found.armed.rule.residual
        if residual is not None:
            flow.residual = flow.key if residual.by == "flow" else _endpoint(flow.key)
            self._residuals[flow.residual] = (now_s + residual.seconds, residual)
            flow.silence("both", now_s + residual.seconds)
        return goes_on

    def _pass_on(self, flow: Flow, raw: bytes, outbound: bool, now_s: float) -> None:
        if flow.loss and self._path.chance(flow.loss):
            return
        limit = flow.limits.get(outbound)
        wait = limit.bucket.wait_s(len(raw), now_s, limit.longest_s) if limit else 0.0
        if wait is None:
            return
        for goes_out, packet in _translated(flow, raw, outbound):
            self._path.carry(packet, goes_out, now_s, flow.delay_s + wait)

    def _apply_residual(self, flow: Flow, now_s: float) -> None:
        for key in (flow.key, _endpoint(flow.key)):
            until_s, _ = self._residuals.get(key, (-math.inf, None))
            if now_s < until_s:
                flow.residual = key
                flow.silence("both", until_s)

    def _extend_residual(self, flow: Flow, outbound: bool, now_s: float) -> None:
        entry = self._residuals.get(flow.residual) if outbound else None
        if entry is not None and entry[1].extend:
            until_s = now_s + entry[1].seconds
            self._residuals[flow.residual] = (until_s, entry[1])
            flow.silence("both", until_s)

    def _expect_answers(self, flow: Flow, server: bytes, port: int) -> None:
        client, client_port = _client(flow.key)
        key = flow.key[:1] + server + client + port.to_bytes(2, "big") + client_port
        self._back[key] = flow
        flow.back_keys.add(key)

    def _forget_oldest(self) -> None:
        if len(self._out) > _MOST_FLOWS:
            for key in list(islice(self._out, _MOST_FLOWS // 2)):
                for back in self._out.pop(key).back_keys:
                    self._back.pop(back, None)


def _first_sequence(packet: Packet) -> int:
    """Return the number of the client's first byte: after a SYN's own, or where an older connection stands now."""
    return (packet.sequence + packet.opens) & 0xFFFFFFFF


# A flow's key is the protocol's byte, the client's and the server's address, and the two ports: as in the packet.


def _key(packet: Packet) -> bytes:
    return bytes((packet.protocol,)) + packet.source + packet.destination + packet.raw[packet.start : packet.start + 4]


def _client(key: bytes) -> tuple[bytes, bytes]:
    return key[1 : 1 + (len(key) - 5) // 2], key[-4:-2]


def _server(key: bytes) -> tuple[bytes, int]:
    return key[1 + (len(key) - 5) // 2 : -4], int.from_bytes(key[-2:], "big")


def _endpoint(key: bytes) -> bytes:
    """Leave the client's port out of a key."""
    return key[:-4] + key[-2:]


def _translated(flow: Flow, raw: bytes, outbound: bool) -> list[tuple[bool, bytes]]:
    """Return what becomes of a packet in a flow that may have been led elsewhere, each with its direction."""
    packet = parse(raw) if flow.redirect else None
    if flow.redirect is None or packet is None:
        return [(outbound, raw)]
    from_elsewhere = not outbound and (packet.source, packet.source_port) == flow.redirect
    if flow.splice is not None:
        return _spliced(flow.splice, packet, outbound, from_elsewhere)
    if from_elsewhere:
        raw = rewritten(packet, source=_server(flow.key))
    elif outbound and flow.redirects_all:
        raw = rewritten(packet, destination=flow.redirect)
    return [(outbound, raw)]


def _spliced(splice: Splice, packet: Packet, outbound: bool, from_elsewhere: bool) -> list[tuple[bool, bytes]]:
    if outbound:
        return [(True, raw) for raw in splice.outbound(packet)]
    if not from_elsewhere:
        return []  # the first server has been reset
    back, on = splice.inbound(packet)
    return [(True, raw) for raw in back] + [(False, raw) for raw in on]
