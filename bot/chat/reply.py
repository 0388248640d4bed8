"""What is said, before any transport gives it a shape: blocks and buttons without markup.

Shortening takes place here, on the model: markup cut in half is refused by the platforms that read it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.chat import words
from bot.chat.language import say
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Headline:
    """The one line that says it all; its status is what a transport draws a mark for."""

    text: str
    status: Status | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Whole sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a list."""

    text: str
    status: Status | None = None
    link: str = ""
    """Where the whole of it leads; a transport without links shows the address."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list under a title."""

    title: str
    lines: tuple[Line, ...]
    evidence: bool = False
    """Whether these are the observations behind an answer, which a transport that can folds away."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A sentence around a point in time, which a transport may show in the reader's own zone."""

    before: str
    spoken: str
    """The time in words, for transports that have nothing better."""
    after: str
    at: float
    """Seconds since 1970."""


Block = Headline | Paragraph | Items | Moment


@dataclass(frozen=True, slots=True)
class Button:
    """Pressing it says `command` in the presser's place."""

    label: str
    command: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing, which a transport without pictures leaves out: whatever it shows is said in words too."""

    png: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One message. Progress and the answer to one question share their `topic`, by which a transport joins them."""

    topic: str = ""
    blocks: tuple[Block, ...]
    picture: Picture | None = None
    """What the blocks are the caption of."""
    buttons: tuple[tuple[Button, ...], ...] = ()
    """In rows."""


_EVER_FEWER = (128, 96, 64, 48, 32, 24, 16, 12, 8, 4, 2)
"""Lines of a list that may be kept."""


def shorten(reply: Reply, fits: Callable[[Reply], bool]) -> Reply:
    """Return the reply with as much as fits: evidence goes first, then lines of lists, then what stands last.

    The headline stays, cut if need be.
    """
    for shorter in _ever_shorter(reply):
        if fits(shorter):
            return shorter
    return replace(reply, blocks=())


def _ever_shorter(reply: Reply) -> Iterator[Reply]:
    yield reply
    for evidence in (True, False):
        for kept in _EVER_FEWER:
            yield _with_lines(reply, kept, evidence=evidence)
        reply = _with_lines(reply, 0, evidence=evidence)
        yield reply
    while len(reply.blocks) > 1:
        reply = replace(reply, blocks=reply.blocks[:-1])
        yield reply
    for length in (1000, 500, 200, 100):
        yield replace(reply, blocks=tuple(_cut(block, length) for block in reply.blocks))


def _with_lines(reply: Reply, kept: int, *, evidence: bool) -> Reply:
    """Return the reply with at most `kept` lines in its lists (those of evidence, or the others); with none for 0."""
    blocks: list[Block] = []
    for block in reply.blocks:
        if not isinstance(block, Items) or block.evidence != evidence or len(block.lines) <= kept:
            blocks.append(block)
        elif kept:
            note = Line(say(words.MORE, count=len(block.lines) - kept))
            blocks.append(replace(block, lines=(*block.lines[:kept], note)))
    return replace(reply, blocks=tuple(blocks))


def _cut(block: Block, length: int) -> Block:
    if isinstance(block, Headline | Paragraph) and len(block.text) > length:
        return replace(block, text=block.text[: length - 1] + "…")
    return block
