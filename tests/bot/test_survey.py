"""Many services at once: a few at a time, within one budget, and whoever is late is left out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.checks import Answer, Checks
from bot.store import Store
from bot.survey import Surveys
from tests.bot.canned import SIGNAL, TELEGRAM, WHATSAPP, CannedProber, report, service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from probes.model import Service

MANY = tuple(service(f"s{number}", f"S{number}") for number in range(20))


@pytest.fixture
def prober() -> CannedProber:
    return CannedProber(report("whatsapp"), report("telegram"))


@pytest.fixture
async def checks(tmp_path: Path, prober: CannedProber) -> AsyncIterator[Checks]:
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as group:
        yield Checks(prober, store, group, cache_s=60, clock=lambda: 1000.0)


async def test_every_answer_is_returned_and_told_at_once(checks: Checks) -> None:
    told: list[tuple[Service, Answer]] = []
    answers = await Surveys(checks).survey((WHATSAPP, TELEGRAM), lambda *answer: told.append(answer))
    assert answers == {"whatsapp": Answer(report("whatsapp"), 1000), "telegram": Answer(report("telegram"), 1000)}
    assert sorted(service.id for service, _ in told) == ["telegram", "whatsapp"]


async def test_only_a_few_are_measured_at_once(checks: Checks, prober: CannedProber) -> None:
    surveys = Surveys(checks, most_at_once=3)
    prober.go.clear()
    surveying = asyncio.gather(surveys.survey(MANY[:10]), surveys.survey(MANY[5:]))
    await asyncio.wait_for(prober.crowded.wait(), 5)
    prober.go.set()
    first, second = await surveying
    assert (len(first), len(second)) == (10, 15)
    assert 1 < prober.most_running <= 3
    assert set(prober.asked.values()) == {1}


async def test_what_takes_longer_than_the_budget_is_left_out_and_given_up(checks: Checks, prober: CannedProber) -> None:
    await checks.check(WHATSAPP)
    prober.go.clear()
    answers = await Surveys(checks, budget_s=0.05).survey((TELEGRAM, SIGNAL, WHATSAPP))
    assert set(answers) == {"whatsapp"}
    prober.go.set()
    await checks.check(TELEGRAM)
    assert (prober.cancelled, prober.asked["telegram"]) == (2, 2)


async def test_what_breaks_is_left_out_and_the_others_are_not_disturbed(checks: Checks, prober: CannedProber) -> None:
    await checks.check(WHATSAPP)
    prober.error = LookupError("a bug")
    assert set(await Surveys(checks).survey((TELEGRAM, WHATSAPP))) == {"whatsapp"}


async def test_a_survey_that_is_cancelled_leaves_nothing_running(checks: Checks, prober: CannedProber) -> None:
    prober.go.clear()
    surveying = asyncio.create_task(Surveys(checks).survey((TELEGRAM, SIGNAL)))
    await asyncio.wait_for(prober.crowded.wait(), 5)
    surveying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await surveying
    prober.go.set()
    await checks.check(WHATSAPP)  # the loop has come round
    assert (prober.cancelled, prober.running) == (2, 0)
