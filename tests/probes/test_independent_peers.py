"""The steps against other people's implementations: Telethon's MTProto framing and types, aioice's STUN messages.

aioquic's server is in `test_quic`.
"""

import asyncio
import struct
from collections.abc import Iterable
from importlib import import_module
from typing import Any, Literal

import pytest

from probes.steps import mtproto, stun
from tests.fakes import udp_server
from tests.fakes.tcp_server import hang, serve
from tests.probes import udp_wire
from tests.probes.wire import PATIENCE_S, connected

PQ = bytes.fromhex("17ed48941a08f981")


@pytest.mark.parametrize("transport", ["intermediate", "obfuscated2"])
async def test_telethon_understands_us_and_we_understand_telethon(
    transport: Literal["intermediate", "obfuscated2"],
) -> None:
    async with serve(_telethon) as port, connected(port) as (frame, stream):
        seen = await mtproto.exchange(stream, frame, transport=transport, timeout_s=PATIENCE_S)
    assert (seen.failure, seen.server_error) == (None, None)


async def _telethon(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer req_pq_multi by Telethon's codec, ciphers and types."""
    crypto, extensions, types = (import_module(f"telethon.{name}") for name in ("crypto", "extensions", "tl.types"))
    framing = import_module("telethon.network.connection.tcpintermediate").IntermediatePacketCodec

    source: Any = reader
    encrypt: Any = bytes
    opening = await reader.readexactly(4)
    if opening != framing.tag:
        opening += await reader.readexactly(60)
        decrypting = crypto.AESModeCTR(opening[8:40], opening[40:56])
        assert decrypting.decrypt(opening)[56:60] == framing.obfuscate_tag
        back = opening[55:7:-1]
        encrypt = crypto.AESModeCTR(back[:32], back[32:]).encrypt
        source = _Decrypted(reader, decrypting.decrypt)
    codec = framing(None)
    message = extensions.BinaryReader(await codec.read_packet(source))
    assert message.read_long() == 0
    assert message.read_long() % 4 == 0
    assert message.read_int() == 20
    assert message.read_int(signed=False) == 0xBE7E8EF1
    nonce = message.read_large_int(bits=128)
    body = bytes(types.ResPQ(nonce, -1, PQ, [-0x2F629DE27A219B02]))
    writer.write(encrypt(codec.encode_packet(struct.pack("<qqi", 0, 1, len(body)) + body)))
    await hang(reader, writer)


class _Decrypted:
    def __init__(self, reader: asyncio.StreamReader, decrypt: Any) -> None:
        self._reader = reader
        self._decrypt = decrypt

    async def readexactly(self, count: int) -> bytes:
        plain: bytes = self._decrypt(await self._reader.readexactly(count))
        return plain


async def test_aioice_understands_us_and_we_understand_aioice() -> None:
    aioice: Any = import_module("aioice.stun")

    def answer(datagram: bytes) -> Iterable[bytes]:
        request = aioice.parse_message(datagram)
        assert (request.message_method, request.message_class) == (aioice.Method.BINDING, aioice.Class.REQUEST)
        response = aioice.Message(
            message_method=aioice.Method.BINDING,
            message_class=aioice.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        response.attributes["XOR-MAPPED-ADDRESS"] = ("2001:db8::7", 4242)
        response.attributes["SOFTWARE"] = "aioice"
        response.add_fingerprint()
        return [bytes(response)]

    async with udp_server.serve(answer) as port:
        with udp_wire.framed(port) as frame:
            seen = await stun.bind(frame, timeout_s=PATIENCE_S)
    assert (seen.failure, seen.requests, seen.answered_by) == (None, 1, "aioice")
