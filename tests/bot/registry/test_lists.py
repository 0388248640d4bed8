"""What the lists hold becomes names that a host can be looked up by; anything odd is passed over."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.registry.lists import LISTS, candidates, normal
from bot.store import RegistryEntry


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("example.org", "example.org"),
        (" Example.ORG. ", "example.org"),
        ("*.example.org", "*.example.org"),
        ("кремль.рф", "xn--e1ajeds9e.xn--p1ai"),
        ("*.кремль.рф", "*.xn--e1ajeds9e.xn--p1ai"),
        ("a_b.example.org", "a_b.example.org"),
        ("192.0.2.1", "192.0.2.1"),
        ("", None),
        ("localhost", None),
        ("http://example.org/", None),
        ("example.org/page", None),
        ("two words.example", None),
        ("a." * 200 + "example", None),
        ("кремль..рф", None),
    ],
)
def test_a_name_is_compared_in_one_form(written: str, name: str | None) -> None:
    assert normal(written) == name


@given(st.text())
def test_no_name_is_too_strange(text: str) -> None:
    name = normal(text)
    assert name is None or normal(name) == name
    candidates(text)


def test_a_host_is_looked_up_by_its_own_name_and_those_above_it() -> None:
    assert candidates("www.example.org") == ("www.example.org", "example.org", "*.example.org")
    assert candidates("forum.example.org") == (
        "forum.example.org",
        "www.forum.example.org",
        "*.forum.example.org",
        "*.example.org",
        "example.org",
    )
    assert candidates("nonsense") == ()


@pytest.mark.parametrize(
    ("list_", "element", "entries"),
    [
        ("dpi", {"domains": ["a.example", 7, "no name"], "name": "A"}, [RegistryEntry("a.example")]),
        ("dpi", {"domains": None}, []),
        ("dpi", "a.example", []),
        ("domains", "A.example", [RegistryEntry("a.example")]),
        ("domains", {"domains": ["a.example"]}, []),
        (
            "snapshot",
            {
                "appearDate": "2022-03-04",
                "authority": "Генпрокуратура",
                "domains": ["a.example", "b.example"],
                "ips": [],
            },
            [
                RegistryEntry("a.example", "2022-03-04", "Генпрокуратура"),
                RegistryEntry("b.example", "2022-03-04", "Генпрокуратура"),
            ],
        ),
        (
            "snapshot",
            {"appearDate": "04.03.2022", "authority": {"name": "Roskomnadzor"}, "domains": ["a.example"]},
            [RegistryEntry("a.example", "2022-03-04", "Roskomnadzor")],
        ),
        (
            "snapshot",
            {"appearDate": "2022-03-04T00:00:00+03:00", "authority": " x\n\ty ", "domains": ["a.example"]},
            [RegistryEntry("a.example", "2022-03-04", "x y")],
        ),
        ("snapshot", {"appearDate": 5, "authority": 7, "domains": ["a.example"]}, [RegistryEntry("a.example")]),
        ("snapshot", {"appearDate": "2022-03-04", "ips": ["192.0.2.1"]}, []),
        ("snapshot", [], []),
    ],
)
def test_an_element_is_read_as_its_list_has_it(list_: str, element: object, entries: list[RegistryEntry]) -> None:
    assert list(LISTS[list_].read(element)) == entries
