"""STUN messages (RFC 8489): a Binding request, and a strict reader of what answers it. No socket here."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

TRANSACTION_BYTES = 12

_HEADER = struct.Struct(">HHI12s")
_ATTRIBUTE = struct.Struct(">HH")
_COOKIE = 0x2112A442
_REQUEST, _SUCCESS, _ERROR = 0x0001, 0x0101, 0x0111
_MAPPED_ADDRESS, _ERROR_CODE, _XOR_MAPPED_ADDRESS, _SOFTWARE = 0x0001, 0x0009, 0x0020, 0x8022
_ADDRESS_BYTES = {1: 4, 2: 16}
_MAX_SOFTWARE = 128  # characters (§14.14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A Binding response: the address and port that the server saw, or its error; and the software it says it is."""

    address: IPv4Address | IPv6Address | None = None
    port: int = 0
    error: str | None = None
    software: str | None = None


def binding_request(transaction: bytes) -> bytes:
    """Return a Binding request with this transaction id of 12 random bytes."""
    return _HEADER.pack(_REQUEST, 0, _COOKIE, transaction)


def read_response(data: bytes, transaction: bytes) -> Response:
    """Return what a datagram answers to the transaction. Raises ValueError if it is no answer to it.

    Unknown attributes are passed over, those included that §6.3.3 wants understood: they take nothing from the fact
    that the server was reached.
    """
    kind = _kind(data, transaction)
    attributes: dict[int, bytes] = {}
    for name, value in _attributes(data[_HEADER.size :]):
        attributes.setdefault(name, value)  # of repeated attributes the first one counts (§14)
    software = _text(attributes[_SOFTWARE]) if _SOFTWARE in attributes else None
    if kind == _ERROR:
        return Response(error=_error_text(attributes.get(_ERROR_CODE, b"")), software=software)
    address, port = _mapped(attributes, data[4 : _HEADER.size])
    return Response(address=address, port=port, software=software)


def _kind(data: bytes, transaction: bytes) -> int:
    """Check the header and return the message type."""
    if len(data) < _HEADER.size:
        raise ValueError("stun: a datagram too short for a message")
    kind, length, cookie, echoed = _HEADER.unpack_from(data)
    if kind & 0xC000 or cookie != _COOKIE:
        raise ValueError("stun: a datagram that is no message")
    if length % 4 or length != len(data) - _HEADER.size:
        raise ValueError("stun: a message of another length than it says")
    if echoed != transaction:
        raise ValueError("stun: the answer to another transaction")
    if kind not in {_SUCCESS, _ERROR}:
        raise ValueError(f"stun: a message of type 0x{kind:04x} is no answer")
    return int(kind)


def _attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield type and value; values are padded to four bytes (§14)."""
    while body:
        if len(body) < _ATTRIBUTE.size:
            raise ValueError("stun: an attribute cut short")
        name, length = _ATTRIBUTE.unpack_from(body)
        end = _ATTRIBUTE.size + length
        if len(body) < end:
            raise ValueError("stun: an attribute longer than its message")
        yield name, body[_ATTRIBUTE.size : end]
        body = body[end + -end % 4 :]


def _mapped(attributes: dict[int, bytes], mask: bytes) -> tuple[IPv4Address | IPv6Address, int]:
    """Return the reflexive address; `mask` is the cookie and the transaction id (§14.2)."""
    if (value := attributes.get(_XOR_MAPPED_ADDRESS)) is None:
        value, mask = attributes.get(_MAPPED_ADDRESS, b""), bytes(len(mask))  # all that servers before RFC 5389 know
    size = _ADDRESS_BYTES.get(value[1]) if len(value) > 1 else None
    if size is None or len(value) != 4 + size:
        raise ValueError("stun: a success without a mapped address")
    packed = bytes(a ^ b for a, b in zip(value[4:], mask, strict=False))
    return ip_address(packed), int.from_bytes(value[2:4], "big") ^ int.from_bytes(mask[:2], "big")


def _error_text(value: bytes) -> str:
    if len(value) < 4:  # noqa: PLR2004 - class, number and reserved bits (§14.8)
        return "an error response without a code"
    return f"error response {value[2] % 8 * 100 + value[3]} {_text(value[4:])}".rstrip()


def _text(value: bytes) -> str:
    text = value.decode("utf-8", "replace")[:_MAX_SOFTWARE]
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
