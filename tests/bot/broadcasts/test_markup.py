"""Markup that one mistake of would cost everybody the message is found before it is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.broadcasts.markup import MarkupError, check
from tests.fakes.telegram.markup import parse_html

_PIECES = (
    *("<b>", "</b>", "<i>", "</i>", '<a href="https://example.org/">', "</a>", "<a>", "<code>", "</code>", "<pre>"),
    *("</pre>", '<span class="tg-spoiler">', "<span>", "</span>", "<blockquote expandable>", "</blockquote>", "&lt;"),
    *('<tg-emoji emoji-id="5368324170671202286">', "</tg-emoji>", '<tg-emoji emoji-id="0">', "<", ">", "&"),
    *("text", " ", "<br>", "<B>", "</ b>", "<b >", '<code class="language-c++">', "😀", '"', "<!-- -->", "<b"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("Dear <b>readers</b>", "Dear readers"),
        ("1 &lt; 2 &amp;&amp; 3", "1 < 2 && 3"),
        ('<a href="https://example.org/?a=1&amp;b=2">here</a>', "here"),
        ('<blockquote expandable>a</blockquote><span class="tg-spoiler">b</span>', "ab"),
        ("  plain  ", "plain"),
    ],
)
def test_good_markup_is_a_text(html: str, text: str) -> None:
    assert check(html) == text


@pytest.mark.parametrize(
    ("html", "reason"),
    [
        ("<b>never", "<b> is never closed"),
        ("<b><i>a</b></i>", "</b> closes nothing"),
        ("a</b>", "</b> closes nothing"),
        ("<h1>a</h1>", "<h1> is no markup"),
        ("1 < 2", "is written &lt;"),
        ("<span>a</span>", "<span> is not written as Telegram reads it"),
        ("<b onclick=1>a</b>", "is not written"),
        ("a <", "is written &lt;"),
    ],
)
def test_broken_markup_is_named(html: str, reason: str) -> None:
    with pytest.raises(MarkupError, match=reason):
        check(html)


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_whatever_passes_is_what_telegram_reads(html: str) -> None:
    try:
        text = check(html)
    except MarkupError:
        return
    assert parse_html(html).text.strip() == text or "&" in html
