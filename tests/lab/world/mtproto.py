"""Telegram's data centres as a client without an account sees them: HTTP 404, or resPQ to req_pq_multi.

Transports: abridged, intermediate and padded intermediate, in clear or obfuscated
(https://core.telegram.org/mtproto/mtproto-transports).
"""

import asyncio
import importlib
import os
import struct
import time
from collections.abc import Callable
from typing import Any

from tests.lab.world import h1, http
from tests.lab.world.atlas import Live
from tests.lab.world.wire import IDLE_S, Connection, Conversation

ABRIDGED, INTERMEDIATE, PADDED = b"\xef", b"\xee" * 4, b"\xdd" * 4
HTTP_STARTS = (b"POST", b"GET ", b"HEAD", b"OPTI", b"PUT ")
TLS_START = b"\x16\x03\x01"
OBFUSCATION_HEADER_BYTES = 64
MAX_FRAME_BYTES = 1 << 20
REQ_PQ, REQ_PQ_MULTI, RES_PQ, VECTOR = 0x60469778, 0xBE7E8EF1, 0x05162463, 0x1CB5C415
ENVELOPE = struct.Struct("<QQI")  # auth_key_id, message_id, length of the body
NONCE_BYTES = 16
TRANSPORT_ERROR = struct.pack("<i", -404)
PQ = bytes.fromhex("17ed48941a08f981")
KEY_FINGERPRINT = 0xD09D1D85DE64FD85

Cipher = Callable[[bytes], bytes]


async def serve(live: Live, connection: Connection) -> None:
    """Speak with one client. Raises OSError or EOFError when it goes away."""
    host = connection.endpoint.host
    mode = host.mtproto if host is not None else "silent"
    start = await connection.peek()
    conversation = await connection.open()
    if start.startswith(HTTP_STARTS):
        return await h1.serve(conversation, "http", _not_found)
    if mode in ("close", "silent") or start.startswith(TLS_START):
        await conversation.reader.read(1 << 16)
        return await conversation.break_off("hang" if mode == "silent" else "close")
    channel = await _opened(conversation, start)
    if channel is None:
        return await conversation.close()
    live.atlas.note("mtproto", address=connection.endpoint.address, port=connection.endpoint.port)
    while True:
        frame = await channel.receive()
        await channel.send(TRANSPORT_ERROR if mode == "error" else answer(frame, time.time()))


async def _not_found(_: http.Request) -> http.Reply:
    return http.reply(404, "<html><head><title>404 Not Found</title></head><body>404</body></html>", "text/html")


def answer(payload: bytes, now: float) -> bytes:
    """Return resPQ to an unencrypted req_pq or req_pq_multi (core.telegram.org/mtproto/auth_key), else error -404."""
    if len(payload) < ENVELOPE.size + 4 + NONCE_BYTES:
        return TRANSPORT_ERROR
    auth_key_id, _, _ = ENVELOPE.unpack_from(payload)
    (constructor,) = struct.unpack_from("<I", payload, ENVELOPE.size)
    if auth_key_id != 0 or constructor not in (REQ_PQ, REQ_PQ_MULTI):
        return TRANSPORT_ERROR
    nonce = payload[ENVELOPE.size + 4 : ENVELOPE.size + 4 + NONCE_BYTES]
    pq = bytes((len(PQ),)) + PQ + bytes(3)
    body = struct.pack("<I", RES_PQ) + nonce + os.urandom(NONCE_BYTES) + pq
    body += struct.pack("<IIQ", VECTOR, 1, KEY_FINGERPRINT)
    return ENVELOPE.pack(0, int(now) << 32 | 1, len(body)) + body


async def _opened(conversation: Conversation, start: bytes) -> "Channel | None":
    """Read the marker that names the transport, obfuscated or not."""
    reader = conversation.reader
    if start.startswith(ABRIDGED):
        return Channel(conversation, await reader.readexactly(1))
    header = await reader.readexactly(4)
    if header in (INTERMEDIATE, PADDED):
        return Channel(conversation, header)
    header += await reader.readexactly(OBFUSCATION_HEADER_BYTES - 4)
    decrypt, encrypt = _cipher(header[8:56]), _cipher(header[8:56][::-1])
    marker = decrypt(header)[56:60]
    return Channel(conversation, marker, decrypt, encrypt) if marker in (ABRIDGED * 4, INTERMEDIATE, PADDED) else None


def _cipher(secret: bytes) -> Cipher:
    """AES-256-CTR from 32 bytes of key and 16 of counter; encrypting and decrypting are the same."""
    ciphers: Any = importlib.import_module("cryptography.hazmat.primitives.ciphers")
    update: Cipher = (
        ciphers.Cipher(ciphers.algorithms.AES(secret[:32]), ciphers.modes.CTR(secret[32:])).encryptor().update
    )
    return update


class Channel:
    """Frames over a conversation. `receive` raises EOFError at its end or at a frame that is none."""

    def __init__(
        self, conversation: Conversation, marker: bytes, decrypt: Cipher = bytes, encrypt: Cipher = bytes
    ) -> None:
        self._conversation = conversation
        self._abridged = marker.startswith(ABRIDGED)
        self._decrypt = decrypt
        self._encrypt = encrypt

    async def receive(self) -> bytes:
        async with asyncio.timeout(IDLE_S):
            length = await self._length()
            if length > MAX_FRAME_BYTES:
                raise EOFError
            return await self._read(length)

    async def send(self, payload: bytes) -> None:
        length = struct.pack("<I", len(payload))
        if self._abridged:
            length = bytes((len(payload) // 4,))
        await self._conversation.send(self._encrypt(length + payload))

    async def _length(self) -> int:
        if not self._abridged:
            return int.from_bytes(await self._read(4), "little")
        words = (await self._read(1))[0] & 0x7F  # the high bit asks for a quick acknowledgement
        if words == 0x7F:
            words = int.from_bytes(await self._read(3), "little")
        return 4 * words

    async def _read(self, count: int) -> bytes:
        return self._decrypt(await self._conversation.reader.readexactly(count))
