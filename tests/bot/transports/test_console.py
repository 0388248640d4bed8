"""The chat in a pipe and in a terminal, over real descriptors."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from bot.chat import progress, words
from bot.chat.conversation import Conversation
from bot.chat.why import WhyDesk
from bot.checks import Checks
from bot.store import Store
from bot.transports.console import PipeScreen, TerminalScreen, converse, screen_for
from probes.catalogue import Catalogue
from probes.model import Cause, Status
from probes.observations import Target
from tests.bot.canned import CannedProber, finding, report, step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import TextIO

CATALOGUE = Catalogue.load()
BLOCKED = report(
    "telegram",
    Status.BLOCKED,
    Cause.TLS_SNI_RESET,
    components=(finding("web", Status.BLOCKED, Cause.TLS_SNI_RESET), finding("bots", essential=False)),
)
ANSWER = """\
✗ Telegram — blocked (confirmed)
  A connection opens, but is cut off once it says the service's name: the network filters by name.
  Measured just now from this bot's host. It took 0.5 s.
  In detail:
    ✗ Website: blocked — cut off once the name is said
    ✓ Bots (extra): works
  Evidence:
    TCP 192.0.2.1:443: connected, 20 ms
  Check again: /again telegram
  Why?: /why telegram
  Details: /details telegram
"""


@pytest.fixture
def prober() -> CannedProber:
    return CannedProber(report("whatsapp"), BLOCKED, observations=(step(),))


@pytest.fixture
async def conversation(tmp_path: Path, prober: CannedProber) -> AsyncIterator[Conversation]:
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as group:
        yield Conversation(Checks(prober, store, group, cache_s=60), CATALOGUE)


def piped(content: bytes) -> TextIO:
    reading, writing = os.pipe()
    os.write(writing, content)
    os.close(writing)
    return os.fdopen(reading)


async def english() -> str:
    return "en"


async def said(conversation: Conversation, stdin: TextIO | None) -> str:
    stdout = io.StringIO()
    await asyncio.wait_for(converse(conversation, stdin, PipeScreen(stdout), language=english), 10)
    return stdout.getvalue()


async def test_every_line_of_a_pipe_is_answered_in_order_the_last_one_without_its_newline_too(
    conversation: Conversation,
) -> None:
    with piped(b"whatsapp\n\n/check telegram\nflurbl") as stdin:
        text = await said(conversation, stdin)
    assert text.startswith("✓ WhatsApp — works\n")
    assert f"\n\n{ANSWER}\n" in text
    assert text.endswith(f"  {words.NOT_UNDERSTOOD}\n\n")


async def test_a_pipe_gets_no_prompt_no_progress_and_no_colour(
    conversation: Conversation, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0)
    prober.go.clear()
    with piped(b"whatsapp\n") as stdin:
        asking = asyncio.create_task(said(conversation, stdin))
        await asyncio.wait_for(prober.begun.wait(), 5)
        prober.go.set()
        text = await asking
    assert not re.search(r"[\x1b\r>]|Checking", text)


async def test_a_file_is_read_like_a_pipe(conversation: Conversation, tmp_path: Path) -> None:
    (tmp_path / "questions").write_text("/check telegram\n")
    with (tmp_path / "questions").open() as stdin:
        assert await said(conversation, stdin) == f"{ANSWER}\n"


async def test_details_are_every_observation(tmp_path: Path) -> None:
    targets = [Target(host="whatsapp.example", address=f"192.0.2.{number}", port=443) for number in range(20)]
    steps = tuple(step(f"o{number}", target=target) for number, target in enumerate(targets))
    prober = CannedProber(report("whatsapp", observations=steps))
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as group:
        checks = Checks(prober, store, group, cache_s=60)
        with piped(b"/details whatsapp") as stdin:
            text = await said(Conversation(checks, CATALOGUE, desks=(WhyDesk(checks, CATALOGUE),)), stdin)
    assert [f"192.0.2.{number}:443: connected" in text for number in range(20)] == [True] * 20


async def test_no_input_at_all_is_no_trouble(conversation: Conversation) -> None:
    assert await said(conversation, None) == ""
    with open(os.devnull) as stdin:  # noqa: ASYNC230, PTH123 -- a device, which never waits
        assert await said(conversation, stdin) == ""


async def test_lines_that_are_too_long_or_no_text_are_answered_like_others(conversation: Conversation) -> None:
    with piped(b"x" * 60_000 + b"\n" + b"\xff\xfe\xd0\n" + "ватсап\n".encode()) as stdin:
        text = await said(conversation, stdin)
    assert [words.TOO_LONG in text, words.NOT_UNDERSTOOD in text, "WhatsApp — works" in text] == [True] * 3


# --- terminals -------------------------------------------------------------------------------------------------------


class Terminal:
    """A pseudo-terminal with somebody at it."""

    def __init__(self) -> None:
        self._person, program = pty.openpty()
        self.program = os.fdopen(program, "r", encoding="utf-8", newline="\n")
        self.display = os.fdopen(os.dup(program), "w", encoding="utf-8", newline="\n")
        self._seen = ""
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._loop.add_reader(self._person, self._read)

    def _read(self) -> None:
        self._seen += os.read(self._person, 65536).decode()
        self._changed.set()

    def type(self, text: bytes) -> None:
        os.write(self._person, text)

    async def shows(self, text: str) -> None:
        async with asyncio.timeout(5):
            while text not in self._seen:
                self._changed.clear()
                await self._changed.wait()

    def close(self) -> None:
        self._loop.remove_reader(self._person)
        for end in (self.program, self.display):
            end.close()
        os.close(self._person)


@asynccontextmanager
async def terminal() -> AsyncIterator[Terminal]:
    made = Terminal()
    try:
        yield made
    finally:
        made.close()


async def test_a_terminal_has_a_prompt_progress_and_colours_and_ends_with_control_d(
    conversation: Conversation, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0)
    monkeypatch.setenv("TERM", "xterm-256color")
    prober.go.clear()
    async with terminal() as tty, asyncio.TaskGroup() as group:
        screen = screen_for(tty.display)
        assert isinstance(screen, TerminalScreen)
        talking = group.create_task(converse(conversation, tty.program, screen, language=english))
        await tty.shows("> ")
        tty.type(b"/check telegram\n")
        await tty.shows("Checking Telegram …")
        prober.go.set()
        await tty.shows("\x1b[1;31m✗ Telegram — blocked (confirmed)")
        await tty.shows("Check again: /again telegram")
        tty.type(b"\x04")
        await talking


async def test_leaving_in_the_middle_of_a_measurement_leaves_a_clean_terminal(
    conversation: Conversation, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0)
    monkeypatch.setenv("TERM", "xterm-256color")
    prober.go.clear()
    async with terminal() as tty:
        screen = screen_for(tty.display)
        talking = asyncio.create_task(converse(conversation, tty.program, screen, language=english))
        tty.type(b"whatsapp\n")
        await tty.shows("Checking WhatsApp …")
        talking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await talking
        await tty.shows("\x1b[?25h")  # the cursor is back


def test_a_screen_is_a_pipe_wherever_nobody_sits_before_it() -> None:
    assert isinstance(screen_for(io.StringIO()), PipeScreen)
    assert isinstance(screen_for(sys.stdout, interactive=False), PipeScreen)
