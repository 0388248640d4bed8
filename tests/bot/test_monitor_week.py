"""A week of everyday trouble over 35 services, played through the monitor and incidents: nobody is alarmed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from probes.model import Cause, Confidence, Status
from tests.bot.benign_week import MANY, WEEK_S, BenignWeek
from tests.bot.canned import report
from tests.bot.watching import START, World
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from bot.incidents import Change
    from probes.model import Report

ACCUSES = {"block", "degradation", "directory"}
ASKED_EVERY_S = 53.0
BLOCK_S = 3 * 24 * 3600.0


@pytest.fixture(scope="module")
def played() -> tuple[BenignWeek, World]:
    """The week; on its fourth day one service more is blocked, that the quiet may be worth something."""
    week = BenignWeek(seed=1)

    def report_of(id_: str, at_s: float) -> Report:
        if id_ in week.of_a_service:
            return week.report_of(id_, at_s)
        if any(episode.covers(at_s) for episode in week.of_the_host):
            return report(id_, Status.INCONCLUSIVE)
        blocked = report(id_, Status.BLOCKED, Cause.TLS_SNI_RESET, confidence=Confidence.LIKELY)
        return blocked if at_s > BLOCK_S else report(id_)

    world = World(*MANY, "blocked", report_of=report_of)
    run(_watched_and_asked_about(world))
    return week, world


async def _watched_and_asked_about(world: World) -> None:
    """Watch for the week, while people ask about one service after the other, and now and then about one all the time.

    What they have measured counts as well.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(world.watch(WEEK_S))
        await asyncio.sleep(1)
        while world.passed_s < WEEK_S - ASKED_EVERY_S:
            await asyncio.sleep(ASKED_EVERY_S)
            hour, minute = divmod(int(world.passed_s) // 60, 60)
            world.hear(MANY[(hour if hour % 12 == 0 else minute) % len(MANY)])


def loud(world: World, *, about: str | None = None) -> list[Change]:
    changes = (change for change in world.store.changes if not change.quiet)
    return [change for change in changes if (change.subject.name == "blocked") == (about == "blocked")]


def test_nobody_is_accused_in_a_week_in_which_nobody_interferes(played: tuple[BenignWeek, World]) -> None:
    week, world = played
    assert len(world.asked) > 60_000
    assert week.slanders > 200
    assert week.engine_runs > 150
    assert [change for change in loud(world) if change.severity in ACCUSES] == []


def test_a_real_block_in_that_week_is_told_at_once_and_once(played: tuple[BenignWeek, World]) -> None:
    _, world = played
    [opened] = loud(world, about="blocked")
    assert (opened.what, opened.severity) == ("opened", "block")
    assert opened.at - START - BLOCK_S < 1800, "nothing of the host's own troubles lasts longer then"


def test_what_is_said_of_a_service_or_of_the_host_has_its_reason(played: tuple[BenignWeek, World]) -> None:
    week, world = played
    for change in loud(world):
        assert change.severity in {"outage", "host"}
        episodes = week.of_the_host if change.severity == "host" else week.of_a_service[change.subject.name]
        if change.what == "opened":
            assert any(episode.covers(change.since - START) for episode in episodes), change
    assert {"outage", "host"} <= {change.severity for change in loud(world)}, "there was something to say"


def test_nobody_hears_of_one_thing_often(played: tuple[BenignWeek, World]) -> None:
    _, world = played
    assert len(loud(world)) < 35 * 7
