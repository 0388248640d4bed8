"""Feeds of every format are read, whatever is wrong with them, and nothing comes out that is not safe to show."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news import document
from bot.news.model import Entry, FeedError
from bot.news.parse import MOST_ENTRIES, MOST_SUMMARY, MOST_TITLE, plain, read
from tests.fakes.feed_server import item, rss

URL = "https://news.example.org/feed"
JANUARY = 1_767_225_600.0
XML = "application/xml"


def entry(title: str = "WhatsApp blocked", path: str = "/1", summary: str = "", at: float | None = JANUARY) -> Entry:
    return Entry(title=title, summary=summary, url=f"https://news.example.org{path}", published_at=at)


# --- formats ---------------------------------------------------------------------------------------------------------

RSS_2 = """<rss version="2.0"><channel><title>F</title><link>https://news.example.org/</link><item>
<title>WhatsApp blocked</title><link>https://news.example.org/1</link><pubDate>Thu, 01 Jan 2026 00:00:00 GMT</pubDate>
</item></channel></rss>"""
RSS_091 = """<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><title>F</title><item>
<title>WhatsApp blocked</title><link>https://news.example.org/1</link></item></channel></rss>"""
RSS_090 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/">
<channel><title>F</title></channel><item><title>WhatsApp blocked</title><link>https://news.example.org/1</link></item>
</rdf:RDF>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://x.example/"/>
<item rdf:about="https://news.example.org/1"><title>WhatsApp blocked</title><link>https://news.example.org/1</link>
<dc:date>2026-01-01T00:00:00Z</dc:date></item></rdf:RDF>"""
ATOM = """<?xml version="1.0" encoding="utf-8"?><!-- ours --><feed xmlns="http://www.w3.org/2005/Atom"><title>F</title>
<entry><title type="html">WhatsApp &lt;b&gt;blocked&lt;/b&gt;</title><link rel="alternate" href="/1"/>
<updated>2026-01-01T00:00:00Z</updated></entry></feed>"""


@pytest.mark.parametrize(
    ("text", "at"),
    [(RSS_2, JANUARY), (RSS_091, None), (RSS_090, None), (RDF, JANUARY), (ATOM, JANUARY)],
    ids=["RSS 2.0", "RSS 0.91", "RSS 0.90", "RDF", "Atom"],
)
def test_every_format_is_read(text: str, at: float | None) -> None:
    assert read(text.encode(), XML, URL) == [entry(at=at)]


# --- charsets --------------------------------------------------------------------------------------------------------

RUSSIAN = (
    '<?xml version="1.0" encoding="{}"?>'
    "<rss><channel><item><title>Заблокировали</title><link>/1</link></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("codec", "declared", "content_type"),
    [
        ("utf-8", "utf-8", "text/xml"),
        ("utf-8", "windows-1251", "text/xml; charset=iso-8859-1"),
        ("utf-8-sig", "utf-8", ""),
        ("windows-1251", "windows-1251", "text/xml"),
        ("windows-1251", "windows-1251", "text/xml; charset=utf-8"),
        ("windows-1251", "windows-1251", "text/xml; charset=ISO-8859-1"),
        ("windows-1251", "utf-8", "text/xml; charset=windows-1251"),
        ("koi8-r", "koi8-r", ""),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "utf-16", "text/xml; charset=utf-16"),
        ("utf-16-be", "utf-16", ""),
    ],
)
def test_a_text_is_read_in_the_charset_that_it_is_in(codec: str, declared: str, content_type: str) -> None:
    body = RUSSIAN.format(declared).encode(codec)
    assert [one.title for one in read(body, content_type, URL)] == ["Заблокировали"]


@pytest.mark.parametrize("charset", ["punycode", "zip", "unicode_escape", "none-such", "x" * 200])
def test_what_is_no_charset_is_not_believed(charset: str) -> None:
    body = RUSSIAN.format(charset).encode() + b"<!-- \xff -->"
    assert [one.title for one in read(body, f"text/xml; charset={charset}", URL)] == ["Заблокировали"]


def test_a_character_cut_in_two_costs_nothing_else() -> None:
    assert document.decoded("Заблокировали".encode()[:-1], "") == "Заблокировал"


@given(st.binary(max_size=200), st.text(max_size=40))
def test_any_bytes_decode(body: bytes, content_type: str) -> None:
    assert isinstance(document.decoded(body, content_type), str)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_feed_or_an_error(body: bytes) -> None:
    for text in (body, b"<rss><channel><item><title>" + body):
        with suppress(FeedError):
            read(text, "", URL)


# --- what is no feed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "page",
    [
        "<!DOCTYPE html><html><head><title>Доступ ограничен</title></head><body>...</body></html>",
        '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        "<html><body><rss><channel><item><title>a</title></item></channel></rss></body></html>",
        "  <meta http-equiv='refresh' content='0; url=http://blocked.example/'>",
        "<!-- a comment --><HTML></HTML>",
        "<center><h1>403 Forbidden</h1></center>",
    ],
)
def test_a_page_in_place_of_a_feed_is_a_failure_and_says_so(page: str) -> None:
    with pytest.raises(FeedError, match="web page"):
        read(page.encode(), "application/rss+xml", URL)


@pytest.mark.parametrize(
    "body", [b"", b"Not Found", b'{"error": 1}', b"\x89PNG\r\n\x1a\n", b"<svg/>", b"<opml><body/></opml>"]
)
def test_what_is_no_feed_is_a_failure(body: bytes) -> None:
    with pytest.raises(FeedError, match="no feed"):
        read(body, XML, URL)


# --- hostile and broken ----------------------------------------------------------------------------------------------


def test_a_feed_that_was_cut_short_gives_what_came() -> None:
    whole = rss(*(item(f"Story {number}", f"/{number}") for number in range(5)))
    assert [one.title for one in read(whole[: whole.index(b"Story 3")], XML, URL)] == [f"Story {n}" for n in range(3)]


def test_a_feed_that_was_cut_before_its_first_entry_is_a_failure() -> None:
    with pytest.raises(FeedError, match="broken"):
        read(b"<rss><channel><title>Ne", XML, URL)


def test_an_empty_feed_is_empty() -> None:
    assert read(rss(), XML, URL) == []


def test_unknown_entities_do_no_harm() -> None:
    (found,) = read(rss(item("Telegram&nbsp;blocked &eacute; &unheard;", "/1")), XML, URL)
    assert found.title.startswith("Telegram blocked é")


def test_entities_that_stand_for_a_letter_are_read() -> None:
    body = b'<!DOCTYPE rss [<!ENTITY eacute "&#233;">]>' + rss(item("bloqu&eacute;", "/1")).partition(b"?>")[2]
    assert [one.title for one in read(body, XML, URL)] == ["bloqué"]


BOMBS = {
    "laughs": "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(9)),
    "quadratic": f'<!ENTITY l9 "{"x" * 50_000}">',
    "outside": '<!ENTITY l9 SYSTEM "file:///etc/passwd">',
    "parameter": '<!ENTITY % p SYSTEM "http://127.0.0.1:9/"> %p;',
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_entity_bombs_are_refused_at_once(bomb: str) -> None:
    began = time.perf_counter()
    entities = f'<!ENTITY l0 "ha">{BOMBS[bomb]}'
    body = f"<!DOCTYPE rss [{entities}]>".encode() + rss(item("&l9;" * 100, "/1")).partition(b"?>")[2]
    with pytest.raises(FeedError):
        read(body, XML, URL)
    assert time.perf_counter() - began < 1


def test_what_is_nested_without_end_is_refused() -> None:
    with pytest.raises(FeedError, match="nested"):
        read(b"<rss>" + b"<a>" * 1_000_000, XML, URL)


@pytest.mark.parametrize("junk", ["<item>", '<a b="', "&", "<![CDATA[", "&lt;script&gt;"])
def test_broken_feeds_are_read_up_to_a_bound(junk: str) -> None:
    body = b"<rss><channel><item><title>t</title><link>/1</link><description>" + junk.encode() * (2**22 // len(junk))
    began = time.process_time()
    with suppress(FeedError):
        read(body, XML, URL)
    assert time.process_time() - began < 20


# --- entries ---------------------------------------------------------------------------------------------------------


def test_of_entries_with_one_link_the_first_counts_and_guids_do_not() -> None:
    body = rss(item("One", "/1", guid="same"), item("Two", "/2", guid="same"), item("One again", "/1?utm_source=rss"))
    assert sorted(one.title for one in read(body, XML, URL)) == ["One", "Two"]


def test_entries_without_a_title_or_a_link_are_left_out() -> None:
    assert read(rss(item("", "/1"), item("No link", ""), item("Yes", "/3")), XML, URL) == [entry("Yes", "/3", at=None)]


def test_a_feed_has_a_bounded_number_of_entries() -> None:
    body = rss(*(item(f"Story {number}", f"/{number}") for number in range(MOST_ENTRIES + 50)))
    assert len(read(body, XML, URL)) == MOST_ENTRIES


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 99 Zzz 2026", "0000-00-00"])
def test_dates_that_are_none_are_unknown(date: str) -> None:
    assert [one.published_at for one in read(rss(item("Story", "/1", date=date)), XML, URL)] == [None]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "http://127.0.0.1/admin",
        "http://router.local/",
        "https://a:b@c.example.org/",
    ],
)
def test_links_that_lead_elsewhere_than_to_the_public_web_are_left_out(link: str) -> None:
    assert read(rss(item("Story", link)), XML, URL) == []


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("&lt;script&gt;alert(1)&lt;/script&gt;Telegram blocked", "Telegram blocked"),
        ("<![CDATA[<script>alert(1)</script>Telegram <i>blocked</i>]]>", "Telegram blocked"),
        ("<![CDATA[<img src=x onerror=alert(1)>Telegram<br>blocked]]>", "Telegram blocked"),
        ("Telegram \u202eblocked\u202c\u0007", "Telegram blocked"),
        ("Telegram\n   blocked", "Telegram blocked"),
        ("AT&amp;amp;T &amp;lt;3", "AT&T <3"),
    ],
)
def test_titles_are_plain_text(markup: str, shown: str) -> None:
    assert [one.title for one in read(rss(item(markup, "/1")), XML, URL)] == [shown]


def test_titles_and_summaries_have_a_bounded_length() -> None:
    (found,) = read(rss(item("word " * 1000, "/1", summary="word " * 10_000)), XML, URL)
    assert len(found.title) <= MOST_TITLE
    assert len(found.summary) <= MOST_SUMMARY


@given(st.text(max_size=300))
def test_plain_text_is_one_bounded_line(markup: str) -> None:
    text = plain(markup, 50)
    assert len(text) <= 50
    assert "\n" not in text
    assert text.isprintable() or not text.isascii()


def test_what_blogs_add_to_every_summary_is_left_out() -> None:
    summary = "It is throttled. The post Telegram throttled appeared first on Some Blog."
    assert [one.summary for one in read(rss(item("T", "/1", summary=summary)), XML, URL)] == ["It is throttled."]
