"""News of several subjects in one message: a country-wide event, or what came up while a chat wanted quiet. Pure."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from bot.alerts.wording import MUTE, OVER, alert, lasted, mark
from bot.chat import words
from bot.chat.language import plural, say
from bot.chat.reply import Block, Button, Headline, Items, Line, Paragraph, Reply
from bot.incidents import HOST
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.alerts.hearing import Item
    from bot.alerts.wording import Setting

_BUTTONS_IN_ROW, _MOST_BUTTONS = 3, 6
_NEWS_OF_TROUBLE = {"alert", "changed", "settled"}
_GROUPS = {
    Status.BLOCKED: words.GROUP_BLOCKED,
    Status.DEGRADED: words.GROUP_DEGRADED,
    Status.DOWN: words.GROUP_DOWN,
}


def message(items: Sequence[Item], setting: Setting) -> Reply:
    """Return everything that a chat hears at one time as one message."""
    reply = alert(items[0], setting) if len(items) == 1 else _several(items, setting)
    if not setting.quiet:
        return reply
    waited = Paragraph(say(words.CATCH_UP, hours=setting.quiet))
    return Reply(blocks=(*reply.blocks[:1], waited, *reply.blocks[1:]), buttons=reply.buttons)


def _several(items: Sequence[Item], setting: Setting) -> Reply:
    host = [item for item in items if item.change.subject == HOST]
    others = [item for item in items if item.change.subject != HOST]
    if not others:
        return alert(host[-1], setting)
    blocks: list[Block] = [_headline(others)]
    for item in host[-1:]:
        blocks += alert(item, setting).blocks
    return Reply(blocks=(*blocks, *_alike(others), *_groups(others, setting)), buttons=tuple(_buttons(others, setting)))


def _headline(items: Sequence[Item]) -> Headline:
    """Return the one line that says it all: whatever is blocked goes before everything else."""
    blocked = {item.change.subject.service for item in items if _is_block(item)}
    if blocked:
        return Headline(plural(*words.ALERTS_BLOCKED, len(blocked)), Status.BLOCKED)
    services = {item.change.subject.service for item in items}
    if all(item.sort == "clear" for item in items):
        return Headline(plural(*words.ALERTS_CLEAR, len(services)), Status.OK)
    return Headline(plural(*words.ALERTS, len(services)))


def _is_block(item: Item) -> bool:
    return item.sort in _NEWS_OF_TROUBLE and item.change.status is Status.BLOCKED and item.change.severity == "block"


def _alike(items: Sequence[Item]) -> Iterator[Paragraph]:
    """Yield what stops all that is blocked, if it is the same: then it is one event."""
    reasons = [item.change.causes[:1] for item in items if _is_block(item)]
    if len(reasons) > 1 and reasons[0] and len(set(reasons)) == 1:
        yield Paragraph(say(words.ALERTS_ALIKE, reason=say(words.BRIEF[reasons[0][0]])))


def _groups(items: Sequence[Item], setting: Setting) -> Iterator[Items]:
    groups: dict[str, list[Line]] = {}
    for item in items:
        groups.setdefault(_group(item), []).append(Line(_line(item, setting), _mark(item)))
    for title in sorted(groups, key=_ORDER.index):
        yield Items(say(title, count=len(groups[title])), tuple(groups[title]))


_ORDER = (
    words.GROUP_BLOCKED,
    words.GROUP_DELISTED,
    words.GROUP_DEGRADED,
    words.GROUP_DOWN,
    words.GROUP_FLAPPING,
    words.GROUP_CLEAR,
    words.GROUP_PAST,
    words.GROUP_LOST,
)


def _group(item: Item) -> str:
    if item.sort == "flapping":
        return words.GROUP_FLAPPING
    if item.sort == "clear":
        return words.GROUP_CLEAR
    if item.sort == "past":
        return words.GROUP_PAST
    if item.sort == "lost":
        return words.GROUP_LOST
    return words.GROUP_DELISTED if item.change.subject.directory else _GROUPS[item.change.status]


def _line(item: Item, setting: Setting) -> str:
    change, name = item.change, setting.name(item.change.subject)
    if item.sort == "clear" and change.what == "settled":
        return say(words.GROUP_LINE_STEADY, name=name)
    if item.sort in {"clear", "past"}:
        text = words.GROUP_LINE_LISTED if change.subject.directory else words.GROUP_LINE_WAS[item.about.worst]
        return say(text, name=name, **lasted(item, setting))
    since = {"flapping": change.since, "lost": item.about.since}.get(item.sort, item.since)
    when = setting.clock(since)
    if item.sort == "lost" or change.subject.directory or not change.causes:
        return say(words.GROUP_LINE_SINCE, name=name, when=when)
    return say(words.GROUP_LINE_BECAUSE, name=name, reason=say(words.TERSE[change.causes[0]]), when=when)


def _mark(item: Item) -> Status:
    if item.sort == "lost":
        return Status.INCONCLUSIVE
    return Status.OK if item.sort in OVER else mark(item.change)


def _buttons(items: Sequence[Item], setting: Setting) -> Iterator[tuple[Button, ...]]:
    """Yield a button for each of the first services, and what one may want to change after so much news."""
    services = dict.fromkeys(item.change.subject for item in items if item.sort not in {"past", "lost"})
    names = {subject.service: setting.name(subject) for subject in services}
    row = iter([Button(name, f"/check {id_}") for id_, name in names.items()][:_MOST_BUTTONS])
    while found := tuple(islice(row, _BUTTONS_IN_ROW)):
        yield found
    subscriptions = Button(say(words.SUBSCRIPTIONS_BUTTON), "/subscriptions")
    yield (Button(say(words.MUTE_BUTTON), f"/mute {MUTE}"), subscriptions)
