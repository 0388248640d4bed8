from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.resolvconf import parse, system_resolvers

if TYPE_CHECKING:
    from pathlib import Path

THIS_HOST = ("127.0.0.1",)


@pytest.mark.parametrize(
    ("text", "resolvers"),
    [
        ("nameserver 192.0.2.1\n", ("192.0.2.1",)),
        (
            "search example.org\nnameserver\t192.0.2.1  \noptions edns0\nnameserver 2001:db8::1",
            ("192.0.2.1", "2001:db8::1"),
        ),
        ("nameserver fe80::1%eth0\n", ("fe80::1%eth0",)),
        ("nameserver 192.0.2.1 # the router\r\n; nameserver 192.0.2.2\r\n# nameserver 192.0.2.3\r\n", ("192.0.2.1",)),
        ("nameserver 192.0.2.1\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n", ("192.0.2.1", "192.0.2.2")),
        ("".join(f"nameserver 192.0.2.{n}\n" for n in range(1, 6)), ("192.0.2.1", "192.0.2.2", "192.0.2.3")),
        (
            "nameserver dns.example\nnameserver\nnameservers 192.0.2.1\nnameserver 192.0.2.2.\nnameserver 192.0.2.9",
            ("192.0.2.9",),
        ),
        ("nameserver192.0.2.1\n", THIS_HOST),
        ("", THIS_HOST),
    ],
)
def test_the_resolvers_are_those_that_the_c_library_would_ask(text: str, resolvers: tuple[str, ...]) -> None:
    assert parse(text) == resolvers


def test_a_file_is_read_with_its_junk(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_bytes(b"\xff\xfe\x00 junk\nnameserver 192.0.2.1\n")
    assert system_resolvers(path) == ("192.0.2.1",)


def test_this_host_is_asked_where_there_is_no_file(tmp_path: Path) -> None:
    assert system_resolvers(tmp_path / "missing") == THIS_HOST
    assert system_resolvers(tmp_path) == THIS_HOST


def test_no_more_of_a_file_is_read_than_is_sane(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("#" * 70_000 + "\nnameserver 192.0.2.1\n")
    assert system_resolvers(path) == THIS_HOST


@given(st.text() | st.lists(st.text()).map(lambda words: "\n".join(f"nameserver {word}" for word in words)))
def test_any_text_names_one_to_three_addresses(text: str) -> None:
    resolvers = parse(text)
    assert 1 <= len(resolvers) <= 3
    assert all(ip_address(resolver) for resolver in resolvers)
