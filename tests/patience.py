"""How long a wait in the tests may last before it is a failure, with a line that says so, and not a dead run."""

from __future__ import annotations

import contextlib
import signal
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_CLEARING_UP_S = 10.0


@contextlib.contextmanager
def no_longer_than(limit_s: float, what: str) -> Iterator[None]:
    """Fail the test where the block, whatever it waits for, has not ended in time; for the main thread only.

    What it waits for while it clears up after that has ten seconds more, each time.
    """

    def fail(_number: int, _frame: object) -> None:
        pytest.fail(f"{what} has not ended after {limit_s:g} s")

    handler = signal.signal(signal.SIGALRM, fail)
    timer = signal.setitimer(signal.ITIMER_REAL, limit_s, _CLEARING_UP_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, handler)
