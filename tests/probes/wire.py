"""One connection to a loopback server, as the steps are given it."""

import contextlib
from collections.abc import AsyncIterator, Iterator

from probes.observations import Arm, Purpose, Target
from probes.steps import tcp
from probes.steps.frame import Frame

TIMEOUT_S = 0.2
"""For what is never going to answer; whatever does answer gets `PATIENCE_S`."""
PATIENCE_S = 5.0


@contextlib.contextmanager
def framed(port: int, address: str = "127.0.0.1") -> Iterator[Frame]:
    """Give a frame around an unconnected socket."""
    target = Target(host="example.org", address=address, port=port)
    with tcp.new_socket(address) as sock:
        yield Frame(sock=sock, arm=Arm.EXPERIMENT, purpose=Purpose.MEASURE, target=target, connection="c1")


@contextlib.asynccontextmanager
async def connected(port: int, address: str = "127.0.0.1") -> AsyncIterator[tuple[Frame, tcp.TcpStream]]:
    """Give a frame whose socket is connected, and the stream over it."""
    with framed(port, address) as frame:
        seen = await tcp.connect(frame, PATIENCE_S)
        assert seen.failure is None
        yield frame, tcp.TcpStream(frame.sock)
