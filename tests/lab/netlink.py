"""Just enough rtnetlink (rtnetlink(7)): links, addresses, routes and veth pairs of one network namespace."""

import ipaddress
import os
import socket
import struct

# <linux/rtnetlink.h>, <linux/if_link.h>, <linux/if_addr.h>, <linux/netlink.h>
_NEWLINK, _NEWADDR, _DELADDR, _NEWROUTE, _DELROUTE = 16, 20, 21, 24, 25
_REQUEST, _ACK, _REPLACE, _EXCL, _CREATE = 0x1, 0x4, 0x100, 0x200, 0x400
_ERROR = 2
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_TXQLEN, _IFLA_LINKINFO, _IFLA_AF_SPEC, _IFLA_NET_NS_FD = (
    1, 3, 4, 13, 18, 26, 28,
)  # fmt: skip
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER, _IFLA_INET6_ADDR_GEN_MODE = 1, 2, 1, 8
_IFA_ADDRESS, _IFA_LOCAL, _IFA_F_NODAD = 1, 2, 0x2
_RTA_DST, _RTA_OIF = 1, 4
_RT_TABLE_MAIN, _RTPROT_STATIC, _RTN_UNICAST, _RTN_LOCAL = 254, 4, 1, 2
_SCOPE_UNIVERSE, _SCOPE_HOST = 0, 254
_IFF_UP, _IFF_NOARP = 0x1, 0x80
_ADDR_GEN_MODE_NONE = 1

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBi")
_ROUTE = struct.Struct("=BBBBBBBBI")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Netlink:
    """A request socket of the network namespace in which it was opened, wherever its owner moves afterwards.

    Every method raises OSError with the kernel's errno.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        self._socket.bind((0, 0))
        self._sequence = 0

    def bring_up(self, index: int, *, arp: bool = True, mtu: int = 0, queue: int = 0) -> None:
        """Raise the link, without a link-local address of its own; `queue` is in packets."""
        mode = _nested(_IFLA_INET6_ADDR_GEN_MODE, struct.pack("=B", _ADDR_GEN_MODE_NONE))
        unnumbered = _nested(_IFLA_AF_SPEC, _nested(socket.AF_INET6, mode))
        self._request(_NEWLINK, 0, _LINK.pack(0, 0, index, 0, 0) + unnumbered)
        flags = _IFF_UP | (0 if arp else _IFF_NOARP)
        body = _LINK.pack(0, 0, index, flags, _IFF_UP | _IFF_NOARP)
        body += _nested(_IFLA_MTU, struct.pack("=I", mtu)) if mtu else b""
        body += _nested(_IFLA_TXQLEN, struct.pack("=I", queue)) if queue else b""
        self._request(_NEWLINK, 0, body)

    def add_veth(self, name: str, mac: bytes, peer: str, peer_mac: bytes, peer_namespace: int) -> None:
        """Create a pair of links, the peer in the network namespace behind a descriptor."""
        other = _LINK.pack(0, 0, 0, 0, 0) + _text(_IFLA_IFNAME, peer) + _nested(_IFLA_ADDRESS, peer_mac)
        other += _nested(_IFLA_NET_NS_FD, struct.pack("=i", peer_namespace))
        info = _text(_IFLA_INFO_KIND, "veth") + _nested(_IFLA_INFO_DATA, _nested(_VETH_INFO_PEER, other))
        body = _LINK.pack(0, 0, 0, 0, 0) + _text(_IFLA_IFNAME, name) + _nested(_IFLA_ADDRESS, mac)
        self._request(_NEWLINK, _CREATE | _EXCL, body + _nested(_IFLA_LINKINFO, info))

    def add_address(self, index: int, address: Address) -> None:
        """Give the link this one address (no network behind it), at once usable."""
        self._request(_NEWADDR, _CREATE | _REPLACE, _address(index, address))

    def remove_address(self, index: int, address: Address) -> None:
        self._request(_DELADDR, 0, _address(index, address))

    def add_route(self, index: int, network: Network) -> None:
        self._request(_NEWROUTE, _CREATE | _REPLACE, _route(index, network, _RTN_UNICAST))

    def remove_route(self, index: int, network: Network) -> None:
        self._request(_DELROUTE, 0, _route(index, network, _RTN_UNICAST))

    def add_local(self, index: int, address: Address) -> None:
        """Let this host own the address without assigning it ("AnyIP"): a `local` route.

        It lies in table main: from table local, IPv6 replies vanish.
        """
        self._request(_NEWROUTE, _CREATE | _REPLACE, _route(index, ipaddress.ip_network(address), _RTN_LOCAL))

    def remove_local(self, index: int, address: Address) -> None:
        self._request(_DELROUTE, 0, _route(index, ipaddress.ip_network(address), _RTN_LOCAL))

    def _request(self, kind: int, flags: int, body: bytes) -> None:
        self._sequence += 1
        length = _HEADER.size + len(body)
        self._socket.send(_HEADER.pack(length, kind, _REQUEST | _ACK | flags, self._sequence, 0) + body)
        answer = self._socket.recv(65536)
        _, answered, _, sequence, _ = _HEADER.unpack_from(answer)
        (code,) = struct.unpack_from("=i", answer, _HEADER.size)
        if answered != _ERROR or sequence != self._sequence:
            raise OSError(f"unexpected netlink message {answered}")
        if code != 0:
            raise OSError(-code, f"netlink: {os.strerror(-code)}")


def _family(version: int) -> int:
    return socket.AF_INET if version == 4 else socket.AF_INET6


def _address(index: int, address: Address) -> bytes:
    head = _ADDRESS.pack(_family(address.version), address.max_prefixlen, _IFA_F_NODAD, _SCOPE_UNIVERSE, index)
    return head + _nested(_IFA_LOCAL, address.packed) + _nested(_IFA_ADDRESS, address.packed)


def _route(index: int, network: Network, kind: int) -> bytes:
    scope = _SCOPE_HOST if kind == _RTN_LOCAL else _SCOPE_UNIVERSE
    family = _family(network.version)
    head = _ROUTE.pack(family, network.prefixlen, 0, 0, _RT_TABLE_MAIN, _RTPROT_STATIC, scope, kind, 0)
    return head + _nested(_RTA_DST, network.network_address.packed) + _nested(_RTA_OIF, struct.pack("=i", index))


def _nested(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def _text(kind: int, text: str) -> bytes:
    return _nested(kind, text.encode() + b"\0")
