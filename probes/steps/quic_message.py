"""QUIC's version-independent packets (RFC 8999): a long header of a version that nobody speaks, and its answer.

No socket here. The version 1 handshake is `probes.steps.quic_client`'s.
"""

from __future__ import annotations

CONNECTION_ID_BYTES = 8

_LONG_HEADER = 0x80
_FIXED_BIT = 0x40
_MIN_DATAGRAM_BYTES = 1200  # servers needn't answer less (RFC 9000 §14.1)
_MAX_VERSIONS = 32


def forced_negotiation(destination: bytes, source: bytes, noise: bytes) -> bytes:
    """Return a datagram that makes any QUIC server tell its versions (RFC 9000 §6.3).

    The version is one of the reserved 0x?a?a?a?a, its free bits from the four bytes of `noise`.
    """
    version = bytes(byte & 0xF0 | 0x0A for byte in noise)
    first = bytes((_LONG_HEADER | _FIXED_BIT,))
    header = first + version + bytes((len(destination),)) + destination + bytes((len(source),)) + source
    return header.ljust(_MIN_DATAGRAM_BYTES, b"\0")


def read_negotiation(data: bytes, destination: bytes, source: bytes) -> tuple[str, ...]:
    """Return the offered versions of a Version Negotiation packet (RFC 9000 §17.2.1), at most 32, as 0x00000001.

    `destination` and `source` are the connection ids of the packet that it answers. Raises ValueError for all else.
    """
    echo = bytes((len(source),)) + source + bytes((len(destination),)) + destination
    if len(data) < 5 or not data[0] & _LONG_HEADER or data[1:5] != bytes(4):  # noqa: PLR2004 - flags and version
        raise ValueError("quic: a datagram that is no version negotiation")
    if not data.startswith(echo, 5):
        raise ValueError("quic: a version negotiation with other connection ids")
    versions = data[5 + len(echo) :]
    if not versions or len(versions) % 4:
        raise ValueError("quic: a version negotiation without whole versions")
    return tuple(f"0x{versions[at : at + 4].hex()}" for at in range(0, len(versions), 4))[:_MAX_VERSIONS]
