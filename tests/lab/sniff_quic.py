"""The server name in a QUIC client's first flight: Initial packets decrypted with the keys that anyone can derive.

RFC 9001 §5 (version 1), RFC 9369 §3.3 (version 2).
"""

import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tests.lab.sniff import MoreNeededError, hello_server_name

VERSIONS = {0x00000001: 1, 0x6B3343CF: 2}
_SALTS = {
    1: bytes.fromhex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"),
    2: bytes.fromhex("0dede3def700a6db819381be6e269dcbf9bd2ed9"),
}
_LABELS = {1: "quic", 2: "quicv2"}
_INITIAL_TYPES = {1: 0, 2: 1}
_PADDING, _PING, _ACK, _ACK_ECN, _CRYPTO, _CLOSE = 0x00, 0x01, 0x02, 0x03, 0x06, 0x1C
_MOST_HELLO_BYTES = 65_536


class InitialReader:
    """Collects one connection's Initial packets, client's side, until its ClientHello is whole."""

    def __init__(self) -> None:
        self.version = 0
        self._keys: dict[bytes, _Keys] = {}
        self._crypto: dict[int, bytes] = {}

    def server_name(self, datagram: bytes) -> str | None:
        """Return the SNI once it is known ("" without one), None while there is nothing to read.

        Raises MoreNeededError when an Initial was read and the ClientHello goes on in another.
        """
        seen = False
        while datagram:
            parts = _long_header(datagram)
            if parts is None:
                break
            self.version, destination, number_at, end = parts
            seen = self._read(datagram[:end], destination, number_at) or seen
            datagram = datagram[end:]
        if not seen:
            return None
        return hello_server_name(self._hello())

    def _read(self, packet: bytes, destination: bytes, number_at: int) -> bool:
        """Decrypt with the connection's first keys, or, after a Retry, with those of the new connection id."""
        for key in [*self._keys.values(), None]:
            keys = key or self._keys.setdefault(destination, _Keys(self.version, destination))
            try:
                plain = keys.open(packet, number_at)
            except (InvalidTag, ValueError, IndexError):
                continue
            self._collect(plain)
            return True
        return False

    def _collect(self, frames: bytes) -> None:
        at = 0
        try:
            while at < len(frames):
                kind, at = frames[at], at + 1
                if kind in (_ACK, _ACK_ECN):
                    at = _after_ack(frames, at, ecn=kind == _ACK_ECN)
                elif kind == _CRYPTO:
                    offset, at = _varint(frames, at)
                    length, at = _varint(frames, at)
                    if offset + length <= _MOST_HELLO_BYTES:
                        self._crypto[offset] = frames[at : at + length]
                    at += length
                elif kind not in (_PADDING, _PING):
                    return
        except IndexError:
            return

    def _hello(self) -> bytes:
        whole = b""
        for offset in sorted(self._crypto):
            if offset > len(whole):
                break
            whole = whole[:offset] + self._crypto[offset] + whole[offset + len(self._crypto[offset]) :]
        if not whole:
            raise MoreNeededError
        return whole


class _Keys:
    def __init__(self, version: int, destination: bytes) -> None:
        initial = hmac.digest(_SALTS[version], destination, "sha256")  # HKDF-Extract (RFC 5869 §2.2)
        client, label = _expand(initial, "client in", 32), _LABELS[version]
        self._aead = AESGCM(_expand(client, f"{label} key", 16))
        self._iv = int.from_bytes(_expand(client, f"{label} iv", 12), "big")
        self._mask = Cipher(algorithms.AES(_expand(client, f"{label} hp", 16)), modes.ECB())

    def open(self, packet: bytes, number_at: int) -> bytes:
        """Remove header protection and decrypt (RFC 9001 §5.3, §5.4). Raises InvalidTag."""
        mask = self._mask.encryptor().update(packet[number_at + 4 : number_at + 20])
        first = packet[0] ^ (mask[0] & 0x0F)
        size = (first & 0x03) + 1
        number = bytes(a ^ b for a, b in zip(packet[number_at : number_at + size], mask[1:], strict=False))
        head = bytes((first,)) + packet[1:number_at] + number
        nonce = (self._iv ^ int.from_bytes(number, "big")).to_bytes(12, "big")
        return self._aead.decrypt(nonce, packet[number_at + size :], head)


def _expand(secret: bytes, label: str, length: int) -> bytes:
    """HKDF-Expand-Label (RFC 8446 §7.1) with an empty context."""
    name = b"tls13 " + label.encode()
    info = struct.pack("!HB", length, len(name)) + name + b"\0"
    return HKDFExpand(hashes.SHA256(), length, info).derive(secret)


def _long_header(datagram: bytes) -> tuple[int, bytes, int, int] | None:
    """Return version, destination id, where the packet number stands and where the packet ends, of an Initial."""
    if len(datagram) < 7 or not datagram[0] & 0x80:
        return None
    version = VERSIONS.get(int.from_bytes(datagram[1:5], "big"))
    if version is None or datagram[0] >> 4 & 0x03 != _INITIAL_TYPES[version]:
        return None
    try:
        at = 6 + datagram[5]
        destination = datagram[6:at]
        at += 1 + datagram[at]
        token, at = _varint(datagram, at)
        length, at = _varint(datagram, at + token)
    except IndexError:
        return None
    return (version, destination, at, at + length) if at + length <= len(datagram) else None


def _varint(data: bytes, at: int) -> tuple[int, int]:
    size = 1 << (data[at] >> 6)
    if at + size > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + size], "big") & ((1 << (8 * size - 2)) - 1), at + size


def _after_ack(frames: bytes, at: int, *, ecn: bool) -> int:
    _, at = _varint(frames, at)
    _, at = _varint(frames, at)
    ranges, at = _varint(frames, at)
    for _ in range(1 + 2 * ranges + 3 * ecn):
        _, at = _varint(frames, at)
    return at
