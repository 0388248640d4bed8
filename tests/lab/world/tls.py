"""TLS as the world's servers speak it: the ClientHello read in advance, and the certificate that it deserves."""

import ssl
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tests.lab.ca import Issuer, Leaf, ensure_leaf
from tests.lab.world.atlas import Atlas
from tests.lab.world.parts import Certificate, Host
from tests.lab.world.wire import Connection

RECORD_HEADER_BYTES, MESSAGE_HEADER_BYTES, MAX_HELLO_BYTES = 5, 4, 16_384
HANDSHAKE, CLIENT_HELLO, SERVER_NAME, ALPN = 0x16, 1, 0, 16
HANDSHAKE_FAILURE, UNRECOGNIZED_NAME = 40, 112  # RFC 8446 §6, RFC 6066 §3

ISSUERS: dict[Certificate, Issuer] = {
    "self_signed": "self",
    "unknown_ca": "interceptor",
    "national": "national",
    "private": "private",
}
WRONG_NAME = "wrong-name.example.net"


class NotTlsError(Exception):
    """The client's first bytes are no ClientHello."""


@dataclass(frozen=True)
class ClientHello:
    server_name: str = ""
    alpn: tuple[str, ...] = ()


class _Reader:
    """Takes length-prefixed fields off a buffer; a field that is cut short is IndexError."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def __bool__(self) -> bool:
        return bool(self.data)

    def take(self, count: int) -> bytes:
        if count > len(self.data):
            raise IndexError(count)
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size))

    def vector(self, size: int) -> "_Reader":
        return _Reader(self.take(self.number(size)))


async def peek_hello(connection: Connection) -> ClientHello:
    """Wait for the whole ClientHello, over as many segments and records as it takes, and leave it in the socket.

    Raises NotTlsError for anything else, and EOFError if the client stops in the middle.
    """
    wanted = RECORD_HEADER_BYTES
    while True:
        data = await connection.peek(wanted)
        if data and data[0] != HANDSHAKE:
            raise NotTlsError
        if len(data) < wanted:
            raise EOFError
        message, wanted = _reassemble(data)
        if not wanted:
            return parse_hello(message)


def _reassemble(data: bytes) -> tuple[bytes, int]:
    """Join the handshake fragments; returns the message and how many bytes are wanted in all, 0 if it is complete."""
    message, at = b"", 0
    while True:
        header_end = at + RECORD_HEADER_BYTES
        if len(data) < header_end:
            return b"", header_end
        if data[at] != HANDSHAKE or header_end > MAX_HELLO_BYTES:
            raise NotTlsError
        at = header_end + int.from_bytes(data[header_end - 2 : header_end])
        if len(data) < at:
            return b"", at
        message += data[header_end:at]
        length = MESSAGE_HEADER_BYTES + int.from_bytes(message[1:MESSAGE_HEADER_BYTES])
        if len(message) >= length:
            return message[:length], 0


def parse_hello(message: bytes) -> ClientHello:
    """Read server name and ALPN (RFC 8446 §4.1.2). Raises NotTlsError if it is malformed."""
    try:
        reader = _Reader(message)
        if reader.number(1) != CLIENT_HELLO:
            raise NotTlsError
        body = reader.vector(3)
        body.take(2 + 32)  # version, random
        for length_size in (1, 2, 1):  # session id, cipher suites, compression methods
            body.vector(length_size)
        return _extensions(body.vector(2)) if body else ClientHello()
    except IndexError as error:
        raise NotTlsError from error


def _extensions(extensions: _Reader) -> ClientHello:
    hello = ClientHello()
    while extensions:
        kind, content = extensions.number(2), extensions.vector(2)
        if kind == SERVER_NAME:
            names = content.vector(2)
            names.take(1)  # host_name, the only type there is
            hello = replace(hello, server_name=names.vector(2).data.decode("ascii", "replace").lower())
        elif kind == ALPN:
            protocols, offered = content.vector(2), []
            while protocols:
                offered.append(protocols.vector(1).data.decode("ascii", "replace"))
            hello = replace(hello, alpn=tuple(offered))
    return hello


def alert(description: int) -> bytes:
    """Encode a fatal alert in clear (RFC 8446 §6)."""
    return bytes((21, 3, 3, 0, 2, 2, description))


def leaf_for(atlas: Atlas, address: str, host: Host, name: str) -> Leaf:
    """What a host shows for a name; a public resolver's certificate holds its addresses too (RFC 8484 by IP)."""
    names: tuple[str, ...] = (name,)
    if atlas.resolver_at(address) is not None:
        names = (name, *(a for a in host.addresses if a in atlas.world.resolvers))
    if host.certificate == "wrong_name":
        names = (WRONG_NAME,)
    return Leaf(ISSUERS.get(host.certificate, "public"), names, expired=host.certificate == "expired")


@lru_cache(maxsize=4096)
def server_context(directory: Path, leaf: Leaf, alpn: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ensure_leaf(directory, leaf))
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
