"""The fuzzers' targets hold for whatever hypothesis thinks of, in every run; atheris digs deeper, outside of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=2048))
def test_no_bytes_break_a_reader(name: str, data: bytes) -> None:
    TARGETS[name](data)
