"""One UDP socket for one exchange with a loopback server, as the steps are given it."""

import contextlib
from collections.abc import Iterator

from probes.observations import Arm, Purpose, Target
from probes.steps import udp
from probes.steps.frame import Frame


@contextlib.contextmanager
def framed(port: int, address: str = "127.0.0.1") -> Iterator[Frame]:
    """Give a frame around a new UDP socket."""
    target = Target(host="example.org", address=address, port=port)
    with udp.new_socket(address) as sock:
        yield Frame(sock=sock, arm=Arm.EXPERIMENT, purpose=Purpose.MEASURE, target=target, connection="c1")
