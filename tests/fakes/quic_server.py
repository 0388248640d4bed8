"""QUIC on loopback: aioquic's own server, and single packets that nobody but a server, or a forger, would send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import trustme
from aioquic._buffer import Buffer
from aioquic.asyncio.server import QuicServer
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import QuicFrameType, QuicPacketType, QuicProtocolVersion, pull_quic_header
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.tls import load_pem_private_key, load_pem_x509_certificates

V1 = QuicProtocolVersion.VERSION_1
V2 = QuicProtocolVersion.VERSION_2
_PAUSE_S = 0.05


@contextlib.asynccontextmanager
async def serve(
    leaf: trustme.LeafCert,
    host: str = "127.0.0.1",
    *,
    alpn: Sequence[str] = ("h3",),
    versions: Sequence[int] = (V1, V2),
    retry: bool = False,
    kind: type[QuicServer] = QuicServer,
) -> AsyncIterator[int]:
    """Run a QUIC server with one certificate; give the port."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=list(alpn), supported_versions=list(versions))
    pem = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    configuration.certificate, *configuration.certificate_chain = load_pem_x509_certificates(pem)
    configuration.private_key = load_pem_private_key(leaf.private_key_pem.bytes())
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: kind(configuration=configuration, retry=retry), (host, 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        server.close()


class Reticent(QuicServer):
    """Passes over versions that it does not know, as some servers do."""

    def datagram_received(self, data: bytes | str, addr: object) -> None:
        if not _asks_for_versions(data):
            super().datagram_received(data, addr)


class Unhurried(QuicServer):
    """Shakes hands some time after it has told its versions."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._held: list[tuple[bytes | str, object]] = []
        self._has_told = False

    def datagram_received(self, data: bytes | str, addr: object) -> None:
        if _asks_for_versions(data):
            super().datagram_received(data, addr)
            asyncio.get_running_loop().call_later(_PAUSE_S, self._go_on)
        elif self._has_told:
            super().datagram_received(data, addr)
        else:
            self._held.append((data, addr))

    def _go_on(self) -> None:
        self._has_told = True
        for data, addr in self._held:
            super().datagram_received(data, addr)


def _asks_for_versions(data: bytes | str) -> bool:
    """Tell a long header with a version that nobody has (RFC 9000 §6)."""
    return isinstance(data, bytes) and bool(data[0] & 0x80) and data[1:5] != V1.to_bytes(4, "big")


def closing(initial: bytes, code: int, reason: bytes = b"") -> bytes:
    """Return a server's Initial that closes the connection which a client's Initial opens (RFC 9000 §19.19)."""
    return _answer(initial, QuicFrameType.TRANSPORT_CLOSE, code, QuicFrameType.CRYPTO, len(reason), reason)


def babbling(initial: bytes, data: bytes) -> bytes:
    """Return a server's Initial whose CRYPTO frame has `data` where a ServerHello belongs."""
    return _answer(initial, QuicFrameType.CRYPTO, 0, len(data), data)


def framing(initial: bytes, frame_type: int, data: bytes) -> bytes:
    """Return a server's Initial with any frame in it."""
    return _answer(initial, frame_type, data)


def _answer(initial: bytes, frame_type: int, *parts: int | bytes) -> bytes:
    header = pull_quic_header(Buffer(data=initial), host_cid_length=8)
    keys = CryptoPair()
    keys.setup_initial(cid=header.destination_cid, is_client=False, version=V1)
    builder = QuicPacketBuilder(
        host_cid=header.destination_cid,
        peer_cid=header.source_cid,
        is_client=False,
        max_datagram_size=1200,
        version=V1,
    )
    builder.start_packet(QuicPacketType.INITIAL, keys)
    buffer = builder.start_frame(frame_type)
    for part in parts:
        if isinstance(part, int):
            buffer.push_uint_var(part)
        else:
            buffer.push_bytes(part)
    datagrams, _ = builder.flush()
    return bytes(datagrams[0])
