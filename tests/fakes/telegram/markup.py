"""Telegram's HTML, read as its servers read it (tdlib, td/telegram/MessageEntity.cpp, `parse_html`).

Lenient where Telegram is lenient (a bare `&`, an unknown `&name;` stay as they are), and just as unforgiving about
tags. Only HTML is spoken here; the Markdown modes are not.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn
from urllib.parse import urlsplit

from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.text import utf16_length

FindUser = Callable[[int], Json | None]

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = {*_SIMPLE, "a", "code", "pre", "blockquote", "tg-emoji", "tg-time"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_SCHEMES = {"http", "https", "ftp", "tg", "ton", "tonsite", "mailto", "tel"}

_REFERENCE = re.compile(r"&(?:#x(?P<hex>[0-9A-Fa-f]+)|#(?P<dec>[0-9]+)|(?P<name>[A-Za-z]+));?")
_PLAIN = re.compile(r"[^<&]+")
_TAG_NAME = re.compile(r"[^\s>]*")
_ATTRIBUTE_NAME = re.compile(r"[^\s=>]*")
_SPACE = re.compile(r"\s*")
_TOKEN = re.compile(r"[A-Za-z0-9.-]*")
_USER_LINK = re.compile(r"tg://user\?id=(\d+)")
_TIME_FORMAT = re.compile(r"r|w?[dD]?[tT]?")


@dataclass(frozen=True)
class Formatted:
    """Text without markup, and the entities that lie over it."""

    text: str
    entities: list[Json]


@dataclass
class _Open:
    name: str
    offset: int
    begins_at: int
    attributes: dict[str, str] = field(default_factory=dict)


def parse_html(source: str, find_user: FindUser = lambda _: None) -> Formatted:
    """Text and entities of `source`, or the 400 "can't parse entities" that Telegram answers."""
    return _Reader(source.replace("\r", ""), find_user).read()


def fail(reason: str) -> NoReturn:
    raise bad_request(f"can't parse entities: {reason}")


class _Reader:
    def __init__(self, source: str, find_user: FindUser) -> None:
        self.source = source
        self.find_user = find_user
        self.at = 0
        self.text: list[str] = []
        self.offset = 0
        self.open: list[_Open] = []
        self.entities: list[Json] = []

    def read(self) -> Formatted:
        while self.at < len(self.source):
            if self.source.startswith("</", self.at):
                self._end_tag()
            elif self.source[self.at] == "<":
                self._start_tag()
            else:
                self._characters()
        if self.open:
            fail(f"Can't find end tag corresponding to start tag {self.open[-1].name}")
        self.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
        return Formatted(_whole_characters("".join(self.text)), without_nested_in_code(self.entities))

    def _characters(self) -> None:
        if plain := _PLAIN.match(self.source, self.at):
            self.at = plain.end()
            self._put(plain.group())
            return
        character, self.at = _reference(self.source, self.at)
        self._put(character)

    def _put(self, characters: str) -> None:
        self.text.append(characters)
        self.offset += utf16_length(characters)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.source, self.at)
        if match is None:  # pragma: no cover - every pattern here matches the empty string
            return ""
        self.at = match.end()
        return match.group()

    def _next(self) -> str:
        return self.source[self.at : self.at + 1]

    def _bytes_before(self, position: int) -> int:
        return len(self.source[:position].encode())

    def _start_tag(self) -> None:
        begin = self.at
        where = f"at byte offset {self._bytes_before(begin)}"
        self.at += 1
        name = self._take(_TAG_NAME).lower()
        if not self._next():
            fail(f"Unclosed start tag {where}")
        if name not in _TAGS:
            fail(f'Unsupported start tag "{name}" {where}')
        tag = _Open(name, self.offset, len(self.text))
        while self._take(_SPACE) is not None and self._next() != ">":
            self._attribute(tag, where)
        self.at += 1
        if name == "span" and tag.attributes.get("class") != "tg-spoiler":
            fail(f'Tag "span" must have class "tg-spoiler" {where}')
        self.open.append(tag)

    def _attribute(self, tag: _Open, where: str) -> None:
        name = self._take(_ATTRIBUTE_NAME)
        if not name:
            fail(f'Empty attribute name in the tag "{tag.name}" {where}')
        self._take(_SPACE)
        if self._next() != "=":
            if tag.name == "blockquote" and name == "expandable" and self._next():
                tag.attributes[name] = ""
                return
            fail(f'Expected equal sign in declaration of an attribute of the tag "{tag.name}" {where}')
        self.at += 1
        self._take(_SPACE)
        tag.attributes[name] = self._attribute_value()
        if not self._next():
            fail(f"Unclosed start tag {where}")

    def _attribute_value(self) -> str:
        quote = self._next()
        if quote not in {"'", '"'}:
            begin = self.at
            token = self._take(_TOKEN).lower()
            if not re.match(r"[\s>]", self._next()):
                fail(f"Unexpected end of name token at byte offset {self._bytes_before(begin)}")
            return token
        self.at += 1
        value: list[str] = []
        while self._next() not in {quote, ""}:
            if self._next() == "&":
                character, self.at = _reference(self.source, self.at)
            else:
                character, self.at = self._next(), self.at + 1
            value.append(character)
        self.at += 1
        return "".join(value)

    def _end_tag(self) -> None:
        where = f"at byte offset {self._bytes_before(self.at)}"
        if not self.open:
            fail(f"Unexpected end tag {where}")
        self.at += 2
        name = self._take(_TAG_NAME).lower()
        self._take(_SPACE)
        if self._next() != ">":
            fail(f"Unclosed end tag {where}")
        self.at += 1
        tag = self.open.pop()
        if name and name != tag.name:
            fail(f'Unmatched end tag {where}, expected "</{tag.name}>", found "</{name}>"')
        if self.offset > tag.offset:
            self._close(tag)

    def _close(self, tag: _Open) -> None:
        span = {"offset": tag.offset, "length": self.offset - tag.offset}
        if tag.name in _SIMPLE:
            self.entities.append({"type": _SIMPLE[tag.name], **span})
        elif tag.name == "blockquote":
            kind = "expandable_blockquote" if "expandable" in tag.attributes else "blockquote"
            self.entities.append({"type": kind, **span})
        elif tag.name == "a":
            self._close_link(tag, span)
        elif tag.name in {"code", "pre"}:
            self._close_code(tag, span)
        elif tag.name == "tg-emoji":
            self.entities.append({"type": "custom_emoji", **span, "custom_emoji_id": _emoji_id(tag)})
        else:
            self.entities.append({"type": "date_time", **span, **_moment(tag)})

    def _close_link(self, tag: _Open, span: Json) -> None:
        url = tag.attributes.get("href") or "".join(self.text[tag.begins_at :])
        if user_link := _USER_LINK.fullmatch(url):
            if user := self.find_user(int(user_link.group(1))):
                self.entities.append({"type": "text_mention", **span, "user": user})
        elif checked := checked_link(url):
            self.entities.append({"type": "text_link", **span, "url": checked})

    def _close_code(self, tag: _Open, span: Json) -> None:
        """`<pre>` and `<code class="language-x">` over the same text are one `pre` with a language."""
        last = self.entities[-1] if self.entities else {}
        same = {key: last.get(key) for key in span} == span
        language = tag.attributes.get("class", "").removeprefix("language-")
        if same and last.get("type") == "code" and tag.name == "pre" and last.get("language"):
            last["type"] = "pre"
        elif same and last.get("type") == "pre" and tag.name == "code" and language:
            last["language"] = language
        else:
            self.entities.append({"type": tag.name, **span, "language": language if tag.name == "code" else ""})


def _reference(source: str, at: int) -> tuple[str, int]:
    """The character that `&…;` stands for and where it ends; a bare or unknown one is the ampersand itself."""
    match = _REFERENCE.match(source, at)
    if match is None:
        return "&", at + 1
    if name := match["name"]:
        return (_NAMED[name], match.end()) if name in _NAMED else ("&", at + 1)
    code = int(match["hex"], 16) if match["hex"] else int(match["dec"])
    too_long = len(match.group().rstrip(";")) >= 10
    return ("&", at + 1) if code == 0 or code >= 0x10FFFF or too_long else (chr(code), match.end())


def _whole_characters(text: str) -> str:
    try:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
    except UnicodeDecodeError:
        fail(
            "Text contains invalid Unicode characters after decoding HTML entities, "
            "check for unmatched surrogate code units"
        )


def without_nested_in_code(entities: list[Json]) -> list[Json]:
    """Nothing lies inside code: Telegram drops it (core.telegram.org/bots/api#formatting-options)."""
    code_ends_at = 0
    kept: list[Json] = []
    for entity in entities:
        if entity["offset"] < code_ends_at:
            continue
        if entity["type"] in {"code", "pre"}:
            code_ends_at = entity["offset"] + entity["length"]
        has_language = entity["type"] == "pre" and entity.get("language")
        kept.append({key: value for key, value in entity.items() if key != "language" or has_language})
    return kept


def checked_link(url: str) -> str | None:
    """The link as Telegram keeps it; a link it does not like vanishes without an error."""
    url = url.strip()
    scheme = url.partition(":")[0].lower()
    if scheme not in _SCHEMES:
        if "." not in url or " " in url:
            return None
        url = f"http://{url}"
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https", "ftp"}:
        return url
    if not parts.hostname or "." not in parts.hostname or " " in url:
        return None
    return url if parts.path or parts.query or parts.fragment else f"{url}/"


def _emoji_id(tag: _Open) -> str:
    emoji_id = tag.attributes.get("emoji-id", "")
    if not emoji_id.isdecimal() or int(emoji_id) == 0:
        fail("Invalid custom emoji identifier specified")
    return emoji_id


def _moment(tag: _Open) -> Json:
    unix, shown_as = tag.attributes.get("unix", ""), tag.attributes.get("format", "")
    if not unix.isdecimal() or not 0 < int(unix) < 2**31:
        fail("Invalid date-time unix timestamp specified")
    if not _TIME_FORMAT.fullmatch(shown_as):
        fail("Invalid date-time format specified")
    return {"unix_time": int(unix)} | ({"date_time_format": shown_as} if shown_as else {})
