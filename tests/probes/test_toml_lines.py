from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.toml_lines import line_of

TEXT = '''\
name = "One"          # line 1
"odd key" = 1
short = ["a", "b"]
long = [
    "a",              # line 5
    # a remark with a ] in it

    "b",
    [1,
        2],           # line 10
]
note = """
[components]
name = "not a key"
"""                   # line 15
[aliases]
en = ["x"]
inline = { a = 1, b = ["y"] }
dotted.key = 2
[[components]]        # line 20
id = "web"
[[components]]
id = "chat"
endpoints = [
    "tcp://a:1",      # line 25
]
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 1),
        (("odd key",), 2),
        (("short",), 3),
        (("short", 1), 3),
        (("long",), 4),
        (("long", 0), 5),
        (("long", 1), 8),
        (("long", 2), 9),
        (("long", 2, 1), 10),
        (("note",), 15),
        (("aliases",), 16),
        (("aliases", "en", 0), 17),
        (("aliases", "inline", "b", 0), 18),
        (("aliases", "dotted", "key"), 19),
        (("components",), 20),
        (("components", 0, "id"), 21),
        (("components", 1), 22),
        (("components", 1, "id"), 23),
        (("components", 1, "endpoints", 0), 25),
    ],
)
def test_a_value_is_found_in_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, path) == line


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("absent",), 1),
        (("aliases", "absent"), 16),
        (("components", 0, "endpoints"), 20),
        (("components", 7), 20),
        (("components", "id"), 20),
        (("name", "deeper"), 1),
    ],
)
def test_what_is_absent_is_placed_where_it_belongs(path: tuple[str | int, ...], line: int) -> None:
    assert line_of(TEXT, path) == line


def test_an_empty_text_has_one_line() -> None:
    assert line_of("", ("name",)) == 1


def test_a_long_text_is_searched_quickly() -> None:
    text = "".join(f"key{number} = [\n  {number},\n]\n" for number in range(1000))

    assert line_of(text, ("key700", 0)) == 3 * 700 + 2


@given(st.lists(st.sampled_from(["a = 1", "b = [", "]", "1,", '"""', 'c = """', "[t]", "[[u]]", "d.e = 2", "# ]", ""])))
def test_every_value_of_any_text_stands_in_one_of_its_lines(lines: list[str]) -> None:
    text = "\n".join(lines)
    try:
        document = tomllib.loads(text)
    except ValueError:
        return

    for key in document:
        assert 1 <= line_of(text, (key,)) <= len(lines)
