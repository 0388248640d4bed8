"""An array is read in whatever pieces it arrives, and what is none is refused in one line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.registry.elements import ElementError, Elements

VALUES = st.recursive(
    st.text() | st.dictionaries(st.text(), st.text() | st.integers() | st.none() | st.booleans()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).filter(lambda value: isinstance(value, str | dict | list))


def read(*pieces: bytes, **limits: Any) -> list[object]:
    elements = Elements(**limits)
    found = [element for piece in pieces for element in elements.feed(piece)]
    elements.close()
    return found


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@settings(max_examples=50, deadline=None)
@given(st.lists(VALUES), st.integers(1, 50), st.booleans(), st.sampled_from([None, 1]))
def test_an_array_is_read_in_whatever_pieces_it_arrives(
    values: list[Any], size: int, escaped: bool, indent: int | None
) -> None:
    data = json.dumps(values, ensure_ascii=escaped, indent=indent).encode(
        errors="surrogatepass" if escaped else "replace"
    )
    assert read(*cut(data, size)) == json.loads(data)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_arrays_by_date_are_read_one_after_the_other(size: int) -> None:
    data = b' {"2026-11-22" : [{"a": 1}, "b"], "2026-11-23": [], "2026-11-24": [["c"]] } \n'
    assert read(*cut(data, size)) == [{"a": 1}, "b", ["c"]]


def test_elements_come_out_as_soon_as_they_are_complete() -> None:
    elements = Elements()
    assert elements.feed(b'["a.exam') == []
    assert elements.feed(b'ple", "b') == ["a.example"]
    assert elements.feed(b'"]') == ["b"]


@pytest.mark.parametrize("data", [b"[]", b" [ ] \n", b"\xef\xbb\xbf[]"])
def test_an_empty_array_has_no_elements(data: bytes) -> None:
    assert read(data) == []


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", "cut short"),
        (b"  ", "cut short"),
        (b'["a", "b"', "cut short"),
        (b'["a", "b', "cut short"),
        (b'["a", nonsense]', "cut short"),
        (b"<!doctype html><html>", "not a JSON array, but '<!doctype html><html>'"),
        (b'{"error": "busy"}', 'not a JSON array, but \'{"error": "busy"}\''),
        (b"{}", "not a JSON array, but '{}'"),
        (b'{"' + b"x" * 2000, "not a JSON array, but '{\"" + "x" * 58 + "'"),
        (b'{"2026-11-23": ["a"]', "cut short"),
        (b'{"2026-11-23": ["a"], "2026-11-24": "b"}', "cut short"),
        (b'{"2026-11-23": ["a"]} "b"', "with something behind its end"),
        (b'["a"] "b"', "with something behind its end"),
        (b'["\xff"]', "not in UTF-8"),
        (b'[{"a": ' + b"1" * 5000 + b"}]", "with a number that is too long"),
        (b'[{"a": ' + b"1" * 5000, "with a number that is too long"),
    ],
)
def test_what_is_no_whole_array_is_refused(data: bytes, error: str) -> None:
    with pytest.raises(ElementError) as caught:
        read(data)
    assert str(caught.value) == error


@pytest.mark.parametrize("data", [b'["' + b"x" * 2000, b"[" * 2000, b'["a", broken, "b", "' + b"c" * 2000])
def test_what_never_ends_is_not_waited_for(data: bytes) -> None:
    with pytest.raises(ElementError, match="too long"):
        read(*cut(data, 100), most_characters=1000)


def test_depth_is_no_danger() -> None:
    with pytest.raises(ElementError):
        read(b"[" * 200_000)
