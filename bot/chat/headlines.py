"""News as replies: links beside an answer, pages of them, and how the feeds are doing. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import words
from bot.chat.language import ago, plural, say
from bot.chat.reply import Button, Items, Line, Paragraph, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.news import FeedHealth, Story
    from bot.store.news import FeedState

PAGE = 5
"""Stories of one page."""
MOST_PAGES = 40


def links(stories: Sequence[Story], now: float) -> Iterator[Items]:
    """Yield what explains an answer, if there is anything."""
    if stories:
        yield Items(say(words.NEWS), tuple(_line(story, now) for story in stories))


def page(stories: Sequence[Story], number: int, asked: str, now: float) -> Reply:
    """Return one page, the first being 1. `stories` are its own and, if there are more, one of the next one.

    `asked` is what was asked for, as it stands behind the command.
    """
    topic = f"news {asked}"
    if not stories:
        text = words.NO_MORE_NEWS if number > 1 else words.NO_NEWS_OF if asked else words.NO_NEWS
        turn = tuple(_turn(number, asked, more=False))
        return Reply(topic=topic, blocks=(Paragraph(say(text, asked=asked)),), buttons=(turn,))
    title = say(words.NEWS_OF if asked else words.ALL_NEWS, asked=asked)
    shown = Items(title, tuple(_line(story, now) for story in stories[:PAGE]))
    return Reply(topic=topic, blocks=(shown,), buttons=(tuple(_turn(number, asked, more=len(stories) > PAGE)),))


def feeds(health: Sequence[FeedHealth], now: float) -> Reply:
    """Return how reading every feed goes: those that fail first."""
    failing = [one for one in health if one.state and one.state.failures]
    others = [one for one in health if one not in failing]
    unread = sum(one.state is None for one in health)
    lines = tuple(Line(_feed(one, now)) for one in (*failing, *others))
    return Reply(blocks=(Items(plural(*words.FEEDS, len(health), failing=len(failing), unread=unread), lines),))


def _line(story: Story, now: float) -> Line:
    if story.published_at is None:
        return Line(say(words.STORY_UNDATED, title=story.title, source=story.source), link=story.url)
    when = ago(now - story.published_at)
    return Line(say(words.STORY, title=story.title, source=story.source, ago=when), link=story.url)


def _turn(number: int, asked: str, *, more: bool) -> Iterator[Button]:
    if number > 1:
        yield Button(say(words.NEWER_BUTTON), _command(asked, number - 1))
    if more and number < MOST_PAGES:
        yield Button(say(words.OLDER_BUTTON), _command(asked, number + 1))


def _command(asked: str, number: int) -> str:
    return " ".join(part for part in ("/news", asked, str(number)) if part)


def _feed(health: FeedHealth, now: float) -> str:
    state = health.state
    if state is None:
        return say(words.FEED_UNREAD, id=health.feed.id)
    read = _read(state, now)
    if state.failures:
        return say(words.FEED_FAILING, id=health.feed.id, failures=state.failures, error=state.error, read=read)
    return say(words.FEED_READ, id=health.feed.id, read=read)


def _read(state: FeedState, now: float) -> str:
    if state.succeeded_at is None:
        return say(words.FEED_NEVER)
    return plural(*words.FEED_LAST, state.entries, ago=ago(now - state.succeeded_at))
