"""When a feed is asked again, and what is remembered of an attempt. Pure: the time and the chance are arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.news.fetch import Fetched
    from bot.news.model import Entry, FeedError
    from bot.store.news import FeedState

INTERVAL_S = 30 * 60.0
LONGEST_S = 24 * 3600.0
"""However often a feed failed, and whatever its server asks for."""
_SPREAD = 0.2
_MOST_DOUBLINGS = 10
_GIVE_UP_MOVE = 3
"""Failures in a row where a feed was said to have moved, after which it is looked for at its old place."""


def next_at(now: float, *, failures: int, retry_after_s: float | None, chance: float) -> float:
    """Return the time of the next attempt after `failures` in a row, at least `retry_after_s` from now.

    `chance`, from 0 to 1, spreads the attempts: not every feed, nor every bot, is to ask at the same moment.
    """
    pause_s = min(INTERVAL_S * 2.0 ** min(failures, _MOST_DOUBLINGS), LONGEST_S)
    pause_s *= 1 - _SPREAD + 2 * _SPREAD * chance
    return now + max(pause_s, min(retry_after_s or 0.0, LONGEST_S))


def is_due(next_at: float, now: float) -> bool:
    """Tell whether it is time; what lies further ahead than any pause is of a clock that was set back since."""
    return not now < next_at < now + LONGEST_S * (1 + _SPREAD)


def succeeded(
    state: FeedState, fetched: Fetched, entries: Sequence[Entry] | None, digest: str, *, now: float, chance: float
) -> FeedState:
    """Return how a feed stands that was read; `entries` are None if its body is still the same."""
    unchanged = fetched.body is None
    return replace(
        state,
        next_at=next_at(now, failures=0, retry_after_s=None, chance=chance),
        moved_to=fetched.moved_to or state.moved_to,
        etag=state.etag if unchanged else fetched.etag,
        modified=state.modified if unchanged else fetched.modified,
        digest=digest,
        succeeded_at=now,
        entries=state.entries if entries is None else len(entries),
        failures=0,
        error="",
    )


def failed(state: FeedState, error: FeedError, *, now: float, chance: float) -> FeedState:
    """Return how a feed stands that could not be had, or not be read."""
    failures = state.failures + 1
    return replace(
        state,
        next_at=next_at(now, failures=failures, retry_after_s=error.retry_after_s, chance=chance),
        moved_to=state.moved_to if failures < _GIVE_UP_MOVE else None,
        failures=failures,
        error=str(error),
    )
