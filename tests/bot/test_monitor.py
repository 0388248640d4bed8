"""The monitor measures what is wanted in its turn, looks twice where it must, and blames nobody for its host."""

from __future__ import annotations

import asyncio
import statistics
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bot.checks import BusyError, CheckError
from bot.incidents import HOST, of_service
from bot.monitor import FORGET_S, MOST_IN_A_HURRY
from probes.model import Baseline, Cause, Confidence, Status
from tests.bot.canned import report
from tests.bot.watching import START, World, blocked
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probes.model import Report

MINUTE, HOUR = 60.0, 3600.0
MANY = [f"s{number:02}" for number in range(35)]


def gaps(times: Sequence[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


# --- turns -----------------------------------------------------------------------------------------------------------


def test_every_wanted_service_is_measured_at_its_interval_and_no_other() -> None:
    world = World("whatsapp", "telegram", "signal")
    world.wanted = {"whatsapp", "telegram", "nobody_knows"}
    run(world.watch(24 * HOUR))
    assert not world.times("signal")
    for id_ in ("whatsapp", "telegram"):
        between = gaps(world.times(id_))
        assert 265 < min(between) < max(between) < 340
        assert 295 < statistics.mean(between) < 310
        assert statistics.pstdev(between) > 10, "not in step with anything"


def test_many_services_are_spread_over_the_interval_from_the_beginning() -> None:
    world = World(*MANY)
    run(world.watch(2 * HOUR))
    assert all(3 <= sum(m <= at < m + MINUTE for at, _ in world.asked) <= 11 for m in range(0, 7200, 60))
    assert world.most_running <= 2


def test_only_a_few_are_measured_at_once_however_long_it_takes() -> None:
    world = World(*MANY)
    world.took_s = 40.0
    run(world.watch(4 * HOUR))
    assert world.most_running == 3
    asked = [len(world.times(id_)) for id_ in MANY]
    assert max(asked) - min(asked) <= 2, "nobody is left out"


def test_a_service_that_somebody_begins_to_want_is_measured_soon() -> None:
    world = World("whatsapp", "telegram")
    world.wanted = {"telegram"}

    async def later() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.watch(20 * MINUTE))
            await asyncio.sleep(10 * MINUTE)
            world.wanted.add("whatsapp")

    run(later())
    assert 600 <= world.times("whatsapp")[0] <= 640


def test_a_restart_goes_on_where_it_was() -> None:
    async def twice() -> None:
        await world.watch(HOUR)
        await asyncio.sleep(30)
        await world.watch(HOUR)

    world = World(*MANY)
    run(twice())
    assert all(250 < gap < 400 for id_ in MANY for gap in gaps(world.times(id_)))


def test_after_a_long_stop_not_everything_is_measured_at_once() -> None:
    async def twice() -> None:
        await world.watch(HOUR)
        await asyncio.sleep(24 * HOUR)
        await world.watch(HOUR)

    world = World(*MANY)
    run(twice())
    since = 25 * HOUR
    assert sum(since <= at < since + MINUTE for at, _ in world.asked) <= 10
    assert all(len(world.times(id_, since)) >= 10 for id_ in MANY)


def test_a_clock_that_was_set_back_stops_nothing() -> None:
    async def twice() -> None:
        await world.watch(HOUR)
        world.set_back_s = 24 * HOUR
        await world.watch(HOUR)

    world = World("whatsapp", report_of=lambda id_, s: blocked(id_) if s < HOUR else report(id_))
    run(twice())
    assert len(world.times("whatsapp", HOUR)) > 10
    assert world.said == [("whatsapp", "opened"), ("whatsapp", "closed")]


def test_what_nobody_wants_any_more_is_forgotten_after_a_day() -> None:
    async def later() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.watch(FORGET_S + 2 * HOUR))
            await asyncio.sleep(HOUR)
            world.wanted = {"telegram"}
            await asyncio.sleep(HOUR)
            assert of_service("whatsapp") in world.store.kept_states

    world = World("whatsapp", "telegram")
    run(later())
    assert set(world.store.due) == {"telegram"}
    assert of_service("whatsapp") not in world.store.kept_states
    assert max(world.times("whatsapp")) < HOUR + MINUTE


def test_what_was_wrong_with_what_nobody_watches_any_more_is_said_to_be_lost_sight_of() -> None:
    async def later() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.watch(FORGET_S + 3 * HOUR))
            await asyncio.sleep(HOUR)
            world.wanted = {"telegram"}

    world = World("whatsapp", "telegram", report_of=lambda id_, _: blocked(id_) if id_ == "whatsapp" else report(id_))
    run(later())
    assert world.said == [("whatsapp", "opened"), ("whatsapp", "lost")]
    opened, lost = world.store.changes
    assert (lost.status, lost.opened_at) == (opened.status, opened.opened_at)
    assert START + HOUR - 335 < lost.since < START + HOUR + 5 < lost.at - FORGET_S + 400, "it was seen last then"


# --- suspicion -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("confidence", "within_s"), [(Confidence.CONFIRMED, 70), (Confidence.LIKELY, 130), (Confidence.POSSIBLE, 130)]
)
def test_a_block_is_told_within_minutes_of_the_first_measurement_that_shows_it(
    confidence: Confidence, within_s: float
) -> None:
    world = World("whatsapp", report_of=lambda id_, s: blocked(id_, confidence) if s > HOUR else report(id_))
    run(world.watch(2 * HOUR))
    first = world.times("whatsapp", HOUR)[0] + world.took_s
    assert first <= HOUR + 335
    assert [change.what for change in world.store.changes] == ["opened"]
    [told] = world.told
    assert told - first <= within_s


def test_a_return_is_looked_at_twice_as_well() -> None:
    world = World("whatsapp", report_of=lambda id_, s: report(id_) if s > HOUR else blocked(id_))
    run(world.watch(2 * HOUR))
    first = world.times("whatsapp", HOUR)[0] + world.took_s
    assert world.said == [("whatsapp", "opened"), ("whatsapp", "closed")]
    assert world.told[1] - first <= 70


def test_what_happens_to_a_whole_country_is_seen_at_every_service_within_two_minutes() -> None:
    world = World(*MANY, report_of=lambda id_, s: blocked(id_, Confidence.CONFIRMED) if s > HOUR else report(id_))
    run(world.watch(2 * HOUR))
    first = min(world.times(id_, HOUR)[0] for id_ in MANY)
    assert max(world.times(id_, HOUR)[0] for id_ in MANY) - first < 2 * MINUTE
    assert sorted(world.said) == [(id_, "opened") for id_ in MANY]
    assert max(world.told) - min(world.told) < 4 * MINUTE


@pytest.mark.parametrize(
    ("confidence", "first_s", "last_s"), [(Confidence.CONFIRMED, 120, 300), (Confidence.LIKELY, 180, 400)]
)
def test_an_event_that_makes_every_measurement_slow_is_told_of_some_soon_and_of_all_in_minutes(
    confidence: Confidence, first_s: float, last_s: float
) -> None:
    world = World(*MANY, report_of=lambda id_, s: blocked(id_, confidence) if s > HOUR else report(id_))
    world.took_s = 15.0
    run(world.watch(HOUR + 1000))
    assert sorted(world.said) == [(id_, "opened") for id_ in MANY]
    assert min(world.told) - HOUR < first_s
    assert max(world.told) - HOUR < last_s
    assert world.most_running == MOST_IN_A_HURRY


@pytest.mark.parametrize(("confidence", "within_s"), [(Confidence.CONFIRMED, 335 + 70), (Confidence.LIKELY, 335 + 135)])
def test_a_block_of_one_service_is_told_an_interval_and_its_confirmation_after_it_appeared(
    confidence: Confidence, within_s: float
) -> None:
    took: list[float] = []
    for phase_s in range(0, 330, 30):
        appears_s = HOUR + phase_s
        world = World("s", report_of=lambda id_, s, at=appears_s: blocked(id_, confidence) if s >= at else report(id_))  # type: ignore[misc]  # a default binds the time
        run(world.watch(2 * HOUR))
        took.append(world.told[0] - appears_s)
    assert max(took) < within_s
    assert statistics.mean(took) < within_s - 335 / 2 + 20


def test_trouble_that_goes_on_hurries_nobody_again() -> None:
    world = World(*MANY, report_of=lambda id_, s: blocked(id_) if id_ == MANY[0] and s > HOUR else report(id_))
    run(world.watch(4 * HOUR))
    others = [at for id_ in MANY[1:] for at in world.times(id_)]
    assert len(others) <= len(MANY[1:]) * (4 * 12 + 3)


def test_one_bad_measurement_costs_a_few_more_and_nobody_hears_of_it() -> None:
    bad = iter([False] * 5 + [True] + [False] * 1000)
    world = World("whatsapp", report_of=lambda id_, _: blocked(id_) if next(bad) else report(id_))
    run(world.watch(2 * HOUR))
    assert [gap for gap in gaps(world.times("whatsapp")) if gap < 200] == [pytest.approx(21, abs=6)]
    assert world.said == []


# --- the host --------------------------------------------------------------------------------------------------------


def offline(id_: str) -> Report:
    return replace(report(id_, Status.INCONCLUSIVE, Cause.HOST_OFFLINE), baseline=Baseline(network="offline"))


def test_while_the_host_is_offline_one_service_is_asked_at_a_time_and_one_message_told() -> None:
    world = World(*MANY, report_of=lambda id_, s: offline(id_) if HOUR <= s < 2 * HOUR else report(id_))
    run(world.watch(4 * HOUR))
    during = [(at, id_) for at, id_ in world.asked if HOUR + 30 < at < 2 * HOUR]
    assert len({id_ for _, id_ in during}) == 1
    assert 120 <= len(during) <= 180
    assert world.said == [("host", "opened"), ("host", "closed")]
    opened, closed = world.told
    assert opened - HOUR < 340
    assert closed - 2 * HOUR < 100
    after = [at for at, _ in world.asked if 2 * HOUR + 100 < at < 2 * HOUR + 160]
    assert len(after) <= 20, "not all at once"


def test_a_service_that_says_nothing_of_the_host_does_not_keep_it_in_doubt() -> None:
    seen: list[str] = []

    def report_of(id_: str, s: float) -> Report:
        if id_ == MANY[0]:
            seen.append(id_)
            return offline(id_) if len(seen) == 1 else report(id_, Status.INCONCLUSIVE, Cause.NO_OUTSIDE_CONTROL)
        return blocked(id_, Confidence.CONFIRMED) if id_ == MANY[5] and s > 2 * HOUR else report(id_)

    world = World(*MANY[:10], report_of=report_of)
    run(world.watch(4 * HOUR))
    assert (MANY[5], "opened") in world.said
    assert all(len(world.times(id_)) > 40 for id_ in MANY[:10])


def test_a_short_trouble_of_the_host_is_told_to_nobody_and_delays_nothing_for_long() -> None:
    world = World(*MANY, report_of=lambda id_, s: offline(id_) if HOUR <= s < HOUR + 120 else report(id_))
    run(world.watch(2 * HOUR))
    assert world.said == []
    assert not world.store.kept_states[HOST].doubtful
    assert all(gap < 600 for id_ in MANY for gap in gaps(world.times(id_)))


def test_a_listed_service_does_not_hide_that_the_host_is_behind_an_allow_list() -> None:
    def behind(id_: str, _: float) -> Report:
        if id_ == "s00":
            return report(id_)
        return replace(report(id_, Status.INCONCLUSIVE), baseline=Baseline(network="allowlist"))

    world = World(*MANY, report_of=behind)
    run(world.watch(2 * HOUR))
    assert world.said == [("host", "opened")]


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [BusyError(), CheckError("1234"), RuntimeError("a bug")])
def test_a_measurement_that_breaks_is_tried_again_and_changes_nothing(error: Exception) -> None:
    async def twice() -> None:
        world.error = error
        await world.watch(HOUR)
        world.error = None
        await world.watch(HOUR)

    world = World("whatsapp", "telegram", report_of=lambda id_, _: blocked(id_))
    run(twice())
    assert 10 <= len([at for at in world.times("whatsapp") if at < HOUR]) <= 130
    assert sorted(world.said) == [("telegram", "opened"), ("whatsapp", "opened")]
    assert all(change.since > HOUR for change in world.store.changes)


def test_what_cannot_be_stored_is_as_if_it_had_never_been_measured() -> None:
    async def in_trouble() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(world.watch(2 * HOUR))
            await asyncio.sleep(10 * MINUTE)
            world.store.failing = True
            await asyncio.sleep(30 * MINUTE)
            assert world.told == []
            world.store.failing = False

    world = World("whatsapp", report_of=lambda id_, s: blocked(id_) if s > 15 * MINUTE else report(id_))
    run(in_trouble())
    assert world.said == [("whatsapp", "opened")]
    assert world.told[0] > 40 * MINUTE


def test_a_store_that_cannot_be_read_at_the_start_is_read_later() -> None:
    async def in_trouble() -> None:
        world.store.failing = True
        async with asyncio.TaskGroup() as group:
            group.create_task(world.watch(HOUR))
            await asyncio.sleep(10 * MINUTE)
            assert world.asked == []
            world.store.failing = False

    world = World("whatsapp")
    run(in_trouble())
    assert len(world.asked) > 5


def test_a_stop_leaves_nothing_running() -> None:
    world = World(*MANY)
    world.took_s = 30.0

    async def stopped() -> int:
        await world.watch(100)
        return len(asyncio.all_tasks())

    assert run(stopped()) == 1
    assert world.running.total() == 0
