"""What people have measured counts for the watch as well, raises no alarm by itself, and costs nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from probes.model import Confidence
from tests.bot.canned import report
from tests.bot.watching import START, World, blocked
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from probes.model import Report

HOUR = 3600.0


async def asking(world: World, *at_s: float, of: str = "whatsapp", for_s: float = 2 * HOUR) -> None:
    """Watch, while people ask at these times."""
    async with asyncio.TaskGroup() as group:
        group.create_task(world.watch(for_s))
        passed_s = 0.0
        for at in at_s:
            await asyncio.sleep(at - passed_s)
            passed_s = at
            world.hear(of)


def alone(world: World) -> int:
    """How often the monitor measures when nobody asks."""
    quiet = World(*world.wanted)
    run(quiet.watch(2 * HOUR))
    return len(quiet.asked)


@pytest.mark.parametrize(("confidence", "within_s"), [(Confidence.CONFIRMED, 70), (Confidence.LIKELY, 135)])
def test_a_block_that_somebody_meets_is_looked_at_again_and_told_as_if_it_had_been_its_turn(
    confidence: Confidence, within_s: float
) -> None:
    world = World("whatsapp", report_of=lambda id_, s: blocked(id_, confidence) if s > HOUR else report(id_))
    quiet = World("whatsapp")
    run(quiet.watch(2 * HOUR))
    met_at = max(at for at in quiet.times("whatsapp") if at < HOUR + 200) + 2  # just after its turn
    world.report_of = lambda id_, s: blocked(id_, confidence) if s > met_at - 0.5 else report(id_)
    run(asking(world, met_at))
    assert world.said == [("whatsapp", "opened")]
    assert world.times("whatsapp", met_at)[0] - met_at < 26
    assert world.told[0] - met_at <= within_s
    assert world.store.changes[0].since == START + met_at, "since somebody met it"


def test_an_end_that_somebody_meets_is_looked_at_again_as_well() -> None:
    world = World("whatsapp", report_of=lambda id_, s: blocked(id_) if s < HOUR else report(id_))
    run(asking(world, HOUR + 5))
    assert world.said == [("whatsapp", "opened"), ("whatsapp", "closed")]
    assert world.told[1] - HOUR < 80
    assert world.store.changes[1].since == START + HOUR + 5


def test_what_one_question_shows_alarms_nobody_and_the_next_measurement_refutes_it() -> None:
    shown = iter([True] + [False] * 1000)
    met: list[bool] = []

    def report_of(id_: str, s: float) -> Report:
        met.append(s == 1234.5 and next(shown))
        return blocked(id_, Confidence.CONFIRMED) if met[-1] else report(id_)

    world = World("whatsapp", report_of=report_of)
    run(asking(world, 1234.5))
    assert sum(met) == 1
    assert world.said == []
    assert len(world.asked) <= alone(world) + 2


def test_however_often_people_ask_it_takes_as_long_to_believe_in_a_block() -> None:
    world = World("whatsapp", report_of=lambda id_, s: blocked(id_) if 1000 <= s < 1118 else report(id_))
    run(asking(world, *range(900, 1400)))
    assert world.said == [], "well over a hundred measurements in less than two minutes"


def test_a_flood_of_questions_makes_the_monitor_measure_less_not_more() -> None:
    world = World("whatsapp", "telegram")
    run(asking(world, *range(10, 7200, 10)))
    assert len(world.asked) <= alone(world)
    assert len(world.times("telegram")) > 20, "its turn comes as ever"


def test_a_flood_that_meets_trouble_now_and_then_brings_a_bounded_number_of_looks() -> None:
    world = World("whatsapp", report_of=lambda id_, s: blocked(id_) if s % 40 < 10 else report(id_))
    run(asking(world, *range(10, 7200, 10)))
    assert world.said == []
    assert len(world.asked) <= 7200 / 20
    assert world.most_running == 1


def test_its_own_measurements_are_kept_once_though_it_hears_of_them_too() -> None:
    world = World("whatsapp", "telegram")
    run(world.watch(HOUR))
    assert world.store.records == len(world.asked)


def test_what_nobody_wants_watched_is_not_heeded() -> None:
    world = World("whatsapp", "telegram", report_of=lambda id_, _: blocked(id_, Confidence.CONFIRMED))
    world.wanted = {"telegram"}
    run(asking(world, 300, 400, 500))
    assert world.said == [("telegram", "opened")]
    assert set(world.store.due) == {"telegram"}


def test_what_was_heard_and_could_not_be_kept_is_measured() -> None:
    async def in_trouble() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(asking(world, HOUR + 5))
            await asyncio.sleep(HOUR)
            world.store.failing = True
            await asyncio.sleep(20)
            world.store.failing = False

    world = World("whatsapp", report_of=lambda id_, s: blocked(id_, Confidence.CONFIRMED) if s > HOUR else report(id_))
    run(in_trouble())
    assert world.said == [("whatsapp", "opened")]
    assert world.times("whatsapp", HOUR)[0] < HOUR + 60
