"""The `lab` fixture: one lab for each test process, brought up again should a test have broken it.

A conftest.py elsewhere imports both names from here.
"""

from collections.abc import Iterator

import pytest

from tests.lab.lab import Lab, namespaces_forbidden


@pytest.fixture(scope="session")
def lab_of_session() -> Iterator[Lab]:
    """Give the one lab of this process, or skip, in one line, where none can be."""
    reason = namespaces_forbidden()
    if reason:
        pytest.skip(reason)
    with Lab() as lab:
        yield lab


@pytest.fixture
def lab(lab_of_session: Lab) -> Lab:
    """Give a lab that is up, in whatever scenario the last test has left it."""
    if not lab_of_session.is_alive:
        lab_of_session.down()
        lab_of_session.up()
    return lab_of_session
