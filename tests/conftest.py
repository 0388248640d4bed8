"""What holds for the suite as a whole."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import hypothesis
import pytest

from tests.patience import no_longer_than

if TYPE_CHECKING:
    from collections.abc import Generator

    from _pytest.terminal import TerminalReporter

_LONGEST_TEST_S = 300.0

hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")
"""On a busy machine an example takes as long as it takes, which says nothing of the code."""


def pytest_configure() -> None:
    """Hear interrupts, and let what tests start hear them: a shell's background job ignores them (POSIX XCU 2.11)."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _bounded(item: pytest.Item) -> Generator[None, object, object]:
    with no_longer_than(_LONGEST_TEST_S, item.nodeid):
        return (yield)


pytest_runtest_setup = pytest.hookimpl(wrapper=True)(_bounded)
pytest_runtest_call = pytest.hookimpl(wrapper=True)(_bounded)
pytest_runtest_teardown = pytest.hookimpl(wrapper=True)(_bounded)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, fail where tests of the lab were skipped on a machine that could have run them."""
    reporter: TerminalReporter | None = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or hasattr(session.config, "workerinput") or reporter is None:
        return
    skipped = [report.nodeid for report in reporter.stats.get("skipped", ()) if report.nodeid.startswith("tests/lab/")]
    if skipped and _lab_is_possible():
        reporter.write_line(f"{len(skipped)} lab tests were skipped although namespaces are allowed here", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _lab_is_possible() -> bool:
    from tests.lab.lab import namespaces_forbidden  # noqa: PLC0415 - most runs need not know

    return namespaces_forbidden() is None
