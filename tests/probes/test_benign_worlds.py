"""A thousand and more worlds in which nobody interferes: whatever goes wrong there, no interference may be claimed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from probes.engine import Engine
from probes.model import Report, Status
from probes.targets import host_service
from probes.verdict import NOT_INTERFERENCE
from tests.probes.benign_worlds import HOST, benign_world, harsh_world
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.probes.simulated import Simulated

FIRST_SEED = int(os.environ.get("BENIGN_SEED", "0"))
BATCH = 100
WORLDS = {
    (benign_world, "https"): 1_200,
    (benign_world, "http"): 400,
    (harsh_world, "https"): 400,
    (harsh_world, "http"): 200,
}
BATCHES = [(*kind, FIRST_SEED + n) for kind, worlds in WORLDS.items() for n in range(0, worlds, BATCH)]


def accuses(report: Report) -> bool:
    interference = any(cause not in NOT_INTERFERENCE for cause in report.causes)
    return report.status is Status.BLOCKED or (report.status in {Status.DEGRADED, Status.OK} and interference)


@pytest.mark.parametrize(("world_of", "scheme", "first"), BATCHES)
def test_no_block_is_seen_where_nobody_blocks(world_of: Callable[[int], Simulated], scheme: str, first: int) -> None:
    for seed in range(first, first + BATCH):
        world = world_of(seed)
        report = run(Engine(world.network(), seed=seed).check(host_service(f"{scheme}://{HOST}")))
        assert not accuses(report), (
            f"{report.status} {report.causes} over {scheme} in {world_of.__name__}({seed}) = {world}"
        )


def test_the_worlds_are_worth_something() -> None:
    """Most troubles must be met, or their absence from the verdicts shows nothing."""
    troubled = {
        (report.status, report.causes[:1])
        for seed in range(300)
        for report in [run(Engine(benign_world(seed).network(), seed=seed).check(host_service(HOST)))]
    }
    assert len(troubled) >= 8
