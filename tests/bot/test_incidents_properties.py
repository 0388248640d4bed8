"""Whatever is measured, in whatever order: what holds of incidents holds always."""

from __future__ import annotations

import random
from itertools import cycle, pairwise, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from pydantic import TypeAdapter

from bot.incidents import HOST, Change, Claim, Reading, State, Subject, in_directory, of_service, step
from bot.incidents.machine import TO_CLOSE, TO_OPEN_SURELY
from probes.model import Cause, Confidence, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STATES = TypeAdapter(State)
CAUSES = (Cause.TLS_SNI_RESET, Cause.IP_DROPPED, Cause.DNS_SPOOFED, Cause.SERVICE_DOWN)
DAY_S = 24 * 3600.0
MOST_A_DAY = 30
"""What one subject may have people told, however it turns."""

claims = st.builds(
    Claim,
    status=st.sampled_from(Status),
    confidence=st.sampled_from(Confidence),
    causes=st.lists(st.sampled_from(CAUSES), unique=True, max_size=3).map(tuple),
)
steps_s = st.sampled_from([1.0, 15.0, 30.0, 61.0, 125.0, 300.0, 330.0, 3700.0, 8 * 3600.0])
subjects = st.sampled_from([of_service("whatsapp"), in_directory("nsdi", "whatsapp"), HOST])
sources = st.sampled_from(["whatsapp", "vk", "max"])


class IncidentsOfOneSubject(RuleBasedStateMachine):
    """Any readings of a subject, and what was made of them."""

    def __init__(self) -> None:
        super().__init__()
        self.state: State | None = None
        self.subject: Subject | None = None
        self.now = 1_000_000.0
        self.readings: list[Reading] = []
        self.changes: list[Change] = []

    @property
    def incidents(self) -> list[Change]:
        return [change for change in self.changes if change.what in {"opened", "closed"}]

    @precondition(lambda self: self.subject is None)
    @rule(subject=subjects)
    def meet(self, subject: Subject) -> None:
        self.subject = subject
        self.state = State(subject=subject)

    @precondition(lambda self: self.subject is not None)
    @rule(claim=claims, step_s=steps_s, source=sources, times=st.integers(1, 4))
    def read(self, claim: Claim, step_s: float, source: str, times: int) -> None:
        for _ in range(times):
            self._read(claim, step_s, source)

    def _read(self, claim: Claim, step_s: float, source: str = "whatsapp") -> None:
        assert self.state
        self.now += step_s
        reading = Reading(subject=self.state.subject, at=self.now, claim=claim, source=source)
        before = self.state
        self.readings.append(reading)
        self.state, changes = step(before, reading, self.now)
        self.changes += changes
        if claim.status is Status.INCONCLUSIVE:
            assert not changes, "nothing follows from what cannot be told"
        for change in changes:
            self._rests_on_enough(change)

    def _rests_on_enough(self, change: Change) -> None:
        told = [reading for reading in self.readings if reading.claim.status is not Status.INCONCLUSIVE]
        if self.subject == HOST and change.what == "closed":
            told = [reading for reading in told if reading.at >= change.since]  # some in between may not have counted
        if change.what in {"opened", "closed"}:
            since = [reading for reading in told if reading.at >= change.since]
            good = {reading.claim.status is Status.OK for reading in since}
            enough = TO_CLOSE if change.what == "closed" else TO_OPEN_SURELY
            if self.subject != HOST:
                assert good == {change.what == "closed"}, "it rests on readings in a row that agree"
            assert len(since) >= enough.count
            assert change.at - change.since >= enough.over_s

    @precondition(lambda self: self.readings)
    @rule(data=st.data())
    def read_again_what_was_read(self, data: st.DataObject) -> None:
        assert self.state
        for reading in data.draw(st.lists(st.sampled_from(self.readings), max_size=5)):
            assert step(self.state, reading, self.now) == (self.state, ())

    @precondition(lambda self: self.state is not None)
    @rule()
    def restart(self) -> None:
        assert self.state
        assert STATES.validate_json(STATES.dump_json(self.state, exclude_defaults=True)) == self.state

    @invariant()
    def never_two_are_open(self) -> None:
        for earlier, later in pairwise(self.incidents):
            assert earlier.what != later.what
        if self.incidents:
            assert self.incidents[0].what == "opened"
        is_open = bool(self.incidents) and self.incidents[-1].what == "opened"
        assert self.state is None or (self.state.ongoing is not None) == is_open

    @invariant()
    def downtime_adds_up(self) -> None:
        ends = [change.since for change in self.incidents]
        assert ends == sorted(ends), "incidents never overlap"
        closed = [change for change in self.incidents if change.what == "closed"]
        assert all(change.opened_at == opened.since for opened, change in pairwise(self.incidents) if change in closed)
        total_s = sum(change.duration_s or 0.0 for change in closed)
        assert total_s == pytest.approx(sum(change.since - (change.opened_at or 0.0) for change in closed))
        assert total_s <= self.now - 1_000_000.0
        measured = {reading.at for reading in self.readings}
        assert measured.issuperset(ends), "they begin and end with measurements"

    @invariant()
    def everybody_who_was_told_is_told_the_end(self) -> None:
        loud = [change.what for change in self.changes if not change.quiet]
        flapping = bool(self.state and self.state.flapping)
        assert loud.count("flapping") - loud.count("settled") == flapping
        if self.state and not flapping and loud:
            opened = self.state.ongoing is not None
            last = next(c for c in reversed(self.changes) if not c.quiet)
            assert (last.status is not Status.OK) == opened, "the last that was said is how it stands"

    def teardown(self) -> None:
        if self.state:
            well = Claim(status=Status.OK, confidence=Confidence.CONFIRMED)
            for _ in range(3):
                self._read(well, 60)
            assert self.state.ongoing is None, "it always closes"


TestIncidentsOfOneSubject = IncidentsOfOneSubject.TestCase
TestIncidentsOfOneSubject.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


# --- how often people are told ---------------------------------------------------------------------------------------


def _claim(status: Status, *causes: Cause) -> Claim:
    return Claim(status=status, causes=causes, confidence=Confidence.CONFIRMED)


GOOD = _claim(Status.OK)
BAD = _claim(Status.BLOCKED, Cause.TLS_SNI_RESET)
PARTLY = _claim(Status.DEGRADED, Cause.QUIC_DROPPED)
OTHERWISE = _claim(Status.BLOCKED, *CAUSES[1:3])
LOST = _claim(Status.DOWN, Cause.SERVICE_DOWN)


def told(readings: Iterable[Claim], every_s: float) -> list[float]:
    """When people were told something."""
    state = State(subject=of_service("whatsapp"))
    times: list[float] = []
    for number, one in enumerate(readings, start=1):
        at = number * every_s
        state, changes = step(state, Reading(subject=state.subject, at=at, claim=one), at)
        times += [change.at for change in changes if not change.quiet]
    return times


def most_within_a_day(times: list[float]) -> int:
    return max((sum(start <= at < start + DAY_S for at in times) for start in times), default=0)


def days_of(pattern: Iterator[Claim], every_s: float) -> Iterator[Claim]:
    return (next(pattern) for _ in range(int(2 * DAY_S / every_s)))


TURNS = [*product((GOOD, BAD, PARTLY), repeat=3), (GOOD, BAD, OTHERWISE, PARTLY, LOST), (BAD, LOST, PARTLY, OTHERWISE)]


@pytest.mark.parametrize("lasting", [2, 3, 8, 70])
def test_people_are_not_told_often_whatever_keeps_turning(lasting: int) -> None:
    for turns in TURNS:
        pattern = cycle([claim for claim in turns for _ in range(lasting)])
        assert most_within_a_day(told(days_of(pattern, 60), 60)) <= MOST_A_DAY, turns


@pytest.mark.parametrize("seed", range(6))
def test_people_are_not_told_often_whatever_happens_at_random(seed: int) -> None:
    rng = random.Random(seed)

    def at_random() -> Iterator[Claim]:
        while True:
            claim = rng.choice([GOOD, GOOD, BAD, BAD, PARTLY, OTHERWISE, LOST])
            yield from [claim] * rng.choice([1, 2, 3, 10, 60, 180])

    assert most_within_a_day(told(days_of(at_random(), 60), 60)) <= MOST_A_DAY
