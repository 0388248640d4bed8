"""Deep checks side by side beside the slowest of them alone, and every service of the catalogue in one run.

Each run is the real command line in an interpreter of its own, in the healthy lab at 40 ms. Times are the whole
command's, as whoever types it waits for it; those of the reports, from the first question on, stand beside them. CPU
seconds are the command's alone. The lab's servers and its middlebox share the machine's processors with it, which is
why times depend on how many there are.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from bench.beside import ROOT
from bench.table import Row
from probes.catalogue import Catalogue
from tests.lab.censor import Censor
from tests.lab.lab import Lab, namespaces_forbidden
from tests.lab.scenario import Scenario
from tests.lab.world import World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.runs import Size

ABOUT = "deep checks side by side beside the slowest alone; the whole catalogue in one run"
FIVE = ("whatsapp", "telegram", "youtube", "signal", "max")
_HEALTHY = Scenario("bench", "nothing is wrong, 40 ms away", World(), Censor(delay_s=0.02))
_PATIENCE_S = 60.0
_PROGRAM = """
import atexit, sys, time
from pathlib import Path
from bot import cli

def tell():
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(time.process_time(), peak.split()[1], file=sys.stderr)

atexit.register(tell)
cli.main()
"""


def measure(size: Size) -> list[Row]:
    if reason := namespaces_forbidden():
        return [Row(name="deep checks", detail=f"not available here: {reason}")]
    rounds, five = size.pick((4, FIVE), (1, FIVE[-1:]))
    catalogue = [service.id for service in Catalogue.load()]
    with Lab() as lab:
        lab.configure(_HEALTHY)
        alone: dict[str, list[_Run]] = {name: [] for name in five}
        together = []
        for _ in range(rounds):
            for name, runs in alone.items():
                runs.append(_run(lab, [name], "--deep"))
            together.append(_run(lab, five, "--deep"))
        everything = [_run(lab, catalogue) for _ in range(size.pick(3, 1))]
    return [*_beside(alone, together), *_whole(everything, len(catalogue))]


@dataclass(frozen=True, slots=True)
class _Run:
    """`elapsed_s` is the longest check's; `wall_s` the whole command's."""

    elapsed_s: float
    wall_s: float
    cpu_s: float
    peak_mb: float
    wrong: tuple[str, ...]


def _run(lab: Lab, names: Sequence[str], *options: str) -> _Run:
    began = time.perf_counter()
    command = [sys.executable, "-c", _PROGRAM, "check", *names, "--json", *options]
    done = lab.run(command, env={"PYTHONPATH": str(ROOT)}, cwd=lab.files, timeout_s=_PATIENCE_S)
    wall_s = time.perf_counter() - began
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    cpu_s, kibibytes = done.stderr.split()[-2:]
    return _Run(
        max(report["elapsed_s"] for report in reports),
        wall_s,
        float(cpu_s),
        int(kibibytes) * 1024 / 1e6,
        tuple(f"{report['target']} {report['status']}" for report in reports if report["status"] != "ok"),
    )


def _beside(alone: dict[str, list[_Run]], together: list[_Run]) -> list[Row]:
    runs = [run for several in (*alone.values(), together) for run in several]
    wrong = any(run.wrong for run in runs)
    walls = {name: median(run.wall_s for run in several) for name, several in alone.items()}
    slowest = max(walls, key=lambda name: walls[name])
    wall_s = median(run.wall_s for run in together)
    both_s = median(run.elapsed_s for run in together)
    times = {name: median(run.elapsed_s for run in several) for name, several in alone.items()}
    longest = max(times, key=lambda name: times[name])
    cpu_s = median(run.cpu_s for run in together)
    sole_s = median(run.cpu_s for run in alone[slowest])
    return [
        Row(
            name=f"{len(alone)} deep checks in one command ÷ the slowest alone",
            value=wall_s / walls[slowest],
            unit="×",
            at_most=1.5,
            detail=f"{wall_s:.2f} s beside {walls[slowest]:.2f} s of {slowest}{_complaint(runs)}",
            wrong=wrong,
        ),
        Row(
            name="the same by their reports, without start-up",
            value=both_s / times[longest],
            unit="×",
            at_most=1.5,
            detail=f"{both_s:.2f} s beside {times[longest]:.2f} s of {longest}",
            wrong=wrong,
        ),
        Row(name="their processor time", value=cpu_s, unit=" s", detail=f"{slowest} alone {sole_s:.2f} s"),
    ]


def _whole(runs: list[_Run], services: int) -> list[Row]:
    seconds, peak_mb = median(run.wall_s for run in runs), median(run.peak_mb for run in runs)
    wrong = any(run.wrong for run in runs)
    detail = f"{median(run.cpu_s for run in runs):.2f} CPU s{_complaint(runs)}"
    return [
        Row(name=f"all {services} services", value=seconds, unit=" s", at_most=10, detail=detail, wrong=wrong),
        Row(name="resident at most", value=peak_mb, unit=" MB", at_most=120, wrong=wrong),
    ]


def _complaint(runs: Sequence[_Run]) -> str:
    wrong = sorted({said for run in runs for said in run.wrong})
    return f"; said: {', '.join(wrong)}" if wrong else ""
