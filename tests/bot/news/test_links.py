"""Links come out clean, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news.links import MOST_CHARACTERS, story_link

BASE = "https://www.example.org/news/feed.xml"


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("https://example.org/a?utm_source=rss&utm_medium=x", "https://example.org/a"),
        ("https://example.org/a?id=7&fbclid=x&page=2#part", "https://example.org/a?id=7&page=2"),
        ("https://www.rfi.fr/fr/a?xtor=RSS-1", "https://www.rfi.fr/fr/a"),
        ("https://example.org/a?at_medium=RSS&from=rss&ref=home", "https://example.org/a?ref=home"),
        ("https://example.org/?p=123", "https://example.org/?p=123"),
        ("HTTP://Example.ORG:80", "http://example.org/"),
        ("/a", "https://www.example.org/a"),
        ("a", "https://www.example.org/news/a"),
        ("//other.example.org/a", "https://other.example.org/a"),
        ("?id=1", "https://www.example.org/news/feed.xml?id=1"),
        (" https://example.org/a\n", "https://example.org/a"),
        ("https://пример.рф/новость", "https://xn--e1afmkfd.xn--p1ai/%D0%BD%D0%BE%D0%B2%D0%BE%D1%81%D1%82%D1%8C"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
    ],
)
def test_links_are_whole_and_without_trackers(link: str, shown: str) -> None:
    assert story_link(link, BASE) == shown


@pytest.mark.parametrize(
    "link",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,hello",
        "mailto:a@example.org",
        "tg://resolve?domain=x",
        "ftp://example.org/a",
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://localhost/",
        "http://2130706433/",
        "https://user@example.org/",
        "https://example.org:8443/",
        "http://[broken",
        "https://example.org/" + "a" * MOST_CHARACTERS,
    ],
)
def test_what_leads_elsewhere_than_to_the_public_web_is_no_link(link: str) -> None:
    assert story_link(link, BASE) is None


@given(st.text(max_size=100))
def test_any_text_gives_a_clean_link_or_none(link: str) -> None:
    shown = story_link(link, BASE)
    assert shown is None or (shown.startswith(("http://", "https://")) and shown.isascii() and " " not in shown)
    assert shown is None or story_link(shown, BASE) == shown
