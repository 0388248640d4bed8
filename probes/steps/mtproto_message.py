"""MTProto as far as it goes without an account: req_pq_multi, its answer, and the transports they travel in.

No socket here. Sources: core.telegram.org/mtproto/auth_key, /mtproto/description (unencrypted messages),
/mtproto/mtproto-transports (intermediate, transport obfuscation, transport errors).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from collections.abc import Callable

    Crypt = Callable[[bytes], bytes]

NONCE_BYTES = 16
HEADER_BYTES = 64
MAX_FRAME_BYTES = 4096
"""An answer has about a hundred bytes: more is no MTProto."""

_INTERMEDIATE = b"\xee" * 4
_LENGTH = struct.Struct("<I")
_ENVELOPE = struct.Struct("<QQI")  # auth_key_id, message_id, length of the body
_REQ_PQ_MULTI, _RES_PQ, _VECTOR = 0xBE7E8EF1, 0x05162463, 0x1CB5C415
_REQUEST = struct.Struct(f"<I{NONCE_BYTES}s")
_ANSWER = struct.Struct(f"<I{NONCE_BYTES}s{NONCE_BYTES}s")
_VECTOR_HEAD = struct.Struct("<II")  # constructor, count
_MAX_PQ_BYTES = _FINGERPRINT_BYTES = 8

# First words by which a server, or a filter, would take the connection for another transport, HTTP or TLS.
_OTHER_PROTOCOLS = (b"HEAD", b"POST", b"GET ", b"OPTI", b"\x16\x03\x01\x02", b"\xdd" * 4, _INTERMEDIATE)
_ABRIDGED = 0xEF


@dataclass(frozen=True, slots=True)
class Transport:
    """How one connection begins, and what is done to the bytes after that, either way."""

    opening: bytes
    encrypt: Crypt = bytes
    decrypt: Crypt = bytes


def intermediate() -> Transport:
    """Return the intermediate transport in clear."""
    return Transport(_INTERMEDIATE)


def obfuscated2(header: bytes) -> Transport:
    """Return the intermediate transport inside AES-256-CTR, its keys from 64 random bytes that `is_usable` accepts.

    Encryption goes on from the opening: a transport is for one connection.
    """
    secret = header[8:56]
    encrypt, decrypt = _cipher(secret), _cipher(secret[::-1])
    tagged = header[:56] + _INTERMEDIATE + header[60:]
    return Transport(header[:56] + encrypt(tagged)[56:], encrypt, decrypt)


def is_usable(header: bytes) -> bool:
    """Tell whether an obfuscation header is none that would be taken for something else."""
    return header[0] != _ABRIDGED and header[:4] not in _OTHER_PROTOCOLS and header[4:8] != bytes(4)


def _cipher(secret: bytes) -> Crypt:
    """Return AES-256-CTR with 32 bytes of key and 16 of counter; both directions are the same operation."""
    return Cipher(algorithms.AES(secret[:32]), modes.CTR(secret[32:])).encryptor().update


def framed(payload: bytes) -> bytes:
    """Return a frame of the intermediate transport."""
    return _LENGTH.pack(len(payload)) + payload


def unframed(data: bytes | bytearray) -> bytes | None:
    """Return the payload of the frame that `data` begins with, None while it is incomplete.

    Raises ValueError for a length that no answer has.
    """
    if len(data) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack_from(data)
    if not 0 < length <= MAX_FRAME_BYTES:
        raise ValueError(f"mtproto: a frame of {length} bytes")
    end = _LENGTH.size + length
    return bytes(data[_LENGTH.size : end]) if len(data) >= end else None


def req_pq_multi(nonce: bytes, unix_ns: int) -> bytes:
    """Return the first message of a client without a key; its id is the time, in units of 2^-32 s."""
    body = _REQUEST.pack(_REQ_PQ_MULTI, nonce)
    message_id = (unix_ns << 32) // 10**9 & ~3
    return _ENVELOPE.pack(0, message_id, len(body)) + body


def read_answer(payload: bytes, nonce: bytes) -> int | None:
    """Return None for resPQ with our nonce, or the negative code of a transport error.

    Raises ValueError for anything else.
    """
    if len(payload) == _LENGTH.size:
        code = int.from_bytes(payload, "little", signed=True)
        if code >= 0:
            raise ValueError("mtproto: four bytes that are no error code")
        return code
    if len(payload) < _ENVELOPE.size + _ANSWER.size:
        raise ValueError("mtproto: a frame too short for an answer")
    auth_key_id, _, length = _ENVELOPE.unpack_from(payload)
    body = payload[_ENVELOPE.size :]
    if auth_key_id or length != len(body):
        raise ValueError("mtproto: a frame that is no unencrypted message")
    constructor, echoed, _ = _ANSWER.unpack_from(body)
    if constructor != _RES_PQ:
        raise ValueError(f"mtproto: constructor 0x{constructor:08x} where resPQ was due")
    if echoed != nonce:
        raise ValueError("mtproto: the answer to another nonce")
    _check_challenge(body[_ANSWER.size :])
    return None


def _check_challenge(data: bytes) -> None:
    """Check that pq:string and a vector of key fingerprints fill the rest of resPQ. Raises ValueError."""
    pq_bytes = data[0] if data else 0
    if not 0 < pq_bytes <= _MAX_PQ_BYTES:
        raise ValueError("mtproto: resPQ without pq")
    fingerprints = data[1 + pq_bytes + -(1 + pq_bytes) % 4 :]
    if len(fingerprints) < _VECTOR_HEAD.size:
        raise ValueError("mtproto: resPQ without fingerprints")
    constructor, count = _VECTOR_HEAD.unpack_from(fingerprints)
    if constructor != _VECTOR or len(fingerprints) != _VECTOR_HEAD.size + _FINGERPRINT_BYTES * count:
        raise ValueError("mtproto: resPQ without fingerprints")
