"""What the body of a response says to a reader: its text and its title, whatever it claims to be.

Nothing here raises: a false charset, a broken compression or no HTML at all give less text, not an error.
"""

from __future__ import annotations

import html
import re
import zlib

_MAX_TITLE = 512
_MAX_TEXT_BYTES = 512 * 1024

_CHARSET = re.compile(r"charset=[\"']?([A-Za-z0-9_-]{1,32})", re.IGNORECASE)
# Python's other codecs (idna, punycode, unicode_escape) cost time out of all proportion, or aren't text.
_TEXT_CODEC = re.compile(
    r"utf-?(8|16)(-?[lb]e)?|us-ascii|latin-?1|iso-?8859-\d+|(windows-|cp)\d{3,4}|koi8-[ru]|gbk|gb2312|gb18030|big5"
    r"|shift[_-]jis|euc-(jp|kr)",
    re.IGNORECASE,
)
# Bounded throughout: no page may keep the search busy.
_TITLE = re.compile(r"<title(?:\s[^<>]{0,200})?>([^<]{0,4096})", re.IGNORECASE)


def text_of(body: bytes, content_type: str, content_encoding: str = "") -> str:
    """Decode a body by the charset of its header or its first kilobyte, as UTF-8 otherwise."""
    if content_encoding.lower() in {"gzip", "x-gzip", "deflate"}:
        body = _inflated(body)
    declared = _CHARSET.search(content_type) or _CHARSET.search(body[:1024].decode("latin-1"))
    codec = declared[1] if declared and _TEXT_CODEC.fullmatch(declared[1]) else "utf-8"
    try:
        return body.decode(codec, errors="replace")
    except LookupError:
        return body.decode(errors="replace")


def title_of(text: str) -> str | None:
    """Return the content of the first title element in one line of at most 512 characters."""
    found = _TITLE.search(text)
    if not found:
        return None
    return " ".join(html.unescape(found[1]).split())[:_MAX_TITLE] or None


def _inflated(body: bytes) -> bytes:
    """Decompress what a server compressed although it was asked not to, up to the bound of a body."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, _MAX_TEXT_BYTES)
    except zlib.error:
        return body
