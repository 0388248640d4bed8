"""Who begins next, how many are under way, and that nobody who leaves keeps others waiting."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes.engine import Engine
from probes.model import Component, Endpoint, Service
from probes.observations import AnyObservation, DnsObservation, Purpose
from probes.targets import host_service
from probes.turns import MOST, Turns
from tests.probes.simulated import Server, Simulated, SimulatedNetwork
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from probes.network import Attempt, Question


def test_what_is_asked_about_goes_before_what_it_is_held_against() -> None:
    async def order() -> list[str]:
        turns, begun = Turns(), list[str]()

        async def step(name: str, *, ahead: bool) -> None:
            async with turns.turn(ahead=ahead):
                begun.append(name)

        async with asyncio.TaskGroup() as group:
            for name, ahead in (("control", False), ("another", False), ("asked", True)):
                group.create_task(step(name, ahead=ahead))
        return begun

    assert run(order()) == ["asked", "control", "another"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([None, 0, 0.5, 1.5])), min_size=1, max_size=30))
def test_no_more_than_allowed_are_under_way_and_all_come_to_their_turn(steps: list[tuple[bool, float | None]]) -> None:
    """Some are cancelled after that many seconds, be it while they wait, as their turn comes, or under way."""

    async def go() -> tuple[int, int]:
        turns, under_way, most, over = Turns(3), 0, 0, 0

        async def step(*, ahead: bool) -> None:
            nonlocal under_way, most, over
            async with turns.turn(ahead=ahead):
                under_way += 1
                most = max(most, under_way)
                try:
                    await asyncio.sleep(1)
                finally:
                    under_way -= 1
            over += 1

        loop = asyncio.get_running_loop()
        tasks = [asyncio.create_task(step(ahead=ahead)) for ahead, _ in steps]
        for task, (_, leaves_s) in zip(tasks, steps, strict=True):
            if leaves_s is not None:
                loop.call_later(leaves_s, task.cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(10):  # all places are free again
            await asyncio.gather(*(step(ahead=True) for _ in range(3)))
        assert under_way == 0
        return most, over

    most, over = run(go())
    assert most <= 3
    assert over >= 3 + sum(leaves_s is None for _, leaves_s in steps)


async def test_a_turn_of_the_loop_that_took_long_is_told_of_for_a_while() -> None:
    loop = asyncio.get_running_loop()
    turns = Turns()
    async with asyncio.TaskGroup() as group:
        group.create_task(_hold(turns))
        loop.call_soon(time.sleep, 0.05)
    assert 0.05 <= turns.lag_s(loop.time()) < 1
    assert turns.lag_s(loop.time() + 2) == 0


async def _hold(turns: Turns) -> None:
    async with turns.turn(ahead=True):
        pass


@pytest.mark.parametrize(("lag_s", "asked_again"), [(0.0, True), (0.3, False)])
def test_what_a_busy_host_notices_late_is_not_asked_again(
    monkeypatch: pytest.MonkeyPatch, *, lag_s: float, asked_again: bool
) -> None:
    monkeypatch.setattr(Turns, "lag_s", lambda _turns, _now_s: lag_s)
    world = Simulated(names={"example.org": ("157.240.9.53",)}, servers={"157.240.9.53": Server(hello_delay_s=0.8)})
    report = run(Engine(world.network(), seed=1).check(host_service("example.org")))
    assert report.status.value == "ok"
    assert any(o.purpose is Purpose.REPEAT for o in report.observations) is asked_again


class Counting(SimulatedNetwork):
    """Counts how many sockets would be open at a time."""

    under_way = most = 0

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        yield
        self.under_way -= 1

    async def ask(self, question: Question) -> DnsObservation:
        with self._counted():
            return await super().ask(question)

    async def attempt(self, attempt: Attempt, observe: Callable[[AnyObservation], None]) -> None:
        with self._counted():
            await super().attempt(attempt, observe)


def test_a_silent_network_does_not_use_all_sockets_up() -> None:
    endpoints = tuple(Endpoint("https", f"{nth}.example.org", 443, "/") for nth in range(600))
    parts = tuple(Component(id=f"part-{nth}", endpoints=endpoints[nth : nth + 30]) for nth in range(0, 600, 30))
    network = Counting(Simulated(names={}, online=False))
    run(Engine(network, seed=1).check(Service(id="many", name="Many", components=parts)))
    the_host_s_own = 30
    assert MOST <= network.most <= MOST + the_host_s_own
