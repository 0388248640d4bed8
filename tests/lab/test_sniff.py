"""What a censor can read, from whatever bytes come, in whatever pieces."""

import contextlib
import hashlib
import ssl

import dns.message
import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicProtocolVersion
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.client import obfuscated
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


def client_hello(name: str | None) -> bytes:
    context = ssl.create_default_context()
    context.check_hostname = False
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


def client_initials(name: str, version: int) -> list[bytes]:
    settings = QuicConfiguration(
        is_client=True, alpn_protocols=["h3"], server_name=name, supported_versions=[version], original_version=version
    )
    connection = QuicConnection(configuration=settings)
    connection.connect(("192.0.2.1", 443), now=0.0)
    return [packet for packet, _ in connection.datagrams_to_send(now=0.0)]


HELLO = client_hello("Www.Example.com")
REQUEST = b"POST /a HTTP/1.1\r\nUser-Agent: x\r\nhOST:  Www.Example.com:8080 \r\n\r\n"


@pytest.mark.parametrize(("name", "expected"), [("www.example.com", "www.example.com"), (None, "")])
def test_the_name_in_a_client_hello_is_read(name: str | None, expected: str) -> None:
    assert tls_server_name(client_hello(name)) == expected


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_hello_may_be_spread_over_records(size: int) -> None:
    body = HELLO[5:]
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert (
        tls_server_name(b"".join(b"\x16\x03\x01" + len(p).to_bytes(2, "big") + p for p in pieces)) == "www.example.com"
    )


@given(st.integers(0, len(HELLO) - 1))
def test_a_part_of_a_hello_is_never_judged(size: int) -> None:
    with pytest.raises(MoreNeededError):
        tls_server_name(HELLO[:size])


def test_the_host_of_a_request_is_read_as_soon_as_its_line_is_whole() -> None:
    assert http_host(REQUEST) == "www.example.com"
    assert http_host(REQUEST[:-2]) == "www.example.com"
    assert http_host(b"GET / HTTP/1.0\r\n\r\n") == ""
    with pytest.raises(MoreNeededError):
        http_host(REQUEST[:45])


@pytest.mark.parametrize("data", [b"SSH-2.0-OpenSSH\r\n", b"\x16\x03\x01", b"GETAWAY"])
def test_other_protocols_are_no_http(data: bytes) -> None:
    assert http_host(data) is None


@pytest.mark.parametrize("version", [QuicProtocolVersion.VERSION_1, QuicProtocolVersion.VERSION_2])
def test_the_name_in_a_quic_initial_is_read_in_both_versions(version: int) -> None:
    reader = InitialReader()
    names = []
    for packet in client_initials("www.example.com", version):
        with contextlib.suppress(MoreNeededError):
            names.append(reader.server_name(packet))
    assert names == ["www.example.com"]
    assert reader.version == (1 if version == QuicProtocolVersion.VERSION_1 else 2)


def test_a_quic_hello_may_be_spread_over_datagrams() -> None:
    packets = client_initials("a" * 60 + "." + "b" * 60 + ".example.com", QuicProtocolVersion.VERSION_1)
    settings = QuicConfiguration(
        is_client=True, alpn_protocols=[f"protocol-{n}-{'x' * 40}" for n in range(30)], server_name="www.example.com"
    )
    connection = QuicConnection(configuration=settings)
    connection.connect(("192.0.2.1", 443), now=0.0)
    packets = [packet for packet, _ in connection.datagrams_to_send(now=0.0)]
    assert len(packets) > 1
    reader = InitialReader()
    for packet in packets[:-1]:
        with pytest.raises(MoreNeededError):
            reader.server_name(packet)
    assert reader.server_name(packets[-1]) == "www.example.com"


def test_a_question_is_read_over_udp_and_tcp() -> None:
    wire = dns.message.make_query("WWW.example.com", "AAAA").to_wire()
    for message in (wire, dns_stream_message(len(wire).to_bytes(2, "big") + wire + b"more")):
        question = dns_question(message)
        assert question
        assert (question.name, question.kind) == ("www.example.com", 28)
    assert dns_question(dns.message.make_response(dns.message.make_query("a.b", "A")).to_wire()) is None


def test_mtproto_is_told_from_what_looks_like_it() -> None:
    assert mtproto_kind(b"\xee" * 4 + bytes(44)) == "plain"
    assert mtproto_kind(obfuscated(bytes(44))) == "obfuscated"
    assert all(mtproto_kind(obfuscated(bytes(44), bytes([first]))) == "obfuscated" for first in (0x16, 0x47, 0x50))
    assert mtproto_kind(HELLO) is None
    assert mtproto_kind(hashlib.shake_256(b"random").digest(200)) is None


@given(st.binary(max_size=300))
def test_no_bytes_break_a_reader(data: bytes) -> None:
    for reader in (tls_server_name, http_host, mtproto_kind, dns_stream_message):
        with contextlib.suppress(MoreNeededError):
            reader(data)
    dns_question(data)
    is_stun(data)


@given(st.binary(max_size=300), st.integers(0, 1199), st.integers(0, 255))
def test_no_datagram_breaks_the_quic_reader(tail: bytes, at: int, value: int) -> None:
    (initial,) = client_initials("www.example.com", QuicProtocolVersion.VERSION_1)
    for datagram in (tail, initial[:at] + bytes((value,)) + initial[at + 1 :], initial[:at] + tail):
        with contextlib.suppress(MoreNeededError):
            InitialReader().server_name(datagram)
