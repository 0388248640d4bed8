"""Feeds are asked politely: not often, not all at once, less often while they fail, and not before they allow it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news.schedule import INTERVAL_S, LONGEST_S, is_due, next_at

NOW = 1_790_000_000.0


def pause_s(failures: int = 0, retry_after_s: float | None = None, chance: float = 0.5) -> float:
    return next_at(NOW, failures=failures, retry_after_s=retry_after_s, chance=chance) - NOW


def test_attempts_are_spread_around_the_interval() -> None:
    assert pause_s(chance=0) == pytest.approx(0.8 * INTERVAL_S)
    assert pause_s(chance=1) == pytest.approx(1.2 * INTERVAL_S)


def test_each_failure_doubles_the_pause_up_to_a_day() -> None:
    assert pause_s(failures=1) == 2 * INTERVAL_S
    assert pause_s(failures=3) == 8 * INTERVAL_S
    assert pause_s(failures=500) == LONGEST_S


def test_what_a_server_asks_for_is_granted_within_a_day() -> None:
    assert pause_s(retry_after_s=3 * INTERVAL_S) == 3 * INTERVAL_S
    assert pause_s(retry_after_s=1) == INTERVAL_S
    assert pause_s(retry_after_s=1e12) == LONGEST_S


@given(st.integers(0, 10**6), st.none() | st.floats(0, 1e15), st.floats(0, 1))
def test_a_feed_is_always_asked_again(failures: int, retry_after_s: float | None, chance: float) -> None:
    assert 0.8 * INTERVAL_S - 1 <= pause_s(failures, retry_after_s, chance) <= 1.2 * LONGEST_S + 1


def test_a_feed_is_due_when_its_time_has_come_or_the_clock_was_set_back() -> None:
    assert is_due(0, NOW)
    assert is_due(NOW, NOW)
    assert not is_due(NOW + 60, NOW)
    assert is_due(NOW + 10 * LONGEST_S, NOW)
