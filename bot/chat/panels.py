"""How a broadcast looks to operators: its draft, its progress and its end, each with the buttons that fit. Pure.

What the buttons do is `bot.chat.broadcasting`'s affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.broadcasts.model import Broadcast, Tally, remaining_s
from bot.chat.language import LANGUAGES, all_of, lasting, named, plural, say
from bot.chat.reply import Button, Headline, Items, Line, Paragraph, Reply
from bot.chat.words import broadcasts as words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.chat.reply import Block

_BAR_LENGTH = 16
_TIME = "%Y-%m-%d %H:%M UTC"
PAGE = 8
"""Broadcasts of one page of the list."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A broadcast with what there is to know of it at the moment."""

    broadcast: Broadcast
    tally: Tally
    """While it has not begun, everybody it would go to is left."""
    per_s: float
    """Messages a second that may go out."""


def panel(seen: Seen) -> Reply:
    """Return a broadcast as operators see it now; one replaces the other in the same message."""
    state = seen.broadcast.state
    blocks = _draft(seen) if state in {"draft", "scheduled"} else _progress(seen)
    return Reply(topic=topic(seen.broadcast.id), blocks=tuple(blocks), buttons=tuple(_buttons(seen)))


def topic(broadcast: int) -> str:
    """Return what a broadcast's messages to operators belong together by."""
    return f"broadcast {broadcast}"


# --- before it begins ------------------------------------------------------------------------------------------------


def _draft(seen: Seen) -> Iterator[Block]:
    one = seen.broadcast
    if one.state == "scheduled" and one.start_at is not None:
        yield Headline(say(words.SCHEDULED, id=one.id, when=spoken_time(one.start_at)))
    else:
        yield Headline(say(words.DRAFT, id=one.id))
        yield Paragraph(say(words.DRAFT_PREVIEW))
    yield Paragraph(" ".join(_audience(one)))
    if seen.tally.left:
        duration = lasting(remaining_s(seen.tally, seen.per_s))
        yield Paragraph(plural(*words.RECIPIENTS, seen.tally.left, duration=duration))
    else:
        yield Paragraph(say(words.NOBODY))
    if languages := [LANGUAGES.get(language, language) for language in one.variants if language]:
        yield Paragraph(say(words.VARIANTS, names=all_of(languages)))
    if one.state == "draft":
        hints = (words.VARIANT_HINT, words.SERVICE_HINT, words.TIME_HINT)
        yield Paragraph("\n".join(say(hint, id=one.id) for hint in hints))


def _audience(one: Broadcast) -> Iterator[str]:
    audience = one.audience
    if not audience:
        yield say(words.TO_EVERYONE)
    if audience.kinds:
        yield say(words.TO_KINDS, names=all_of(named(words.KINDS, kind) for kind in sorted(audience.kinds)))
    if audience.languages:
        names = [LANGUAGES.get(language, language) for language in sorted(audience.languages)]
        yield say(words.TO_LANGUAGES, names=all_of(names))
    if audience.services:
        yield say(words.TO_SERVICES, names=all_of(sorted(audience.services)))


# --- on its way ------------------------------------------------------------------------------------------------------


def _progress(seen: Seen) -> Iterator[Block]:
    one, tally = seen.broadcast, seen.tally
    yield Headline(say(words.HEADLINES[one.state], id=one.id))
    if one.state == "cancelled":
        return
    yield Paragraph(say(words.BAR, bar=_bar(tally.share), percent=int(tally.share * 100)))
    yield Items(say(words.PROGRESS), tuple(map(Line, _counts(one, tally))))
    if one.state == "running" and tally.left:
        yield Paragraph(say(words.REMAINING, duration=lasting(remaining_s(tally, seen.per_s))))


def _counts(one: Broadcast, tally: Tally) -> Iterator[str]:
    yield say(words.SENT, count=tally.sent)
    yield say(words.UNKNOWN, count=tally.unknown)
    yield say(words.FAILED, count=tally.failed)
    if one.state in {"running", "paused"}:
        yield say(words.LEFT, count=tally.left)
    if tally.withdrawn:
        yield say(words.NOT_TOLD, count=tally.withdrawn)


def _bar(share: float) -> str:
    full = int(share * _BAR_LENGTH)
    return "▓" * full + "░" * (_BAR_LENGTH - full)


# --- buttons ---------------------------------------------------------------------------------------------------------


def _buttons(seen: Seen) -> Iterator[tuple[Button, ...]]:
    one = seen.broadcast
    match one.state:
        case "draft":
            yield from _draft_buttons(seen)
        case "scheduled":
            yield (_button(one, words.TO_DRAFT_BUTTON, "draft"), _button(one, words.DISCARD_BUTTON, "discard"))
        case "running":
            yield (_button(one, words.PAUSE_BUTTON, "pause"), _button(one, words.STOP_BUTTON, "stop"))
        case "paused":
            yield (_button(one, words.RESUME_BUTTON, "resume"), _button(one, words.STOP_BUTTON, "stop"))
        case "finished" | "stopped" if seen.tally.unknown:
            yield (Button(plural(*words.RESEND_BUTTON, seen.tally.unknown), order(one.id, "resend")),)


def _draft_buttons(seen: Seen) -> Iterator[tuple[Button, ...]]:
    one = seen.broadcast
    yield tuple(_choice(one, "kind", kind, named(words.KINDS, kind), one.audience.kinds) for kind in words.KINDS)
    yield tuple(_choice(one, "language", code, name, one.audience.languages) for code, name in LANGUAGES.items())
    if seen.tally.left:
        yield (Button(plural(*words.SEND_BUTTON, seen.tally.left), order(one.id, "send")),)
        yield (_button(one, words.IN_AN_HOUR_BUTTON, "in 1h"), _button(one, words.TOMORROW_BUTTON, "tomorrow"))
    yield (_button(one, words.PREVIEW_BUTTON, "preview"), _button(one, words.DISCARD_BUTTON, "discard"))


def _choice(one: Broadcast, what: str, key: str, name: str, chosen: frozenset[str]) -> Button:
    label = say(words.CHOSEN, name=name) if key in chosen else name
    return Button(label, order(one.id, what, key))


def _button(one: Broadcast, label: str, verb: str) -> Button:
    return Button(say(label), order(one.id, verb))


def order(broadcast: int, *what: str) -> str:
    """Return the command that has something done with a broadcast."""
    return " ".join(("/broadcasts", str(broadcast), *what))


# --- all of them -----------------------------------------------------------------------------------------------------


def listing(all_seen: Sequence[Seen], page: int) -> Reply:
    """Return one page of broadcasts, the first being 1, with one more of the next page if there is one."""
    if not all_seen:
        return Reply(topic="broadcasts", blocks=(Paragraph(say(words.LIST_EMPTY)),))
    shown = all_seen[:PAGE]
    open_ = tuple(Button(say(words.OPEN_BUTTON, id=seen.broadcast.id), order(seen.broadcast.id)) for seen in shown)
    rows = tuple(open_[start : start + 2] for start in range(0, len(open_), 2))
    turns = tuple(_turns(page, more=len(all_seen) > PAGE))
    items = Items(say(words.LIST), tuple(Line(_line(seen)) for seen in shown))
    return Reply(topic="broadcasts", blocks=(items,), buttons=(*rows, turns) if turns else rows)


def _line(seen: Seen) -> str:
    one, tally = seen.broadcast, seen.tally
    when = spoken_time(one.started_at or one.start_at or one.made_at)
    state = say(words.STATES[one.state])
    if one.started_at is None:
        return say(words.LIST_DRAFT, id=one.id, when=when, state=state)
    return say(words.LIST_LINE, id=one.id, when=when, state=state, sent=tally.sent, total=tally.total)


def _turns(page: int, *, more: bool) -> Iterator[Button]:
    if page > 1:
        yield Button(say(words.NEWER_BROADCASTS_BUTTON), f"/broadcasts page {page - 1}")
    if more:
        yield Button(say(words.OLDER_BROADCASTS_BUTTON), f"/broadcasts page {page + 1}")


def spoken_time(at: float) -> str:
    """Return a point in time as operators everywhere read it."""
    return datetime.fromtimestamp(at, UTC).strftime(_TIME)
