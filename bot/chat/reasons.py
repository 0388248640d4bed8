"""The evidence behind an answer as replies: in order and in plain words, or every observation. Pure.

Which observations show a cause is decided in `bot.chat.proofs`, how a single one is worded in `bot.chat.evidence`.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from bot.chat import directories, evidence, proofs, replies, words
from bot.chat.language import named, plural, say
from bot.chat.reply import Block, Button, Items, Line, Paragraph, Reply
from bot.checks import asked_as
from probes.model import Cause, Status
from probes.observations import DnsObservation, HttpObservation, OutsideObservation, Purpose, QuicObservation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.chat.proofs import Exhibit
    from bot.checks import Answer
    from probes.model import ComponentFinding, Report, Service
    from probes.observations import AnyObservation

_MOST_RULES = 4
"""Conclusions of one component."""
_NOT_TOLD = {Cause.NOT_MEASURED, Cause.NO_OUTSIDE_CONTROL}


# --- in order --------------------------------------------------------------------------------------------------------


def why(service: Service, answer: Answer) -> Reply:
    """Return what was done, what came back, what it was held against and what follows, part by part."""
    report = answer.report
    blocks: tuple[Block, ...] = (
        replies.headline(service, report),
        replies.measured(answer),
        *_parts(report),
        *(directories.items(one) for one in report.directories if report.baseline.network != "offline"),
        *_sureness(report),
        Items(say(words.WHY_NOT_MEASURED), tuple(map(Line, _not_measured(report)))),
    )
    buttons = ((replies.details(service), replies.again(service)),)
    return Reply(topic=asked_as(service), blocks=blocks, buttons=buttons)


def _parts(report: Report) -> Iterator[Items]:
    """Yield the components, the gravest first; what stops several of them is told in full once."""
    told: set[object] = set()
    for component in proofs.gravest(report):
        lines = tuple(Line(line) for line in _component(report, component, told))
        if lines:
            yield Items(replies.component(component).text, lines)


def _component(report: Report, component: ComponentFinding, told: set[object]) -> Iterator[str]:
    causes = component.causes or (None,)
    new = [cause for cause in causes if (cause, _own_rule(cause, component)) not in told]
    shown: set[tuple[str, ...]] = set()
    for cause in new:
        told.add((cause, _own_rule(cause, component)))
        if exhibit := proofs.exhibit(report, component, cause):
            yield from _exhibit(exhibit, report, shown)
    if new:
        yield from _conclusions(component)
    elif component.causes:
        yield say(words.WHY_ALIKE, reason=replies.reason(component))


def _own_rule(cause: Cause | None, component: ComponentFinding) -> object:
    """Return what tells a cause apart from the same one by other rules, if they are told in words of their own."""
    return replies.by_rule(cause, [component]) if cause else None


def _exhibit(exhibit: Exhibit, report: Report, shown: set[tuple[str, ...]]) -> Iterator[str]:
    """Yield what shows a cause, without what was `shown` in the same part already."""
    if _is_new(exhibit.suspect, shown):
        yield say(_deed(exhibit.suspect), **_facts(exhibit.suspect, report))
        if exhibit.alike:
            yield plural(*words.WHY_REPEATED, exhibit.alike)
    for control in exhibit.controls:
        if _is_new(control, shown):
            yield say(_sense(control), **_facts(control, report))


def _deed(suspect: AnyObservation) -> str:
    if _is_negotiation(suspect):
        return words.WHY_NEGOTIATED
    return words.WHY_BORROWED if evidence.is_borrowed(suspect) else words.WHY_DEEDS[suspect.step]


def _is_new(observation: AnyObservation, shown: set[tuple[str, ...]]) -> bool:
    """Tell whether nothing that reads the same was shown, and note that it now is."""
    before = len(shown)
    shown.add(evidence.reading(observation))
    return len(shown) > before


def _sense(control: AnyObservation) -> str:
    """Return what a control says: by what it was for, and whether it went through or, outside, reached the service."""
    if isinstance(control, OutsideObservation):
        return words.WHY_CONTROLS[Purpose.OUTSIDE, evidence.how_far(control) != words.NOT_REACHED]
    purpose, fine = evidence.purpose_of(control), proofs.went_through(control)
    if control.step == "stun" and purpose is Purpose.UNRELATED_BASELINE:
        return words.WHY_RELAYS[fine]
    if control.step == "transfer" and purpose is Purpose.UNRELATED_BASELINE:
        return words.WHY_STRANGERS_DATA
    if _is_negotiation(control):
        return words.WHY_NEGOTIATIONS[fine]
    return words.WHY_CONTROLS[purpose, fine]


def _is_negotiation(observation: AnyObservation) -> bool:
    """Tell whether a server was only asked which QUIC it speaks, by no name."""
    return isinstance(observation, QuicObservation) and observation.kind == "version_negotiation"


def _facts(observation: AnyObservation, report: Report) -> dict[str, object]:
    """Return what the sentences about a step are filled in with."""
    milliseconds = round(1000 * observation.elapsed_s)
    return {
        "host": observation.target.host,
        "where": _where(observation),
        "name": _name(observation, report),
        "type": observation.query_type if isinstance(observation, DnsObservation) else "",
        "url": evidence.bounded(observation.url) if isinstance(observation, HttpObservation) else "",
        "result": say(words.WHY_RESULT, result=evidence.outcome(observation), milliseconds=milliseconds),
    }


def _where(observation: AnyObservation) -> str:
    match observation:
        case DnsObservation():
            return observation.resolver
        case OutsideObservation():
            return observation.control
        case _:
            return evidence.endpoint(observation)


def _name(observation: AnyObservation, report: Report) -> str:
    """Return the name that was said to a server: in this step or, for what came after it, in the handshake before."""
    same = (one for one in report.observations if one.connection and one.connection == observation.connection)
    said = (getattr(one, "server_name", "") for one in (observation, *same))
    return next((name for name in said if name), say(words.WHY_OTHER_NAME))


def _conclusions(component: ComponentFinding) -> Iterator[str]:
    for rule in component.rules[:_MOST_RULES]:
        if rule in words.WHY_RULES:
            yield say(words.WHY_SO, conclusion=say(words.WHY_RULES[rule]), rule=rule)


def _sureness(report: Report) -> Iterator[Paragraph]:
    if report.status not in {Status.OK, Status.INCONCLUSIVE}:
        yield Paragraph(say(words.SURE[report.confidence]))


def _not_measured(report: Report) -> Iterator[str]:
    """Yield what the answer says nothing about."""
    for component in report.components:
        untold = [cause for cause in component.causes if cause in _NOT_TOLD]
        if untold and component.status is Status.INCONCLUSIVE and not replies.by_rule(untold[0], [component]):
            name = named(words.COMPONENT_NAMES, component.id)
            yield say(words.NOT_MEASURED_COMPONENT, component=name, reason=say(words.BRIEF[untold[0]]))
    taken = report.observations
    if not any(one.step == "outside" for one in taken):
        yield say(words.NOT_MEASURED_OUTSIDE)
    if not any(one.step == "transfer" for one in taken):
        yield say(words.NOT_MEASURED_TRANSFER)
    if not any(":" in (one.target.address or "") for one in taken):
        yield say(words.NOT_MEASURED_IPV6)
    yield say(words.NOT_MEASURED_ELSEWHERE)


# --- every observation -----------------------------------------------------------------------------------------------


def details(service: Service, answer: Answer) -> Reply:
    """Return every observation, the most telling first; of those that read the same, one with their number."""
    report = answer.report
    telling = proofs.chosen(report, most=len(report.observations))
    counted = Counter(evidence.reading(one) for one in report.observations)
    first = {evidence.reading(one): one for one in (*report.observations, *telling)}
    order = dict.fromkeys(evidence.reading(one) for one in (*telling, *report.observations))
    lines = tuple(Line(_counted(first[reading], counted[reading])) for reading in order)
    blocks: tuple[Block, ...] = (
        replies.headline(service, report),
        replies.measured(answer),
        Items(plural(*words.DETAILS, len(report.observations)), lines, evidence=True),
    )
    buttons = ((Button(say(words.WHY_BUTTON), f"/why {asked_as(service)}"), replies.again(service)),)
    return Reply(topic=asked_as(service), blocks=blocks, buttons=buttons)


def _counted(observation: AnyObservation, times: int) -> str:
    line = evidence.line(observation)
    return say(words.DETAILS_TIMES, line=line, count=times) if times > 1 else line
