"""The two ends of the middlebox's path: a TUN device in each namespace, or veth pairs where TUN is closed to us.

Either way the forwarder reads and writes whole IP packets with complete checksums.
"""

import contextlib
import ctypes
import fcntl
import functools
import os
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.lab import kernel
from tests.lab.netlink import Netlink

DEVICE = "inet0"  # the uplink's name in each namespace
MTU_BYTES = 1500
_MOST_BYTES = 2048  # in one read: more than a packet can have
_QUEUE_PACKETS = 10_000

# <linux/if_tun.h>, <linux/sockios.h>, <linux/ethtool.h>, <linux/if_packet.h>, <linux/if_ether.h>
_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x1, 0x1000
_SIOCETHTOOL = 0x8946
_ETHTOOL_OFF = {"checksum": 0x17, "scatter-gather": 0x19, "segmentation": 0x1F, "generic segmentation": 0x24}
_SOL_PACKET, _PACKET_IGNORE_OUTGOING = 263, 23
_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD


@dataclass(frozen=True, slots=True)
class Link:
    """One end of the path. `receive` raises BlockingIOError when nothing waits."""

    descriptor: int
    receive: Callable[[], bytes]
    send: Callable[[bytes], object]


def tun_is_open() -> bool:
    """Tell whether this user may make TUN devices."""
    return os.access("/dev/net/tun", os.R_OK | os.W_OK)


def open_tun(netlink: Netlink) -> tuple[Link, int]:
    """Create the uplink as a TUN device of the caller's network namespace; it goes when the descriptor closes."""
    # The device appears in the namespace of the open(), not of the ioctl().
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
    index = socket.if_nametoindex(DEVICE)
    netlink.bring_up(index, mtu=MTU_BYTES, queue=_QUEUE_PACKETS)
    receive = functools.partial(os.read, descriptor, _MOST_BYTES)
    return Link(descriptor, receive, functools.partial(os.write, descriptor)), index


def open_veth(netlink: Netlink, side: int, middle: int) -> tuple[Link, int]:
    """Create the uplink as one end of a veth pair, the other end in the namespace `middle`, read through AF_PACKET.

    The two ends know no ARP, so a packet carries its sender's own MAC address and the stack in the middle ignores it.
    """
    near, far = bytes((2, 0, 0, 0, side, 1)), bytes((2, 0, 0, 0, side, 2))
    far_name = f"side{side}"
    netlink.add_veth(DEVICE, near, far_name, far, middle)
    index = socket.if_nametoindex(DEVICE)
    _switch_offloads_off(DEVICE)
    netlink.bring_up(index, arp=False, mtu=MTU_BYTES, queue=_QUEUE_PACKETS)
    home = kernel.namespace_descriptor("net")
    try:
        kernel.setns(middle, kernel.CLONE_NEWNET)
        link = _open_packet_socket(far_name, near)
    finally:
        kernel.setns(home, kernel.CLONE_NEWNET)
        os.close(home)
    return link, index


def _open_packet_socket(name: str, peer: bytes) -> Link:
    index = socket.if_nametoindex(name)
    for family in ("ipv4", "ipv6"):
        kernel.set_sysctl(f"net/{family}/conf/{name}/forwarding", "0")
    Netlink().bring_up(index, arp=False, mtu=MTU_BYTES, queue=_QUEUE_PACKETS)
    packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    packets.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        packets.setsockopt(socket.SOL_SOCKET, option, 8 << 20)
    packets.bind((name, _ETH_P_ALL))
    to_v4, to_v6 = (name, _ETH_P_IP, 0, 0, peer), (name, _ETH_P_IPV6, 0, 0, peer)

    def send(packet: bytes) -> None:
        packets.sendto(packet, to_v4 if packet[0] >> 4 == 4 else to_v6)

    return Link(packets.fileno(), functools.partial(packets.recv, _MOST_BYTES), send)


def _switch_offloads_off(name: str) -> None:
    """Have the kernel finish checksums and segments itself: a raw reader sees packets before any hardware would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in _ETHTOOL_OFF.values():
            value = ctypes.create_string_buffer(struct.pack("=II", command, 0))
            request = struct.pack("16sP16x", name.encode(), ctypes.addressof(value))
            with contextlib.suppress(OSError):  # an offload that this kernel never had
                fcntl.ioctl(control, _SIOCETHTOOL, request)


def tune_stack() -> None:
    """Make the namespace's TCP forget what earlier connections taught it, and keep up with thousands of probes."""
    for name, value in {
        "net/ipv4/tcp_no_metrics_save": "1",
        "net/ipv4/tcp_max_tw_buckets": "0",
        "net/ipv4/ip_local_port_range": "10240 65000",
        "net/ipv4/ip_nonlocal_bind": "1",  # servers bind to addresses that exist as routes only
        "net/ipv6/ip_nonlocal_bind": "1",
        "net/ipv4/icmp_ratelimit": "0",
        "net/ipv6/icmp/ratelimit": "0",
    }.items():
        if Path("/proc/sys", name).exists():
            kernel.set_sysctl(name, value)
