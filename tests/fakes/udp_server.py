"""A UDP server on loopback that answers each datagram as a test says."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Iterator

Answer = Callable[[bytes], Iterable[bytes]]
"""What to send back for a datagram: any number of datagrams."""


@contextlib.asynccontextmanager
async def serve(answer: Answer, host: str = "127.0.0.1") -> AsyncIterator[int]:
    """Answer datagrams; give the port. At the end nothing of it is left running."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.bind((host, 0))
        answering = asyncio.create_task(_serve(sock, answer))
        try:
            yield sock.getsockname()[1]
        finally:
            answering.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await answering


async def _serve(sock: socket.socket, answer: Answer) -> None:
    loop = asyncio.get_running_loop()
    while True:
        datagram, peer = await loop.sock_recvfrom(sock, 65535)
        for reply in answer(datagram):
            await loop.sock_sendto(sock, reply, peer)


def silent(_: bytes) -> Iterable[bytes]:
    return ()


def say(*datagrams: bytes) -> Answer:
    """Send the same whatever is asked."""
    return lambda _: datagrams


@contextlib.contextmanager
def closed_port(host: str = "127.0.0.1") -> Iterator[int]:
    """Give a port where nobody listens, for as long as it is used: it is taken by a connected socket."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as taken:
        taken.bind((host, 0))
        taken.connect((host, 9))
        yield taken.getsockname()[1]
