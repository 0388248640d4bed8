"""The chat in a terminal, or in a pipe: one message a line, answered in order, until there are no more.

In a pipe there is neither prompt nor progress nor colour, and nothing of rich is imported.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol, TextIO

from bot.chat.reply import Headline, Items, Moment, Paragraph
from bot.chat.request import Capabilities, Request
from bot.store import StoreError
from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from rich.status import Status as Spinner

    from bot.chat.conversation import Conversation
    from bot.chat.reply import Block, Reply
    from bot.store import Chats

_CHAT = "console"
_READ_BYTES = 65_536
_MOST_CHARACTERS = 8192
"""Of a line that are kept: more than the conversation reads, so that it sees what is too long."""
_PROGRESS_INTERVAL_S = 0.2
_MARKS = {
    Status.OK: "✓",
    Status.DEGRADED: "~",
    Status.BLOCKED: "✗",
    Status.DOWN: "↓",
    Status.INCONCLUSIVE: "?",
}
_STYLES = {
    Status.OK: "green",
    Status.DEGRADED: "yellow",
    Status.BLOCKED: "red",
    Status.DOWN: "magenta",
    Status.INCONCLUSIVE: "cyan",
}


class Screen(Protocol):
    """Where the console's side of the conversation appears. Each of them is a `Responder`."""

    @property
    def capabilities(self) -> Capabilities: ...

    def prompt(self) -> None:
        """Show that it is the person's turn."""

    async def progress(self, reply: Reply) -> None: ...

    async def answer(self, reply: Reply) -> None: ...

    def leave(self) -> None:
        """Tidy up at the end."""


async def converse(
    conversation: Conversation, stdin: TextIO | None, screen: Screen, *, language: Callable[[], Awaitable[str]]
) -> None:
    """Answer every line of `stdin`, the last one included, and return at its end; `language` is asked before each."""
    try:
        screen.prompt()
        async for line in _lines(stdin):
            if line.strip():
                request = Request(chat=_CHAT, text=line, language=await language(), operator=True)
                await conversation.handle(request, screen)
            screen.prompt()
    finally:
        screen.leave()


def screen_for(stdout: TextIO, *, interactive: bool = True) -> Screen:
    """Return a terminal's screen where there is one and somebody sits before it, a pipe's elsewhere."""
    return TerminalScreen(stdout) if interactive and stdout.isatty() else PipeScreen(stdout)


async def chosen_language(chats: Chats, otherwise: str) -> str:
    """Return the language that was chosen here; without a database there is none."""
    with suppress(StoreError):
        known = await chats.find(_CHAT)
        return (known and known.language) or otherwise
    return otherwise


class PipeScreen:
    """Plain lines, a blank one after each answer, each answer written out at once."""

    capabilities = Capabilities()

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout

    def prompt(self) -> None:
        """A pipe has nobody to prompt."""

    async def progress(self, reply: Reply) -> None:
        """Nor anybody to entertain."""

    async def answer(self, reply: Reply) -> None:
        print(*(text for text, _ in _rendered(reply)), "", sep="\n", file=self._stdout, flush=True)

    def leave(self) -> None:
        """Everything has been written."""


class TerminalScreen:
    """A prompt, a line of progress while something is measured, and colours."""

    capabilities = Capabilities(progress_interval_s=_PROGRESS_INTERVAL_S)

    def __init__(self, stdout: TextIO) -> None:
        self._stdout = stdout
        self._spinner: Spinner | None = None
        self._waiting = False

    def prompt(self) -> None:
        self._stdout.write("> ")
        self._stdout.flush()
        self._waiting = True

    async def progress(self, reply: Reply) -> None:
        text = " ".join(text.strip() for text, _ in _rendered(reply))
        if self._spinner is None:
            from rich.console import Console  # noqa: PLC0415 -- a chat that only prompts does without

            self._spinner = Console(file=self._stdout).status("", spinner="dots")
            self._spinner.start()
        self._spinner.update(text.replace("[", r"\["))

    async def answer(self, reply: Reply) -> None:
        from rich.console import Console  # noqa: PLC0415 -- see above
        from rich.text import Text  # noqa: PLC0415 -- see above

        self._stop_spinner()
        console = Console(file=self._stdout, highlight=False)
        for text, style in _rendered(reply):
            console.print(Text(text, style=style))
        console.print()

    def leave(self) -> None:
        self._stop_spinner()
        if self._waiting:
            self._stdout.write("\n")
            self._stdout.flush()

    def _stop_spinner(self) -> None:
        self._waiting = False
        if self._spinner:
            self._spinner.stop()
            self._spinner = None


# --- replies as lines ------------------------------------------------------------------------------------------------


def _rendered(reply: Reply) -> Iterator[tuple[str, str]]:
    """Yield the lines of a reply, each with its style."""
    for block in reply.blocks:
        yield from _block(block)
    for row in reply.buttons:
        yield from ((f"  {button.label}: {button.command}", "dim") for button in row)


def _block(block: Block) -> Iterator[tuple[str, str]]:
    match block:
        case Headline():
            yield _marked(block.text, block.status), f"bold {_STYLES[block.status]}" if block.status else "bold"
        case Paragraph():
            yield f"  {block.text}", ""
        case Items():
            style = "dim" if block.evidence else ""
            yield f"  {block.title}:", style
            for line in block.lines:
                yield f"    {_marked(line.text, line.status)}", style
                if line.link:
                    yield f"      {line.link}", "dim"
        case Moment():
            yield f"  {block.before}{block.spoken}{block.after}", "dim"


def _marked(text: str, status: Status | None) -> str:
    return f"{_MARKS[status]} {text}" if status else text


# --- lines from people -----------------------------------------------------------------------------------------------


async def _lines(stdin: TextIO | None) -> AsyncIterator[str]:
    """Yield lines, the last one also without its newline; of a very long one the beginning."""
    if stdin is None:  # it was closed before we started
        return
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    pending = ""
    while data := await _read(stdin.fileno()):
        *whole, rest = (pending + decoder.decode(data)).split("\n")
        for line in whole:
            yield line[:_MOST_CHARACTERS]
        pending = rest[:_MOST_CHARACTERS]
    if pending:
        yield pending


async def _read(descriptor: int) -> bytes:
    """Read what is there, without a thread that a person's silence would keep alive."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    try:
        loop.add_reader(descriptor, ready.set)
    except PermissionError:  # epoll has no use for plain files: they never make anybody wait
        return os.read(descriptor, _READ_BYTES)
    try:
        await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, _READ_BYTES)


def forgiving(stdout: TextIO) -> TextIO:
    """Return the stream, made to write a question mark where its encoding lacks a sign."""
    if stdout is sys.__stdout__ and hasattr(stdout, "reconfigure"):
        stdout.reconfigure(errors="replace")
    return stdout
