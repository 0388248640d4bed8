"""The bytes of a feed, RSS 0.9 to 2.0, RDF or Atom, turned into entries that are safe to show.

It takes its time and belongs in a thread. feedparser does the reading; what is a feed at all is `bot.news.document`'s
affair, which links may be shown, that of `bot.news.links`.
"""

from __future__ import annotations

import calendar
import re
import unicodedata
from html.parser import HTMLParser
from io import BytesIO
from typing import TYPE_CHECKING, Any

import feedparser  # type: ignore[import-untyped]

from bot.news.document import feed_text
from bot.news.links import story_link
from bot.news.model import Entry, FeedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_ENTRIES = 200
MOST_TITLE = 300
MOST_SUMMARY = 1000
_MOST_HTML = 20_000
"""Characters of a marked-up text that are read."""
_INVISIBLE = {"Cc", "Cf", "Cs", "Co"}
_BOILERPLATE = re.compile(
    r"\s*(?:The post|L[’']article|Запись) .{1,300} (?:appeared first on|est apparu|впервые появил).*"
)


def read(body: bytes, content_type: str, url: str) -> list[Entry]:
    """Return the entries of a feed that came from `url`, each link once. Raises `FeedError`."""
    text = feed_text(body, content_type)
    headers = {"content-type": "application/xml; charset=utf-8", "content-location": url}
    # As a file: feedparser opens whatever else it is given, a path or an address included.
    parsed = feedparser.parse(BytesIO(text.encode(errors="replace")), response_headers=headers)
    if parsed.bozo and not parsed.entries:
        raise FeedError("broken before its first entry")
    entries: dict[str, Entry] = {}
    for entry in _entries(parsed.entries[:MOST_ENTRIES], url):
        entries.setdefault(entry.url, entry)
    return list(entries.values())


def _entries(found: list[dict[str, Any]], url: str) -> Iterator[Entry]:
    for entry in found:
        link = story_link(str(entry.get("feedburner_origlink") or entry.get("link") or ""), url)
        title = plain(str(entry.get("title") or ""), MOST_TITLE)
        if link and title:
            summary = _BOILERPLATE.sub("", plain(_summary(entry), MOST_SUMMARY))
            yield Entry(title=title, summary=summary, url=link, published_at=_published_at(entry))


def _summary(entry: Mapping[str, Any]) -> str:
    summary = entry.get("summary")
    contents = entry.get("content") or [{}]
    return str(summary or contents[0].get("value") or "")


def _published_at(entry: dict[str, Any]) -> float | None:
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        if moment := dict.get(entry, name):  # feedparser's own get warns of a name that it makes up
            try:
                return float(calendar.timegm(moment))
            except (ValueError, OverflowError, TypeError):
                continue
    return None


# --- plain text ------------------------------------------------------------------------------------------------------


class _Text(HTMLParser):
    """Collects what a reader would see."""

    _HIDDEN = frozenset({"script", "style", "iframe", "noscript", "template"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 -- the signature of HTMLParser
        self._hidden += tag in self._HIDDEN
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._HIDDEN and self._hidden:
            self._hidden -= 1
        self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(data)


def plain(markup: str, most: int) -> str:
    """Return one line of text without markup, control signs and signs that turn the writing round."""
    text = markup[:_MOST_HTML]
    if "<" in text or "&" in text:
        reader = _Text()
        reader.feed(text)
        reader.close()
        text = "".join(reader.parts)
    visible = "".join(" " if unicodedata.category(sign) in _INVISIBLE else sign for sign in text)
    line = " ".join(visible.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
