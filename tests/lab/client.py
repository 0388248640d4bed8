"""What the client host sees, by plain sockets: functions to run there with `Lab.call`, answering in one word.

"ok", an errno's name, "timeout", "eof", "certificate", or OpenSSL's reason. Every time-out is the caller's.
"""

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import struct
import sys
import time
from collections.abc import Callable
from contextlib import closing

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
from aioquic.asyncio.client import connect as connect_quic
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_IP_RECVERR = 11  # <linux/in.h>
SURE_S = 10.0  # for what must come
SILENT_S = 0.5  # for what must not


def seen(step: Callable[[], object]) -> str:
    """Say in a word how a step ended."""
    try:
        step()
    except ssl.SSLCertVerificationError:
        return "certificate"
    except ssl.SSLEOFError:
        return "eof"
    except ssl.SSLError as error:
        return error.reason or "ssl"
    except (TimeoutError, dns.exception.Timeout):
        return "timeout"
    except EOFError:
        return "eof"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "ok"


def connect(address: str, port: int, timeout_s: float = SURE_S) -> socket.socket:
    return socket.create_connection((address, port), timeout=timeout_s)


def tcp(address: str, port: int, timeout_s: float = SURE_S) -> str:
    return seen(lambda: connect(address, port, timeout_s).close())


def timed_tcp(address: str, port: int) -> tuple[str, float]:
    started = time.perf_counter()
    return tcp(address, port), time.perf_counter() - started


def handshake(address: str, name: str, timeout_s: float = SURE_S, port: int = 443) -> ssl.SSLSocket:
    """Shake hands by TLS, the certificate judged for `name`."""
    raw = connect(address, port)
    raw.settimeout(timeout_s)
    try:
        return ssl.create_default_context().wrap_socket(raw, server_hostname=name)
    except BaseException:
        raw.close()
        raise


def tls(address: str, name: str, timeout_s: float = SURE_S) -> str:
    return seen(lambda: handshake(address, name, timeout_s).close())


def hello_in_pieces(address: str, name: str, piece_bytes: int, timeout_s: float = SURE_S) -> bytes:
    """Send a ClientHello in many segments; return what comes back first. Raises OSError."""
    outgoing = ssl.MemoryBIO()
    tls_object = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with contextlib.suppress(ssl.SSLWantReadError):
        tls_object.do_handshake()
    hello = outgoing.read()
    with closing(connect(address, 443, timeout_s)) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(hello), piece_bytes):
            stream.sendall(hello[at : at + piece_bytes])
        return stream.recv(65536)


def http(address: str, host: str, timeout_s: float = SURE_S, path: str = "/") -> bytes:
    """Return all that comes after a plain request, up to the FIN. Raises OSError, EOFError when that is nothing."""
    with closing(connect(address, 80)) as stream:
        stream.settimeout(timeout_s)
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return _read_all(stream)


def https(address: str, name: str, path: str = "/", timeout_s: float = SURE_S) -> bytes:
    with closing(handshake(address, name, timeout_s)) as stream:
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return _read_all(stream)


def _read_all(stream: socket.socket) -> bytes:
    received = b""
    while part := stream.recv(65536):
        received += part
    if not received:
        raise EOFError
    return received


def ask(resolver: str, name: str, kind: str = "A", timeout_s: float = SURE_S) -> dns.message.Message:
    return dns.query.udp(dns.message.make_query(name, kind), resolver, timeout=timeout_s)


def ask_tcp(resolver: str, name: str, kind: str = "A", timeout_s: float = SURE_S) -> dns.message.Message:
    return dns.query.tcp(dns.message.make_query(name, kind), resolver, timeout=timeout_s)


def ask_repeatedly(resolver: str, name: str, times: int) -> list[str]:
    """Ask the same from the same port, over and over."""
    answers = []
    for _ in range(times):
        (wire,) = datagrams(resolver, 53, dns.message.make_query(name, "A").to_wire(), 1, source_port=40_053)
        answers.append(told(dns.message.from_wire(wire)))
    return answers


def told(message: dns.message.Message) -> str:
    """Put an answer in a word: the code, or the addresses, with the flags that tell a lie."""
    addresses = [item.to_text() for rrset in message.answer for item in rrset if hasattr(item, "address")]
    word = dns.rcode.to_text(message.rcode()) if message.rcode() else " ".join(sorted(addresses)) or "empty"
    authoritative = " aa" if message.flags & dns.flags.AA else ""
    return word + authoritative + (" soa" if message.authority else "")


def datagrams(
    address: str, port: int, payload: bytes, count: int, timeout_s: float = SURE_S, source_port: int = 0
) -> list[bytes]:
    """Send one datagram and return the first `count` that come back; fewer when time runs out. Raises OSError."""
    received: list[bytes] = []
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as stream:
        stream.settimeout(timeout_s)
        stream.bind(("", source_port))
        stream.connect((address, port))  # only a connected socket hears of ICMP errors
        stream.send(payload)
        while len(received) < count:
            try:
                received.append(stream.recv(65536))
            except TimeoutError:
                break
    return received


def mtproto(address: str, port: int, disguised: bool, timeout_s: float = SURE_S) -> bytes:
    """Ask for a key exchange without an account; return what comes back (https://core.telegram.org/mtproto).

    Raises OSError, EOFError.
    """
    request = struct.pack("<QQII", 0, int(time.time()) << 32, 20, 0xBE7E8EF1) + os.urandom(16)
    frame = struct.pack("<I", len(request)) + request
    with closing(connect(address, port)) as stream:
        stream.settimeout(timeout_s)
        stream.sendall(obfuscated(frame) if disguised else b"\xee" * 4 + frame)
        answer = stream.recv(65536)
    if not answer:
        raise EOFError
    return answer


def obfuscated(frame: bytes, first: bytes = b"\x01") -> bytes:
    """Hide the intermediate transport in Obfuscated2 (https://core.telegram.org/mtproto/mtproto-transports)."""
    head = first + os.urandom(55) + b"\xee" * 4 + b"\x02\x00" + os.urandom(2)
    encryptor = Cipher(algorithms.AES(head[8:40]), modes.CTR(head[40:56])).encryptor()
    return head[:56] + encryptor.update(head)[56:] + encryptor.update(frame)


def quic(address: str, name: str, timeout_s: float = SURE_S) -> str:
    """Shake hands by QUIC: "ok", "timeout", or the reason that the connection was closed for."""
    return asyncio.run(_quic(address, name, timeout_s))


async def _quic(address: str, name: str, timeout_s: float) -> str:
    settings = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name=name, idle_timeout=timeout_s)
    settings.load_verify_locations(os.environ["SSL_CERT_FILE"])
    try:
        async with asyncio.timeout(timeout_s), connect_quic(address, 443, configuration=settings) as connection:
            await connection.ping()
    except TimeoutError:
        return "timeout"
    except ConnectionError as error:
        return str(error) or "closed"
    return "ok"


def quic_version_negotiation(address: str, timeout_s: float = SURE_S) -> str:
    """Send an Initial of a version that nobody speaks (RFC 8999 §6): an answer proves the server and UDP."""
    return "ok" if datagrams(address, 443, _unknown_version(), 1, timeout_s) else "timeout"


def _unknown_version() -> bytes:
    return b"\xc0\x0a\x0a\x0a\x0a\x08" + os.urandom(8) + b"\x08" + os.urandom(8) + bytes(1200)


def version_negotiation_after_initial(address: str, name: str, timeout_s: float) -> str:
    """Send a ClientHello by QUIC, then ask for a version that nobody speaks from the same port; "ok" if answered."""
    settings = QuicConfiguration(is_client=True, alpn_protocols=["h3"], server_name=name)
    connection = QuicConnection(configuration=settings)
    connection.connect((address, 443), now=time.time())
    packets = [packet for packet, _ in connection.datagrams_to_send(now=time.time())]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
        stream.settimeout(timeout_s)
        stream.connect((address, 443))
        for packet in (*packets, _unknown_version()):
            stream.send(packet)
        with contextlib.suppress(TimeoutError):
            while stream.recv(65536)[1:5] != bytes(4):  # a Version Negotiation packet has version 0
                continue
            return "ok"
    return "timeout"


def download_s(address: str, name: str, path: str) -> tuple[int, float]:
    """Return how many bytes came over TLS, and in how many seconds from the request on."""
    with closing(handshake(address, name)) as stream:
        started = time.perf_counter()
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        return len(_read_all(stream)), time.perf_counter() - started


def received_before_freeze(address: str, name: str, path: str) -> int:
    """Return how many bytes TCP had received, though perhaps not the application, when a download went silent."""
    with closing(handshake(address, name)) as stream:
        stream.settimeout(SILENT_S)
        stream.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        with contextlib.suppress(TimeoutError):
            _read_all(stream)
            return -1
        information = stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 192)
        (received,) = struct.unpack_from("=Q", information, 128)  # <linux/tcp.h>: tcpi_bytes_received
        return int(received)


def path_errors(address: str, hop_limits: range) -> list[str]:
    """Ask with rising hop limits; return who said "time exceeded", or "server" where an answer came."""
    return [_hop(address, limit) for limit in hop_limits]


def _hop(address: str, limit: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
        stream.settimeout(SURE_S)
        stream.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        stream.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, limit)
        stream.connect((address, 53))
        stream.send(dns.message.make_query("www.example.com", "A").to_wire())
        try:
            stream.recv(65536)
        except OSError:
            _, ancillary, _, _ = stream.recvmsg(512, 512, socket.MSG_ERRQUEUE)
            return socket.inet_ntoa(ancillary[0][2][20:24])  # sock_extended_err, then the offender's address
    return "server"


def use_later(address: str, name: str) -> None:
    """Connect, wait for a line of input, and print the status line that a request then brings."""
    with closing(connect(address, 80)) as stream:
        print("connected", flush=True)
        sys.stdin.readline()
        try:
            stream.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
            print(stream.recv(65536).decode().splitlines()[0])
        except OSError as error:
            print(type(error).__name__)


if __name__ == "__main__":
    use_later(*sys.argv[1:])
