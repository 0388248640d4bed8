"""The `lab` fixture, one lab for each test process, brought up again should a test have broken it."""

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab, namespaces_forbidden


@pytest.fixture(scope="session")
def _lab_of_session() -> Iterator[Lab]:
    reason = namespaces_forbidden()
    if reason:
        pytest.skip(reason)
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(_lab_of_session: Lab) -> Lab:
    """Give a lab that is up, in whatever scenario the last test has left it."""
    if not _lab_of_session.is_alive:
        _lab_of_session.down()
        _lab_of_session.up()
    return _lab_of_session
