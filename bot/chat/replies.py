"""What is said to what: reports, names and troubles → replies. Pure; the texts themselves are `bot.chat.words`'."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.chat import directories, evidence, headlines, proofs, words
from bot.chat.beside import NOTHING_BESIDE, Beside, instead, since
from bot.chat.commands import OF_ALERTS
from bot.chat.language import ago, around, named, number, one_of, say
from bot.chat.register import register
from bot.chat.reply import Block, Button, Headline, Items, Line, Moment, Paragraph, Reply
from bot.checks import asked_as
from probes.model import Cause, Confidence, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.checks import Answer
    from probes.model import ComponentFinding, Report, Service, Vantage
    from probes.observations import AnyObservation

MOST_SENTENCES = 2
"""Causes that are told in a whole sentence; components name theirs in brief."""
HOST_CAUSES = {Cause.HOST_OFFLINE, Cause.HOST_CAPTIVE_PORTAL, Cause.HOST_RESOLVER_BROKEN, Cause.NETWORK_ALLOWLIST}
_NO_BLOCKS = {*HOST_CAUSES, Cause.NO_OUTSIDE_CONTROL, Cause.NOT_MEASURED}
_APPS = {"messenger", "vpn"}
"""Categories of services that are hardly used by their websites."""
_NO_NETWORK = {"offline", "captive"}
_BRIEFS = {Status.DEGRADED: words.BRIEF_IN_PART, Status.INCONCLUSIVE: words.BRIEF_UNSETTLED}
_SENTENCES = {Status.DEGRADED: words.SENTENCE_IN_PART, Status.INCONCLUSIVE: words.SENTENCE_UNSETTLED}
"""What is said in such a state, in place of what is said where a cause is known and stops all."""
_BASELINE_CAUSES = {
    "offline": Cause.HOST_OFFLINE,
    "captive": Cause.HOST_CAPTIVE_PORTAL,
    "allowlist": Cause.NETWORK_ALLOWLIST,
}


# --- a report --------------------------------------------------------------------------------------------------------


def answer(service: Service, answer: Answer, beside: Beside = NOTHING_BESIDE) -> Reply:
    """Return what was found out: what matters on a phone's first screen, its parts after that, the evidence last."""
    report, now = answer.report, answer.measured_at + (answer.age_s or 0)
    found = causes(report)
    blocks: tuple[Block, ...] = (
        headline(service, report),
        *_site_only(service),
        *_baseline(report),
        *(_told(cause, report) for cause in found[:MOST_SENTENCES]),
        *_thin(report),
        *since(beside.since, report, now),
        *_beyond_dns(report),
        *_next_step(report),
        *instead(beside.instead),
        _measured(answer),
        *_components(report),
        *(directories.line(one) for one in report.directories if report.baseline.network != "offline"),
        *(register(beside.record, report) if beside.record else ()),
        *headlines.links(beside.stories, now),
        *_via(report.vantage),
        *_evidence(report),
    )
    return Reply(topic=asked_as(service), blocks=blocks, buttons=_buttons(service, beside))


def _buttons(service: Service, beside: Beside) -> tuple[tuple[Button, ...], ...]:
    asked = asked_as(service)
    why = Button(say(words.WHY_BUTTON), f"/why {asked}")
    alert = Button(say(words.ALERT_BUTTON), f"/subscribe {asked}")
    offered = (alert,) if beside.alerts and service.kind == "service" else ()
    return (again(service), why), (details(service), *offered)


def causes(report: Report) -> tuple[Cause, ...]:
    """Return the causes, the host's own state first: it is the first suspect, whatever else was seen."""
    state = _BASELINE_CAUSES.get(report.baseline.network)
    found = dict.fromkeys(([state] if state else []) + list(report.causes))
    if report.status is Status.OK:
        return tuple(cause for cause in found if cause not in HOST_CAUSES)
    return tuple(sorted(found, key=lambda cause: cause not in HOST_CAUSES))


def state_of(cause: Cause, report: Report) -> Status:
    """Return what a cause made of a service: where it was no more than suspected, that nothing can be told."""
    states = {component.status for component in report.components if cause in component.causes}
    return Status.INCONCLUSIVE if states == {Status.INCONCLUSIVE} else report.status


def sentence(cause: Cause, status: Status) -> str:
    """Return how something that is in this state is stopped: of what works in part, not that all of it is."""
    return say(_SENTENCES.get(status, {}).get(cause) or words.SENTENCE[cause])


def brief(cause: Cause, status: Status) -> str:
    """Return what stops something that is in this state, in a few words."""
    return say(_BRIEFS.get(status, {}).get(cause) or words.BRIEF[cause])


def terse(cause: Cause, status: Status) -> str:
    """Return the same in two or three words."""
    own = words.TERSE_UNSETTLED if status is Status.INCONCLUSIVE else {}
    return say(own.get(cause) or words.TERSE[cause])


def by_rule(cause: Cause, components: Iterable[ComponentFinding]) -> tuple[Cause, str] | None:
    """Return the cause with the rule that words it more truly, if the same one does wherever it was found."""
    own = {
        next(((cause, rule) for rule in one.rules if (cause, rule) in words.SENTENCE_BY_RULE), None)
        for one in components
        if cause in one.causes
    }
    return own.pop() if len(own) == 1 else None


def reason(found: ComponentFinding) -> str:
    """Return what stops a component first of all, in a few words."""
    own = by_rule(found.causes[0], [found])
    return say(words.BRIEF_BY_RULE[own]) if own else brief(found.causes[0], found.status)


def _told(cause: Cause, report: Report) -> Paragraph:
    own = by_rule(cause, report.components)
    return Paragraph(say(words.SENTENCE_BY_RULE[own]) if own else sentence(cause, state_of(cause, report)))


def _next_step(report: Report) -> Iterator[Paragraph]:
    """Yield what can be done about the first cause."""
    for cause in causes(report)[:1]:
        if cause in words.NEXT_STEP and not by_rule(cause, report.components):
            yield Paragraph(say(words.NEXT_STEP[cause]))


def headline(service: Service, report: Report) -> Headline:
    """Return the one line that says it all."""
    name = measured_name(service)
    if report.status is not Status.INCONCLUSIVE:
        return Headline(say(words.HEADLINE[report.status, report.confidence], name=name), report.status)
    return Headline(say(words.INCONCLUSIVE, name=name, reason=_unsettled(report)), report.status)


def _unsettled(report: Report) -> str:
    """Return in a few words why nothing can be told."""
    found = causes(report)
    if not found:
        return say(words.UNKNOWN_REASON)
    own = by_rule(found[0], report.components)
    return say(words.BRIEF_BY_RULE[own]) if own else brief(found[0], report.status)


def measured_name(service: Service) -> str:
    """Return a service's name, and where no more than its website is measured, that."""
    return say(words.SITE_ONLY, name=service.name) if _is_site_only(service) else service.name


def _site_only(service: Service) -> Iterator[Paragraph]:
    if _is_site_only(service):
        yield Paragraph(say(words.SITE_ONLY_MEANS))


def _is_site_only(service: Service) -> bool:
    """Tell whether people use an app of it, and no component is what that app connects to."""
    return service.category in _APPS and {component.id for component in service.components} == {"web"}


def _baseline(report: Report) -> Iterable[Paragraph]:
    """Yield what is odd about this host itself, as far as no cause says so already."""
    if report.baseline.network in _NO_NETWORK:
        return
    if report.baseline.network == "allowlist" and report.status is Status.OK:
        yield Paragraph(say(words.BASELINE_ALLOWLIST))
    if report.baseline.resolver == "broken" and Cause.HOST_RESOLVER_BROKEN not in report.causes:
        yield Paragraph(say(words.BASELINE_RESOLVER_BROKEN))
    if report.baseline.resolver == "rerouted" and Cause.DNS_REROUTED not in report.causes:
        yield Paragraph(say(words.BASELINE_REROUTED))


def _thin(report: Report) -> Iterable[Paragraph]:
    if report.confidence is Confidence.POSSIBLE and report.status is not Status.INCONCLUSIVE:
        yield Paragraph(say(words.THIN_EVIDENCE))


def _components(report: Report) -> Iterable[Items]:
    """Yield the components line by line where there are several; a single one is what the headline says."""
    if len(report.components) > 1 and report.baseline.network not in _NO_NETWORK:
        yield Items(say(words.COMPONENTS), tuple(map(component, report.components)))


def component(found: ComponentFinding) -> Line:
    """Return what there is to say of one component."""
    name = named(words.COMPONENT_NAMES, found.id)
    if not found.essential:
        name = say(words.OPTIONAL_COMPONENT, component=name)
    finding = say(words.STATUS[found.status])
    if found.status is not Status.INCONCLUSIVE:
        finding = say(words.CONFIDENCE[found.confidence], status=finding)
    if not found.causes:
        return Line(say(words.COMPONENT, component=name, finding=finding), found.status)
    return Line(say(words.COMPONENT_BECAUSE, component=name, finding=finding, reason=reason(found)), found.status)


def _beyond_dns(report: Report) -> Iterable[Paragraph]:
    """Yield whether another resolver would help, where the resolver is part of the trouble."""
    if not any(cause.startswith("dns.") for cause in report.causes):
        return
    more = [cause for cause in report.causes if not cause.startswith("dns.") and cause not in _NO_BLOCKS]
    if report.beyond_dns == "blocked" and more:
        yield Paragraph(say(words.BEYOND_DNS_BLOCKED_BY, reason=brief(more[0], state_of(more[0], report))))
    else:
        yield Paragraph(say(words.BEYOND_DNS[report.beyond_dns]))


def _measured(answer: Answer) -> Moment:
    moment = measured(answer)
    if answer.age_s is not None:
        return moment
    took = say(words.TOOK, seconds=number(answer.report.elapsed_s, 1))
    return replace(moment, after=f"{moment.after} {took}")


def measured(answer: Answer) -> Moment:
    """Return when and where it was measured."""
    place = whereabouts(answer.report.vantage)
    before, after = around(words.MEASURED_IN if place else words.MEASURED, "when", place=place)
    spoken = say(words.JUST_NOW) if answer.age_s is None else ago(answer.age_s)
    return Moment(before, spoken, after, answer.measured_at)


def whereabouts(vantage: Vantage) -> str:
    """Return the network and the country that is measured from, as far as they are known."""
    asn = f"AS{vantage.asn}" if vantage.asn else ""
    network = " ".join(part for part in (asn, vantage.network or "") if part)
    place = ", ".join(part for part in (network, vantage.country or "") if part)
    return say(words.PLACE_IN_DATA_CENTRE, place=place) if place and vantage.via == "hosting" else place


def _via(vantage: Vantage) -> Iterable[Paragraph]:
    """Yield what stands between this host and what people around it have."""
    if vantage.via in words.VIA:
        yield Paragraph(say(words.VIA[vantage.via]))


def _evidence(report: Report) -> Iterable[Items]:
    if found := evidence.lines(proofs.chosen(report)):
        yield Items(say(words.EVIDENCE), tuple(map(Line, found)), evidence=True)


def again(service: Service) -> Button:
    """Return the button that has it measured anew."""
    return Button(say(words.AGAIN_BUTTON), f"/again {asked_as(service)}")


def details(service: Service) -> Button:
    """Return the button that shows every observation."""
    return Button(say(words.DETAILS_BUTTON), f"/details {asked_as(service)}")


# --- while it is measured --------------------------------------------------------------------------------------------


class Tally:
    """Counts the steps of a measurement that were made so far."""

    def __init__(self) -> None:
        self._made: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()

    def add(self, observation: AnyObservation) -> None:
        """Count one step."""
        self._made[observation.step] += 1
        self._failed[observation.step] += observation.failure is not None

    def __str__(self) -> str:
        return say(words.COMMA).join(self._count(step) for step in words.STEPS if self._made[step])

    def _count(self, step: str) -> str:
        template = words.STEP_COUNT_FAILED if self._failed[step] else words.STEP_COUNT
        return say(template, step=say(words.STEPS[step]), count=self._made[step], failed=self._failed[step])


def progress(service: Service, tally: Tally) -> Reply:
    """Return what is known while the measurement is still going on."""
    counts = str(tally)
    text = say(words.CHECKING_SO_FAR if counts else words.CHECKING, name=service.name, counts=counts)
    return Reply(topic=asked_as(service), blocks=(Paragraph(text),))


# --- everything else -------------------------------------------------------------------------------------------------


def start(*, told: bool) -> Reply:
    """Return the first thing that somebody hears; `told` is whether their chat can be told anything unasked."""
    about = (Headline(say(words.START)), Paragraph(say(words.TRY)))
    return Reply(blocks=(*about, _commands(told=told), Paragraph(say(words.PRIVACY))))


def help_(*, told: bool) -> Reply:
    """Return what can be asked."""
    return Reply(blocks=(Paragraph(say(words.TRY)), _commands(told=told), Paragraph(say(words.ANY_SITE))))


def services(groups: Mapping[str, Iterable[Service]]) -> Reply:
    """Return the services by category."""
    lines = tuple(
        Line(
            say(
                words.CATEGORY,
                category=named(words.CATEGORIES, category),
                names=say(words.COMMA).join(service.name for service in members),
            )
        )
        for category, members in groups.items()
    )
    return Reply(blocks=(Items(say(words.SERVICES), lines), Paragraph(say(words.ANY_SITE))))


def unknown_command(command: str, *, told: bool) -> Reply:
    """Return what a command is told that does not exist."""
    return Reply(blocks=(Paragraph(say(words.UNKNOWN_COMMAND, command=command)), _commands(told=told)))


def did_you_mean(suggestions: Sequence[Service]) -> Reply:
    """Return the likeliest meanings, each with a button."""
    names = one_of(service.name for service in suggestions)
    buttons = tuple((Button(one.name, f"/check {one.id}"),) for one in suggestions)
    return Reply(blocks=(Paragraph(say(words.DID_YOU_MEAN, names=names)),), buttons=buttons)


def broken(service: Service, reference: str) -> Reply:
    """Return the apology for a fault of this program; `reference` finds it in the log."""
    text = say(words.BROKEN, name=service.name, reference=reference)
    return Reply(topic=asked_as(service), blocks=(Paragraph(text),), buttons=((again(service),),))


def busy(service: Service) -> Reply:
    """Return the request to come back later."""
    return Reply(topic=asked_as(service), blocks=(Paragraph(say(words.BUSY)),), buttons=((again(service),),))


def too_many(count: int, left_out: Iterable[str]) -> Reply:
    """Return which of the targets of one message are not checked."""
    return plain(say(words.TOO_MANY, count=count, names=say(words.COMMA).join(left_out)))


def plain(*texts: str) -> Reply:
    """Return a reply of one paragraph, or of several."""
    return Reply(blocks=tuple(map(Paragraph, texts)))


def _commands(*, told: bool) -> Items:
    """Return the commands, without those of alerts where nobody can be told any."""
    lines = [line for command, line in words.COMMAND_LINES.items() if told or command not in OF_ALERTS]
    return Items(say(words.COMMANDS), tuple(Line(say(line)) for line in lines))
