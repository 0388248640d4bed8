"""Thinned history says what the whole of it said: no failure vanishes, no second is added or lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.columns import Window, cause_columns, response_columns, state_columns
from bot.history import (
    BRIDGE_S,
    HOLD_S,
    MOST_RUNS,
    Outage,
    Reading,
    clipped,
    ongoing,
    outages,
    percentile,
    reading,
    response,
    response_s,
    settled,
    shares,
    thinned,
    working_share,
)
from probes.model import Cause, Confidence, Status
from probes.observations import Arm, HttpObservation, TlsObservation
from tests.bot.canned import finding, report, step

OK, BLOCKED, DEGRADED, DOWN = Status.OK, Status.BLOCKED, Status.DEGRADED, Status.DOWN
UNTOLD = Status.INCONCLUSIVE
STRETCH_S = 1800.0


def said(at: float, status: Status = OK, *causes: Cause, **changes: Any) -> Reading:
    parts = {"web": status, "calls": OK}
    return Reading(at, None, status, causes=causes, components=parts, response_s=0.1, slowest_s=0.1)._replace(**changes)


def every(interval_s: float, *statuses: Status) -> list[Reading]:
    """Return settled readings, one after the other."""
    readings = [said(number * interval_s, status) for number, status in enumerate(statuses)]
    return settled(readings, len(statuses) * interval_s)


@st.composite
def pasts(draw: st.DrawFn) -> list[Reading]:
    """Any settled readings, at any pace, with pauses."""
    at, readings = draw(st.floats(0, 10_000)), []
    for status in draw(st.lists(st.sampled_from(Status), min_size=1, max_size=80)):
        readings.append(said(at, status, *([Cause.IP_DROPPED] if status is BLOCKED else [])))
        at += draw(st.sampled_from([60.0, 290.0, 300.0, 310.0, 600.0, 5000.0]))
    return settled(readings, at)


# --- what stays of a report ------------------------------------------------------------------------------------------


def test_a_reading_keeps_what_a_report_says_in_brief() -> None:
    parts = (finding("web", BLOCKED, Cause.TLS_SNI_RESET), finding("calls"))
    kept = reading(report("whatsapp", DEGRADED, Cause.TLS_SNI_RESET, components=parts, beyond_dns="blocked"), 100)
    assert (kept.at, kept.until, kept.status, kept.confidence) == (100, None, DEGRADED, Confidence.CONFIRMED)
    assert (kept.causes, kept.beyond_dns) == ((Cause.TLS_SNI_RESET,), "blocked")
    assert kept.components == {"web": BLOCKED, "calls": OK}
    assert kept.response_s == 0.02


def test_the_response_time_is_the_whole_way_of_those_who_got_furthest() -> None:
    tcp = replace(step(), connection="a", elapsed_s=0.1)
    shared: dict[str, Any] = {"arm": Arm.EXPERIMENT, "purpose": tcp.purpose, "target": tcp.target, "connection": "a"}
    tls = TlsObservation(**shared, elapsed_s=0.2, server_name="whatsapp.example")
    http = HttpObservation(**shared, elapsed_s=0.3, url="https://whatsapp.example/", status=200)
    other = replace(step(), connection="b", elapsed_s=9.0)
    assert response_s([tcp, tls, http, other]) == pytest.approx(0.6)
    assert response_s([tcp, tls, replace(http, failure="connection_reset"), other]) == 9.0
    assert response_s([replace(other, arm=Arm.CONTROL)]) is None


# --- time ------------------------------------------------------------------------------------------------------------


def test_a_measurement_speaks_until_the_next_one_and_not_for_long() -> None:
    assert [one.until for one in settled([said(0), said(300), said(9000)], 9100)] == [300, 300 + HOLD_S, 9100]


def test_of_a_time_only_what_lies_in_it_counts() -> None:
    inside = clipped(every(300, OK, BLOCKED, OK, OK), 450, 700)
    assert [(one.at, one.until) for one in inside] == [(450, 600), (600, 700)]


# --- thinning --------------------------------------------------------------------------------------------------------


@given(pasts())
def test_thinning_changes_no_second_of_any_state(past: list[Reading]) -> None:
    for stretch_s in (STRETCH_S, 6 * STRETCH_S):
        kept = thinned(past, stretch_s)
        assert shares(kept) == pytest.approx(shares(past))
        assert working_share(kept) == pytest.approx(working_share(past))
        past = kept  # and again, as it is thinned once more when it is older


@given(pasts())
def test_no_failure_vanishes_by_thinning_however_short(past: list[Reading]) -> None:
    def failing(readings: list[Reading]) -> set[float]:
        return {one.at // STRETCH_S for one in readings if one.status is BLOCKED and one.span_s}

    kept = thinned(past, STRETCH_S)
    assert failing(past) == failing(kept)
    assert all(one.causes == (Cause.IP_DROPPED,) for one in kept if one.status is BLOCKED)


@given(pasts())
def test_thinned_readings_are_few_in_order_and_stand_for_all(past: list[Reading]) -> None:
    kept = thinned(past, STRETCH_S)
    assert sum(one.times for one in kept) == len(past)
    assert all(one.until is not None and one.until <= later.at for one, later in pairwise(kept))
    stretches = [one.at // STRETCH_S for one in kept]
    assert max(map(stretches.count, stretches)) <= MOST_RUNS


@given(pasts())
def test_thinning_what_is_thinned_changes_nothing(past: list[Reading]) -> None:
    once = thinned(past, STRETCH_S)
    assert thinned(once, STRETCH_S) == once


def test_a_steady_day_becomes_a_row_for_each_stretch() -> None:
    kept = thinned(every(300, *[OK] * 288), STRETCH_S)
    assert len(kept) == 48
    assert {one.times for one in kept} == {6}


def test_a_short_block_keeps_its_begin_and_its_end() -> None:
    kept = thinned(every(300, OK, OK, BLOCKED, OK, OK, OK), STRETCH_S)
    assert [(one.at, one.until, one.status) for one in kept] == [(0, 600, OK), (600, 900, BLOCKED), (900, 1800, OK)]


def test_flapping_keeps_what_each_state_adds_up_to() -> None:
    kept = thinned(every(60, *[OK, BLOCKED] * 15), STRETCH_S)
    assert [(one.at, one.until, one.status, one.times) for one in kept] == [
        (0, 900, OK, 15),
        (900, 1800, BLOCKED, 15),
    ]


def test_a_merged_reading_has_the_worst_part_the_surest_verdict_and_the_slowest_time() -> None:
    parts = {"web": OK, "calls": DEGRADED}
    flapping = [said(60 * n, [OK, DOWN, DEGRADED][n % 3], response_s=n / 10, slowest_s=n / 10) for n in range(9)]
    flapping[3] = flapping[3]._replace(components=parts, confidence=Confidence.LIKELY)
    ok, _, _ = thinned(settled(flapping, 540), STRETCH_S)
    assert ok.components == parts
    assert ok.confidence is Confidence.CONFIRMED
    assert (ok.response_s, ok.slowest_s) == (0.3, 0.6)


# --- sums ------------------------------------------------------------------------------------------------------------


def test_what_could_not_be_told_counts_neither_way() -> None:
    assert working_share(every(300, OK, UNTOLD, BLOCKED, UNTOLD)) == 0.5
    assert working_share(every(300, UNTOLD, UNTOLD)) is None
    assert working_share([]) is None


def test_an_outage_lasts_from_its_first_measurement_to_the_first_that_works() -> None:
    assert outages(every(300, OK, BLOCKED, UNTOLD, DOWN, OK, DEGRADED)) == [Outage(300, 1200, over=True)]
    assert outages(every(300, OK, BLOCKED, BLOCKED)) == [Outage(300, 900, over=False)]
    assert outages(every(300, OK, OK)) == []


def test_a_short_pause_bridges_an_outage_and_a_long_one_does_not() -> None:
    short = settled([said(0, BLOCKED), said(HOLD_S + BRIDGE_S, BLOCKED)], 9000)
    assert outages(short) == [Outage(0, HOLD_S + BRIDGE_S + HOLD_S, over=False)]
    long = settled([said(0, BLOCKED), said(HOLD_S + BRIDGE_S + 1, BLOCKED)], 9000)
    assert outages(long)[0] == Outage(0, HOLD_S, over=False)
    assert len(outages(long)) == 2


def test_a_state_goes_on_since_its_first_reading_in_a_row() -> None:
    past = every(300, OK, BLOCKED, UNTOLD, BLOCKED, UNTOLD)
    assert ongoing(past, {BLOCKED}) == past[1]
    assert ongoing(past, {OK}) is None
    assert ongoing([], {OK}) is None
    far = settled([said(0, BLOCKED), said(90_000, BLOCKED), said(90_300, BLOCKED)], 90_600)
    assert ongoing(far, {BLOCKED}) == far[1]


def test_percentiles_go_by_how_many_a_value_stands_for() -> None:
    assert percentile([(1.0, 94), (2.0, 6)], 0.95) == 2.0
    assert percentile([(1.0, 95), (2.0, 5)], 0.95) == 1.0
    assert percentile([], 0.5) is None
    assert response([said(0, times=19), said(60, slowest_s=0.9, times=1)]) == (0.1, 0.1)


# --- columns ---------------------------------------------------------------------------------------------------------


@given(pasts(), st.integers(1, 50))
def test_columns_add_up_to_what_was_measured_in_their_time(past: list[Reading], count: int) -> None:
    window = Window(5000.0, 30_000.0, count)
    whole, parts = state_columns(past, window)
    inside = shares(clipped(past, 5000.0, 30_000.0))
    for status in Status:
        assert sum(column.get(status, 0.0) for column in whole) == pytest.approx(inside[status], abs=1e-6)
    assert all(sum(column.values()) <= window.width_s + 1e-2 for column in whole)
    assert set(parts) <= {"web", "calls"}


def test_a_column_without_measurements_is_empty() -> None:
    whole, _ = state_columns(settled([said(0), said(5000)], 5300), Window(0, 6000, 6))
    assert [bool(column) for column in whole] == [True, False, False, False, False, True]


def test_the_causes_seen_longest_are_shown_where_they_were_seen() -> None:
    past = settled([said(0, BLOCKED, Cause.IP_DROPPED), said(300, BLOCKED, Cause.IP_DROPPED, Cause.IP_RESET)], 600)
    assert cause_columns(past, Window(0, 600, 2), 1) == {Cause.IP_DROPPED: [300.0, 300.0]}


def test_response_times_stand_in_their_columns() -> None:
    past = settled([said(0), said(100, response_s=None, slowest_s=None), said(950)], 1000)
    assert response_columns(past, Window(0, 1000, 5)) == [(0.1, 0.1), None, None, None, (0.1, 0.1)]
