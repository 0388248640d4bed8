"""Whether the figures of a broadcast's outages can fail: only alerts that fell into an outage say anything about it."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import pytest

from bench.broadcast import Outage, wait_beyond
from bench.prompts import prompting, prompts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.table import Row

FASTER = 10
SINCE, OVER, UNTIL = 100.0, 101.0, 102.0
ALL_ALONG = (100.0, 100.7, 101.3, 101.9)


def measured(put: Sequence[float], waits: Sequence[float] = ()) -> Row:
    """Return the row of an outage with alerts put in then, each told so long after its end."""
    outage = Outage(name="429", since=SINCE, over=OVER, until=UNTIL, put={str(at): at for at in put})
    arrived = {str(at): UNTIL + wait for at, wait in zip(put, waits, strict=False)}
    return wait_beyond(outage, arrived, FASTER)


@pytest.mark.parametrize(
    "put",
    [(), (100.0, 101.9), (100.0, 100.1, 100.2), (101.7, 101.8, 101.9), (100.8, 101.0, 101.2)],
    ids=["none", "two", "beginning only", "end only", "middle only"],
)
def test_what_no_alerts_fell_into_is_not_measured(put: Sequence[float]) -> None:
    row = measured(put, [0.0] * len(put))
    assert (row.value, row.verdict) == (None, "missed")
    assert row.figure.startswith("not measured")


def test_the_longest_wait_beyond_an_outage_counts_by_telegrams_time() -> None:
    row = measured(ALL_ALONG, (0.01, 0.15, -0.5, 0.03))
    assert row.value == pytest.approx(1.5)
    assert row.verdict == "met"
    assert measured(ALL_ALONG, (0.01, 0.01, 0.21, 0.01)).verdict == "missed"


def test_an_alert_that_never_arrives_waits_for_ever() -> None:
    row = measured(ALL_ALONG, (0.01, 0.01, 0.01))
    assert (row.value, row.verdict) == (math.inf, "missed")


def test_alerts_that_got_through_an_outage_did_not_fall_into_it() -> None:
    row = measured(ALL_ALONG, [OVER - UNTIL - 0.1] * len(ALL_ALONG))
    assert (row.figure, row.verdict) == ("not measured: 0 alerts, 20 s", "missed")


async def test_lines_arrive_as_they_are_said_until_there_are_no_more() -> None:
    async with prompting() as prompter:
        heard: list[str] = []
        prompted = asyncio.ensure_future(_hear(heard, prompter.port))
        await prompter.met.wait()
        prompter.say("one")
        prompter.say("two")
        prompter.end()
        await prompted
    assert heard == ["one", "two"]


async def _hear(heard: list[str], port: int) -> None:
    heard += [line async for line in prompts(port)]
