"""STUN Binding (RFC 8489): tells a client which address and port it was seen from."""

import ipaddress
import struct

PORTS = (3478, 3480, 3484, 3488, 3497, 19302, 1400)
BINDING_REQUEST, BINDING_SUCCESS, XOR_MAPPED_ADDRESS = 0x0001, 0x0101, 0x0020
MAGIC_COOKIE = 0x2112A442
HEADER = struct.Struct(">HHI12s")


def answer(data: bytes, peer: tuple[str, int]) -> bytes | None:
    """Return the success response to a Binding request, None for anything else."""
    if len(data) < HEADER.size:
        return None
    kind, length, cookie, transaction = HEADER.unpack_from(data)
    if (kind, cookie) != (BINDING_REQUEST, MAGIC_COOKIE) or length != len(data) - HEADER.size:
        return None
    address = ipaddress.ip_address(peer[0])
    mask = (struct.pack(">I", MAGIC_COOKIE) + transaction)[: len(address.packed)]
    family = 1 if address.version == 4 else 2
    mapped = bytes(a ^ b for a, b in zip(address.packed, mask, strict=True))
    value = struct.pack(">BBH", 0, family, peer[1] ^ (MAGIC_COOKIE >> 16)) + mapped
    attribute = struct.pack(">HH", XOR_MAPPED_ADDRESS, len(value)) + value
    return HEADER.pack(BINDING_SUCCESS, len(attribute), MAGIC_COOKIE, transaction) + attribute
