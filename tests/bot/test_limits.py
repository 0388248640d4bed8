"""Who asks too much is told once when to come back; and nobody else waits for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.limits import Allowance, FairQueue, Limits

TWO = Allowance(2, every_s=10)
MANY = Allowance(100, every_s=1)


def test_a_few_questions_are_free_and_more_come_with_time() -> None:
    limits = Limits(TWO, MANY)
    assert [limits.ask(user=1, chat=1, now=0) is None for _ in range(3)] == [True, True, False]
    assert limits.ask(user=1, chat=1, now=9.9) is not None
    assert limits.ask(user=1, chat=1, now=10) is None
    assert limits.ask(user=2, chat=1, now=10) is None


def test_a_refusal_says_when_to_come_back_and_is_told_once_until_then() -> None:
    limits = Limits(TWO, MANY)
    refusals = [limits.ask(user=1, chat=1, now=at) for at in (0, 0, 0, 4, 9)]
    assert [refusal and (round(refusal.wait_s), refusal.tell) for refusal in refusals] == [
        None,
        None,
        (10, True),
        (6, False),
        (1, False),
    ]
    assert limits.ask(user=1, chat=1, now=10) is None
    later = limits.ask(user=1, chat=1, now=10)
    assert later is not None
    assert later.tell


def test_a_chat_has_a_limit_of_its_own_whoever_asks_there_and_hears_of_it_once() -> None:
    limits = Limits(MANY, TWO)
    refusals = [limits.ask(user=user, chat=-1, now=0) for user in range(5)]
    assert [refusal and refusal.tell for refusal in refusals] == [None, None, True, False, False]
    assert limits.ask(user=0, chat=-2, now=0) is None


def test_what_is_refused_counts_for_nothing() -> None:
    limits = Limits(TWO, TWO)
    for _ in range(100):
        limits.ask(user=1, chat=-1, now=0)
    assert limits.ask(user=1, chat=-1, now=10) is None


def test_a_clock_that_goes_back_gives_nothing_away() -> None:
    limits = Limits(TWO, MANY)
    for _ in range(2):
        limits.ask(user=1, chat=1, now=100)
    assert limits.ask(user=1, chat=1, now=50) is not None


def test_askers_whose_limits_are_whole_are_forgotten() -> None:
    limits = Limits(TWO, TWO)
    for user in range(20_000):
        assert limits.ask(user=user, chat=user, now=user) is None
    assert len(limits._buckets) < 10_000


# --- the queue -------------------------------------------------------------------------------------------------------


def served(queue: FairQueue[str]) -> list[str]:
    """Everything that may run now, each done as soon as it began."""
    items = []
    while taken := queue.take():
        items.append(taken[1])
        queue.done(taken[0])
    return items


def test_a_flood_of_one_chat_does_not_starve_the_others() -> None:
    queue: FairQueue[str] = FairQueue(most_waiting=100, most_running=2)
    for number in range(50):
        queue.put("flood", f"flood {number}")
    for chat in ("a", "b"):
        queue.put(chat, chat)
    assert served(queue)[:4] == ["flood 0", "a", "b", "flood 1"]


def test_a_line_is_bounded_and_keeps_its_order() -> None:
    queue: FairQueue[str] = FairQueue(most_waiting=3, most_running=1)
    assert [queue.put("a", str(number)) for number in range(5)] == [True, True, True, False, False]
    assert len(queue) == 3
    assert served(queue) == ["0", "1", "2"]
    assert len(queue) == 0


def test_a_chat_has_no_more_in_hand_than_it_may() -> None:
    queue: FairQueue[str] = FairQueue(most_waiting=9, most_running=2)
    for number in range(4):
        queue.put("a", str(number))
    assert [queue.take(), queue.take(), queue.take()] == [("a", "0"), ("a", "1"), None]
    queue.done("a")
    assert [queue.take(), queue.take()] == [("a", "2"), None]


@pytest.mark.parametrize("most_running", [1, 3])
@given(steps=st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=120))
def test_whatever_happens_everything_is_served_once_in_its_order(
    most_running: int, steps: list[tuple[str, bool]]
) -> None:
    queue: FairQueue[int] = FairQueue(most_waiting=200, most_running=most_running)
    put: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    got: dict[str, list[int]] = {"a": [], "b": [], "c": []}
    running: list[str] = []
    for number, (chat, take) in enumerate(steps):
        put[chat].append(number)
        queue.put(chat, number)
        if take and (taken := queue.take()):
            running.append(str(taken[0]))
            got[running[-1]].append(taken[1])
        elif running:
            queue.done(running.pop(0))
    while running or len(queue):
        while taken := queue.take():
            running.append(str(taken[0]))
            got[running[-1]].append(taken[1])
        assert all(running.count(chat) <= most_running for chat in put)
        queue.done(running.pop(0))
    assert got == put
    assert (queue._lines, queue._running, queue._ready) == ({}, {}, {})
