"""What keeps coming and going is told once, and then not again until it has settled or is blocked. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bot.incidents.model import Change, Claim, severity_of
from probes.model import Confidence, Status

if TYPE_CHECKING:
    from bot.incidents.model import State, What

TURNS = 4
WITHIN_S = 6 * 3600.0
"""So many turns for the worse in that time are flapping."""
SETTLED_S = 3600.0
"""What has not moved for so long has settled; twice as long each further time within a day, up to a third of one."""
_DAY_S = 24 * 3600.0
_MOST_DOUBLINGS = 3
_WELL = Claim(status=Status.OK, confidence=Confidence.CONFIRMED)


def calmed(state: State, change: Change | None, worst: Status | None, at: float) -> tuple[State, tuple[Change, ...]]:
    """Return the state after a change, or after a reading that brought none, and what is to be recorded of it.

    `worst` is what the incident that was open until then had come to.
    """
    turns = tuple(turn for turn in state.turns if at - turn < WITHIN_S)[-TURNS * 4 :]
    turned = change is not None and _is_turn(change, worst)
    if turned:
        turns = (*turns, at)
    flaps = tuple(flap for flap in state.flaps if at - flap < _DAY_S)
    state = replace(state, turns=turns, flaps=flaps)
    if state.flapping:
        return _while_flapping(state, change, at)
    if change is None:
        return state, ()
    if len(turns) < TURNS or not turned:
        return state, (change,)
    state = replace(state, flapping=True, flaps=(*flaps, at))
    told = said(state, "flapping", at, since=turns[0])
    return replace(state, flaps_as=told.severity), (replace(change, quiet=True), told)


def _is_turn(change: Change, worst: Status | None) -> bool:
    """Opened anew, or again as bad as it had been before it eased: getting worse for the first time is no turn."""
    if change.what == "opened":
        return True
    return change.what == "changed" and change.status is worst is not change.previous_status


def _while_flapping(state: State, change: Change | None, at: float) -> tuple[State, tuple[Change, ...]]:
    if change is not None:
        if change.what != "closed" and change.severity == "block" != state.flaps_as:
            return replace(state, flaps_as="block"), (change,)  # many hear of nothing less, and it may stay
        return state, (replace(change, quiet=True),)
    if at - state.moved_at < SETTLED_S * 2 ** min(max(len(state.flaps) - 1, 0), _MOST_DOUBLINGS):
        return state, ()
    state = replace(state, flapping=False, flaps_as=None)
    return state, (said(state, "settled", at, since=state.moved_at),)


def said(state: State, what: What, at: float, *, since: float) -> Change:
    """Return what is said of how a subject stands, not of how that has changed."""
    claim = state.ongoing.claim if state.ongoing else _WELL
    return Change(
        subject=state.subject,
        what=what,
        severity=severity_of(state.subject, claim),
        at=at,
        since=since,
        opened_at=state.ongoing.opened_at if state.ongoing else None,
        status=claim.status,
        confidence=claim.confidence,
        causes=claim.causes,
        components=claim.components,
        beyond_dns=claim.beyond_dns,
        times=len(state.turns),
    )
