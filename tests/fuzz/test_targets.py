"""The fuzzers' targets hold for whatever hypothesis thinks of, in every run; atheris digs deeper, outside of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz import __main__ as fuzz
from tests.fuzz.certificates import certificates
from tests.fuzz.targets import TARGETS


@pytest.mark.parametrize(("codes", "is_well"), [((0, 0), True), ((0, 77), False), ((-9, 0), False)])
def test_a_fuzzer_that_was_killed_is_no_success(
    monkeypatch: pytest.MonkeyPatch, codes: tuple[int, int], is_well: bool
) -> None:
    left = list(codes)
    monkeypatch.setattr("sys.argv", ["tests.fuzz", "dns", "stun"])
    monkeypatch.setattr(fuzz, "_fuzz", lambda _name, _options: left.pop(0))
    assert (fuzz.main() == 0) is is_well
    assert left == [], "the others are fuzzed all the same"


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=2048))
def test_no_bytes_break_a_reader(name: str, data: bytes) -> None:
    TARGETS[name](data)


@pytest.fixture(scope="module")
def seeds() -> list[bytes]:
    return list(certificates())


def test_no_kind_of_certificate_breaks_its_reader(seeds: list[bytes]) -> None:
    for seed in seeds:
        TARGETS["certificate"](seed)


@given(data=st.data())
def test_no_byte_of_a_certificate_breaks_its_reader_by_being_another(seeds: list[bytes], data: st.DataObject) -> None:
    changed = bytearray(data.draw(st.sampled_from(seeds), label="seed") or b"\0")
    for place in data.draw(st.lists(st.integers(0, len(changed) - 1), max_size=4), label="places"):
        changed[place] = data.draw(st.integers(0, 255), label="byte")
    TARGETS["certificate"](bytes(changed))
