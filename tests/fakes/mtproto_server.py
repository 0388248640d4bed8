"""What a data centre sends to a client without a key, over the intermediate transport, in clear or obfuscated."""

import asyncio
import struct
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.fakes.tcp_server import Handler, hang

TAG = b"\xee" * 4
PQ = bytes.fromhex("17ed48941a08f981")
KEY = 0xD09D1D85DE64FD85
SERVER_NONCE = b"the server's own"

Reply = Callable[[bytes], bytes]
"""The payload of a frame, for a nonce."""


def res_pq(
    nonce: bytes, *, constructor: int = 0x05162463, pq: bytes = PQ, keys: tuple[int, ...] = (KEY,), auth_key: int = 0
) -> bytes:
    text = bytes((len(pq),)) + pq
    text += bytes(-len(text) % 4)
    body = struct.pack("<I16s16s", constructor, nonce, SERVER_NONCE) + text
    body += struct.pack(f"<II{len(keys)}Q", 0x1CB5C415, len(keys), *keys)
    return struct.pack("<QQI", auth_key, 0x5E0B700A00000001, len(body)) + body


def error(code: int) -> Reply:
    return lambda _: struct.pack("<i", code)


def answering(reply: Reply = res_pq, *, pieces: int = 1, then: Handler = hang) -> Handler:
    """Answer req_pq_multi, in as many pieces, by whichever of the two transports the client speaks."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opening = await reader.readexactly(4)
        decrypt, encrypt = bytes, bytes
        if opening != TAG:
            opening += await reader.readexactly(60)
            decrypt, encrypt = _aes(opening[8:56]), _aes(opening[55:7:-1])  # type: ignore[assignment]
            assert decrypt(opening)[56:60] == TAG
        payload = decrypt(await reader.readexactly(44))
        assert payload[:12] == struct.pack("<IQ", 40, 0)
        assert payload[20:28] == struct.pack("<II", 20, 0xBE7E8EF1)
        answer = reply(payload[28:])
        sealed = encrypt(struct.pack("<I", len(answer)) + answer)
        step = -(-len(sealed) // pieces)
        for start in range(0, len(sealed), step):
            writer.write(sealed[start : start + step])
            await writer.drain()
            await asyncio.sleep(0)
        await then(reader, writer)

    return handler


def _aes(secret: bytes) -> Callable[[bytes], bytes]:
    return Cipher(algorithms.AES(secret[:32]), modes.CTR(secret[32:])).encryptor().update
