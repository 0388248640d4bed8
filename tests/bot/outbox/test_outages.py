"""Through outages of the platform: what is urgent is told within two seconds of their end, and hardly ever twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.outbox import Priority
from bot.outbox.asking import LONGEST_S, until_answered
from bot.outbox.delivery import NotSent
from bot.outbox.policy import Pause
from tests.bot.outbox.by_the_clock import ANSWER_S, UNANSWERED, UNREACHED, Platform, through
from tests.bot.outbox.memory import alert, outgoing, text_of
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from bot.outbox.delivery import Outcome
    from tests.bot.outbox.by_the_clock import Stretch

PROMISED_S = 2.0
BEGIN = 10.0
HOUR = 3600.0
CHATS = 400
NEWS = 300
"""Chats that a broadcast goes to: at the allowed rate, some are told before an outage and some behind it."""


async def told(platform: Platform, until: float, *, every_s: float, after_s: float = 30) -> dict[str, float]:
    """Put in alerts behind a broadcast, each for a chat of its own, and wait a while; return when each was put in."""
    clock = asyncio.get_running_loop().time
    put: dict[str, float] = {}
    async with through(platform, CHATS) as outbox:
        news = (
            outgoing(f"telegram:{number}", "news", Priority.BROADCAST, broadcast=1) for number in range(1, NEWS + 1)
        )
        await outbox.put(*news)
        while clock() < until:
            await asyncio.sleep(every_s)
            text = f"alert {len(put)}"
            put[text] = clock()
            await outbox.put(alert(f"telegram:{CHATS - len(put)}", text))
        await asyncio.sleep(after_s)
    return put


def longest_wait_s(platform: Platform, put: dict[str, float]) -> float:
    """Return how long alerts waited while there was no outage, at most."""
    return max(platform.heard_s(at, platform.arrived[text]) for text, at in put.items())


def doubts(platform: Platform, text: str) -> int:
    return max(message.doubts for _, message in platform.tried if text_of(message) == text)


@pytest.mark.parametrize("failure", [UNREACHED, UNANSWERED])
@pytest.mark.parametrize(("length_s", "every_s"), [(0.3, 5), (3, 1), (60, 15), (300, 15), (HOUR, HOUR / 10)])
def test_an_alert_is_told_within_two_seconds_of_an_outage(failure: Outcome, length_s: float, every_s: float) -> None:
    platform = Platform((BEGIN, BEGIN + length_s, failure))
    put = run(told(platform, BEGIN + length_s, every_s=every_s))
    assert longest_wait_s(platform, put) <= PROMISED_S
    assert max(doubts(platform, text) for text in put) <= 1


def test_one_outage_after_the_other_makes_nobody_wait_longer() -> None:
    outages: list[Stretch] = [(BEGIN + 10 * nth, BEGIN + 10 * nth + 9.3, UNANSWERED) for nth in range(9)]
    platform = Platform(*outages)
    put = run(told(platform, BEGIN + 100, every_s=3))
    assert longest_wait_s(platform, put) <= PROMISED_S


@pytest.mark.parametrize("pause_s", [1, 5, 30])
def test_a_flood_of_refusals_is_waited_out_and_not_fed(pause_s: float) -> None:
    platform = Platform((BEGIN, BEGIN + 10, NotSent("flood", retry_after_s=pause_s)))
    put = run(told(platform, BEGIN + 10, every_s=3, after_s=60))
    refused = [at for at, _ in platform.tried if BEGIN <= at < BEGIN + 10]
    over = max(refused) + pause_s
    assert max(platform.arrived[text] - max(at, over) for text, at in put.items()) <= PROMISED_S
    assert len(refused) < 100


def test_while_nothing_is_answered_nothing_is_sent_but_questions() -> None:
    platform = Platform((BEGIN, BEGIN + HOUR, UNANSWERED))
    run(told(platform, BEGIN + HOUR, every_s=60))
    in_vain = [message for at, message in platform.tried if BEGIN + 1 < at < BEGIN + HOUR]
    assert not in_vain
    assert HOUR < len(platform.questions) < 2.02 * HOUR


def test_a_message_that_alone_is_not_answered_keeps_its_own_pauses_and_nobody_waiting() -> None:
    platform = Platform(never={"alert 1": UNANSWERED})
    put = run(told(platform, BEGIN + 60, every_s=3, after_s=HOUR))
    platform.arrived["alert 1"] = put["alert 1"]
    assert longest_wait_s(platform, put) <= PROMISED_S
    times = [at for at, message in platform.tried if text_of(message) == "alert 1"]
    assert len(times) == 12
    assert times[-1] - times[0] > 500


# --- asking ----------------------------------------------------------------------------------------------------------


def asked(*answers: tuple[float, bool]) -> tuple[float, bool, int]:
    """Ask a platform that answers like this, each after so many seconds; return when that ended, how, and how often."""
    left = list(answers)

    async def answer() -> bool:
        after_s, answered = left.pop(0)
        await asyncio.sleep(after_s)
        return answered

    async def ask() -> tuple[float, bool, int]:
        was_silent = await until_answered(answer, Pause(1, longest_s=2))
        return asyncio.get_running_loop().time(), was_silent, len(answers) - len(left)

    return run(ask())


def test_a_platform_that_answers_is_asked_once() -> None:
    assert asked((ANSWER_S, True)) == (ANSWER_S, False, 1)


def test_an_answer_that_takes_long_is_waited_for_and_is_no_silence() -> None:
    assert asked((4, True), (4, True), (4, True), (4, True)) == (4, False, 3)


def test_a_question_that_is_lost_keeps_no_other_from_being_answered() -> None:
    assert asked((LONGEST_S, False), (9, False), (ANSWER_S, True)) == (3 + ANSWER_S, True, 3)


def test_a_silence_that_is_shorter_than_a_question_waits_is_one() -> None:
    lost = [(LONGEST_S, False)] * 5
    assert asked(*lost, (ANSWER_S, True)) == (1 + 4 * 2 + ANSWER_S, True, 6)


def test_it_is_asked_at_bounded_intervals_however_fast_it_fails() -> None:
    assert asked(*[(0.0, False)] * 9, (ANSWER_S, True)) == (1 + 8 * 2 + ANSWER_S, True, 10)
