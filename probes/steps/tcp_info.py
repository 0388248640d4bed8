"""The kernel's own account of a TCP connection: Linux's TCP_INFO."""

from __future__ import annotations

import socket
import struct

from probes.model import TcpInfo

# struct tcp_info of linux/tcp.h grew at its end only: (offset, format) of the fields that are read here.
_UNACKNOWLEDGED = (24, "=I")
_TOTAL_RETRANSMITS = (100, "=I")
_BYTES_RECEIVED = (128, "=Q")  # Linux 4.1
_MIN_RTT_US = (148, "=I")  # Linux 4.6
_TCP_INFO_BYTES = 152
_NO_SAMPLE = 0xFFFF_FFFF


def read_info(sock: socket.socket) -> TcpInfo | None:
    """Return Linux's TCP_INFO of an open socket, also after a reset; None where the kernel doesn't tell.

    `min_rtt_s` is 0 while nothing has been acknowledged, as after a connect that failed.
    """
    if not hasattr(socket, "TCP_INFO"):
        return None
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    except OSError:
        return None
    return _parse(raw)


def _parse(raw: bytes) -> TcpInfo | None:
    if len(raw) < _TCP_INFO_BYTES:
        return None
    min_rtt_us = _field(raw, _MIN_RTT_US)
    return TcpInfo(
        min_rtt_s=0.0 if min_rtt_us == _NO_SAMPLE else min_rtt_us / 1_000_000,
        bytes_received=_field(raw, _BYTES_RECEIVED),
        retransmits=_field(raw, _TOTAL_RETRANSMITS),
        unacknowledged=_field(raw, _UNACKNOWLEDGED),
    )


def _field(raw: bytes, place: tuple[int, str]) -> int:
    offset, layout = place
    value: int = struct.unpack_from(layout, raw, offset)[0]
    return value
