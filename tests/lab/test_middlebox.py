"""The middlebox alone, packets and time given: what real stacks would seldom send, and at what time things arrive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.censor import (
    Address,
    Answer,
    Censor,
    Dns,
    Drop,
    HttpHost,
    MtProto,
    Payload,
    QuicSni,
    Redirect,
    Reset,
    Residual,
    Rule,
    Sni,
    Stun,
    Throttle,
)
from tests.lab.middlebox import Middlebox
from tests.lab.packets import ACK, PSH, RST, SYN, TCP, Packet, build_tcp, build_udp, checksum, parse
from tests.lab.test_sniff import HELLO, client_hello

CLIENT, SERVER, ELSEWHERE = bytes((192, 0, 2, 1)), bytes((203, 0, 113, 1)), bytes((203, 0, 113, 99))
CLIENT_V6, SERVER_V6 = bytes.fromhex("20010db8" + "00" * 11 + "01"), bytes.fromhex("20010db8" + "00" * 11 + "02")
EVERYTHING = Censor(
    (
        Rule(Dns("*", transports=("udp", "tcp")), Answer("NXDOMAIN", soa=True)),
        Rule(Sni("*"), Reset()),
        Rule(HttpHost("*"), Reset(in_path=False)),
        Rule(QuicSni("*", versions=(1, 2)), Drop()),
        Rule(Stun(), Drop()),
        Rule(MtProto(), Drop()),
        Rule(Payload(contains=b"secret"), Drop()),
        Rule(Address("198.51.100.0/24"), Redirect("203.0.113.99")),
    ),
    hops=3,
)


class Wire:
    """A middlebox, and what has come out of it: (due time, outbound, packet)."""

    def __init__(self, *rules: Rule, censor: Censor | None = None) -> None:
        self.out: list[tuple[float, bool, bytes]] = []
        censor = censor or Censor(rules, delay_s=0.02)
        self.middlebox = Middlebox(censor, lambda due, outbound, raw: self.out.append((due, outbound, raw)))

    def up(
        self, flags: int, payload: bytes = b"", *, sequence: int = 1, port: int = 1000, now: float = 0.0
    ) -> list[Packet]:
        """Send a segment of the client's; return what came out of it."""
        self.out.clear()
        raw = build_tcp(
            (CLIENT, port), (SERVER, 443), sequence=sequence, acknowledgement=900, flags=flags, payload=payload
        )
        self.middlebox.take(raw, True, now)
        return self.packets()

    def down(self, payload: bytes = b"", *, port: int = 1000, source: bytes = SERVER, now: float = 0.0) -> list[Packet]:
        self.out.clear()
        raw = build_tcp((source, 443), (CLIENT, port), sequence=900, acknowledgement=1, flags=ACK, payload=payload)
        self.middlebox.take(raw, False, now)
        return self.packets()

    def packets(self) -> list[Packet]:
        parsed = [parse(raw) for _, _, raw in self.out]
        assert None not in parsed
        return [packet for packet in parsed if packet]

    def connect(self, port: int = 1000) -> None:
        assert self.up(SYN, sequence=0, port=port)
        assert self.down(port=port)


def test_segments_out_of_order_and_repeated_are_put_together() -> None:
    wire = Wire(Rule(Sni("example.com"), Drop()))
    wire.connect()
    assert wire.up(ACK, HELLO[100:200], sequence=101)
    assert wire.up(ACK, HELLO[100:200], sequence=101)
    assert wire.up(ACK, HELLO[200:], sequence=201)
    assert wire.up(ACK | PSH, HELLO[:150], sequence=1) == []
    assert wire.down(b"late") == []
    assert wire.middlebox.hits == (1,)


def test_sequence_numbers_may_wrap() -> None:
    wire = Wire(Rule(Sni("example.com"), Drop()))
    start = 0xFFFFFFFF - 100
    wire.up(SYN, sequence=start)
    assert wire.up(ACK, HELLO[:150], sequence=start + 1)
    assert wire.up(ACK, HELLO[150:], sequence=(start + 151) & 0xFFFFFFFF) == []


def test_a_reset_fits_both_windows() -> None:
    wire = Wire(Rule(Sni("example.com"), Reset()))
    wire.connect()
    to_client, to_server = wire.up(ACK | PSH, HELLO)
    assert (to_client.destination, to_client.sequence, to_client.acknowledgement) == (CLIENT, 900, 1 + len(HELLO))
    assert (to_server.destination, to_server.sequence) == (SERVER, 1)
    assert to_client.flags & to_server.flags & RST
    assert [due for due, _, _ in wire.out] == [0.02, 0.02]


def test_a_reset_of_one_side_lets_the_original_go_on() -> None:
    for to in ("client", "server"):
        wire = Wire(Rule(Sni("example.com"), Reset(to=to)))
        wire.connect()
        reset, original = wire.up(ACK | PSH, HELLO)
        assert reset.flags & RST
        assert original.payload == HELLO


def test_a_second_syn_opens_a_new_flow_and_a_repeated_one_does_not() -> None:
    wire = Wire(Rule(Address("203.0.113.1"), Drop(), every=2))
    assert [bool(wire.up(SYN, sequence=number)) for number in (7, 7, 8, 8, 9)] == [False, False, True, True, False]


def test_a_residual_block_ends_when_it_must() -> None:
    for extend, free_at in ((False, 10.0), (True, 18.0)):
        rule = Rule(Sni("example.com"), Drop(), residual=Residual(10.0, by="endpoint", extend=extend))
        wire = Wire(rule)
        wire.connect()
        assert wire.up(ACK, HELLO) == []
        assert wire.up(SYN, port=1001, now=8.0) == []
        assert wire.up(SYN, port=1002, now=free_at - 0.1) == [] or extend
        assert wire.up(SYN, port=1003, now=40.0)


def test_policing_drops_and_shaping_delays() -> None:
    for shape in (False, True):
        wire = Wire(Rule(Address(), Throttle(1000, burst_bytes=2000, shape=shape, direction="up")))
        wire.connect()
        due = [wire.out[0][0] if wire.up(ACK, bytes(960)) else None for _ in range(4)]
        assert due[0] == 0.02
        assert due[3] == (pytest.approx(2.12, abs=0.1) if shape else None)
        assert all(wire.down(bytes(960)) for _ in range(4))


def test_a_redirected_flow_comes_back_in_the_first_servers_name() -> None:
    wire = Wire(Rule(Address("203.0.113.1"), Redirect("203.0.113.99", port=8443)))
    (syn,) = wire.up(SYN)
    assert (syn.destination, syn.destination_port) == (ELSEWHERE, 8443)
    answer = build_tcp((ELSEWHERE, 8443), (CLIENT, 1000), sequence=1, acknowledgement=2, flags=SYN | ACK)
    wire.out.clear()
    wire.middlebox.take(answer, False, 0.0)
    (back,) = wire.packets()
    assert (back.source, back.source_port) == (SERVER, 443)
    for packet in (syn, back):
        pseudo = packet.source + packet.destination + bytes((0, TCP)) + (len(packet.raw) - 20).to_bytes(2, "big")
        assert checksum(pseudo + packet.raw[20:]) in (0, 0xFFFF)


def test_connections_from_before_are_reset_or_adopted() -> None:
    assert [packet.flags & RST for packet in Wire().up(ACK, b"old")] == [RST]
    out: list[bytes] = []
    middlebox = Middlebox(Censor((Rule(Sni("*"), Drop()),)), lambda _due, _out, raw: out.append(raw), adopt=True)
    old = build_tcp((CLIENT, 1), (SERVER, 443), sequence=1, acknowledgement=1, flags=ACK, payload=client_hello("a.b"))
    middlebox.take(old, True, 0.0)
    assert out == [old]


def test_loss_is_the_same_for_the_same_seed() -> None:
    def survivors(seed: int) -> list[bool]:
        wire = Wire(censor=Censor(loss=0.3, seed=seed))
        return [bool(wire.up(SYN, sequence=number)) for number in range(200)]

    assert survivors(1) == survivors(1) != survivors(2)
    assert 30 < survivors(1).count(False) < 90


def test_a_rule_that_cannot_be_is_refused() -> None:
    with pytest.raises(TypeError):
        Rule(Sni("a"), Answer())


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=120)), max_size=5))
def test_no_packet_breaks_it(packets: list[tuple[bool, bytes]]) -> None:
    wire = Wire(censor=EVERYTHING)
    for outbound, raw in packets:
        wire.middlebox.take(raw, outbound, 0.0)
        wire.middlebox.take(b"\x45" + raw[1:], outbound, 0.0)
        wire.middlebox.take(b"\x60" + raw[1:], outbound, 0.0)


@given(st.binary(max_size=200), st.sampled_from([53, 80, 443, 3478]), st.booleans())
def test_no_payload_breaks_it(payload: bytes, port: int, newer: bool) -> None:
    client, server = (CLIENT_V6, SERVER_V6) if newer else (CLIENT, SERVER)
    wire = Wire(censor=EVERYTHING)
    wire.middlebox.take(build_udp((client, 1), (server, port), payload), True, 0.0)
    for flags in (SYN, ACK):
        raw = build_tcp((client, 1), (server, port), sequence=0, acknowledgement=0, flags=flags, payload=payload)
        wire.middlebox.take(raw, True, 0.0)
