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
from bot.store.chats import token
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.chat.reply import Block, Button, Line, Reply

LONG_MARK = "#"
"""Begins what stands for a long command, and no command."""
_MOST_ON_A_BUTTON = 48
"""Characters: of longer ones a phone shows the beginning at most."""
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
    long_commands: tuple[str, ...] = ()
    """Those that buttons carry by their token only: they have to be kept."""


def render(reply: Reply, most: int = MessageLimit.MAX_TEXT_LENGTH) -> Rendered:
    """Return the message, shortened on the model if it has more than `most` units, as many as Telegram takes."""
    short = shorten(reply, lambda candidate: _size(candidate) <= most)
    html = "\n\n".join(_html(block) for block in short.blocks)
    long_commands = (button.command for row in reply.buttons for button in row if not _fits(button.command))
    return Rendered(html, _keyboard(reply.buttons), tuple(long_commands))


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
    text = _escaped(line.text)
    return _escaped(_bullet(line)) + (f'<a href="{escape(line.link)}">{text}</a>' if line.link else text)


def _bullet(line: Line) -> str:
    return _mark(line.status) or "• "


def _marked(text: str, status: Status | None) -> str:
    return _escaped(_mark(status) + text)


def _mark(status: Status | None) -> str:
    return f"{_MARKS[status]} " if status else ""


def _escaped(text: str) -> str:
    return escape(text, quote=False)


def _keyboard(rows: tuple[tuple[Button, ...], ...]) -> InlineKeyboardMarkup | None:
    """Return the buttons; None where there is none, as an empty keyboard is refused."""
    keys = [
        [InlineKeyboardButton(_label(button.label), callback_data=_data(button.command)) for button in row]
        for row in rows
    ]
    keys = [row for row in keys if row]
    return InlineKeyboardMarkup(keys) if keys else None


def _key(button: Button) -> InlineKeyboardButton:
    return InlineKeyboardButton(_label(button.label), callback_data=_data(button.command))


def _label(text: str) -> str:
    """Return what stands on a button: one line, the beginning of it where it is long."""
    line = " ".join(text.split())
    return line[: _MOST_ON_A_BUTTON - 1] + "…" if len(line) > _MOST_ON_A_BUTTON else line or "…"


def _data(command: str) -> str:
    """Return what a button carries: its command, which means the same after any restart, or what stands for it."""
    return command if _fits(command) else LONG_MARK + token(command)


def _fits(command: str) -> bool:
    return len(command.encode()) <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA
