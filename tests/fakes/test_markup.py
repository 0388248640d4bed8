"""Telegram's HTML, tag by tag."""

import html
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.telegram.errors import ApiError
from tests.fakes.telegram.markup import parse_html
from tests.fakes.telegram.text import utf16_length


@pytest.mark.parametrize(
    ("tag", "kind"),
    [
        ("b", "bold"),
        ("strong", "bold"),
        ("i", "italic"),
        ("em", "italic"),
        ("u", "underline"),
        ("ins", "underline"),
        ("s", "strikethrough"),
        ("strike", "strikethrough"),
        ("del", "strikethrough"),
        ("code", "code"),
        ("pre", "pre"),
        ("blockquote", "blockquote"),
        ("tg-spoiler", "spoiler"),
        ("B", "bold"),
    ],
)
def test_a_simple_tag_becomes_its_entity(tag: str, kind: str) -> None:
    parsed = parse_html(f"a<{tag}>bc</{tag}>d")
    assert parsed.text == "abcd"
    assert parsed.entities == [{"type": kind, "offset": 1, "length": 2}]


@pytest.mark.parametrize(
    ("source", "entity"),
    [
        ('<a href="https://ooni.org">x</a>', {"type": "text_link", "url": "https://ooni.org/"}),
        ("<a href='https://ooni.org/a?b=1&amp;c=2'>x</a>", {"type": "text_link", "url": "https://ooni.org/a?b=1&c=2"}),
        ('<a href="ooni.org/x">x</a>', {"type": "text_link", "url": "http://ooni.org/x"}),
        ('<span class="tg-spoiler">x</span>', {"type": "spoiler"}),
        ("<blockquote expandable>x</blockquote>", {"type": "expandable_blockquote"}),
        ('<pre><code class="language-json">x</code></pre>', {"type": "pre", "language": "json"}),
        ('<code class="language-json">x</code>', {"type": "code"}),
        ('<tg-emoji emoji-id="5368">x</tg-emoji>', {"type": "custom_emoji", "custom_emoji_id": "5368"}),
        (
            '<tg-time unix="1647531900" format="wDT">x</tg-time>',
            {"type": "date_time", "unix_time": 1647531900, "date_time_format": "wDT"},
        ),
        ('<tg-time unix="1647531900">x</tg-time>', {"type": "date_time", "unix_time": 1647531900}),
    ],
)
def test_attributes_are_kept_in_the_entity(source: str, entity: dict[str, Any]) -> None:
    assert parse_html(source).entities == [{"offset": 0, "length": 1, **entity}]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("é<p>x</p>", 'Unsupported start tag "p" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x", "Can't find end tag corresponding to start tag b"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<br/>", 'Unsupported start tag "br/" at byte offset 0'),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a =x>y</a>", 'Empty attribute name in the tag "a" at byte offset 0'),
        ("<a href=a/b>x</a>", "Unexpected end of name token at byte offset 8"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "Invalid custom emoji identifier specified"),
        ('<tg-time unix="x">y</tg-time>', "Invalid date-time unix timestamp specified"),
        ('<tg-time unix="1" format="Y">y</tg-time>', "Invalid date-time format specified"),
        ("&#xd83d;", "Text contains invalid Unicode characters after decoding HTML entities, "),
    ],
)
def test_broken_markup_is_refused_and_the_place_named(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        parse_html(source)
    assert refusal.value.code == 400
    assert refusal.value.description.startswith(f"Bad Request: can't parse entities: {reason}")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("&lt;&gt;&amp;&quot;", '<>&"'),
        ("&#39;&#x41;&#65", "'AA"),
        ("&nbsp;&copy; a & b &", "&nbsp;&copy; a & b &"),
        ("&#0;&#x110000;", "&#0;&#x110000;"),
        ("&#xd83d;&#xde00;", "😀"),
    ],
)
def test_only_four_names_and_numbers_are_references(source: str, text: str) -> None:
    assert parse_html(source).text == text


def test_offsets_count_utf16_units() -> None:
    parsed = parse_html("😀é<b>😀x</b>")
    assert parsed.entities == [{"type": "bold", "offset": 3, "length": 3}]


def test_nested_entities_come_outermost_first() -> None:
    parsed = parse_html("<b>a<i>b</i></b>")
    assert [entity["type"] for entity in parsed.entities] == ["bold", "italic"]


@pytest.mark.parametrize("source", ["<code>a<b>b</b></code>", "<pre><i>a</i>b</pre>"])
def test_nothing_is_formatted_inside_code(source: str) -> None:
    assert [entity["type"] for entity in parse_html(source).entities] in (["code"], ["pre"])


def test_a_link_that_is_none_vanishes_without_an_error() -> None:
    assert parse_html('<a href="nowhere">x</a>').entities == []


def test_a_link_to_a_known_person_is_a_mention() -> None:
    user = {"id": 7, "is_bot": False, "first_name": "Amina"}
    parsed = parse_html('<a href="tg://user?id=7">x</a><a href="tg://user?id=8">y</a>', {7: user}.get)
    assert parsed.entities == [{"type": "text_mention", "offset": 0, "length": 1, "user": user}]


def test_an_empty_tag_leaves_no_entity() -> None:
    assert parse_html("a<b></b>").entities == []


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_whatever_is_escaped_comes_out_as_it_was(text: str) -> None:
    parsed = parse_html(f"<b>{html.escape(text)}</b>")
    assert parsed.text == text
    assert parsed.entities == ([{"type": "bold", "offset": 0, "length": utf16_length(text)}] if text else [])


@given(st.text("<>/ab &;=\"'#x1", max_size=30))
def test_any_other_text_is_parsed_or_refused(text: str) -> None:
    with suppress(ApiError):
        assert "<" not in parse_html(text).text or "&" in text
