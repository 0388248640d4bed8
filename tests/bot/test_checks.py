"""Answers come from the cache, from a measurement under way or from a new one, and nobody waits in vain."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot import checks as module
from bot.checks import AGAIN_S, Answer, BusyError, CheckError, Checks, asked_as
from bot.store import Store, StoreError
from probes.model import Component, Endpoint
from tests.bot.canned import HOST, TELEGRAM, WHATSAPP, CannedProber, report, service, step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from probes.observations import AnyObservation

STEPS = (step("o1"), step("o2"))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def prober() -> CannedProber:
    return CannedProber(report("whatsapp"), observations=STEPS)


@asynccontextmanager
async def opened(
    path: Path, prober: CannedProber, clock: Clock, *, cache_s: float = 60, **settings: Any
) -> AsyncIterator[Checks]:
    async with Store.open(path) as store, asyncio.TaskGroup() as group:
        yield Checks(prober, store, group, cache_s=cache_s, clock=clock, **settings)


@pytest.fixture
async def checks(tmp_path: Path, prober: CannedProber, clock: Clock) -> AsyncIterator[Checks]:
    async with opened(tmp_path / "db", prober, clock) as made:
        yield made


async def test_a_first_question_is_measured(checks: Checks, prober: CannedProber) -> None:
    assert await checks.check(WHATSAPP) == Answer(report("whatsapp"), 1000)
    assert prober.deep == [False]


async def test_a_fresh_answer_is_given_again_with_its_age(checks: Checks, prober: CannedProber, clock: Clock) -> None:
    await checks.check(WHATSAPP)
    clock.now += 59
    assert await checks.check(WHATSAPP) == Answer(report("whatsapp"), 1000, 59)
    clock.now += 1
    assert (await checks.check(WHATSAPP)).age_s is None
    assert prober.asked == {"whatsapp": 2}


async def test_a_clock_that_was_set_back_makes_nothing_fresh(
    checks: Checks, prober: CannedProber, clock: Clock
) -> None:
    await checks.check(WHATSAPP)
    clock.now -= 1
    assert (await checks.check(WHATSAPP)).age_s is None
    assert prober.asked == {"whatsapp": 2}


async def test_again_measures_again_but_not_at_once(checks: Checks, prober: CannedProber, clock: Clock) -> None:
    await checks.check(WHATSAPP)
    clock.now += AGAIN_S / 2
    assert (await checks.check(WHATSAPP, again=True)).age_s == AGAIN_S / 2
    clock.now += AGAIN_S / 2
    assert (await checks.check(WHATSAPP, again=True)).age_s is None
    assert prober.asked == {"whatsapp": 2}


async def test_deep_and_shallow_answers_and_hosts_and_services_are_kept_apart(
    checks: Checks, prober: CannedProber
) -> None:
    await checks.check(WHATSAPP)
    await checks.check(WHATSAPP, deep=True)
    await checks.check(service("whatsapp", kind="host"))
    assert prober.deep == [False, True, False]


async def test_an_answer_survives_a_restart(tmp_path: Path, prober: CannedProber, clock: Clock) -> None:
    async with opened(tmp_path / "db", prober, clock) as before:
        await before.check(WHATSAPP)
    clock.now += 30
    async with opened(tmp_path / "db", prober, clock) as after:
        assert await after.check(WHATSAPP) == Answer(report("whatsapp"), 1000, 30)
        clock.now += 30
        assert (await after.check(WHATSAPP)).age_s is None
    assert prober.asked == {"whatsapp": 2}


async def test_with_a_cache_of_no_seconds_everything_is_measured(
    tmp_path: Path, prober: CannedProber, clock: Clock
) -> None:
    async with opened(tmp_path / "db", prober, clock, cache_s=0) as uncached:
        await uncached.check(WHATSAPP)
        await uncached.check(WHATSAPP)
    assert prober.asked == {"whatsapp": 2}


async def test_pages_of_one_host_are_kept_apart(checks: Checks, prober: CannedProber) -> None:
    plain = replace(HOST, components=(Component(id="web", endpoints=(Endpoint("http", HOST.id, 80, "/"),)),))
    await checks.check(HOST)
    await checks.check(plain)
    await checks.check(plain)
    assert prober.asked == {"example.org": 2}
    assert [asked_as(service) for service in (WHATSAPP, HOST, plain)] == [
        "whatsapp",
        "example.org",
        "http://example.org/",
    ]


# --- many at once ----------------------------------------------------------------------------------------------------


async def test_a_thousand_at_once_cause_one_measurement(checks: Checks, prober: CannedProber) -> None:
    prober.go.clear()
    askers = [asyncio.create_task(checks.check(WHATSAPP)) for _ in range(1000)]
    await prober.begun.wait()
    prober.go.set()
    answers = await asyncio.gather(*askers)
    assert all(answer is answers[0] for answer in answers)
    assert prober.asked == {"whatsapp": 1}


async def test_the_measurement_goes_on_when_the_first_asker_goes_away(checks: Checks, prober: CannedProber) -> None:
    prober.go.clear()
    first = asyncio.create_task(checks.check(WHATSAPP))
    second = asyncio.create_task(checks.check(WHATSAPP))
    await prober.begun.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    prober.go.set()
    assert (await second).report == report("whatsapp")
    assert (prober.asked, prober.cancelled) == ({"whatsapp": 1}, 0)


async def test_when_all_have_gone_it_is_cancelled_and_the_next_question_measured_anew(
    checks: Checks, prober: CannedProber
) -> None:
    prober.go.clear()
    askers = [asyncio.create_task(checks.check(WHATSAPP)) for _ in range(3)]
    await prober.begun.wait()
    for asker in askers:
        asker.cancel()
    await asyncio.wait(askers)
    prober.go.set()
    assert (await checks.check(WHATSAPP)).report == report("whatsapp")
    assert (prober.asked, prober.cancelled) == ({"whatsapp": 2}, 1)


async def test_everybody_hears_of_every_observation_the_late_ones_too(checks: Checks, prober: CannedProber) -> None:
    prober.go.clear()
    early: list[AnyObservation] = []
    late: list[AnyObservation] = []
    first = asyncio.create_task(checks.check(WHATSAPP, listener=early.append))
    await prober.begun.wait()
    second = asyncio.create_task(checks.check(WHATSAPP, listener=late.append))
    await asyncio.sleep(0)
    assert early == late == list(STEPS)
    prober.go.set()
    await asyncio.gather(first, second)


async def test_a_listener_that_fails_harms_nobody(checks: Checks, caplog: pytest.LogCaptureFixture) -> None:
    def failing(_: object) -> None:
        raise LookupError

    assert (await checks.check(WHATSAPP, listener=failing)).report == report("whatsapp")
    assert "A listener to a check failed" in caplog.text


@pytest.mark.parametrize("error", [LookupError("broken"), TimeoutError()])
async def test_a_fault_of_the_prober_reaches_everybody_and_is_not_kept(
    checks: Checks, prober: CannedProber, error: Exception
) -> None:
    prober.error = error
    outcomes = await asyncio.gather(*(checks.check(WHATSAPP) for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [CheckError] * 3
    assert {outcome.__cause__ for outcome in outcomes if isinstance(outcome, CheckError)} == {error}
    prober.error = None
    assert (await checks.check(WHATSAPP)).report == report("whatsapp")
    assert prober.asked == {"whatsapp": 2}


async def test_a_prober_that_cancels_itself_cancels_nobody_else(
    checks: Checks, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(prober, "check", cancelled)
    with pytest.raises(CheckError):
        await checks.check(WHATSAPP)


async def test_a_measurement_that_never_ends_is_ended(
    checks: Checks, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEASUREMENT_LIMIT_S", 0)
    prober.go.clear()
    with pytest.raises(CheckError):
        await checks.check(WHATSAPP)


async def test_different_targets_are_measured_side_by_side_but_not_too_many(
    tmp_path: Path, prober: CannedProber, clock: Clock
) -> None:
    async with opened(tmp_path / "db", prober, clock, most_running=2) as checks:
        prober.go.clear()
        askers = [asyncio.create_task(checks.check(service(f"s{number}"))) for number in range(6)]
        await asyncio.wait_for(prober.crowded.wait(), 5)
        prober.go.set()
        await asyncio.gather(*askers)
    assert (prober.most_running, prober.asked.total()) == (2, 6)


async def test_who_would_wait_too_long_is_told_at_once(
    checks: Checks, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    prober.go.clear()
    running = asyncio.create_task(checks.check(WHATSAPP))
    await prober.begun.wait()
    with pytest.raises(BusyError):
        await checks.check(TELEGRAM)
    prober.go.set()
    await running
    assert (await checks.check(TELEGRAM)).report.target == "telegram"


async def test_memory_does_not_grow_with_every_host_that_people_type(
    checks: Checks, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_REMEMBERED", 1)
    await checks.check(WHATSAPP)
    await checks.check(HOST)
    assert len(checks._remembered) == 1
    assert (await checks.check(WHATSAPP)).age_s == 0  # read from the store
    assert prober.asked == {"whatsapp": 1, "example.org": 1}


async def test_a_store_that_fails_loses_no_answer(
    checks: Checks, prober: CannedProber, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def failing(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(checks._store, "latest_report", failing)
    monkeypatch.setattr(checks._store, "save_report", failing)
    assert (await checks.check(WHATSAPP)).age_s is None
    assert (await checks.check(WHATSAPP)).age_s == 0
    assert prober.asked == {"whatsapp": 1}
    await asyncio.sleep(0)
    assert caplog.text.count("the disk is full") == 2


async def test_every_measurement_is_reported_once_whoever_asked_and_no_answer_that_was_known(
    checks: Checks, prober: CannedProber, clock: Clock
) -> None:
    heard: list[tuple[str, Answer]] = []
    checks.report_to(lambda service, answer: heard.append((service.id, answer)))
    prober.go.clear()
    async with asyncio.TaskGroup() as askers:
        for _ in range(3):
            askers.create_task(checks.check(WHATSAPP))
        await prober.begun.wait()
        prober.go.set()
    clock.now += 30
    await checks.check(WHATSAPP)
    assert heard == [("whatsapp", Answer(report("whatsapp"), 1000))]
    await checks.check(TELEGRAM, deep=True)
    assert len(heard) == 1, "a deep one sees what the others do not look for"


async def test_a_report_that_nobody_can_take_is_no_fault_of_the_measurement(
    checks: Checks, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise RuntimeError("a bug")

    checks.report_to(fails)
    assert await checks.check(WHATSAPP) == Answer(report("whatsapp"), 1000)
    assert "A listener to a check failed" in caplog.text
