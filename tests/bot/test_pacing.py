"""Nothing leaves too early, whoever sends what and whenever; and nobody waits for another chat's limit."""

from __future__ import annotations

import heapq
import itertools
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing import SEVERAL, Pacer, Rates

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GROUP = -1
"""Chats below zero are groups."""


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Sent:
    at: float
    chat: int | None
    number: int


class World:
    """Senders that wait for their turns on a clock that jumps from one event to the next."""

    def __init__(self, pacer: Pacer | None = None) -> None:
        self.clock = Clock()
        self.pacer = pacer or Pacer()
        self.sent: list[Sent] = []
        self._events: list[tuple[float, int, int | None, Iterator[float]]] = []
        self._numbers = itertools.count()

    def send(self, chat: int | None, *, at: float = 1000.0) -> None:
        turn = self.pacer.turn(chat, group=chat is not None and chat < 0, clock=self.clock)
        heapq.heappush(self._events, (at, next(self._numbers), chat, turn))

    def run(self, until: float = float("inf")) -> list[Sent]:
        while self._events and self._events[0][0] <= until:
            at, number, chat, turn = heapq.heappop(self._events)
            self.clock.now = max(self.clock.now, at)
            later = next(turn, None)
            if later is None:
                self.sent.append(Sent(self.clock.now, chat, number))
            else:
                assert later >= self.clock.now
                heapq.heappush(self._events, (later, number, chat, turn))
        self.clock.now = max(self.clock.now, until) if until != float("inf") else self.clock.now
        return self.sent

    def times(self, chat: int | None) -> list[float]:
        return [sent.at for sent in self.sent if sent.chat == chat]


def most_within(times: Iterable[float], window_s: float) -> int:
    """The most that lie in any window open at its end; a hair shorter, for the sake of rounding."""
    ordered = sorted(times)
    return max(
        (bisect_right(ordered, start + window_s - 1e-6) - index for index, start in enumerate(ordered)), default=0
    )


def test_a_single_message_leaves_at_once() -> None:
    world = World()
    world.send(1)
    assert world.run() == [Sent(1000.0, 1, 0)]


def test_a_thousand_chats_are_served_in_order_as_fast_as_allowed() -> None:
    world = World()
    for chat in range(1000):
        world.send(chat)
    sent = world.run()
    assert [message.chat for message in sent] == list(range(1000))
    assert sent[-1].at - 1000 == pytest.approx(1000 / 27, abs=0.2)
    assert most_within((message.at for message in sent), 1) <= 30


def test_a_chat_may_burst_a_little_and_then_hears_something_each_second() -> None:
    world = World()
    for _ in range(6):
        world.send(1)
    world.run()
    assert [round(at - 1000, 1) for at in world.times(1)] == [0, 0, 0, 1, 2, 3]


def test_a_group_hears_no_more_than_19_messages_a_minute() -> None:
    world = World()
    for _ in range(60):
        world.send(GROUP)
    world.run()
    assert most_within(world.times(GROUP), 60) == 19
    assert max(world.times(GROUP)) - 1000 == pytest.approx(180, abs=15)


def test_a_group_that_has_to_wait_keeps_nobody_else_waiting() -> None:
    world = World()
    for _ in range(200):
        world.send(GROUP)
    world.run(until=1001)
    for chat in range(1, 20):
        world.send(chat, at=1001)
    world.run(until=1002)
    assert len([message for message in world.sent if message.chat != GROUP]) == 19


def test_a_pause_that_a_chat_wants_is_kept_by_it_alone() -> None:
    world = World()
    world.pacer.hold(1, 7, group=False, now=1000)
    for chat in (1, 1, 2):
        world.send(chat)
    world.run()
    assert [round(at - 1000, 1) for at in world.times(1)] == [7, 7]
    assert world.times(2) == [1000]


def test_a_pause_that_begins_while_somebody_waits_is_kept_too_and_ends_in_no_burst() -> None:
    world = World()
    for chat in range(500):
        world.send(chat)
    world.run(until=1001)
    before = len(world.sent)
    for chat in range(SEVERAL):
        world.pacer.hold(1000 + chat, 5, group=False, now=1001)
    world.run(until=1005.9)
    assert len(world.sent) == before
    world.run()
    assert len(world.sent) == 500
    assert most_within((message.at for message in world.sent), 1) <= 30


def test_several_chats_that_want_a_pause_mean_one_for_all_as_long_as_the_shortest() -> None:
    world = World()
    for chat, wait_s in ((1, 30), (2, 4), (3, 50)):
        assert world.pacer.held_until(9) <= 1000
        world.pacer.hold(chat, wait_s, group=False, now=1000)
    assert world.pacer.held_until(9) == 1004
    assert world.pacer.held_until(1) == 1030


def test_a_flood_limit_that_goes_on_holds_back_all_again() -> None:
    pacer = Pacer()
    for chat, at in ((1, 1000), (2, 1000), (3, 1000), (4, 1001.5), (5, 1001.5), (6, 1001.5)):
        pacer.hold(chat, 1, group=False, now=at)
    assert pacer.held_until(9) == 1002.5


def test_the_same_chat_twice_or_chats_at_different_times_are_not_several() -> None:
    pacer = Pacer()
    for at in (1000, 1001, 1002):
        pacer.hold(1, 30, group=False, now=at)
    for chat, at in ((2, 1020), (3, 1040)):
        pacer.hold(chat, 30, group=False, now=at)
    assert pacer.held_until(9) <= 1000


def test_what_is_not_worth_waiting_for_leaves_at_once_or_not_at_all() -> None:
    pacer = Pacer()
    assert [pacer.at_once(1, group=False, now=1000) for _ in range(4)] == [True, True, True, False]
    pacer.hold(2, 5, group=False, now=1000)
    assert not pacer.at_once(2, group=False, now=1001)
    assert pacer.at_once(2, group=False, now=1005)


def test_what_belongs_to_no_chat_is_held_back_by_the_overall_rate_only() -> None:
    world = World()
    for _ in range(30):
        world.send(None)
    world.run()
    assert world.clock.now - 1000 == pytest.approx(1, abs=0.01)


def test_chats_that_are_long_silent_are_forgotten() -> None:
    pacer = Pacer()
    for chat in range(5000):
        assert pacer.at_once(chat, group=False, now=1000.0 + chat)
    assert len(pacer._lanes) < 2000


CHATS = st.integers(-3, 5)
ASKED = st.tuples(CHATS, st.floats(0, 90))
PAUSES = st.tuples(CHATS, st.floats(0, 90), st.floats(0.1, 20))


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(ASKED, max_size=150), pauses=st.lists(PAUSES, max_size=6))
def test_no_limit_and_no_pause_is_ever_broken(
    asked: list[tuple[int, float]], pauses: list[tuple[int, float, float]]
) -> None:
    world = World()
    for chat, after in asked:
        world.send(chat, at=1000 + after)
    for chat, after, wait_s in sorted(pauses, key=lambda pause: pause[1]):
        world.run(until=1000 + after)
        world.pacer.hold(chat, wait_s, group=chat < 0, now=1000 + after)
    world.run()
    assert len(world.sent) == len(asked)
    assert most_within((sent.at for sent in world.sent), 1) <= 30
    for chat in {chat for chat, _ in asked}:
        assert most_within(world.times(chat), 10) <= 3 + 10
        assert chat >= 0 or most_within(world.times(chat), 60) <= 19
    for held, after, wait_s in pauses:
        assert not any(1000 + after < at < 1000 + after + wait_s - 1e-6 for at in world.times(held))


def test_rates_can_be_scaled_as_a_whole() -> None:
    world = World(Pacer(Rates().times(100)))
    for chat in range(1000):
        world.send(chat)
    assert world.run()[-1].at - 1000 == pytest.approx(10 / 27, abs=0.01)


class Crowd:
    """Sends as fast as it may what nobody waits for, each to a chat of its own."""

    def __init__(self, pacer: Pacer) -> None:
        self._pacer = pacer
        self.sent: list[float] = []

    def send_until(self, until: float, *, late_s: float = 0.0) -> None:
        now = self.sent[-1] if self.sent else 1000.0
        while (now := self._pacer.spare_at(now) + late_s) < until:
            chat = len(self.sent)
            assert self._pacer.open_at(chat, group=False, now=now) == now
            self._pacer.take(chat, group=False, now=now)
            self.sent.append(now)


def test_whoever_takes_a_turn_never_waits_behind_what_nobody_waits_for() -> None:
    world = World()
    crowd = Crowd(world.pacer)
    for second in range(1, 30):
        crowd.send_until(1000 + second)
        world.send(-second, at=1000 + second)
        world.run()
        assert world.sent[-1].at == pytest.approx(1000 + second)
    times = [*crowd.sent, *(sent.at for sent in world.sent)]
    assert most_within(times, 1) <= 30
    assert len(times) >= 29 * 27


def test_what_nobody_waits_for_leaves_at_the_whole_rate_though_it_always_is_a_little_late() -> None:
    crowd = Crowd(Pacer())
    crowd.send_until(1100, late_s=0.02)
    assert len(crowd.sent) == pytest.approx(2700, rel=0.01)
    assert most_within(crowd.sent, 1) <= 30


def test_what_nobody_waits_for_leaves_after_all_who_have_a_turn() -> None:
    world = World()
    for _ in range(270):
        world.send(None)
    world.run(until=1000)
    assert world.pacer.spare_at(1000) == pytest.approx(1010, abs=0.1)


def test_what_nobody_waits_for_keeps_a_pause_for_all() -> None:
    pacer = Pacer()
    for chat in range(SEVERAL):
        pacer.hold(chat, 5, group=False, now=1000)
    assert pacer.spare_at(1000) == 1005
    assert pacer.open_at(0, group=False, now=1000) == 1005
