"""What news are made of: feeds, what their files say, and what people are shown. What is kept is `bot.store.news`'."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A source of news."""

    id: str
    name: str
    """As people are shown it."""
    url: str
    language: str
    weight: float = 1.0
    """How much it is trusted to know about access, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a feed, made safe to show: plain text, an absolute http(s) link."""

    title: str
    summary: str
    url: str
    published_at: float | None
    """Seconds since 1970; None where the feed does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A link worth showing."""

    title: str
    url: str
    source: str
    published_at: float | None
    """Seconds since 1970; None where nobody knows."""
    language: str


class FeedError(Exception):
    """A feed could not be had or read; the text is one line."""

    def __init__(self, text: str, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s
        """How long the server asks to be left alone."""
