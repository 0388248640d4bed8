"""Worlds in which nobody interferes: whatever goes wrong there, the command line claims no interference."""

import os
from collections import Counter

import pytest

from probes.model import Cause
from probes.verdict import NOT_INTERFERENCE
from tests.lab.benign import SITES, benign_scenario, describe
from tests.lab.lab import Lab
from tests.lab.verdicts import Report, check, said, steps

FIRST_SEED = int(os.environ.get("BENIGN_SEED", "0"))
WORLDS = 10
"""Each with as many sites as `SITES` names."""
ACCUSED_ONCE = {
    "a server far away takes three seconds to shake hands": 0,
    "the resolver takes two seconds to find a name": 23,
}
"""Worlds in which interference was seen before the engine knew better."""


def accuses(report: Report) -> bool:
    interference = any(Cause(cause) not in NOT_INTERFERENCE for cause in report["causes"])
    return report["status"] == "blocked" or (report["status"] == "degraded" and interference)


@pytest.mark.parametrize("seed", sorted({*range(FIRST_SEED, FIRST_SEED + WORLDS), *ACCUSED_ONCE.values()}))
def test_no_interference_is_seen_where_there_is_none(lab: Lab, seed: int) -> None:
    lab.configure(benign_scenario(seed))
    checked = check(lab, *SITES)
    print(seed, Counter(said(report) for report in checked.reports))
    for report in checked.reports:
        assert not accuses(report), "\n".join((said(report), describe(seed), *steps(report)))
    assert len(checked.reports) == len(SITES), checked.stderr
