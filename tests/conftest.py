"""What holds for the suite as a whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.terminal import TerminalReporter


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
