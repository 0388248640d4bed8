"""How much of a transfer has got through, when it last did, and how fast: the kernel's count, where it tells.

The application sees less. What it sent may still wait in the kernel, and of what was received a TLS record shows
nothing before its 16 KB are complete, which is just where some networks freeze a flow.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

_TELLING_BYTES = 4096
"""Fewer than these, after what came first, say nothing of a rate."""

_COUNTERS = {"up": slice(120, 128), "down": slice(128, 136)}  # struct tcp_info: bytes_acked, bytes_received; Linux 4.1
_TCP_INFO_BYTES = 136


class FlowMeter:
    """Counts from its making on; times are in seconds. `read` returns the kernel's counter, None where it has none."""

    def __init__(self, read: Callable[[], int | None], now: float) -> None:
        self._read = read
        self._base = read() or 0
        self._application_bytes = 0
        self._first: tuple[float, int] | None = None
        self._last_at = now
        self.moved_bytes = 0

    def count(self, data_bytes: int, now: float) -> None:
        """Add what the application knows to have got through."""
        self._application_bytes += data_bytes
        self.sample(now)

    def sample(self, now: float) -> None:
        """Look at the counter."""
        counter = self._read()
        moved = self._application_bytes if counter is None else counter - self._base
        if moved <= self.moved_bytes:
            return
        self.moved_bytes = moved
        self._last_at = now
        self._first = self._first or (now, moved)

    def idle_s(self, now: float) -> float:
        """How long nothing has got through."""
        return now - self._last_at

    @property
    def rate_bytes_s(self) -> float | None:
        """The rate between the first and the last bytes that got through; None where too few did."""
        if self._first is None:
            return None
        began, head_bytes = self._first
        flowed = self.moved_bytes - head_bytes
        if flowed < _TELLING_BYTES or self._last_at <= began:
            return None
        return flowed / (self._last_at - began)


def kernel_counter(sock: socket.socket, direction: Literal["down", "up"]) -> Callable[[], int | None]:
    """Return what reads the bytes that a TCP socket has received, or had acknowledged, since it was connected."""
    field = _COUNTERS[direction]

    def read() -> int | None:
        if not hasattr(socket, "TCP_INFO"):
            return None
        try:
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        except OSError:
            return None
        return int.from_bytes(info[field], sys.byteorder) if len(info) == _TCP_INFO_BYTES else None

    return read
