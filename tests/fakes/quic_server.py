"""QUIC on loopback: aioquic's own server, and single packets that nobody but a server, or a forger, would send."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

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


@contextlib.asynccontextmanager
async def serve(
    leaf: trustme.LeafCert,
    host: str = "127.0.0.1",
    *,
    alpn: Sequence[str] = ("h3",),
    versions: Sequence[int] = (V1, V2),
    retry: bool = False,
    tells_versions: bool = True,
) -> AsyncIterator[int]:
    """Run a QUIC server with one certificate; give the port. Some servers pass over versions that they don't know."""
    configuration = QuicConfiguration(is_client=False, alpn_protocols=list(alpn), supported_versions=list(versions))
    pem = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    configuration.certificate, *configuration.certificate_chain = load_pem_x509_certificates(pem)
    configuration.private_key = load_pem_private_key(leaf.private_key_pem.bytes())
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(
        lambda: (QuicServer if tells_versions else _Reticent)(configuration=configuration, retry=retry), (host, 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        server.close()


class _Reticent(QuicServer):
    def datagram_received(self, data: bytes | str, addr: object) -> None:
        if isinstance(data, str) or not data[0] & 0x80 or data[1:5] == V1.to_bytes(4, "big"):
            super().datagram_received(data, addr)


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
