"""Which observations of a report are shown, and in what order: what failed, and next to it what proves the opposite.

Pure. How one of them is worded is `bot.chat.evidence`' affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from bot.chat import evidence
from probes.model import Cause, Confidence, Status
from probes.observations import AnyObservation, Arm, DnsObservation, HttpObservation, Purpose, TransferObservation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from probes.model import ComponentFinding, Report

MOST_SHOWN = 8
_MOST_CONTROLS = 3
"""Beside one failed step."""
_GRAVITY = (Status.BLOCKED, Status.DOWN, Status.DEGRADED, Status.INCONCLUSIVE, Status.OK)
_SURENESS = (Confidence.CONFIRMED, Confidence.LIKELY, Confidence.POSSIBLE)
_STEPS = {
    "dns": {"dns"},
    "tls": {"tls"},
    "http": {"http"},
    "quic": {"quic"},
    "flow": {"transfer"},
    "proto": {"mtproto"},
    "calls": {"stun"},
}
"""The steps that a family of causes, or of rules, shows in; the other families may show in any."""
_UNSETTLED = {Cause.NOT_MEASURED, Cause.NO_OUTSIDE_CONTROL}
"""Causes that say nothing of what was seen: the rules do."""

_FOR_ANY_STEP = {
    Purpose.HONEST_ADDRESS,
    Purpose.SECURE_TWIN,
    Purpose.OTHER_PORT,
    Purpose.OTHER_PROTOCOL,
    Purpose.OUTSIDE,
}
"""Controls that prove something by another step than the one in question."""
_AS_GOOD = frozenset({Purpose.HONEST_ADDRESS, Purpose.TRANSFER})
"""Controls that show a cause themselves: the true address, and data under the service's name at whatever server."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One step that shows a cause, and what it is held against."""

    suspect: AnyObservation
    controls: tuple[AnyObservation, ...]
    alike: int
    """Further steps that show the same."""


def chosen(report: Report, most: int = MOST_SHOWN) -> tuple[AnyObservation, ...]:
    """Return the observations that the findings rest on, the most telling first; of those that read the same, one."""
    seen = {observation.id: observation for observation in report.observations}
    told: dict[tuple[str, ...], AnyObservation] = {}
    for telling in (_first_words, _further_words):
        for component in gravest(report):
            because = [seen[id_] for id_ in component.because if id_ in seen]
            for observation in telling(component, because):
                told.setdefault(evidence.reading(observation), observation)
    return tuple(islice(told.values(), most))


def exhibit(report: Report, component: ComponentFinding, cause: Cause | None) -> Exhibit | None:
    """Return what shows a cause best, or without one how things ended; None where nothing that was kept does."""
    seen = {observation.id: observation for observation in report.observations}
    because = [seen[id_] for id_ in component.because if id_ in seen]
    suspects = list(dict.fromkeys(_suspects(component, cause, because) if cause else _ends(because)))
    if not suspects:
        return None
    first = suspects[0]
    alike = sum(one.step == first.step and _fate(one) == _fate(first) for one in suspects[1:])
    return Exhibit(first, tuple(_controls(first, because)) if cause else (), alike)


def gravest(report: Report) -> list[ComponentFinding]:
    """Return the components that make the report what it is, the gravest first; none that works beside a broken one."""
    broken = [component for component in report.components if component.status is not Status.OK]

    def gravity(component: ComponentFinding) -> tuple[bool, int, int]:
        rank = _GRAVITY.index(component.status)
        return not component.essential, rank, _SURENESS.index(component.confidence)

    return sorted(broken or report.components, key=gravity)


def _first_words(component: ComponentFinding, because: Sequence[AnyObservation]) -> Iterator[AnyObservation]:
    """Yield for each cause one failed step with its controls; without a cause, how things ended."""
    if not component.causes:
        yield from _ends(because)
    for cause in component.causes:
        for suspect in islice(_suspects(component, cause, because), 1):
            yield suspect
            yield from _controls(suspect, because)


def _further_words(component: ComponentFinding, because: Sequence[AnyObservation]) -> Iterator[AnyObservation]:
    """Yield the other failed steps with their controls."""
    for cause in component.causes:
        for suspect in _suspects(component, cause, because):
            yield suspect
            yield from _controls(suspect, because)


def _suspects(component: ComponentFinding, cause: Cause, because: Sequence[AnyObservation]) -> Iterator[AnyObservation]:
    """Yield the steps that a cause showed in: the failed ones, or the strange ones where nothing failed."""
    steps = _steps(component, cause)
    asked = [one for one in because if one.arm is Arm.EXPERIMENT or one.purpose in _AS_GOOD]
    telling = [one for one in asked if steps is None or one.step in steps]
    failed = [one for one in telling if any(_fate(one))]
    yield from failed or (telling if steps else _ends(telling)) or _ends(because)


def _steps(component: ComponentFinding, cause: Cause) -> set[str] | None:
    """Return the steps that a cause of a component may show in; None where it may in any."""
    told = component.rules if cause in _UNSETTLED else (cause,)
    known = [_STEPS.get(name.partition(".")[0]) for name in told]
    return set().union(*(steps for steps in known if steps)) or None


def _fate(observation: AnyObservation) -> tuple[str | None, bool]:
    """Return what came of a step: its failure, and whether it ended at a known block page."""
    return observation.failure, isinstance(observation, HttpObservation) and bool(observation.fingerprints)


def _controls(suspect: AnyObservation, because: Sequence[AnyObservation]) -> Iterable[AnyObservation]:
    """Return the controls of a step: of each purpose one that went through, and one that met the same fate."""
    found: dict[tuple[Purpose, bool], AnyObservation] = {}
    for control in sorted(because, key=lambda one: _likeness(suspect, one), reverse=True):
        if _is_control(control, suspect) and (went_through(control) or _fate(control) == _fate(suspect)):
            found.setdefault((evidence.purpose_of(control), went_through(control)), control)
    ordered = sorted(found.values(), key=lambda one: (one.step != suspect.step, not went_through(one)))
    return ordered[:_MOST_CONTROLS]


def _is_control(observation: AnyObservation, suspect: AnyObservation) -> bool:
    """Tell whether a step was made to hold this one against: for the same host, and of its kind or good for all."""
    apart = observation is not suspect and observation.connection != (suspect.connection or "")
    control = observation.arm is Arm.CONTROL and observation.purpose is not Purpose.TRANSFER
    if isinstance(observation, TransferObservation) and isinstance(suspect, TransferObservation):
        return apart and control and _is_comparable(observation, suspect)
    alike = observation.step == suspect.step or observation.purpose in _FOR_ANY_STEP
    near = observation.target.host == suspect.target.host or _is_unrelated_relay(observation)
    return apart and alike and near and control


def _is_comparable(control: TransferObservation, suspect: TransferObservation) -> bool:
    """Tell whether data moved the same way, at the same address or at a server that all are held against."""
    at_hand = control.target.address == suspect.target.address or control.purpose is Purpose.UNRELATED_BASELINE
    return at_hand and control.direction == suspect.direction


def _is_unrelated_relay(control: AnyObservation) -> bool:
    """Tell whether it is a relay that a service's own is held against, which has no name to say."""
    return control.step == "stun" and control.purpose is Purpose.UNRELATED_BASELINE


def went_through(control: AnyObservation) -> bool:
    """Tell whether the server was heard: also by a certificate for another name than the one that was said."""
    failure, is_block_page = _fate(control)
    return not is_block_page and failure in {None, "ssl_invalid_hostname"}


def _likeness(suspect: AnyObservation, control: AnyObservation) -> tuple[bool, bool, bool]:
    """Return how like a control is to the step that it belongs to; the later step of a connection tells more."""
    return control.step == suspect.step, _subject(control) == _subject(suspect), control.step in {"tls", "http"}


def _subject(observation: AnyObservation) -> str | None:
    return observation.query_type if isinstance(observation, DnsObservation) else observation.target.address


def _ends(because: Sequence[AnyObservation]) -> list[AnyObservation]:
    """Return the last step of each connection, and what needs none, those at different hosts first."""
    last = {one.connection or one.id: one for one in because}
    by_host = {one.target.host: one for one in reversed(last.values())}
    return [*reversed(by_host.values()), *last.values()]
