"""The kernel's own account of a TCP connection: Linux's TCP_INFO."""

from __future__ import annotations

import socket
import struct

from probes.observations import TcpInfo

# struct tcp_info of linux/tcp.h, which grew at its end only: tcpi_unacked at byte 24, tcpi_total_retrans at 100,
# tcpi_bytes_received at 128 (Linux 4.1), tcpi_min_rtt at 148 (Linux 4.6).
_FIELDS = struct.Struct("=24x I 72x I 24x Q 12x I")
_NO_SAMPLE = 0xFFFF_FFFF


def read_info(sock: socket.socket) -> TcpInfo | None:
    """Return Linux's TCP_INFO of an open socket, also after a reset; None where the kernel doesn't tell.

    `min_rtt_s` is 0 while nothing has been acknowledged, as after a connect that failed.
    """
    if not hasattr(socket, "TCP_INFO"):
        return None
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _FIELDS.size)
    except OSError:
        return None
    return _parse(raw)


def _parse(raw: bytes) -> TcpInfo | None:
    if len(raw) < _FIELDS.size:
        return None
    unacknowledged, retransmits, bytes_received, min_rtt_us = _FIELDS.unpack_from(raw)
    return TcpInfo(
        min_rtt_s=0.0 if min_rtt_us == _NO_SAMPLE else min_rtt_us / 1_000_000,
        bytes_received=bytes_received,
        retransmits=retransmits,
        unacknowledged=unacknowledged,
    )
