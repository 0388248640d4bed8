"""What news are made of: feeds, what their files say, what is kept of it, and what people are shown."""

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
    """Seconds since 1970; None where the feed does not say, or says what cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry as it is kept and ranked."""

    id: int
    feed: str
    language: str
    title: str
    summary: str
    url: str
    published_at: float | None
    at: float
    """When it was published or, if nobody knows, first seen. Seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A link worth showing."""

    title: str
    url: str
    source: str
    published_at: float | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """How reading a feed goes. Times are seconds since 1970."""

    feed: str
    next_at: float = 0.0
    """When it may be asked again."""
    moved_to: str | None = None
    """Where it said that it is for good."""
    etag: str | None = None
    modified: str | None = None
    """Last-Modified, as the server wrote it."""
    digest: str = ""
    """Of the last body, for servers that know no conditional requests."""
    succeeded_at: float | None = None
    entries: int = 0
    """In the last body that was read."""
    failures: int = 0
    """In a row."""
    error: str = ""
    """What the last attempt failed with; empty when it did not."""
