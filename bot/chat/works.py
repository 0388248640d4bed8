"""What many services are told about at once: "what works here?". Pure; which services they are, others decide."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from bot.chat import replies, words
from bot.chat.language import around, named, say
from bot.chat.reply import Block, Button, Headline, Items, Line, Moment, Paragraph, Reply
from bot.checks import asked_as
from probes.model import Confidence, Service, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.checks import Answer
    from probes.model import Report

MOST_SERVICES = 100
"""In one answer."""
_MOST_LINES = 12
"""Under one title; more than so many services share lines, so that all of them fit on a screen or two."""
_BUTTONS_IN_ROW, _MOST_BUTTONS = 3, 6
_MOST_CHARACTERS = 100
"""Of foreign text that is repeated."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: categories by id and services by name."""

    categories: tuple[str, ...]
    services: tuple[Service, ...]
    """All that these are."""
    named: tuple[Service, ...] = ()
    """Those that were asked for by their own names."""

    @property
    def asked(self) -> tuple[Service, ...]:
        """The services, each once, as many as are answered for."""
        return tuple({service.id: service for service in self.services}.values())[:MOST_SERVICES]

    @property
    def left_out(self) -> tuple[Service, ...]:
        """The services beyond those."""
        ids = {service.id for service in self.asked}
        return tuple(service for service in self.services if service.id not in ids)

    @property
    def command(self) -> str:
        """What people write to ask the same again."""
        return " ".join(("/works", *self.categories, *map(asked_as, self.named)))

    @property
    def title(self) -> str:
        """What the question is about, for people to read."""
        names = [named(words.CATEGORIES, category) for category in self.categories]
        return say(words.COMMA).join(names + [say(words.WORKS_SERVICES)] * bool(self.named))


def overview(question: Question, answers: Mapping[str, Answer], others: Iterable[str] = ()) -> Reply:
    """Return which services work and which do not, by status; `others` are categories that may be asked for as well."""
    known = [(service, answers[service.id]) for service in question.asked if service.id in answers]
    missing = [service for service in question.asked if service.id not in answers]
    blocks: tuple[Block, ...] = (
        Headline(say(words.WORKS, what=question.title)),
        *_host_state(answer.report for _, answer in known),
        *_groups(known),
        *_missing(missing, question.left_out),
        *_measured([answer for _, answer in known]),
        *_others(one for one in others if one not in question.categories),
    )
    return Reply(topic=question.command, blocks=blocks, buttons=tuple(_buttons(question, known)))


def progress(question: Question, answers: Mapping[str, Answer]) -> Reply:
    """Return what is known so far, a line for each status."""
    text = say(words.WORKS_PROGRESS, what=question.title, done=len(answers), count=len(question.asked))
    lines = []
    for status in Status:
        names = [one.name for one in question.asked if one.id in answers and answers[one.id].report.status is status]
        if names:
            lines.append(Line(say(words.COMMA).join(names), status))
    return Reply(topic=question.command, blocks=(Items(text, tuple(lines)) if lines else Paragraph(text),))


def unknown(words_: Sequence[str], categories: Iterable[str]) -> Reply:
    """Return what is told about words that name neither a category nor a service."""
    word = " ".join(words_)[:_MOST_CHARACTERS]
    return replies.plain(say(words.UNKNOWN_CATEGORY, word=word, names=say(words.COMMA).join(categories)))


def _host_state(reports: Iterable[Report]) -> Iterator[Paragraph]:
    """Yield what is wrong with this host, the first suspect, once for all."""
    causes = {cause for report in reports for cause in replies.causes(report) if cause in replies.HOST_CAUSES}
    yield from (Paragraph(say(words.SENTENCE[cause])) for cause in words.SENTENCE if cause in causes)


def _groups(known: Sequence[tuple[Service, Answer]]) -> Iterator[Items]:
    for status in Status:
        members = [(service, answer.report) for service, answer in known if answer.report.status is status]
        if members:
            yield Items(say(words.WORKS_GROUPS[status], count=len(members)), tuple(_lines(members, status)))


def _lines(members: Sequence[tuple[Service, Report]], status: Status) -> Iterator[Line]:
    """Yield a line for each service or, where they are many, for each reason."""
    if len(members) <= _MOST_LINES:
        yield from (Line(_because(_named(one, report), _reason(report)), status) for one, report in members)
        return
    together: dict[str, list[str]] = {}
    for one, report in members:
        together.setdefault(_reason(report), []).append(_named(one, report))
    for reason, names in sorted(together.items(), key=lambda pair: -len(pair[1])):
        yield Line(_because(say(words.COMMA).join(names), reason), status)


def _named(service: Service, report: Report) -> str:
    """Return a service's name, with how sure it is what is said of it."""
    if report.confidence is Confidence.CONFIRMED or report.status is Status.INCONCLUSIVE:
        return replies.measured_name(service)
    return say(words.WORKS_UNSURE, name=replies.measured_name(service), sureness=say(words.SURENESS[report.confidence]))


def _reason(report: Report) -> str:
    causes = replies.causes(report) if report.status is not Status.OK else ()
    if not causes:
        return ""
    own = replies.by_rule(causes[0], report.components)
    return say(words.TERSE_BY_RULE[own]) if own else replies.terse(causes[0], replies.state_of(causes[0], report))


def _because(names: str, reason: str) -> str:
    return say(words.WORKS_BECAUSE, name=names, reason=reason) if reason else names


def _missing(missing: Sequence[Service], left_out: Sequence[Service]) -> Iterator[Block]:
    if missing:
        names = [service.name for service in missing]
        shown = names if len(names) <= _MOST_LINES else [say(words.COMMA).join(names)]
        yield Items(say(words.WORKS_NOT_YET, count=len(names)), tuple(map(Line, shown)))
        yield Paragraph(say(words.WORKS_NOT_YET_HINT))
    if left_out:
        others = say(words.COMMA).join(service.name for service in left_out)
        yield Paragraph(say(words.WORKS_LEFT_OUT, names=others))


def _measured(answers: Sequence[Answer]) -> Iterator[Moment]:
    """Yield when and where it was measured: of several times, the first."""
    oldest = max(answers, key=lambda answer: answer.age_s or 0, default=None)
    if oldest is None:
        return
    moment = replies.measured(oldest)
    if oldest.age_s is not None:
        before, after = around(words.WORKS_SINCE, "when")
        moment = replace(moment, before=before, after=after)
    yield moment


def _others(categories: Iterable[str]) -> Iterator[Paragraph]:
    if names := say(words.COMMA).join(categories):
        yield Paragraph(say(words.WORKS_MORE, names=names))


def _buttons(question: Question, known: Sequence[tuple[Service, Answer]]) -> Iterator[tuple[Button, ...]]:
    """Yield buttons for what does not work, to see why, and one to ask all of it again."""
    broken = [service for service, answer in known if answer.report.status is not Status.OK]
    details = [Button(one.name, f"/check {asked_as(one)}") for one in broken]
    row = iter(details[:_MOST_BUTTONS])
    while buttons := tuple(islice(row, _BUTTONS_IN_ROW)):
        yield buttons
    yield (Button(say(words.UPDATE_BUTTON), question.command),)
