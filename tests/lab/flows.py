"""What the middlebox remembers about a flow: what it is waiting to see, and what has been decided about it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.lab.censor import Direction
from tests.lab.packets import Packet
from tests.lab.sniff_quic import InitialReader
from tests.lab.splice import Splice

_MOST_STREAM_BYTES = 65_536


class TokenBucket:
    """`burst_bytes` at once, `bytes_per_s` for ever; the clock is the caller's."""

    def __init__(self, bytes_per_s: int, burst_bytes: int) -> None:
        self._rate = bytes_per_s
        self._burst = burst_bytes
        self._tokens = float(burst_bytes)
        self._filled_at = -math.inf

    def wait_s(self, size: int, now_s: float, longest_s: float) -> float | None:
        """Take the tokens for `size` bytes and return how long they are in coming; None if beyond `longest_s`."""
        self._tokens = min(self._burst, self._tokens + (now_s - self._filled_at) * self._rate)
        self._filled_at = now_s
        wait = max(0.0, (size - self._tokens) / self._rate)
        if wait > longest_s:
            return None
        self._tokens -= size
        return wait


@dataclass(slots=True)
class Limit:
    """A bucket, and how long a packet may wait there: not at all when traffic is policed, a while when it is shaped."""

    bucket: TokenBucket
    longest_s: float


class Stream:
    """The client's first bytes, put in order: a name may be spread over segments, and segments may come again."""

    def __init__(self, first_sequence: int) -> None:
        self._first = first_sequence
        self._segments: dict[int, bytes] = {}

    def add(self, sequence: int, payload: bytes) -> bytes:
        """Return all that is known without a gap from the stream's beginning."""
        offset = (sequence - self._first) & 0xFFFFFFFF
        if offset < _MOST_STREAM_BYTES:
            self._segments[offset] = max(payload, self._segments.get(offset, b""), key=len)
        whole = b""
        for start in sorted(self._segments):
            if start > len(whole):
                break
            whole += self._segments[start][len(whole) - start :]
        return whole

    @property
    def is_full(self) -> bool:
        return sum(map(len, self._segments.values())) >= _MOST_STREAM_BYTES


@dataclass(slots=True)
class Flow:
    """One 4-tuple. A quiet flow is carried without another look."""

    key: bytes
    first_sequence: int = 0
    packets: int = 0
    quiet: bool = False
    inspected: bool = True  # the client's packets are still being read
    allowed: bool = True  # no allow-list stands against it (any more)
    back_keys: set[bytes] = field(default_factory=set)  # what the way back is known by
    stream: Stream | None = None
    quic: InitialReader | None = None
    # What has been decided:
    silent_until_s: float = -math.inf
    silenced: Direction = "both"
    most_packets: float = math.inf
    residual: bytes = b""  # the key of the residual block that silences it
    limits: dict[bool, Limit] = field(default_factory=dict)  # by direction: True is outbound
    delay_s: float = 0.0
    loss: float = 0.0
    redirect: tuple[bytes, int] | None = None
    redirects_all: bool = False
    syn: Packet | None = None  # kept where a name may still send the flow elsewhere
    splice: Splice | None = None
    refused_by: Callable[[Packet, float], bool] | None = None  # answers each packet of the client's

    def settle(self) -> None:
        """Let it be quiet if nothing is left to look for or to do."""
        untouched = self.silent_until_s == -math.inf and self.most_packets == math.inf and not self.limits
        unchanged = not self.delay_s and not self.loss and self.redirect is None and self.refused_by is None
        self.quiet = untouched and unchanged and self.allowed and not self.inspected

    def silence(self, direction: Direction, until_s: float = math.inf) -> None:
        self.silenced, self.silent_until_s = direction, until_s

    def is_silenced(self, outbound: bool, now_s: float) -> bool:
        """Tell whether a packet of this direction, already counted, vanishes."""
        if now_s >= self.silent_until_s and self.packets <= self.most_packets:
            return False
        return self.silenced in ("both", "up" if outbound else "down")
