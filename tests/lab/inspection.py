"""What the middlebox reads in a client's packets, and which rule that sets off."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.lab.censor import Censor
from tests.lab.flows import Flow, Stream
from tests.lab.packets import TCP, UDP, Packet
from tests.lab.rulebook import AddressIndex, ArmedRule, NameIndex, Rulebook
from tests.lab.sniff import (
    MoreNeededError,
    dns_question,
    dns_stream_message,
    http_host,
    is_stun,
    mtproto_kind,
    tls_server_name,
)
from tests.lab.sniff_quic import InitialReader

DNS_PORT = 53
_MOST_PAYLOAD_BYTES = 4_096  # a pattern that has not come by then does not come
_MOST_QUIC_PACKETS = 16  # a ClientHello that has not come by then does not come


@dataclass(frozen=True, slots=True)
class Found:
    """A rule fires: on the flow, or on this packet `alone`."""

    armed: ArmedRule
    alone: bool = False
    query: bytes = b""


class Inspector:
    """Reads flows for one censor, and no more of them than its rules and its allow-list ask about."""

    def __init__(self, censor: Censor, rules: Rulebook) -> None:
        self._rules = rules
        self._allow_list = censor.allow_list
        names = censor.allow_list.names if censor.allow_list else "*"
        self._listed_names = NameIndex((names,))
        addresses = censor.allow_list.addresses if censor.allow_list else ""
        self._listed_addresses = AddressIndex((addresses,)) if addresses or not censor.allow_list else None
        self._stream_readers = self._readers_of_streams()

    def _readers_of_streams(self) -> list[Callable[[Flow, Packet, bytes], Found | None]]:
        rules, listing = self._rules, self._allow_list is not None
        readers = {
            self._read_dns_stream: bool(rules.dns),
            self._read_tls: listing or bool(rules.sni),
            self._read_http: listing or bool(rules.hosts),
            self._read_mtproto: bool(rules.mtproto),
            self._read_payload: bool(rules.payload),
        }
        return [reader for reader, wanted in readers.items() if wanted]

    def is_listed(self, address: bytes) -> bool:
        return self._listed_addresses is not None and bool(self._listed_addresses.find(address))

    def open(self, flow: Flow, packet: Packet) -> Found | None:
        """Look at a flow's first packet, for its addresses alone."""
        rules = self._rules
        flow.allowed = self.is_listed(packet.destination)
        if packet.protocol == TCP:
            flow.inspected = bool(self._stream_readers)
            if not flow.allowed and self._allow_list and not self._allow_list.syn_passes:
                flow.inspected = False
        else:
            wants_quic = bool(rules.quic) or not flow.allowed
            flow.quic = InitialReader() if wants_quic and packet.destination_port != DNS_PORT else None
            flow.inspected = wants_quic or bool(rules.stun or rules.payload or rules.dns)
        armed = rules.for_address(packet) if rules.addresses else None
        return Found(armed) if armed else None

    def look(self, flow: Flow, packet: Packet) -> Found | None:
        """Read one packet of the client's in a flow that is still inspected."""
        if packet.payload_start >= len(packet.raw):
            return None
        return self._look_at_stream(flow, packet) if packet.protocol == TCP else self._look_at_datagram(flow, packet)

    def _look_at_stream(self, flow: Flow, packet: Packet) -> Found | None:
        if flow.stream is None:
            flow.stream = Stream(flow.first_sequence)
        data = flow.stream.add(packet.sequence, packet.payload)
        if not data:
            return None
        waits = False
        for reader in self._stream_readers:
            try:
                found = reader(flow, packet, data)
            except MoreNeededError:
                waits = True
                continue
            if found is not None:
                flow.inspected, flow.stream = False, None
                return found
        if not waits or flow.stream.is_full:
            flow.inspected, flow.stream = False, None
        return None

    def _read_tls(self, flow: Flow, packet: Packet, data: bytes) -> Found | None:
        name = tls_server_name(data)
        return None if name is None else self._named(flow, name, self._rules.sni.first(name, packet.destination))

    def _read_http(self, flow: Flow, packet: Packet, data: bytes) -> Found | None:
        name = http_host(data)
        return None if name is None else self._named(flow, name, self._rules.hosts.first(name, packet.destination))

    def _named(self, flow: Flow, name: str, armed: ArmedRule | None) -> Found | None:
        flow.allowed = flow.allowed or bool(self._listed_names.find(name))
        return Found(armed) if armed else None

    def _read_dns_stream(self, _flow: Flow, packet: Packet, data: bytes) -> Found | None:
        return self._asked(packet, dns_stream_message(data)) if packet.destination_port == DNS_PORT else None

    def _read_mtproto(self, _flow: Flow, packet: Packet, data: bytes) -> Found | None:
        kind = mtproto_kind(data)
        armed = self._rules.for_mtproto(kind, packet) if kind else None
        return Found(armed) if armed else None

    def _read_payload(self, _flow: Flow, packet: Packet, data: bytes) -> Found | None:
        if len(data) >= _MOST_PAYLOAD_BYTES:
            return None
        armed = self._rules.for_payload(data, packet)
        return Found(armed) if armed else None

    def _asked(self, packet: Packet, message: bytes) -> Found | None:
        question = dns_question(message)
        armed = self._rules.for_question(question, packet) if question else None
        return Found(armed, alone=packet.protocol == UDP, query=message) if armed else None

    def _look_at_datagram(self, flow: Flow, packet: Packet) -> Found | None:
        rules, payload = self._rules, packet.payload
        if rules.dns and packet.destination_port == DNS_PORT:
            return self._asked(packet, payload)
        if rules.stun and is_stun(payload):
            armed = rules.for_stun(packet)
            return Found(armed, alone=True) if armed else None
        found = self._read_quic(flow, packet, payload) if flow.quic else None
        if found is None and rules.payload and flow.packets == 1:
            found = self._read_first_datagram(packet, payload)
        flow.inspected = flow.quic is not None or bool(rules.stun)
        return found

    def _read_quic(self, flow: Flow, packet: Packet, payload: bytes) -> Found | None:
        assert flow.quic is not None
        try:
            name = flow.quic.server_name(payload)
        except MoreNeededError:
            name = None
        if name is None:
            if flow.packets > _MOST_QUIC_PACKETS:
                flow.quic = None
            return None
        version, flow.quic = flow.quic.version, None
        return self._named(flow, name, self._rules.for_quic(name, version, packet))

    def _read_first_datagram(self, packet: Packet, payload: bytes) -> Found | None:
        try:
            armed = self._rules.for_payload(payload, packet)
        except MoreNeededError:
            return None
        return Found(armed) if armed else None
