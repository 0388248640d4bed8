"""What arrived in place of a feed, told before a lenient reader makes the best of it: pure, bounded, no network.

feedparser takes an HTML block page for a feed without entries, reads whatever it can of broken XML in time that grows
with the square of its length, and believes declared charsets. So the text is decoded and looked over here.
"""

from __future__ import annotations

import codecs
import re
from typing import NoReturn
from xml.parsers import expat

from bot.news.model import FeedError

MOST_BROKEN_CHARACTERS = 300_000
"""Of a document that is not well-formed that are read: the newest entries stand first."""
_MOST_DEPTH = 64
_MOST_ELEMENTS = 100_000

_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]{1,32})", re.IGNORECASE)
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,200}?>", re.IGNORECASE)
_ENCODING = re.compile(r"encoding=[\"']([\w.:-]{1,32})", re.IGNORECASE)
# No others: some of Python's codecs are no charsets, or take time out of all proportion.
_CODEC = re.compile(r"utf-?(8|16)|(windows-|cp)(125[0-8]|866)|iso-?8859-\d{1,2}|koi8-[ru]|mac-?cyrillic", re.IGNORECASE)
_NO_WITNESS = re.compile(r"us-ascii|iso-?8859-1|latin-?1", re.IGNORECASE)
"""What servers claim who do not know."""
_PROLOGUE = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<([\w.:-]{1,40})")
_FEEDS = {"rss", "rdf", "feed"}
_PAGES = {"html", "head", "body", "script", "meta", "title", "div", "p", "h1", "center", "iframe"}
_HEAD_CHARACTERS = 65_536


def feed_text(body: bytes, content_type: str) -> str:
    """Return a feed's text, without its XML declaration. Raises `FeedError` if it is none."""
    text = decoded(body, content_type).lstrip("\ufeff \t\r\n\0")
    _refuse_strangers(text[:_HEAD_CHARACTERS])
    text = _DECLARATION.sub("", text, count=1)
    return text if _is_well_formed(text) else text[:MOST_BROKEN_CHARACTERS]


def decoded(body: bytes, content_type: str) -> str:
    """Decode a body, whatever it claims: what is valid UTF-8 is UTF-8; then the XML declaration and the header count.

    A last character that was cut in two is left out; where nothing fits, wrong bytes are replaced.
    """
    for bom, codec in _BOMS.items():
        if body.startswith(bom):
            return body.decode(codec, errors="replace")
    for codec in _likely(body, content_type):
        try:
            return codecs.getincrementaldecoder(codec)("strict").decode(body)
        except (UnicodeDecodeError, LookupError):
            continue
    return body.decode("utf-8", errors="replace")


def _likely(body: bytes, content_type: str) -> list[str]:
    """Return the charsets that a body may be in, the likeliest first."""
    if b"\0" in body[:4]:
        return ["utf-16-be" if body[:1] == b"\0" else "utf-16-le"]
    said = [
        found[1] for found in (_CHARSET.search(content_type), _ENCODING.search(body[:300].decode("latin-1"))) if found
    ]
    known = [codec for codec in said if _CODEC.fullmatch(codec)]
    return ["utf-8", *sorted(known, key=lambda codec: bool(_NO_WITNESS.fullmatch(codec)))]


def _refuse_strangers(head: str) -> None:
    """Raise `FeedError` unless the root element is a feed's."""
    prologue = _PROLOGUE.match(head)
    root = _ROOT.match(head, prologue.end() if prologue else 0)
    name = root[1].lower().rpartition(":")[2] if root else ""
    if name in _FEEDS:
        return
    if name in _PAGES or "<html" in head[:2000].lower():
        raise FeedError("a web page came in place of the feed")
    raise FeedError(f"no feed: its root element is {name!r}" if name else "no feed: it does not begin as XML")


def _is_well_formed(text: str) -> bool:
    """Tell whether a strict reader can read this. Raises `FeedError` for what nobody should."""
    parser = expat.ParserCreate("utf-8")
    depth = elements = 0

    def start(*_: object) -> None:
        nonlocal depth, elements
        depth += 1
        elements += 1
        if depth > _MOST_DEPTH or elements > _MOST_ELEMENTS:
            raise FeedError("no feed: nested too deeply, or of too many elements")

    def end(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(text.encode(errors="replace"), True)
    except expat.ExpatError:
        return False
    return True


def _refuse_entity(_name: str, _parameter: bool, value: str | None, *_: object) -> None:
    """Let entities through that stand for a character or two, as old feeds have them for accents."""
    if value is None or "&" in value.replace("&#", "") or "%" in value or len(value) > _MOST_DEPTH:
        _refuse("no feed: it declares entities that stand for more than a sign")


def _refuse(why: str) -> NoReturn:
    raise FeedError(why)
