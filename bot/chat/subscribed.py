"""What subscriptions look like as replies: added, removed, listed with buttons, and when a chat is told. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.alerts.hours import DIGEST_HOUR, clock
from bot.alerts.subscriptions import EVERYTHING, of_category
from bot.chat import words
from bot.chat.language import named, one_of, say
from bot.chat.reply import Block, Button, Items, Line, Paragraph, Reply
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.alerts.subscriptions import Listener, Subscription
    from bot.alerts.wording import Setting
    from bot.chat.wanted import Wanted
    from bot.incidents import Subject
    from bot.store.incidents import Incident, Stage
    from probes.catalogue import Catalogue

PAGE = 8
"""Subscriptions that are shown at a time, each with its buttons."""
TOPIC = "subscriptions"
_MOST_CHARACTERS = 100
"""Of foreign text that is repeated."""


class GoingOn(NamedTuple):
    """What is wrong at the moment with something that was just subscribed to."""

    subject: Subject
    incident: Incident
    stage: Stage


def name_of(target: str, catalogue: Catalogue) -> str:
    """Return what people call a service, a category, or everything."""
    kind, _, name = target.rpartition(":")
    service = catalogue.get(name) if kind == "service" else None
    return service.name if service else named(words.CATEGORIES, name)


def _names(targets: Iterable[str], catalogue: Catalogue) -> str:
    return say(words.COMMA).join(name_of(target, catalogue) for target in targets)


def how(catalogue: Catalogue) -> Reply:
    """Return how to subscribe."""
    first = next(iter(catalogue.categories()), None)
    kinds = [Button(named(words.CATEGORIES, first), f"/subscribe {of_category(first)}")] if first else []
    everything = Button(say(words.EVERYTHING_BUTTON), f"/subscribe {EVERYTHING}")
    return Reply(blocks=(Paragraph(say(words.SUBSCRIBE_WHAT)),), buttons=((*kinds, everything),))


# --- added and removed -----------------------------------------------------------------------------------------------


def added(
    new: Sequence[Subscription], asked: Wanted, now: Sequence[GoingOn], catalogue: Catalogue, setting: Setting
) -> Reply:
    """Return what was added, what is going on with it, and what could not be added, and why."""
    blocks: list[Block] = []
    for text, degradations in ((words.SUBSCRIBED, False), (words.SUBSCRIBED_ALL, True)):
        if targets := [one.target for one in new if one.degradations == degradations]:
            blocks.append(Paragraph(say(text, names=_names(targets, catalogue))))
    if any(one.thread is not None for one in new):
        blocks.append(Paragraph(say(words.SUBSCRIBED_HERE)))
    if now:
        blocks.append(Items(say(words.SUBSCRIBED_NOW), tuple(_going_on(one, setting) for one in now)))
    blocks += _refusals(asked, catalogue)
    return Reply(blocks=tuple(blocks), buttons=tuple(_after_subscribing(new, asked, catalogue)))


def _going_on(one: GoingOn, setting: Setting) -> Line:
    name, when = setting.name(one.subject), setting.clock(one.incident.opened_at)
    if directory := one.subject.directory:
        text = say(words.SUBSCRIBED_NOW_LINE["directory"], name=name, id=directory.upper(), when=when)
        return Line(text, Status.DEGRADED)
    return Line(say(words.SUBSCRIBED_NOW_LINE[one.stage.status], name=name, when=when), one.stage.status)


def _refusals(asked: Wanted, catalogue: Catalogue) -> Iterator[Paragraph]:
    if asked.hosts:
        names = say(words.COMMA).join(asked.hosts)[:_MOST_CHARACTERS]
        yield Paragraph(say(words.SUBSCRIBE_NO_HOSTS, names=names))
    unknown = say(words.COMMA).join(asked.unknown)[:_MOST_CHARACTERS]
    if asked.suggestions:
        guesses = one_of(name_of(f"service:{id_}", catalogue) for id_ in asked.suggestions)
        yield Paragraph(say(words.SUBSCRIBE_MEANT, names=unknown, guesses=guesses))
    elif asked.unknown or not (asked.targets or asked.hosts):
        yield Paragraph(say(words.SUBSCRIBE_UNKNOWN if asked.unknown else words.SUBSCRIBE_WHAT, names=unknown))


def _after_subscribing(
    new: Sequence[Subscription], asked: Wanted, catalogue: Catalogue
) -> Iterator[tuple[Button, ...]]:
    for id_ in asked.suggestions:
        yield (Button(name_of(f"service:{id_}", catalogue), f"/subscribe {id_}"),)
    if names := " ".join(one.spelling for one in new if not one.degradations):
        more = Button(say(words.DEGRADATIONS_BUTTON), f"/subscribe {names} degradations")
        yield more, Button(say(words.SUBSCRIPTIONS_BUTTON), "/subscriptions")
    elif new:
        yield (Button(say(words.SUBSCRIPTIONS_BUTTON), "/subscriptions"),)


def removed(
    gone: Sequence[str], asked: Wanted, wholes: Mapping[str, Subscription | None], catalogue: Catalogue
) -> Reply:
    """Return what was removed; `wholes` are what the named services still belong to, by their ids."""
    blocks: list[Block] = []
    buttons: dict[str, Button] = {}
    if gone:
        blocks.append(Paragraph(say(words.UNSUBSCRIBED, names=_names(gone, catalogue))))
    for id_, whole in wholes.items():
        if whole is not None:
            name, of = name_of(f"service:{id_}", catalogue), name_of(whole.target, catalogue)
            blocks.append(Paragraph(say(words.UNSUBSCRIBE_PART_OF, name=name, whole=of)))
            label = say(words.UNSUBSCRIBE_BUTTON_OF, name=of)
            buttons[whole.target] = Button(label, f"/subscriptions remove {whole.spelling}")
    never = [t for t in asked.targets if t not in gone and wholes.get(t.rpartition(":")[2]) is None]
    if never:
        blocks.append(Paragraph(say(words.UNSUBSCRIBE_NOT, names=_names(never, catalogue))))
    if asked.unknown or asked.hosts:
        unknown = say(words.COMMA).join((*asked.unknown, *asked.hosts))[:_MOST_CHARACTERS]
        blocks.append(Paragraph(say(words.SUBSCRIBE_UNKNOWN, names=unknown)))
    if not blocks:
        blocks.append(Paragraph(say(words.SUBSCRIPTIONS_NONE)))
    return Reply(blocks=tuple(blocks), buttons=tuple((button,) for button in buttons.values()))


# --- listed ----------------------------------------------------------------------------------------------------------


def overview(listener: Listener, catalogue: Catalogue, setting: Setting, thread: int | None, page: int) -> Reply:
    """Return a page of what a chat subscribed to, and when it is told; pages are counted from 1."""
    everything = sorted(listener.subscriptions.values(), key=lambda one: (one.target != EVERYTHING, one.target))
    pages = max(-(-len(everything) // PAGE), 1)
    page = min(max(page, 1), pages)
    shown = everything[(page - 1) * PAGE : page * PAGE]
    if shown:
        lines = tuple(Line(_subscription(one, catalogue, thread)) for one in shown)
        blocks: tuple[Block, ...] = (Items(say(words.SUBSCRIPTIONS_TITLE), lines),)
    else:
        blocks = (Paragraph(say(words.SUBSCRIPTIONS_NONE)),)
    rows = [_row(one, catalogue, page) for one in shown]
    return Reply(topic=TOPIC, blocks=(*blocks, *_when(listener, setting)), buttons=(*rows, tuple(_turn(page, pages))))


def _when(listener: Listener, setting: Setting) -> Iterator[Items]:
    """Yield when a chat is told, if it chose that or there is something to tell it."""
    chosen = tuple(Line(text) for text in wishes(listener, setting))
    if chosen or listener.subscriptions:
        yield Items(say(words.WISHES), chosen or (Line(say(words.WISH_AT_ONCE)),))


def _subscription(one: Subscription, catalogue: Catalogue, thread: int | None) -> str:
    text = words.SUBSCRIPTION_ALL if one.degradations else words.SUBSCRIPTION_BLOCKS
    line = say(text, name=name_of(one.target, catalogue))
    elsewhere = one.thread is not None and one.thread != thread
    return say(words.SUBSCRIPTION_ELSEWHERE, line=line) if elsewhere else line


def _row(one: Subscription, catalogue: Catalogue, page: int) -> tuple[Button, ...]:
    name = name_of(one.target, catalogue)
    text, deed = (
        (words.ONLY_BLOCKS_BUTTON, "blocks") if one.degradations else (words.MORE_DEGRADATIONS_BUTTON, "degradations")
    )
    return (
        Button(say(text, name=name), f"/subscriptions {deed} {one.spelling} {page}"),
        Button(say(words.REMOVE_BUTTON, name=name), f"/subscriptions remove {one.spelling} {page}"),
    )


def _turn(page: int, pages: int) -> Iterator[Button]:
    if page > 1:
        yield Button(say(words.BACK_BUTTON), f"/subscriptions {page - 1}")
    if page < pages:
        yield Button(say(words.ONWARD_BUTTON), f"/subscriptions {page + 1}")


def wishes(listener: Listener, setting: Setting) -> Iterator[str]:
    """Yield when a chat wants to hear."""
    wish = listener.wishes
    if wish.muted_until is not None and wish.muted_until > setting.now:
        yield say(words.WISH_MUTED, when=setting.clock(wish.muted_until))
    if wish.quiet:
        yield say(words.WISH_QUIET, hours=str(wish.quiet), zone=setting.zone)
    if wish.digest:
        yield say(words.WISH_DIGEST[wish.digest], time=clock(DIGEST_HOUR * 60), zone=setting.zone)


def kept(listener: Listener, catalogue: Catalogue, setting: Setting) -> Iterator[str]:
    """Yield what is kept of a chat here."""
    if listener.subscriptions:
        yield say(words.KEPT_SUBSCRIPTIONS, names=_names(listener.subscriptions, catalogue))
    if listener.told:
        yield say(words.KEPT_TOLD, names=say(words.COMMA).join(map(setting.name, listener.told)))
    yield from wishes(listener, setting)
    if listener.wishes.zone:
        yield say(words.KEPT_ZONE, zone=listener.wishes.zone)
    yield say(words.KEPT_ALERTS_LANGUAGE, language=words.LANGUAGES.get(listener.language, listener.language))
