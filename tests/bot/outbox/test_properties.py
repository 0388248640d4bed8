"""Whatever happens in whatever order: nothing is lost, nothing doubled in silence, and each chat hears it in order.

The store and the policy are real; the platform knows what arrived, which the bot often does not.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.outbox import Outgoing, Priority, policy
from bot.outbox.delivery import ChatGone, NotSent, Outcome, Rejected, Sent, Unknown
from bot.outbox.policy import Patience, Pause
from bot.store import Store
from bot.store.withholding import pausing, resending, resuming, stopping
from tests.bot.outbox.memory import said, text_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bot.outbox.model import Message, Result
    from bot.store.withholding import Statement

CHATS = ("telegram:1", "telegram:2", "telegram:-3")
SUBJECTS = ("whatsapp", "signal")
BROADCASTS = (1, 2)
PATIENCE = Patience(*(Pause(1, longest_s=4) for _ in range(4)))
UNFINISHED = ("waiting", "leased")


@dataclass
class Known:
    """One message, as somebody sees it who knows everything."""

    outgoing: Outgoing
    put_at: float
    arrived: list[int] = field(default_factory=list)
    """What the bot thought when it sent each copy: how many may have arrived before."""
    by_hand: int = 0
    """Times that an operator asked for it to be sent again."""

    @property
    def due_at(self) -> float:
        return max(self.outgoing.not_before, self.put_at)


class Telling(RuleBasedStateMachine):
    """Messages are put in, leased, sent with any outcome; the process dies, chats leave, operators interfere."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.opening = Store.open(Path(self.folder.name) / "db")
        self.now = 1000.0
        self.numbers = itertools.count(1)
        self.known: dict[str, Known] = {}
        self.leased: list[Message] = []

    @initialize()
    def open(self) -> None:
        self.store = self.run(self.opening.__aenter__())
        for chat in CHATS:
            self.run(self.store.chats.meet(chat, "private", now=0))

    def run(self, work: Awaitable[Any]) -> Any:
        async def waited() -> Any:
            return await work

        return self.runner.run(waited())

    # --- what happens ---

    @rule(
        chat=st.sampled_from(CHATS),
        priority=st.sampled_from(Priority),
        about=st.integers(0, 1),
        after_s=st.sampled_from([0, 0, 0, 5]),
        within_s=st.sampled_from([None, None, 6]),
    )
    def put(self, chat: str, priority: Priority, about: int, after_s: float, within_s: float | None) -> None:
        text = f"{next(self.numbers)}"
        outgoing = Outgoing(
            chat=chat,
            content=said(text),
            priority=priority,
            subject="" if priority is Priority.BROADCAST else SUBJECTS[about],
            not_before=self.now + after_s,
            expires_at=within_s and self.now + after_s + within_s,
            broadcast=BROADCASTS[about] if priority is Priority.BROADCAST else None,
        )
        chat_is_there = self.run(self.store.chats.find(chat)).state != "gone"
        self.run(self.store.outbox.put([outgoing], now=self.now))
        if chat_is_there:
            self.known[text] = Known(outgoing, self.now)

    @rule(most=st.integers(1, 4))
    def lease(self, most: int) -> None:
        before = self.states()
        self.exchange([], most=most)
        for message in self.leased:
            if before[text_of(message)] == "waiting":
                self.assert_nothing_is_ahead_of(message, before)

    @precondition(lambda self: self.leased)
    @rule(which=st.integers(0, 9), how=st.integers(0, 8), jitter=st.floats(0, 1), more=st.integers(0, 2))
    def send(self, which: int, how: int, jitter: float, more: int) -> None:
        message = self.leased.pop(which % len(self.leased))
        outcome, arrives = self.outcome(how)
        if arrives:
            self.known[text_of(message)].arrived.append(message.doubts)
        self.exchange([policy.decide(message, outcome, PATIENCE, now=self.now, jitter=jitter)], most=more)

    @staticmethod
    def outcome(how: int) -> tuple[Outcome, bool]:
        return (
            (Sent("7"), True),
            (Sent("7"), True),
            (Sent("7"), True),
            (NotSent("no connection"), False),
            (NotSent("flood", retry_after_s=3), False),
            (Unknown("cut"), True),
            (Unknown("cut"), False),
            (Rejected("bad"), False),
            (ChatGone("blocked"), False),
        )[how]

    @precondition(lambda self: self.leased)
    @rule()
    def stop_in_order(self) -> None:
        self.exchange([policy.give_back(message, at=self.now) for message in self.leased], most=0)
        self.leased = []

    @rule(arrived=st.integers(0, 2**6))
    def crash(self, arrived: int) -> None:
        """The process dies with messages in flight, some of which arrive."""
        for place, message in enumerate(self.leased):
            if arrived >> place & 1:
                self.known[text_of(message)].arrived.append(message.doubts)
        found = self.run(self.store.outbox.leased(now=self.now))
        assert {message.id for message in found} == {message.id for message in self.leased}
        self.leased = []
        lost = Unknown("interrupted")
        self.exchange([policy.decide(message, lost, PATIENCE, now=self.now, jitter=1) for message in found], most=0)

    @rule(seconds=st.floats(0.1, 10))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(chat=st.sampled_from(CHATS))
    def speak(self, chat: str) -> None:
        """A chat that was gone is back."""
        self.run(self.store.chats.meet(chat, "private", now=self.now))

    @rule(chat=st.sampled_from(CHATS), subject=st.sampled_from(SUBJECTS))
    def overtake(self, chat: str, subject: str) -> None:
        before = self.states()
        called_back = self.run(
            self.store._database.transaction(lambda link: self.store.outbox.overtake(link, chat, subject, self.now))
        )
        expected = [
            text
            for text, known in self.known.items()
            if before[text] == "waiting" and (known.outgoing.chat, known.outgoing.subject) == (chat, subject)
        ]
        assert [text for text, _ in map(_overtaken, called_back)] == expected
        for text, doubtful in map(_overtaken, called_back):
            assert doubtful or not self.known[text].arrived

    @rule(broadcast=st.sampled_from(BROADCASTS), order=st.sampled_from(["pause", "resume", "resend", "stop"]))
    def interfere(self, broadcast: int, order: str) -> None:
        match order:
            case "pause":
                self.order(*pausing(broadcast, self.now))
            case "resume":
                self.order(*resuming(broadcast))
            case "stop":
                self.order(*stopping(broadcast, self.now))
            case "resend":
                for text, state in self.states().items():
                    if state == "unknown" and self.known[text].outgoing.broadcast == broadcast:
                        self.known[text].by_hand += 1
                self.order(*resending(broadcast, self.now))

    # --- what must hold ---

    @invariant()
    def states_add_up(self) -> None:
        if not hasattr(self, "store"):
            return
        states = self.states()
        assert states.keys() == self.known.keys()
        assert self.run(self.store.outbox.backlog()) == Counter(states.values())
        assert sorted(text for text, state in states.items() if state == "leased") == sorted(map(text_of, self.leased))

    @invariant()
    def nothing_is_doubled_in_silence(self) -> None:
        for known in self.known.values():
            unmarked = [doubts for doubts in known.arrived if not doubts]
            assert len(unmarked) <= 1
            if known.outgoing.priority is Priority.BROADCAST:
                assert len(known.arrived) <= 1 + known.by_hand

    @invariant()
    def what_counts_as_sent_arrived(self) -> None:
        if hasattr(self, "store"):
            assert all(self.known[text].arrived for text, state in self.states().items() if state == "sent")

    def teardown(self) -> None:
        try:
            if hasattr(self, "store"):
                self.everything_is_told_in_the_end()
        finally:
            if hasattr(self, "store"):
                self.run(self.opening.__aexit__(None, None, None))
            self.runner.close()
            self.folder.cleanup()

    def everything_is_told_in_the_end(self) -> None:
        """Without further trouble nothing stays behind."""
        for broadcast in BROADCASTS:
            self.order(*resuming(broadcast))
        self.now += 1000
        while self.leased or self.exchange([], most=9):
            for message in self.leased:
                self.known[text_of(message)].arrived.append(message.doubts)
            sent = [policy.decide(message, Sent("7"), PATIENCE, now=self.now, jitter=1) for message in self.leased]
            self.leased = []
            self.exchange(sent, most=9)
        assert not set(self.states().values()) & {"waiting", "leased", "paused"}
        self.nothing_is_doubled_in_silence()

    # --- by the way ---

    def order(self, *statements: Statement) -> None:
        self.run(self.store._database.write(*statements))

    def exchange(self, results: list[Result], *, most: int) -> bool:
        """Tell whether there is reason to look again."""
        messages, next_at = self.run(self.store.outbox.exchange(results, most=most, now=self.now))
        self.leased += messages
        return bool(messages) or (next_at is not None and next_at <= self.now)

    def assert_nothing_is_ahead_of(self, message: Message, states: dict[str, str]) -> None:
        mine = int(text_of(message))
        for text, known in self.known.items():
            if known.outgoing.chat == message.chat and int(text) < mine:
                ahead = known.outgoing.priority <= message.priority and known.due_at <= self.now
                assert not (ahead and states[text] in UNFINISHED and not self.is_late(known)), (text, mine)

    def is_late(self, known: Known) -> bool:
        return known.outgoing.expires_at is not None and known.outgoing.expires_at <= self.now

    def states(self) -> dict[str, str]:
        async def work(connection: Any) -> list[Any]:
            return list(await connection.execute_fetchall(_STATES))

        rows = self.run(self.store._database.transaction(work))
        return {_text(document): state for document, state in rows}


_STATES = """
    SELECT document, state FROM message JOIN content ON content.id = message.content ORDER BY message.id
"""


def _text(stored: str) -> str:
    from bot.outbox import Said, document  # noqa: PLC0415 -- only here

    content = document.load(stored)
    assert isinstance(content, Said)
    return str(content.reply.blocks[0].text)  # type: ignore[union-attr]


def _overtaken(found: Any) -> tuple[str, bool]:
    return found.content.reply.blocks[0].text, found.doubtful


Telling.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestTelling = Telling.TestCase
