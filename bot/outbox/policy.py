"""What is done about each outcome, and when it is worth trying again. Pure: time and chance are arguments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from bot.outbox.delivery import ChatGone, ChatMoved, Muted, NotSent, Outcome, Rejected, Sent, Unknown, is_silence
from bot.outbox.model import Message, Priority, Result, State

MOST_DOUBTS = 12
"""So often a message is sent that may have arrived; with the pauses between them that takes some 10 to 20 minutes."""


_LEARNED = {ChatGone: "gone", Muted: "muted"}
"""What some outcomes say about the chat."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Grows with each failure in a row, up to a limit."""

    first_s: float
    longest_s: float

    def after(self, failures: int, jitter: float = 1.0) -> float:
        """Return how long to wait after so many failures; `jitter`, from 0 to 1, makes it up to a half shorter."""
        return min(self.first_s * 2.0 ** min(failures - 1, 60), self.longest_s) * (0.5 + jitter / 2)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before something is tried again."""

    not_sent: Pause = Pause(0.5, longest_s=1)
    """A message that surely did not leave; when everything fails, `Outage` holds back more."""
    unknown: Pause = Pause(1, longest_s=300)
    """A message that may have arrived."""
    unreached: Pause = Pause(0.5, longest_s=0.5)
    """The platform, while it cannot be reached, or is only asked whether it answers: nothing is harmed by trying."""
    unanswered: Pause = Pause(0.5, longest_s=15)
    """The platform, while it takes messages and does not say what becomes of them: each try leaves one in doubt."""
    muted: Pause = Pause(60, longest_s=600)
    """An alert to a chat in which nobody may write for now: at night, say."""


def decide(message: Message, outcome: Outcome, patience: Patience, *, now: float, jitter: float) -> Result:
    """Return what becomes of a message."""
    match outcome:
        case Sent(platform_id):
            return _ended(message, "sent", platform_id=platform_id, chat_state="active" if message.muted else None)
        case NotSent(reason, retry_after_s):
            wait_s = patience.not_sent.after(message.attempts, jitter) if retry_after_s is None else retry_after_s
            return _again(message, now + wait_s, failure=reason)
        case Unknown(reason):
            return _in_doubt(message, reason, now + patience.unknown.after(message.doubts + 1, jitter))
        case ChatMoved():
            return _again(message, now, failure="moved", untried=True)
        case Muted(reason) if message.priority is Priority.ALERT:
            wait_s = patience.muted.after(message.attempts, jitter)
            return _again(message, now + wait_s, failure=reason, chat_state="muted")
        case ChatGone(reason) | Muted(reason) | Rejected(reason):
            return _ended(message, "dead", failure=reason, chat_state=_LEARNED.get(type(outcome)))


def give_back(message: Message, *, at: float) -> Result:
    """Return a message that was leased and not tried: it waits until then."""
    return _again(message, at, untried=True)


def _ended(message: Message, state: State, **more: Any) -> Result:  # noqa: ANN401 -- fields of a result
    return Result(message=message.id, attempt=message.attempts, state=state, **more)


def _again(message: Message, at: float, **more: Any) -> Result:  # noqa: ANN401 -- see above
    return Result(message=message.id, attempt=message.attempts, state="waiting", next_at=at, **more)


def _in_doubt(message: Message, reason: str, at: float) -> Result:
    """Repeat what is worse lost than told twice; a broadcast is not, and nobody is told anything for ever."""
    if message.priority is Priority.BROADCAST or message.doubts + 1 >= MOST_DOUBTS:
        return _ended(message, "unknown", failure=reason, doubtful=True)
    return _again(message, at, failure=reason, doubtful=True)


class Outage:
    """Whether the platform answers at all. While it does not, nothing is sent: each try may leave a message in doubt.

    When it answers questions again, one message at a time finds out whether that goes for messages too.
    """

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._failures = 0
        self._answers = True
        self._resumes = {priority: float("-inf") for priority in Priority}

    @property
    def is_on(self) -> bool:
        return self._failures > 0

    @property
    def answers(self) -> bool:
        """Whether the platform answered, to a question at least, since something failed last."""
        return self._answers

    def resumes_at(self, priority: Priority) -> float:
        """Return when a message may try again: an alert soon, whatever that leaves in doubt."""
        return self._resumes[priority] if self._answers else math.inf

    def end_silence(self) -> None:
        """Take into account that the platform has answered a question."""
        self._answers = True

    def note(self, outcome: Outcome, now: float) -> None:
        """Take a message's outcome into account. What fails together, in one pause, counts as one failure."""
        if not is_silence(outcome):
            self._failures, self._answers = 0, True
            self._resumes = dict.fromkeys(Priority, float("-inf"))
        elif now >= self._resumes[Priority.ALERT]:
            self._failures, self._answers = self._failures + 1, False
            soon = now + self._patience.unreached.after(self._failures)
            late = now + self._patience.unanswered.after(self._failures)
            self._resumes = dict.fromkeys(Priority, late if isinstance(outcome, Unknown) else soon) | {
                Priority.ALERT: soon
            }
