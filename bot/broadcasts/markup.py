"""Whether a text's markup is what Telegram reads: one mistake would cost every recipient the message. Pure.

The tags are those of core.telegram.org/bots/api, "HTML style".
"""

from __future__ import annotations

from html.parser import HTMLParser

_TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "span", "a", "code", "pre", "blockquote"}
    | {"tg-spoiler", "tg-emoji", "tg-time"}
)


class MarkupError(ValueError):
    """The markup is broken; the text says how, in one line."""


def check(html: str) -> str:
    """Return the text without its markup, as long as people see it. Raises `MarkupError`."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open:
        raise MarkupError(f"<{reader.open[-1]}> is never closed")
    return "".join(reader.text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, _: object) -> None:
        if tag not in _TAGS:
            raise MarkupError(f"<{tag}> is no markup that Telegram reads")
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise MarkupError(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        self.text.append(data)
