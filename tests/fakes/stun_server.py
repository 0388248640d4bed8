"""STUN messages that a server may send, well-formed or not (RFC 8489)."""

import struct

COOKIE = 0x2112A442
SUCCESS, ERROR = 0x0101, 0x0111


def transaction(request: bytes) -> bytes:
    """Return the transaction id of a Binding request, checked to be one."""
    kind, length, cookie, identity = struct.unpack(">HHI12s", request)
    assert (kind, length, cookie) == (0x0001, 0, COOKIE)
    return bytes(identity)


def message(identity: bytes, *attributes: bytes, kind: int = SUCCESS, cookie: int = COOKIE) -> bytes:
    body = b"".join(attributes)
    return struct.pack(">HHI12s", kind, len(body), cookie, identity) + body


def attribute(name: int, value: bytes, padding: bytes = b"\0") -> bytes:
    return struct.pack(">HH", name, len(value)) + value + padding * (-len(value) % 4)


def mapped(port: int = 32853, address: bytes = b"\xc0\0\x02\x01") -> bytes:
    """Return XOR-MAPPED-ADDRESS for an IPv4 address."""
    plain = struct.pack(">H", port) + address
    mask = struct.pack(">HI", COOKIE >> 16, COOKIE)
    return attribute(0x0020, b"\0\1" + bytes(a ^ b for a, b in zip(plain, mask, strict=True)))


def software(name: str) -> bytes:
    return attribute(0x8022, name.encode())


def error(code: int, reason: str) -> bytes:
    return attribute(0x0009, bytes((0, 0, code // 100, code % 100)) + reason.encode())
