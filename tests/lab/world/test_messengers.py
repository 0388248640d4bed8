import asyncio
import os
import struct
import time

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.lab.world import stun
from tests.lab.world.conftest import Internet
from tests.lab.world.model import World

DATA_CENTRE = "149.154.167.51"
RES_PQ, REQ_PQ_MULTI = 0x05162463, 0xBE7E8EF1


def req_pq(nonce: bytes) -> bytes:
    return struct.pack("<QQII", 0, int(time.time()) << 32, 20, REQ_PQ_MULTI) + nonce


async def open_to(internet: Internet, address: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(*internet.place(address, port))


async def read_intermediate(reader: asyncio.StreamReader) -> bytes:
    return await reader.readexactly(struct.unpack("<I", await reader.readexactly(4))[0])


@pytest.mark.parametrize("port", [80, 443, 5222])
@pytest.mark.parametrize("address", [DATA_CENTRE, "91.105.192.100", "2001:67c:4e8:f004::a"])
async def test_a_data_centre_answers_req_pq_with_the_nonce(internet: Internet, address: str, port: int) -> None:
    reader, writer = await open_to(internet, address, port)
    nonce = os.urandom(16)
    payload = req_pq(nonce)
    writer.write(b"\xee" * 4 + struct.pack("<I", len(payload)) + payload)
    frame = await read_intermediate(reader)
    assert struct.unpack_from("<I", frame, 20) == (RES_PQ,)
    assert frame[24:40] == nonce
    assert struct.unpack_from("<I", frame, 16) == (len(frame) - 20,)
    writer.close()


async def test_the_abridged_transport_is_understood(internet: Internet) -> None:
    reader, writer = await open_to(internet, DATA_CENTRE, 443)
    payload = req_pq(os.urandom(16))
    writer.write(b"\xef" + bytes((len(payload) // 4,)) + payload)
    length = 4 * (await reader.readexactly(1))[0]
    assert struct.unpack_from("<I", await reader.readexactly(length), 20) == (RES_PQ,)
    writer.close()


async def test_the_obfuscated_transport_is_understood(internet: Internet) -> None:
    reader, writer = await open_to(internet, DATA_CENTRE, 443)
    header = b"ABCDEFGH" + os.urandom(48) + b"\xee" * 4 + b"\x02\x00" + os.urandom(2)
    secret, back = header[8:56], header[8:56][::-1]
    encrypt = Cipher(algorithms.AES(secret[:32]), modes.CTR(secret[32:])).encryptor()
    decrypt = Cipher(algorithms.AES(back[:32]), modes.CTR(back[32:])).decryptor()
    hidden = encrypt.update(header)
    nonce = os.urandom(16)
    payload = req_pq(nonce)
    writer.write(header[:56] + hidden[56:] + encrypt.update(struct.pack("<I", len(payload)) + payload))
    (length,) = struct.unpack("<I", decrypt.update(await reader.readexactly(4)))
    frame = decrypt.update(await reader.readexactly(length))
    assert frame[24:40] == nonce
    writer.close()


async def test_another_message_gets_a_transport_error(internet: Internet) -> None:
    reader, writer = await open_to(internet, DATA_CENTRE, 443)
    writer.write(b"\xee" * 4 + struct.pack("<I", 40) + bytes(40))
    assert await read_intermediate(reader) == struct.pack("<i", -404)
    writer.close()


@pytest.mark.parametrize(("mode", "end"), [("close", b""), ("error", struct.pack("<ii", 4, -404))])
async def test_a_data_centre_may_misbehave(internet: Internet, mode: str, end: bytes) -> None:
    internet.become(World().with_host("dc2.telegram", mtproto=mode))
    reader, writer = await open_to(internet, DATA_CENTRE, 443)
    payload = req_pq(os.urandom(16))
    writer.write(b"\xee" * 4 + struct.pack("<I", len(payload)) + payload)
    assert await reader.read(100) == end
    writer.close()


@pytest.mark.parametrize("port", [80, 443])
async def test_a_data_centre_answers_plain_http_with_404(internet: Internet, port: int) -> None:
    host, local = internet.place(DATA_CENTRE, port)
    async with httpx.AsyncClient() as client:
        assert (await client.post(f"http://{host}:{local}/")).status_code == 404


@pytest.mark.parametrize("name", ["e1.whatsapp.net", "e16.whatsapp.net", "g.whatsapp.net"])
@pytest.mark.parametrize("port", [443, 5222])
async def test_the_chat_pool_accepts_and_listens(internet: Internet, name: str, port: int) -> None:
    reader, writer = await open_to(internet, World().addresses_of(name)[0], port)
    writer.write(b"hello")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await reader.read(1)
    writer.close()


class Ask(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, _addr: object) -> None:
        self.answer.set_result(data)


async def bind(internet: Internet, name: str, port: int, timeout_s: float) -> tuple[bytes, tuple[str, int]]:
    host, local = internet.place(World().addresses_of(name)[0], port)
    transport, ask = await asyncio.get_running_loop().create_datagram_endpoint(Ask, remote_addr=(host, local))
    transport.sendto(struct.pack(">HHI12s", 1, 0, stun.MAGIC_COOKIE, b"transaction!"))
    own: tuple[str, int] = transport.get_extra_info("sockname")
    try:
        async with asyncio.timeout(timeout_s):
            return await ask.answer, own
    finally:
        transport.close()


@pytest.mark.parametrize(("name", "port"), [("stun.l.google.com", 19302), ("mmg.whatsapp.net", 3478)])
async def test_stun_tells_the_clients_own_address(internet: Internet, name: str, port: int) -> None:
    answer, (host, own_port) = await bind(internet, name, port, 5)
    assert struct.unpack_from(">HHI12s", answer) == (0x0101, 12, stun.MAGIC_COOKIE, b"transaction!")
    mapped_port, mapped = struct.unpack_from(">HI", answer, 26)
    assert mapped_port ^ (stun.MAGIC_COOKIE >> 16) == own_port
    assert (mapped ^ stun.MAGIC_COOKIE).to_bytes(4) == bytes(map(int, host.split(".")))


async def test_stun_may_be_off(internet: Internet) -> None:
    internet.become(World().with_host("mmg.whatsapp.net", stun=False))
    with pytest.raises(TimeoutError):
        await bind(internet, "mmg.whatsapp.net", 3478, 0.1)


def test_stun_of_an_ipv6_client_is_masked_with_the_transaction() -> None:
    request = struct.pack(">HHI12s", 1, 0, stun.MAGIC_COOKIE, b"transaction!")
    answer = stun.answer(request, ("2001:db8::1", 4242))
    assert answer is not None
    mask = struct.pack(">I", stun.MAGIC_COOKIE) + b"transaction!"
    assert bytes(a ^ b for a, b in zip(answer[28:], mask, strict=True)).hex() == "20010db8" + "0" * 23 + "1"


@pytest.mark.parametrize("packet", [b"", b"x" * 20, struct.pack(">HHI12s", 1, 8, stun.MAGIC_COOKIE, bytes(12))])
def test_what_is_no_binding_request_is_not_answered(packet: bytes) -> None:
    assert stun.answer(packet, ("192.0.2.1", 1)) is None
