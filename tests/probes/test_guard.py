from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.guard import PUBLIC, PUBLIC_ANY_PORT, Forbidden, Guard

ROOT = Path(__file__).parents[2]
GLOBAL_V4 = [
    "1.1.1.1",
    "8.8.8.8",
    "157.240.1.35",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "198.20.0.1",
    "223.255.255.255",
]
GLOBAL_V6 = ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "2001:200::1", "3ffe::1"]
GLOBAL_INSIDE = ["::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1", "2001:0:4136:e378:8000:63bf:f7f7:f7f7"]
NOT_PUBLIC = [
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.255"),
    *("168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1"),
    *("192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "::2", "::8.8.8.8", "::7f00:1", "fc00::1", "fdff::1", "fe80::1", "fec0::1", "ff02::1", "100::1"),
    *("2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "5f00::1", "4000::1", "64:ff9b:1::1"),
]
PRIVATE_INSIDE = [
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b:1::8.8.8.8", "64:ff9b:1:808:8:800::", "2002:7f00:1::1", "2002:c0a8:101::", "2002:a00:1::1"),
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo, client 10.0.0.1
    "2001:0:a00:1:8000:63bf:3fff:fdd2",  # Teredo, server 10.0.0.1
]
NO_ADDRESSES = [
    "",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "1.1.1.1 ",
    "[::1]",
    "１.1.1.1",
    "8.8.8.8/32",
]
ZONED = ["fe80::1%eth0", "2606:4700::1%1", "::1%lo", "::ffff:8.8.8.8%eth0"]


@pytest.mark.parametrize("address", GLOBAL_V4 + GLOBAL_V6 + GLOBAL_INSIDE)
def test_global_addresses_pass(address: str) -> None:
    PUBLIC.check(address, 443)
    assert PUBLIC_ANY_PORT.permits(address, 5222)


@pytest.mark.parametrize("address", NOT_PUBLIC + PRIVATE_INSIDE + NO_ADDRESSES + ZONED)
def test_everything_else_is_refused_with_one_sentence(address: str) -> None:
    for guard in (PUBLIC, PUBLIC_ANY_PORT):
        assert not guard.permits(address, 443)
        with pytest.raises(Forbidden, match=r"^[^\n]+\.$"):
            guard.check(address, 443)


@pytest.mark.parametrize("port", [-1, 0, 22, 25, 81, 444, 5222, 8080, 65536])
def test_hosts_that_people_type_get_the_web_ports_alone(port: int) -> None:
    with pytest.raises(Forbidden, match=rf"^Port {port} is not contacted; only 80 and 443 are\.$"):
        PUBLIC.check("1.1.1.1", port)


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_no_guard_lets_an_impossible_port_pass(port: int) -> None:
    assert not PUBLIC_ANY_PORT.permits("1.1.1.1", port)


def test_the_refusal_says_which_address_is_hidden_inside() -> None:
    with pytest.raises(Forbidden, match=r"another form of 10\.0\.0\.1, which is a private network"):
        PUBLIC.check("64:ff9b::10.0.0.1", 443)


def test_a_lab_opens_its_own_network_and_nothing_else() -> None:
    lab = Guard(ports=None, extra_networks=("127.0.0.0/8", "::1/128"))
    assert lab.permits("127.0.0.1", 40000)
    assert lab.permits("::1", 40000)
    assert not lab.permits("10.0.0.1", 40000)
    assert not lab.permits("::ffff:127.0.0.1", 40000)


def test_no_code_but_the_tests_opens_a_network() -> None:
    sources = [path for folder in ("probes", "bot") for path in (ROOT / folder).rglob("*.py")]
    users = [str(path) for path in sources if re.search(r"extra_networks\s*=(?!=)", path.read_text(encoding="utf-8"))]
    assert users == []


def _forms(inner: IPv4Address) -> list[IPv6Address]:
    number, public = int(inner), int(IPv4Address("8.8.8.8"))
    inverted = number ^ 0xFFFFFFFF
    return [
        IPv6Address(number),
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x64FF9B0001 << 80) | number),
        IPv6Address((0x2002 << 112) | (number << 80) | 1),
        IPv6Address((0x20010000 << 96) | (public << 64) | inverted),
        IPv6Address((0x20010000 << 96) | (number << 64) | (public ^ 0xFFFFFFFF)),
    ]


@given(st.ip_addresses(v=4))
def test_no_form_of_an_ipv4_address_that_is_not_global_passes(inner: IPv4Address) -> None:
    if not PUBLIC.permits(str(inner), 443):
        assert [str(form) for form in _forms(inner) if PUBLIC.permits(str(form), 443)] == []


@given(st.ip_addresses(v=4))
def test_whatever_passes_is_global_for_the_standard_library_too(address: IPv4Address) -> None:
    if PUBLIC.permits(str(address), 443):
        assert address.is_global
        assert not address.is_multicast


@given(st.text(), st.integers())
def test_any_text_is_judged_without_an_accident(address: str, port: int) -> None:
    assert PUBLIC.permits(address, port) in {True, False}
