"""What each action of a censor does to the packet that set it off, and to its flow from then on."""

import ipaddress
import struct
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from tests.lab.censor import (
    Action,
    Answer,
    Close,
    Degrade,
    Drop,
    Icmp,
    Pass,
    Redirect,
    Reply,
    Reset,
    Throttle,
)
from tests.lab.flows import Flow, Limit, TokenBucket
from tests.lab.forgery import forged_answer
from tests.lab.packets import (
    ACK,
    FIN,
    PSH,
    RST,
    SEGMENT_BYTES,
    TCP,
    UDP,
    Packet,
    build_tcp,
    build_udp,
    build_unreachable,
    rewritten,
)
from tests.lab.path import Path, router_address
from tests.lab.rulebook import ArmedRule
from tests.lab.splice import Splice

_A_MOMENT_S = 1e-6  # behind a packet that is still to be sent on


@dataclass(slots=True)
class Hit:
    """A rule has fired on a client's packet. Each action returns whether that packet goes on as it is."""

    armed: ArmedRule
    flow: Flow
    packet: Packet
    path: Path
    now_s: float
    alone: bool = False  # about this packet only, not about the flow: DNS over UDP, STUN, ICMP
    query: bytes = b""  # the DNS message, where one was recognised

    def act(self) -> bool:
        action = self.armed.rule.action
        return _ACTIONS[type(action)](self, action)

    def act_again(self, packet: Packet, now_s: float) -> bool:
        """Do to a later packet of the flow what was done to this one."""
        return replace(self, packet=packet, now_s=now_s).act()

    def to_client(self, flags: int, payload: bytes = b"", offset: int = 0) -> None:
        """Send a TCP segment in the server's name, as the client expects it after what it has just sent."""
        p = self.packet
        segment = build_tcp(
            (p.destination, p.destination_port),
            (p.source, p.source_port),
            sequence=p.acknowledgement + offset,
            acknowledgement=p.next_sequence,
            flags=flags,
            payload=payload,
        )
        self.path.inject(segment, False, self.now_s)

    def reset_server(self, *, after_original: bool) -> None:
        """Send an RST in the client's name, where the server's window begins."""
        p = self.packet
        if p.opens:
            return  # the server has not heard of the connection
        segment = build_tcp(
            (p.source, p.source_port),
            (p.destination, p.destination_port),
            sequence=p.next_sequence if after_original else p.sequence,
            acknowledgement=p.acknowledgement,
            flags=RST | ACK,
        )
        delay = _A_MOMENT_S if after_original else 0.0
        self.path.inject(segment, True, self.now_s + delay)


def _pass(hit: Hit, _action: Pass) -> bool:
    hit.flow.allowed = True
    hit.flow.inspected = False
    return True


def _drop(hit: Hit, action: Drop) -> bool:
    if hit.alone:
        return action.direction == "down"
    if action.after_packets:
        hit.flow.most_packets, hit.flow.silenced = action.after_packets, action.direction
        return hit.flow.packets <= action.after_packets or action.direction == "down"
    hit.flow.silence(action.direction)
    return action.direction == "down"


def _reset(hit: Hit, action: Reset) -> bool:
    if hit.packet.protocol != TCP:
        return _drop(hit, Drop())
    if action.to != "server":
        hit.to_client(RST | ACK)
    if action.to != "client":
        hit.reset_server(after_original=not action.in_path)
    if action.in_path and action.to == "both":
        hit.flow.silence("both")
        return False
    return True


def _close(hit: Hit, _action: Close) -> bool:
    return _drop(hit, Drop()) if hit.packet.protocol != TCP else _reply_tcp(hit, b"", in_path=True)


def _icmp(hit: Hit, action: Icmp) -> bool:
    router = hit.packet.destination if action.reason == "port" else router_address(hit.packet.version, 1)
    hit.path.inject(build_unreachable(hit.packet, action.reason, router), False, hit.now_s)
    if not hit.alone:
        hit.flow.refused_by = hit.act_again
    return False


def _reply(hit: Hit, action: Reply) -> bool:
    if hit.packet.protocol == TCP:
        return _reply_tcp(hit, action.payload, in_path=action.in_path)
    _reply_udp(hit, action.payload)
    return not action.in_path


def _reply_tcp(hit: Hit, payload: bytes, *, in_path: bool) -> bool:
    parts = [payload[at : at + SEGMENT_BYTES] for at in range(0, len(payload), SEGMENT_BYTES)] or [b""]
    for number, part in enumerate(parts):
        last = number == len(parts) - 1
        hit.to_client(ACK | PSH | (FIN if last else 0), part, number * SEGMENT_BYTES)
    hit.reset_server(after_original=not in_path)
    if in_path:
        hit.flow.silence("both")
    return not in_path


def _reply_udp(hit: Hit, payload: bytes) -> None:
    p = hit.packet
    datagram = build_udp((p.destination, p.destination_port), (p.source, p.source_port), payload)
    hit.path.inject(datagram, False, hit.now_s)


def _answer(hit: Hit, action: Answer) -> bool:
    forged = forged_answer(hit.query, action)
    if forged is None:
        return True
    if hit.packet.protocol == UDP:
        _reply_udp(hit, forged)
        return action.inject
    return _reply_tcp(hit, struct.pack("!H", len(forged)) + forged, in_path=not action.inject)


def _redirect(hit: Hit, action: Redirect) -> bool:
    packet, flow = hit.packet, hit.flow
    addresses = map(ipaddress.ip_address, action.addresses.split())
    of_family = [address.packed for address in addresses if address.version == packet.version]
    if not of_family:
        return True
    flow.redirect = (of_family[0], action.port or packet.destination_port)
    if hit.alone:
        hit.path.carry(rewritten(packet, destination=flow.redirect), True, hit.now_s)
        return False
    if packet.protocol == TCP and not packet.opens:
        return _redirect_open(hit, flow.redirect)
    flow.redirects_all = True
    return True


def _redirect_open(hit: Hit, server: tuple[bytes, int]) -> bool:
    if hit.flow.syn is None:
        return True  # older than the censor
    hit.reset_server(after_original=False)
    hit.flow.splice = Splice(hit.flow.syn, hit.packet, server)
    for raw in hit.flow.splice.outbound(hit.packet):
        hit.path.carry(raw, True, hit.now_s)
    return False


def _throttle(hit: Hit, action: Throttle) -> bool:
    for outbound in (True, False):
        if action.direction in ("both", "up" if outbound else "down"):
            limit = Limit(TokenBucket(action.bytes_per_s, action.burst_bytes), action.queue_s if action.shape else 0.0)
            hit.flow.limits[outbound] = limit if action.per_flow else hit.armed.limits.setdefault(outbound, limit)
    return True


def _degrade(hit: Hit, action: Degrade) -> bool:
    hit.flow.delay_s, hit.flow.loss = action.delay_s, action.loss
    return True


_ACTIONS: dict[type[Action], Callable[[Hit, Any], bool]] = {
    Pass: _pass,
    Drop: _drop,
    Reset: _reset,
    Close: _close,
    Icmp: _icmp,
    Reply: _reply,
    Answer: _answer,
    Redirect: _redirect,
    Throttle: _throttle,
    Degrade: _degrade,
}
