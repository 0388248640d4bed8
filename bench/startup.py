"""How long a person waits for the prompt, and what the waiting process holds in memory.

The chat runs in a terminal of its own, in an empty directory, hence on an empty database. Nothing is asked of it, so
it sends nothing.
"""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from bench.beside import ROOT
from bench.table import Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.runs import Size

ABOUT = "start-up of the chat to its first prompt, and its memory then"
_PATIENCE_S = 30.0
_PROMPT = b"> "
_CHAT = ("-m", "bot", "chat")
_NOTHING = ("-c", f"import sys; sys.stdout.write({_PROMPT.decode()!r}); sys.stdout.flush(); input()")
"""What the interpreter alone takes."""


def measure(size: Size) -> list[Row]:
    chats, bare = [], []
    for _ in range(size.pick(9, 1)):
        chats.append(_start(_CHAT))
        bare.append(_start(_NOTHING))
    seconds, megabytes = (median(figures) for figures in zip(*chats, strict=True))
    bare_s, bare_mb = (median(figures) for figures in zip(*bare, strict=True))
    return [
        Row(name="start to first prompt", value=seconds, unit=" s", at_most=1.5, detail=f"Python alone {bare_s:.2g} s"),
        Row(name="resident then", value=megabytes, unit=" MB", at_most=90, detail=f"Python alone {bare_mb:.0f} MB"),
    ]


def _start(arguments: tuple[str, ...]) -> tuple[float, float]:
    """Return the seconds until the prompt, and the megabytes that were resident at most until then."""
    with TemporaryDirectory() as directory, _terminal() as (ours, theirs):
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], stdin=theirs, stdout=theirs, cwd=directory, env=_environment()
        )
        try:
            _await_prompt(ours)
            elapsed_s = time.perf_counter() - began
            return elapsed_s, _most_resident_mb(process.pid)
        finally:
            process.kill()
            process.wait()


@contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    ours, theirs = pty.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


def _environment() -> dict[str, str]:
    """Return this one without what would configure the bot: a token above all."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "VIRTUAL_ENV")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}


def _await_prompt(terminal: int) -> None:
    """Read until the prompt. Raises TimeoutError when it does not come."""
    deadline = time.monotonic() + _PATIENCE_S
    seen = b""
    while not seen.endswith(_PROMPT):
        ready, _, _ = select.select([terminal], [], [], deadline - time.monotonic())
        if not ready:
            raise TimeoutError(f"no prompt, only {seen!r}")
        seen += os.read(terminal, 4096)


def _most_resident_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    (kibibytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kibibytes) * 1024 / 1e6
