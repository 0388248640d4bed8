"""The real command line, `reachbot check TARGET… --json`, run in the lab, and what it said.

    lab.configure(scenario)
    checked = check(lab, "www.example.com")
    assert (checked.said, checked.code) == ("blocked confirmed tls.sni_dropped", 1)

`python -m tests.lab.verdicts TARGET SCENARIO…` prints what is said in each scenario, and after how many seconds.

It runs in a fork of this process, which has imported the program already: starting an interpreter for each scenario
would take longer than most checks do. `run` does start one.
"""

import functools
import importlib
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.lab import Lab
from tests.lab.scenario import load_scenarios

_TIMEOUT_S = 60.0
_PROGRAM = (
    "bot.cli",
    "probes.engine",
    "probes.live",
    "httpcore",
    "h2.connection",
    "anyio._backends._asyncio",
    "aiohttp",
)
"""With all that they import; the last ones are what the program itself loads when it first asks over HTTPS."""

Report = dict[str, Any]


@dataclass(frozen=True)
class Checked:
    """How the command ended: its reports, in the order of the targets, its exit code and its standard error."""

    reports: tuple[Report, ...]
    code: int
    stderr: str = ""

    @property
    def report(self) -> Report:
        """The report of the only target."""
        assert len(self.reports) == 1, f"{len(self.reports)} reports, exit code {self.code}: {self.stderr}"
        return self.reports[0]

    @property
    def said(self) -> str:
        """The only report's status, confidence and causes, in words: `blocked confirmed dns.nxdomain ip.dropped`."""
        return said(self.report)

    @property
    def elapsed_s(self) -> float:
        elapsed_s: float = self.report["elapsed_s"]
        return elapsed_s


def said(finding: Report) -> str:
    """Put a report's, or a component's, status, confidence and causes in words."""
    return " ".join((finding["status"], finding["confidence"], *finding["causes"]))


def components(report: Report) -> dict[str, str]:
    """Return what is said of each component, by its id."""
    return {component["id"]: said(component) for component in report["components"]}


def steps(report: Report) -> list[str]:
    """Put each observation of a report on a line, in the order in which they began: for people who look for a fault."""
    ordered = sorted(report["observations"], key=lambda step: (step["id"][0] == "b", step["started_s"]))
    return [_line(step) for step in ordered]


def _line(step: Report) -> str:
    target = step["target"]
    where = target["address"] or step.get("resolver") or step.get("control") or ""
    said_as = f" as {name}" if (name := step.get("server_name")) and name != target["host"] else ""
    answer = [record["data"] for record in step["reply"]["answers"]] if step.get("reply") else step.get("status", "")
    took = f"{step['started_s']:.3f}+{step['elapsed_s']:.3f}"
    outcome = step["failure"] or answer or "ok"
    return f"{step['id']:4} {took} {step['step']} {step['purpose']} {target['host']}{said_as} at {where}: {outcome}"


def check(lab: Lab, *targets: str, deep: bool = False, environment: dict[str, str] | None = None) -> Checked:
    """Check these targets on the lab's client host, in the scenario that it is in."""
    _import_program()
    arguments = _arguments(targets, deep=deep)
    out, err, code = lab.call(_main, arguments, lab.files, environment or {}, timeout_s=_TIMEOUT_S)
    return _checked(out, err, code)


def run(lab: Lab, *targets: str, deep: bool = False, environment: dict[str, str] | None = None) -> Checked:
    """Do the same in an interpreter of its own, as people do."""
    argv = [sys.executable, "-m", "bot", *_arguments(targets, deep=deep)]
    here = {"PYTHONPATH": str(Path.cwd())} | (environment or {})
    done = lab.run(argv, env=here, timeout_s=_TIMEOUT_S, cwd=lab.files)
    return _checked(done.stdout, done.stderr, done.returncode)


@functools.cache
def _import_program() -> None:
    for module in _PROGRAM:
        importlib.import_module(module)


def _arguments(targets: Sequence[str], *, deep: bool) -> list[str]:
    return ["check", *targets, "--json", *(["--deep"] if deep else [])]


def _main(arguments: Sequence[str], directory: Path, environment: dict[str, str]) -> tuple[str, str, int]:
    """Be the program: in a child that has no other use, so that nothing needs to be put back."""
    from bot import cli  # noqa: PLC0415 (imported before the fork)

    os.chdir(directory)  # away from the .env of whoever runs the tests
    os.environ.update(environment)
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    sys.argv, sys.stdout, sys.stderr = ["reachbot", *arguments], out, err
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return _written(out), _written(err), code


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _checked(out: str, err: str, code: int) -> Checked:
    return Checked(tuple(json.loads(line) for line in out.splitlines()), code, err)


def _print_table(target: str, *names: str) -> None:
    scenarios = load_scenarios()
    with Lab() as lab:
        for name in names:
            lab.configure(scenarios[name])
            checked = check(lab, target)
            print(f"{name:36} {checked.elapsed_s:6.2f} s  {checked.said}", flush=True)


if __name__ == "__main__":
    _print_table(*sys.argv[1:])
