"""What a censor reads in the first bytes of a flow: names in TLS, HTTP and DNS, and the marks of STUN and MTProto.

Pure functions of bytes. Incomplete input raises `MoreNeededError`; what is not the protocol gives None.
"""

import struct
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_HANDSHAKE_RECORD, _CLIENT_HELLO, _SERVER_NAME, _HOST_NAME = 22, 1, 0, 0
_TLS_RECORDS = (b"\x16\x03\x01", b"\x16\x03\x03")  # whole: random bytes begin with the first of them often enough
_HTTP_METHODS = (b"GET ", b"HEAD ", b"POST ", b"PUT ", b"DELETE ", b"CONNECT ", b"OPTIONS ", b"PATCH ")
_MOST_HEADER_BYTES = 16_384
_STUN_MAGIC = 0x2112A442
# The intermediate and the padded intermediate transport: https://core.telegram.org/mtproto/mtproto-transports
_INTERMEDIATE = (b"\xee" * 4, b"\xdd" * 4)
_OBFUSCATED = (*_INTERMEDIATE, b"\xef" * 4)
_OBFUSCATED_HEADER_BYTES = 64


class MoreNeededError(Exception):
    """The bytes so far may become the protocol; more of them must be seen."""


@dataclass(frozen=True, slots=True)
class Question:
    """The first question of a DNS query; `end` is where it ends in the message."""

    name: str
    kind: int
    end: int


class _Reader:
    """A cursor over bytes of which the end may not have come yet."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        if self._at + size > len(self._data):
            raise MoreNeededError
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def block(self, size: int) -> bytes:
        """Take what follows a length of `size` bytes."""
        return self.take(self.number(size))

    def __bool__(self) -> bool:
        return self._at < len(self._data)


def tls_server_name(data: bytes) -> str | None:
    """Return the SNI of the ClientHello that a TLS stream begins with ("" without one), None if there is none."""
    if data[:1] not in (b"", bytes((_HANDSHAKE_RECORD,))) or data[1:2] not in (b"", b"\x03"):
        return None
    records, handshake = _Reader(data), b""
    while True:
        if handshake and handshake[0] != _CLIENT_HELLO:
            return None
        try:
            return hello_server_name(handshake)
        except MoreNeededError:
            if records.number(1) != _HANDSHAKE_RECORD:
                return None
            records.take(2)
            handshake += records.block(2)


def hello_server_name(handshake: bytes) -> str:
    """Return the SNI of a ClientHello message (RFC 8446 §4.1.2, RFC 6066 §3), "" without one."""
    message = _Reader(handshake)
    message.take(1)
    hello = _Reader(message.block(3))
    try:
        hello.take(34)
        for size in (1, 2, 1):  # session id, cipher suites, compression
            hello.block(size)
        extensions = _Reader(hello.block(2))
        while extensions:
            kind, content = extensions.number(2), extensions.block(2)
            if kind == _SERVER_NAME:
                return _host_name(content)
    except MoreNeededError:
        return ""  # whole by its length, yet malformed or without extensions
    return ""


def _host_name(content: bytes) -> str:
    names = _Reader(_Reader(content).block(2))
    while names:
        kind, name = names.number(1), names.block(2)
        if kind == _HOST_NAME:
            return name.decode("ascii", "replace").lower().rstrip(".")
    return ""


def http_host(data: bytes) -> str | None:
    """Return the Host of an HTTP/1 request without its port ("" without one), None if there is no request."""
    if not data.startswith(_HTTP_METHODS):
        if any(method.startswith(data) for method in _HTTP_METHODS):
            raise MoreNeededError
        return None
    head, end, _ = data.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n")[1 : None if end else -1]:
        field, _, value = line.partition(b":")
        if field.strip().lower() == b"host":
            return _without_port(value.strip().decode("ascii", "replace").lower())
    if not end and len(data) < _MOST_HEADER_BYTES:
        raise MoreNeededError
    return ""


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def dns_question(message: bytes) -> Question | None:
    """Return the question of a DNS query over UDP (RFC 1035 §4.1), None if it is none."""
    if len(message) < 17 or message[2] & 0x80 or message[4:6] == b"\0\0":
        return None
    labels, reader = [], _Reader(message[12:])
    try:
        while (size := reader.number(1)) and size < 64:
            labels.append(reader.take(size).decode("ascii", "replace").lower())
        kind = reader.number(2)
        reader.take(2)
    except MoreNeededError:
        return None
    return Question(".".join(labels), kind, 12 + sum(len(label) + 1 for label in labels) + 5)


def dns_stream_message(data: bytes) -> bytes:
    """Return the first message of a DNS stream over TCP, without its length (RFC 7766 §8)."""
    return _Reader(data).block(2)


def is_stun(datagram: bytes) -> bool:
    """Tell a STUN message by its two zero bits and its magic cookie (RFC 8489 §5)."""
    return len(datagram) >= 20 and datagram[0] < 0x40 and struct.unpack_from("!I", datagram, 4)[0] == _STUN_MAGIC


def mtproto_kind(data: bytes) -> str | None:
    """Return "plain" or "obfuscated" for a Telegram client's first bytes, None for anything else."""
    if len(data) < 4:
        raise MoreNeededError
    if data[:4] in _INTERMEDIATE:
        return "plain"
    if data.startswith((*_TLS_RECORDS, *_HTTP_METHODS)):
        return None
    if len(data) < _OBFUSCATED_HEADER_BYTES:
        raise MoreNeededError
    return "obfuscated" if _deobfuscated(data[:_OBFUSCATED_HEADER_BYTES])[56:60] in _OBFUSCATED else None


def _deobfuscated(header: bytes) -> bytes:
    """Decrypt an Obfuscated2 header with the key and counter that it carries itself."""
    return Cipher(algorithms.AES(header[8:40]), modes.CTR(header[40:56])).decryptor().update(header)
