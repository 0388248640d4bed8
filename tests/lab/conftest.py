"""Fixtures of the lab's own tests."""

from tests.lab.fixtures import lab, lab_of_session

__all__ = ["lab", "lab_of_session"]
