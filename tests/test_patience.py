"""That a wait without end is a failure, and that a shell's background job tests the same as a terminal's."""

import asyncio
import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from tests.patience import no_longer_than


def read_from_nobody() -> None:
    reader, writer = os.pipe()
    try:
        os.read(reader, 1)
    finally:
        os.close(reader)
        os.close(writer)


def await_nobody() -> None:
    with subprocess.Popen(["sleep", "1000"]) as process:
        try:
            process.wait()
        finally:
            process.kill()


@pytest.mark.parametrize(
    "wait", [read_from_nobody, await_nobody, signal.pause, lambda: asyncio.run(asyncio.Event().wait())]
)
def test_a_wait_without_end_is_a_failure(wait: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"^all this has not ended after 0\.05 s$"):  # noqa: SIM117 (the outer one sees what the inner one raises)
        with no_longer_than(0.05, "all this"):
            wait()


def test_the_limit_around_a_shorter_one_holds_again_after_it() -> None:
    with no_longer_than(1000, "the outer"):
        with no_longer_than(0.5, "the inner"):
            pass
        remaining_s, _ = signal.getitimer(signal.ITIMER_REAL)
        assert 900 < remaining_s <= 1000


def test_commands_of_the_tests_hear_an_interrupt() -> None:
    """A shell has its background jobs ignore it, and what ignores it hands that on: the suite must not."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait() == -signal.SIGINT
