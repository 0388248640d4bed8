"""The two hosts of a lab, built inside its namespaces: the client's, and the internet's that owns all addresses."""

import ipaddress
import signal
import socket
from pathlib import Path

from tests.lab import kernel, links
from tests.lab.links import Link
from tests.lab.namespaces import Namespaces
from tests.lab.netlink import Address, Netlink

CLIENT_IPV4 = ipaddress.IPv4Address("130.192.91.211")
# Not a ULA: glibc would sort IPv4 before it (RFC 6724 §2.1).
CLIENT_IPV6 = ipaddress.IPv6Address("2001:db8:91:211::2")
# The directory that a lab brings along has these, to be seen in place of /etc's.
REPLACED_IN_ETC = ("resolv.conf", "nsswitch.conf")
# glibc asks this service of the machine, outside the lab, before anything else.
_NAME_CACHE = Path("/run/nscd")
_EVERYWHERE = {4: ipaddress.ip_network("0.0.0.0/0"), 6: ipaddress.ip_network("::/0")}


class Hosts:
    """The hosts' uplinks, the client's namespaces, and what can be changed about them while they run."""

    def __init__(self, files: Path, *, use_tun: bool) -> None:
        """Build both hosts; leave the caller, which is the first process inside, on the internet's. Raises OSError."""
        _become_first_process()
        _mount(files)
        middle = -1 if use_tun else kernel.namespace_descriptor("net")
        kernel.unshare(0 if use_tun else kernel.CLONE_NEWNET)
        self._client = Netlink()
        self.client_link, self._client_index = _connect(self._client, 1, middle)
        self._add_client_address(CLIENT_IPV4)
        self._has_ipv6 = False
        self.namespaces = Namespaces(*map(kernel.namespace_descriptor, ("user", "pid", "net", "mnt")))
        kernel.unshare(kernel.CLONE_NEWNET)
        self._internet = Netlink()
        self.internet_link, index = _connect(self._internet, 2, middle)
        for network in _EVERYWHERE.values():
            self._internet.add_route(index, network)
        self._loopback = socket.if_nametoindex("lo")
        self._addresses: frozenset[str] = frozenset()

    def set_ipv6(self, wanted: bool) -> None:
        """Give the client host an IPv6 address and route, or take them away."""
        if wanted and not self._has_ipv6:
            self._add_client_address(CLIENT_IPV6)
        if not wanted and self._has_ipv6:
            self._client.remove_route(self._client_index, _EVERYWHERE[6])
            self._client.remove_address(self._client_index, CLIENT_IPV6)
        self._has_ipv6 = wanted

    def set_addresses(self, wanted: frozenset[str]) -> None:
        """Let the internet own exactly these addresses; whatever is sent elsewhere vanishes."""
        for address in self._addresses - wanted:
            self._internet.remove_local(self._loopback, ipaddress.ip_address(address))
        for address in wanted - self._addresses:
            self._internet.add_local(self._loopback, ipaddress.ip_address(address))
        self._addresses = wanted

    def _add_client_address(self, address: Address) -> None:
        self._client.add_address(self._client_index, address)
        self._client.add_route(self._client_index, _EVERYWHERE[address.version])


def _become_first_process() -> None:
    kernel.die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what commands leave behind ends up here: let the kernel reap it
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGCHLD})


def _mount(files: Path) -> None:
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_SLAVE)
    for name in REPLACED_IN_ETC:
        target = Path("/etc", name).resolve()
        if target.exists():
            kernel.mount(str(files / name), str(target), flags=kernel.MS_BIND)
    if _NAME_CACHE.is_dir():
        kernel.mount("none", str(_NAME_CACHE), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV)
    try:
        kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    except OSError:
        return  # a container that hides parts of /proc forbids a fresh one; the outer one serves as well


def _connect(netlink: Netlink, side: int, middle: int) -> tuple[Link, int]:
    links.tune_stack()
    netlink.bring_up(socket.if_nametoindex("lo"))
    return links.open_tun(netlink) if middle < 0 else links.open_veth(netlink, side, middle)
