"""Replies → Telegram's HTML and keyboards, within Telegram's limits. Pure.

Sizes are measured after the markup has been read, in UTF-16 units (python-telegram-bot, constants.MessageLimit).
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import InlineKeyboardButtonLimit, MessageLimit

from bot.chat.reply import Headline, Items, Moment, Paragraph, shorten
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.chat.reply import Block, Button, Line, Reply

_MARKS = {
    Status.OK: "✅",
    Status.DEGRADED: "🟡",
    Status.BLOCKED: "⛔",
    Status.DOWN: "🔻",
    Status.INCONCLUSIVE: "❔",
}


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's text in HTML and its keyboard."""

    html: str
    keyboard: InlineKeyboardMarkup | None


def render(reply: Reply) -> Rendered:
    """Return the message, shortened on the model if it is too long for Telegram."""
    short = shorten(reply, lambda candidate: _size(candidate) <= MessageLimit.MAX_TEXT_LENGTH)
    return Rendered("\n\n".join(_html(block) for block in short.blocks), _keyboard(reply.buttons))


def _size(reply: Reply) -> int:
    plain = "\n\n".join("".join(_plain(block)) for block in reply.blocks)
    return len(plain.encode("utf-16-le")) // 2


def _html(block: Block) -> str:
    match block:
        case Headline():
            return f"<b>{_marked(block.text, block.status)}</b>"
        case Paragraph():
            return _escaped(block.text)
        case Items():
            lines = "\n".join(_item(line) for line in block.lines)
            title = f"<b>{_escaped(block.title)}</b>"
            return f"<blockquote expandable>{title}\n{lines}</blockquote>" if block.evidence else f"{title}\n{lines}"
        case Moment():
            when = f'<tg-time unix="{int(block.at)}" format="r">{_escaped(block.spoken)}</tg-time>'
            return f"{_escaped(block.before)}{when}{_escaped(block.after)}"


def _plain(block: Block) -> Iterator[str]:
    """Yield the text that people see, piece by piece."""
    match block:
        case Headline():
            yield _mark(block.status) + block.text
        case Paragraph():
            yield block.text
        case Items():
            yield block.title
            yield from (f"\n{_bullet(line)}{line.text}" for line in block.lines)
        case Moment():
            yield block.before + block.spoken + block.after


def _item(line: Line) -> str:
    return _escaped(_bullet(line) + line.text)


def _bullet(line: Line) -> str:
    return _mark(line.status) or "• "


def _marked(text: str, status: Status | None) -> str:
    return _escaped(_mark(status) + text)


def _mark(status: Status | None) -> str:
    return f"{_MARKS[status]} " if status else ""


def _escaped(text: str) -> str:
    return escape(text, quote=False)


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> InlineKeyboardMarkup | None:
    """Return the buttons whose command fits into one; None where there is none, as an empty keyboard is refused."""
    keys = [
        [InlineKeyboardButton(button.label, callback_data=button.command) for button in row if _fits(button)]
        for row in rows
    ]
    keys = [row for row in keys if row]
    return InlineKeyboardMarkup(keys) if keys else None


def _fits(button: Button) -> bool:
    return len(button.command.encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
