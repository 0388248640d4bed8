"""IPv4, IPv6, TCP, UDP and ICMP packets as bytes: read, built and rewritten, with complete checksums.

RFC 791, 8200, 9293, 768, 792, 4443. Fragments and IPv6 extension headers are left alone: nothing here sends them.
"""

import struct
from dataclasses import dataclass
from typing import Literal

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
FIN, SYN, RST, PSH, ACK = 0x01, 0x02, 0x04, 0x08, 0x10
HOP_LIMIT = 64
SEGMENT_BYTES = 1380  # of payload: fits a 1500-byte MTU in both families with room for options

Unreachable = Literal["net", "host", "port", "admin"]
# (type, code) of a destination-unreachable message: RFC 792 and 1812 §5.2.7.1; RFC 4443 §3.1
_UNREACHABLE_V4 = {"net": (3, 0), "host": (3, 1), "port": (3, 3), "admin": (3, 13)}
_UNREACHABLE_V6 = {"net": (1, 0), "host": (1, 3), "port": (1, 4), "admin": (1, 1)}
_TIME_EXCEEDED_V4, _TIME_EXCEEDED_V6 = (11, 0), (3, 0)
_QUOTED_BYTES = 512  # of the packet that an ICMP error is about
_ADDRESS_V4, _ADDRESS_V6 = slice(12, 16), slice(8, 24)

_TCP = struct.Struct("!HHIIBBHHH")
_UDP = struct.Struct("!HHHH")


@dataclass(slots=True)
class Packet:
    """The parts of a packet that a censor looks at. Ports are 0 where the protocol has none."""

    raw: bytes
    version: int
    protocol: int
    source: bytes
    destination: bytes
    start: int  # of the transport header
    source_port: int = 0
    destination_port: int = 0
    sequence: int = 0
    acknowledgement: int = 0
    flags: int = 0
    payload_start: int = 0

    @property
    def payload(self) -> bytes:
        return self.raw[self.payload_start :]

    @property
    def opens(self) -> bool:
        """A SYN without ACK."""
        return self.protocol == TCP and self.flags & (SYN | ACK) == SYN

    @property
    def next_sequence(self) -> int:
        """The sequence number that follows this segment (SYN and FIN count as one each)."""
        control = bool(self.flags & SYN) + bool(self.flags & FIN)
        return (self.sequence + len(self.raw) - self.payload_start + control) & 0xFFFFFFFF


def parse(raw: bytes) -> Packet | None:
    """Read the headers; None for what is no IP packet. Length fields are trusted: our own kernel wrote them."""
    version = raw[0] >> 4 if raw else 0
    try:
        if version == 4:
            packet = Packet(raw, 4, raw[9], raw[12:16], raw[16:20], (raw[0] & 0xF) * 4)
            whole = not int.from_bytes(raw[6:8], "big") & 0x1FFF
        elif version == 6:
            packet, whole = Packet(raw, 6, raw[6], raw[8:24], raw[24:40], 40), True
        else:
            return None
        packet.payload_start = packet.start
        if whole:
            _parse_transport(packet)
    except (IndexError, struct.error):
        return None
    return packet


def _parse_transport(packet: Packet) -> None:
    raw, start = packet.raw, packet.start
    if packet.protocol == TCP:
        fields = _TCP.unpack_from(raw, start)
        packet.source_port, packet.destination_port, packet.sequence, packet.acknowledgement = fields[:4]
        packet.flags = fields[5]
        packet.payload_start = start + (fields[4] >> 4) * 4
    elif packet.protocol == UDP:
        packet.source_port, packet.destination_port = struct.unpack_from("!HH", raw, start)
        packet.payload_start = start + 8


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071): the ones' complement sum of 16-bit words is the number modulo 0xFFFF."""
    return 0xFFFF - int.from_bytes(data + b"\0" if len(data) % 2 else data, "big") % 0xFFFF


def _pseudo_header(source: bytes, destination: bytes, protocol: int, length: int) -> bytes:
    if len(source) == 4:
        return source + destination + struct.pack("!BBH", 0, protocol, length)
    return source + destination + struct.pack("!IxxxB", length, protocol)


def _ip(source: bytes, destination: bytes, protocol: int, content: bytes) -> bytes:
    if len(source) == 4:
        length = 20 + len(content)
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 0, 0x4000, HOP_LIMIT, protocol, 0, source, destination)
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + content
    head = struct.pack("!IHBB", 6 << 28, len(content), protocol, HOP_LIMIT)
    return head + source + destination + content


def build_tcp(
    source: tuple[bytes, int],
    destination: tuple[bytes, int],
    *,
    sequence: int,
    acknowledgement: int,
    flags: int,
    payload: bytes = b"",
) -> bytes:
    """Build one TCP segment without options."""
    numbers = (source[1], destination[1], sequence & 0xFFFFFFFF, acknowledgement & 0xFFFFFFFF)
    segment = _TCP.pack(*numbers, 5 << 4, flags, 64240, 0, 0) + payload
    check = checksum(_pseudo_header(source[0], destination[0], TCP, len(segment)) + segment)
    return _ip(source[0], destination[0], TCP, segment[:16] + struct.pack("!H", check) + segment[18:])


def build_udp(source: tuple[bytes, int], destination: tuple[bytes, int], payload: bytes) -> bytes:
    datagram = _UDP.pack(source[1], destination[1], 8 + len(payload), 0) + payload
    check = checksum(_pseudo_header(source[0], destination[0], UDP, len(datagram)) + datagram) or 0xFFFF
    return _ip(source[0], destination[0], UDP, datagram[:6] + struct.pack("!H", check) + payload)


def build_unreachable(about: Packet, reason: Unreachable, router: bytes) -> bytes:
    """Build the ICMP error that `router` sends to the source of the packet `about`."""
    kind = (_UNREACHABLE_V4 if about.version == 4 else _UNREACHABLE_V6)[reason]
    return _build_icmp(about, kind, router)


def build_time_exceeded(about: Packet, router: bytes) -> bytes:
    """Build what `router` answers when it would have to forward a packet whose hop limit is used up."""
    return _build_icmp(about, _TIME_EXCEEDED_V4 if about.version == 4 else _TIME_EXCEEDED_V6, router)


def _build_icmp(about: Packet, kind: tuple[int, int], router: bytes) -> bytes:
    quoted = about.raw[:_QUOTED_BYTES]
    message = struct.pack("!BBHI", *kind, 0, 0) + quoted
    protocol = ICMP if about.version == 4 else ICMPV6
    covered = message if about.version == 4 else _pseudo_header(router, about.source, protocol, len(message)) + message
    message = message[:2] + struct.pack("!H", checksum(covered)) + message[4:]
    return _ip(router, about.source, protocol, message)


def hop_limit(raw: bytes) -> int:
    return raw[8] if raw[0] >> 4 == 4 else raw[7]


def lower_hop_limit(raw: bytes, by: int) -> bytes:
    """Take the hops that lie on the path off a packet's hop limit."""
    if raw[0] >> 4 == 6:
        return raw[:7] + bytes((raw[7] - by,)) + raw[8:]
    head = raw[:8] + bytes((raw[8] - by, raw[9])) + b"\0\0" + raw[12:20]
    return head[:10] + struct.pack("!H", checksum(head)) + raw[12:20] + raw[20:]


def rewritten(
    packet: Packet,
    *,
    source: tuple[bytes, int] | None = None,
    destination: tuple[bytes, int] | None = None,
    sequence: int | None = None,
    acknowledgement: int | None = None,
    raw: bytes = b"",
) -> bytes:
    """Return a TCP or UDP packet with other ends or numbers, and its checksums renewed; `raw` replaces its bytes."""
    sender, sender_port = source or (packet.source, packet.source_port)
    receiver, receiver_port = destination or (packet.destination, packet.destination_port)
    transport = bytearray((raw or packet.raw)[packet.start :])
    struct.pack_into("!HH", transport, 0, sender_port, receiver_port)
    for at, number in ((4, sequence), (8, acknowledgement)):
        if number is not None:
            struct.pack_into("!I", transport, at, number & 0xFFFFFFFF)
    at = 16 if packet.protocol == TCP else 6
    transport[at : at + 2] = b"\0\0"
    check = checksum(_pseudo_header(sender, receiver, packet.protocol, len(transport)) + transport)
    struct.pack_into("!H", transport, at, check or 0xFFFF)
    return _ip(sender, receiver, packet.protocol, bytes(transport))
