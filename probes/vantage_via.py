"""Networks that stand between people's own and this host's: those of data centres and VPNs, and of proxies on the host.

Pure, from what vantage_networks.toml knows; how the host's network is found out is in `probes.vantage`.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def network_kind(asn: int) -> Literal["hosting", "vpn"] | None:
    """Say what kind of network an AS number stands for; None where it is not known, as of most."""
    if str(asn) in _known()["vpn"]:
        return "vpn"
    return "hosting" if str(asn) in _known()["hosting"] else None


def are_stand_ins(addresses: Iterable[str]) -> bool:
    """Tell whether some of a resolver's answers are from the range that proxies with "fake IP" hand out."""
    return any(_is_stand_in(address) for address in addresses)


def _is_stand_in(address: str) -> bool:
    try:
        return IPv4Address(address) in IPv4Network(_known()["stand_ins"])
    except AddressValueError:
        return False


@cache
def _known() -> Mapping[str, Any]:
    return tomllib.loads(resources.files("probes").joinpath("vantage_networks.toml").read_text(encoding="utf-8"))
