"""Whether a text's markup is what Telegram reads: one mistake would cost every recipient the message. Pure.

The tags are those of core.telegram.org/bots/api, "HTML style". Of what they may be written like, less is taken than
Telegram takes: an attribute's value stands in double quotes.
"""

from __future__ import annotations

import re
from html import unescape

_PLAIN = dict.fromkeys(("b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "tg-spoiler", "pre"), r"")
_TAGS = _PLAIN | {
    "a": r"( href=\"[^\"<>]+\")",
    "blockquote": r"( expandable)?",
    "code": r"( class=\"language-[\w.+#-]+\")?",
    "span": r" class=\"tg-spoiler\"",
    "tg-emoji": r" emoji-id=\"[1-9][0-9]{0,18}\"",
}
_TAG = re.compile(r"<(?P<closes>/?)(?P<name>[a-z][a-z0-9-]*)(?P<rest>[^<>]*)>")


class MarkupError(ValueError):
    """The markup is broken; the text says how, in one line."""


def check(html: str) -> str:
    """Return the text without its markup, as people see it. Raises `MarkupError`."""
    opened: list[str] = []
    text: list[str] = []
    at = 0
    for tag in _TAG.finditer(html):
        text.append(_plain(html[at : tag.start()]))
        at = tag.end()
        if tag["closes"]:
            _close(tag, opened)
        else:
            opened.append(_opened(tag))
    text.append(_plain(html[at:]))
    if opened:
        raise MarkupError(f"<{opened[-1]}> is never closed")
    return "".join(text).strip()


def _opened(tag: re.Match[str]) -> str:
    name = tag["name"]
    if name not in _TAGS:
        raise MarkupError(f"<{name}> is no markup that Telegram reads")
    if not re.fullmatch(_TAGS[name], tag["rest"]):
        raise MarkupError(f"{tag[0]} is not written as Telegram reads it")
    return name


def _close(tag: re.Match[str], opened: list[str]) -> None:
    if not opened or opened[-1] != tag["name"] or tag["rest"].strip():
        raise MarkupError(f"{tag[0]} closes nothing")
    opened.pop()


def _plain(text: str) -> str:
    if "<" in text:
        raise MarkupError("a < that begins no markup is written &lt;")
    return unescape(text)
