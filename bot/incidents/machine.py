"""Readings over time become incidents: opened, changed, closed. Pure: the time is an argument.

One reading never changes anything. An incident opens when several agree over a while, and closes when several agree
that it is over; what cannot be told (`inconclusive`) does neither. What keeps turning is said to be flapping, once
(`bot.incidents.flapping`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from bot.incidents.flapping import calmed, said
from bot.incidents.model import HOST, Change, Claim, Ongoing, Reading, Run, State, Subject, interferes, severity_of
from bot.incidents.readings import INCONCLUSIVE, readings
from probes.model import Cause, Confidence, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.incidents.model import What
    from probes.model import Report

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Enough:
    """How many readings in a row must agree, the first and the last of them so far apart."""

    count: int
    over_s: float

    def met_by(self, run: Run) -> bool:
        return run.count >= self.count and run.last - run.since >= self.over_s


TO_OPEN = Enough(3, over_s=120)
TO_OPEN_SURELY = Enough(2, over_s=60)
"""Where the last two are confirmed, each by counterfactuals and repeats of its own."""
TO_OPEN_HOST = Enough(3, over_s=300)
TO_CLOSE = Enough(2, over_s=60)
TO_CHANGE = Enough(2, over_s=0)
STALE_S = 20 * 60.0
"""Readings further apart say nothing about the time between them."""
MOST_RETOLD = 3
"""How often one incident is told again for its causes alone."""
UNHEARD_S = 30 * 60.0
"""How long after its last trouble any service that works vouches for the host."""
_MOST_WITNESSES = 50
_CLAIMS_KEPT = 3
_AHEAD_S = 60.0
_MILDEST_FIRST = (Status.OK, Status.DEGRADED, Status.DOWN, Status.BLOCKED)
_VAGUEST_FIRST = (Confidence.POSSIBLE, Confidence.LIKELY, Confidence.CONFIRMED)


def advance(
    states: Mapping[Subject, State], report: Report, measured_at: float, now: float
) -> tuple[dict[Subject, State], tuple[Change, ...]]:
    """Return the states that a report's readings lead to, of their subjects alone, and all changes.

    The host's reading comes first: while it is in doubt, nothing counts against anybody else.
    """
    after: dict[Subject, State] = {}
    changes: list[Change] = []
    for reading in readings(report, measured_at):
        subject = reading.subject
        spoilt = subject != HOST and after[HOST].doubtful and reading.claim.status is not Status.OK
        counted = replace(reading, claim=INCONCLUSIVE) if spoilt else reading
        after[subject], found = step(states.get(subject) or State(subject=subject), counted, now)
        changes += found
    return after, tuple(changes)


def step(state: State, reading: Reading, now: float) -> tuple[State, tuple[Change, ...]]:
    """Return how the subject stands after a reading, and what changed by it.

    A reading that is not newer than the last one changes nothing.
    """
    state = _on_this_clock(state, now)
    if reading.at <= state.read_at:
        return state, ()
    state = replace(state, read_at=reading.at)
    if reading.claim.status is Status.INCONCLUSIVE or not _counts(state, reading):
        return state, ()
    worst = state.ongoing.worst if state.ongoing else None
    state = _heard(state, reading)
    state, change = _when_well(state, reading) if state.ongoing is None else _when_open(state, state.ongoing, reading)
    return calmed(state, change, worst, reading.at)


def lose(state: State, now: float) -> Change | None:
    """Return what is to be told of a subject that is watched no longer; None if nobody waits to hear of it."""
    if state.ongoing is None and not state.flapping:
        return None
    return said(state, "lost", now, since=min(state.bad_at or now, now))


def _on_this_clock(state: State, now: float) -> State:
    """Forget the times that lie ahead, which are of a clock that was set back: or no reading would be new for long."""
    if state.read_at <= now + _AHEAD_S:
        return state
    ongoing = state.ongoing and replace(state.ongoing, opened_at=min(state.ongoing.opened_at, now))
    return replace(
        state,
        read_at=0.0,
        good_at=None,
        bad_at=None,
        ongoing=ongoing,
        run=None,
        moved_at=min(state.moved_at, now),
        turns=(),
        flaps=(),
    )


def _counts(state: State, reading: Reading) -> bool:
    """Tell whether a reading of the host is to be believed: one that works refutes only what would have spoilt it."""
    if state.subject != HOST or reading.claim.status is not Status.OK or not state.doubtful:
        return True
    trouble = [state.ongoing.claim] if state.ongoing else state.run.claims if state.run else ()
    if all(Cause.HOST_OFFLINE in claim.causes for claim in trouble):
        return True
    certain = reading.claim.confidence is Confidence.CONFIRMED
    return certain or reading.source in state.witnesses or reading.at - (state.bad_at or 0.0) > UNHEARD_S


def _heard(state: State, reading: Reading) -> State:
    if reading.claim.status is Status.OK:
        return replace(state, good_at=reading.at)
    witnesses = state.witnesses
    if state.subject == HOST and reading.source not in witnesses:
        witnesses = (*witnesses, reading.source)[-_MOST_WITNESSES:]
    return replace(state, bad_at=reading.at, witnesses=witnesses)


# --- while nothing is open -------------------------------------------------------------------------------------------


def _when_well(state: State, reading: Reading) -> tuple[State, Change | None]:
    if reading.claim.status is Status.OK:
        return replace(state, run=None, witnesses=()), None
    agrees = state.run is not None and interferes(state.run.claims[-1]) == interferes(reading.claim)
    run = _extended(state.run if agrees else None, reading)
    if not _opens(state.subject, run):
        return replace(state, run=run), None
    claim = _common(run.claims)
    ongoing = Ongoing(opened_at=run.since, claim=claim, said=claim.causes, worst=claim.status)
    change = _change("opened", state.subject, claim, reading.at, since=run.since, opened_at=run.since)
    change = replace(change, well_at=state.good_at, previous_status=Status.OK)
    return replace(state, ongoing=ongoing, run=None, moved_at=reading.at), change


def _opens(subject: Subject, run: Run) -> bool:
    if subject == HOST:
        return TO_OPEN_HOST.met_by(run)
    sure = [claim.confidence is Confidence.CONFIRMED for claim in run.claims[-TO_OPEN_SURELY.count :]]
    return TO_OPEN.met_by(run) or (all(sure) and TO_OPEN_SURELY.met_by(run))


# --- while an incident is open ---------------------------------------------------------------------------------------


def _when_open(state: State, ongoing: Ongoing, reading: Reading) -> tuple[State, Change | None]:
    if reading.claim.status is Status.OK:
        return _when_good(state, ongoing, reading)
    if not _differs(ongoing, reading.claim):
        return replace(state, run=None), None
    run = _extended(state.run if state.run and _agrees(ongoing, state.run.claims[-1], reading.claim) else None, reading)
    if not _retells(state.subject, ongoing, run):
        return replace(state, run=run), None
    return _retold(replace(state, run=None), ongoing, run, reading.at)


def _when_good(state: State, ongoing: Ongoing, reading: Reading) -> tuple[State, Change | None]:
    good = state.run if state.run and state.run.claims[-1].status is Status.OK else None
    run = _extended(good, reading)
    if not TO_CLOSE.met_by(run):
        return replace(state, run=run), None
    end = max(run.since, ongoing.opened_at)
    change = _change("closed", state.subject, reading.claim, reading.at, since=end, opened_at=ongoing.opened_at)
    change = replace(
        change,
        severity=severity_of(state.subject, ongoing.claim),
        previous_status=ongoing.claim.status,
        previous_causes=ongoing.said,
        bad_at=state.bad_at,
        duration_s=end - ongoing.opened_at,
    )
    return replace(state, ongoing=None, run=None, witnesses=(), moved_at=reading.at), change


def _differs(ongoing: Ongoing, claim: Claim) -> bool:
    """Tell whether a claim is news: another extent of the trouble, or a cause that was never named."""
    return claim.status is not ongoing.claim.status or bool(_unsaid(ongoing, claim))


def _unsaid(ongoing: Ongoing, claim: Claim) -> set[Cause]:
    return set(claim.causes).difference(ongoing.said) if ongoing.retold < MOST_RETOLD else set()


def _agrees(ongoing: Ongoing, last: Claim, claim: Claim) -> bool:
    if last.status is not claim.status:
        return False
    return claim.status is not ongoing.claim.status or bool(_unsaid(ongoing, last) & _unsaid(ongoing, claim))


def _retells(subject: Subject, ongoing: Ongoing, run: Run) -> bool:
    """What is worse than was told takes as much as opening does."""
    claim = run.claims[-1]
    worse = _worse(claim.status, ongoing.claim.status) is not ongoing.claim.status
    return _opens(subject, run) if worse else TO_CHANGE.met_by(run)


def _worse(one: Status, other: Status) -> Status:
    return max(one, other, key=_MILDEST_FIRST.index)


def _retold(state: State, ongoing: Ongoing, run: Run, at: float) -> tuple[State, Change]:
    claim = _common(run.claims)
    moved = claim.status is not ongoing.claim.status
    change = _change("changed", state.subject, claim, at, since=run.since, opened_at=ongoing.opened_at)
    change = replace(change, previous_status=ongoing.claim.status, previous_causes=ongoing.claim.causes)
    after = replace(
        ongoing,
        claim=claim,
        said=tuple(dict.fromkeys((*ongoing.said, *claim.causes))),
        worst=_worse(ongoing.worst, claim.status),
        retold=ongoing.retold + (not moved),
    )
    return replace(state, ongoing=after, moved_at=at if moved else state.moved_at), change


# --- readings in a row -----------------------------------------------------------------------------------------------


def _extended(run: Run | None, reading: Reading) -> Run:
    if run is None or reading.at - run.last > STALE_S:
        return Run(since=reading.at, last=reading.at, count=1, claims=(reading.claim,))
    claims = (*run.claims, reading.claim)[-_CLAIMS_KEPT:]
    return replace(run, last=reading.at, count=run.count + 1, claims=claims)


def _common(claims: Sequence[Claim]) -> Claim:
    """Return what most of the claims say; of as many for each, what is milder and less sure."""
    status = _commonest([claim.status for claim in claims], _MILDEST_FIRST)
    alike = [claim for claim in claims if claim.status is status]
    named = Counter(cause for claim in alike for cause in claim.causes)
    repeated = tuple(cause for cause in alike[-1].causes if named[cause] > 1)
    confidence = _commonest([claim.confidence for claim in alike], _VAGUEST_FIRST)
    return replace(alike[-1], confidence=confidence, causes=repeated or alike[-1].causes)


def _commonest(values: Sequence[_T], order: Sequence[_T]) -> _T:
    return max(order, key=values.count)


def _change(what: What, subject: Subject, claim: Claim, at: float, *, since: float, opened_at: float) -> Change:
    return Change(
        subject=subject,
        what=what,
        severity=severity_of(subject, claim),
        at=at,
        since=since,
        opened_at=opened_at,
        status=claim.status,
        confidence=claim.confidence,
        causes=claim.causes,
        components=claim.components,
        beyond_dns=claim.beyond_dns,
    )
