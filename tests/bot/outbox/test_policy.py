"""What is done about each outcome: nothing is lost in silence, and nothing told twice that must not be."""

from __future__ import annotations

from math import inf

import pytest

from bot.outbox.delivery import ChatGone, ChatMoved, Muted, NotSent, Outcome, Rejected, Sent, Unknown
from bot.outbox.model import Message, Priority, Result
from bot.outbox.policy import MOST_DOUBTS, Outage, Patience, Pause, decide, give_back
from tests.bot.outbox.memory import said

NOW = 1000.0
ALERT, BROADCAST, DIGEST = Priority
PATIENCE = Patience(not_sent=Pause(1, 8), unknown=Pause(2, 64), unreached=Pause(1, 4), unanswered=Pause(1, 16))


def message(priority: Priority = ALERT, *, attempts: int = 1, doubts: int = 0, muted: bool = False) -> Message:
    return Message(
        id=5,
        chat="telegram:1",
        is_group=False,
        language=None,
        muted=muted,
        thread=None,
        content=said("blocked"),
        priority=priority,
        attempts=attempts,
        doubts=doubts,
    )


def decided(outcome: Outcome, of: Message | None = None, jitter: float = 1) -> Result:
    return decide(of or message(), outcome, PATIENCE, now=NOW, jitter=jitter)


def result(state: str, **more: object) -> Result:
    return Result(message=5, attempt=1, state=state, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Sent("7"), result("sent", platform_id="7")),
        (NotSent("no connection"), result("waiting", next_at=NOW + 1, failure="no connection")),
        (NotSent("flood", retry_after_s=30), result("waiting", next_at=NOW + 30, failure="flood")),
        (Unknown("cut"), result("waiting", next_at=NOW + 2, failure="cut", doubtful=True)),
        (ChatMoved("telegram:-1"), result("waiting", next_at=NOW, failure="moved", untried=True)),
        (ChatGone("blocked"), result("dead", failure="blocked", chat_state="gone")),
        (Muted("no rights"), result("waiting", next_at=NOW + 60, failure="no rights", chat_state="muted")),
        (Rejected("bad markup"), result("dead", failure="bad markup")),
    ],
)
def test_each_outcome_of_an_alert_has_its_consequence(outcome: Outcome, expected: Result) -> None:
    assert decided(outcome) == expected


def test_a_broadcast_that_may_have_arrived_is_not_repeated_but_a_digest_is() -> None:
    assert decided(Unknown("cut"), message(BROADCAST)) == result("unknown", failure="cut", doubtful=True)
    assert decided(Unknown("cut"), message(DIGEST)).state == "waiting"


def test_a_broadcast_that_surely_did_not_arrive_is_tried_again() -> None:
    assert decided(NotSent("no connection"), message(BROADCAST, attempts=99)).state == "waiting"


@pytest.mark.parametrize("priority", [BROADCAST, DIGEST])
def test_what_is_no_alert_ends_where_nobody_may_write(priority: Priority) -> None:
    assert decided(Muted("no rights"), message(priority)) == result("dead", failure="no rights", chat_state="muted")


def test_nothing_is_repeated_for_ever() -> None:
    assert decided(Unknown("cut"), message(doubts=MOST_DOUBTS - 2)).state == "waiting"
    assert decided(Unknown("cut"), message(doubts=MOST_DOUBTS - 1)).state == "unknown"


def test_who_was_muted_and_can_be_told_something_is_muted_no_more() -> None:
    assert decided(Sent("7"), message(muted=True)).chat_state == "active"


@pytest.mark.parametrize(("attempts", "waits_s"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 8), (5000, 8)])
def test_pauses_grow_up_to_a_limit_and_vary(attempts: int, waits_s: float) -> None:
    for jitter, expected_s in ((1, waits_s), (0, waits_s / 2)):
        assert decided(NotSent("no connection"), message(attempts=attempts), jitter).next_at == NOW + expected_s


def test_what_was_leased_and_not_tried_waits_as_if_nothing_had_been() -> None:
    assert give_back(message(), at=NOW) == result("waiting", next_at=NOW, untried=True)


# --- an outage -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silence", [NotSent("no connection"), Unknown("502")])
def test_after_a_failure_nothing_is_sent_before_a_question_is_answered(silence: Outcome) -> None:
    outage = Outage(PATIENCE)
    assert (outage.is_on, outage.answers) == (False, True)
    outage.note(silence, 0)
    assert (outage.is_on, outage.answers) == (True, False)
    assert {outage.resumes_at(priority) for priority in Priority} == {inf}
    outage.end_silence()
    assert (outage.is_on, outage.answers) == (True, True)
    assert {outage.resumes_at(priority) for priority in Priority} == {1}


def test_while_only_questions_get_through_pauses_grow_for_all_alike() -> None:
    outage = Outage(PATIENCE)
    for now, until in ((0, 1), (1, 3), (3, 7), (7, 11)):
        outage.note(NotSent("no connection"), now)
        outage.end_silence()
        assert {outage.resumes_at(priority) for priority in Priority} == {until}


def test_while_only_questions_are_answered_an_alert_still_tries_often() -> None:
    outage = Outage(PATIENCE)
    for now in (0, 1, 3, 7, 11):
        outage.note(Unknown("502"), now)
    outage.end_silence()
    assert [outage.resumes_at(priority) for priority in Priority] == [15, 27, 27]


def test_what_fails_together_counts_once() -> None:
    outage = Outage(PATIENCE)
    for _ in range(30):
        outage.note(Unknown("502"), 0)
    outage.end_silence()
    assert outage.resumes_at(ALERT) == 1


@pytest.mark.parametrize(
    "outcome", [Sent("7"), NotSent("flood", retry_after_s=5), Rejected("bad"), ChatGone("blocked"), ChatMoved("a")]
)
def test_any_answer_of_the_platform_ends_it(outcome: Outcome) -> None:
    outage = Outage(PATIENCE)
    outage.note(Unknown("502"), 0)
    outage.note(outcome, 0.5)
    assert (outage.is_on, outage.answers) == (False, True)
    assert outage.resumes_at(DIGEST) == -inf
