"""Run any command inside a scenario: `python -m tests.lab SCENARIO -- COMMAND…`; `python -m tests.lab --list`.

The bot's database is one that ends with the lab, unless DATABASE_PATH is set in the environment.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from tests.lab.errors import LabError
from tests.lab.lab import Lab
from tests.lab.scenario import SCENARIOS, Scenario, load_scenarios

USAGE_ERROR = 2
_DATABASE = "DATABASE_PATH"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the command's exit code, as a shell would, or 2, after one line, where there is no such lab."""
    load_scenarios()
    given, command = _split(sys.argv[1:] if arguments is None else arguments)
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("scenario", nargs="?", help="which internet and which censor")
    parser.add_argument("--list", action="store_true", help="print all scenarios and end")
    options = parser.parse_args(given)
    if options.list:
        return _list()
    if options.scenario not in SCENARIOS:
        _give_up(f"no scenario {options.scenario!r}: see python -m tests.lab --list")
    if not command:
        _give_up("no command: python -m tests.lab SCENARIO -- COMMAND…")
    try:
        return _run(SCENARIOS[options.scenario], command)
    except (LabError, OSError) as error:
        _give_up(str(error))


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return list(arguments[:at]), list(arguments[at + 1 :])


def _list() -> int:
    width = max(map(len, SCENARIOS))
    for name, scenario in sorted(SCENARIOS.items()):
        print(f"{name:{width}}  {scenario.about}")
    return 0


def _run(scenario: Scenario, command: Sequence[str]) -> int:
    with Lab() as lab:
        lab.configure(scenario)
        with lab.popen(command, env=_own_database(lab)) as process:
            # A Ctrl-C at the terminal reaches the command by itself, and is for it to answer.
            signal.signal(signal.SIGINT, lambda *_: None)
            signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
            code = process.wait()
    return code if code >= 0 else 128 - code


def _own_database(lab: Lab) -> dict[str, str]:
    """Return where the bot keeps what it measures: one scenario's answers are neither another's nor the real ones.

    It has to be in the environment, as a `.env` in the working directory may name the real one.
    """
    return {} if os.environ.get(_DATABASE) else {_DATABASE: str(lab.files / "reachbot.sqlite3")}


def _give_up(reason: str) -> NoReturn:
    print(f"tests.lab: {reason}", file=sys.stderr)
    raise SystemExit(USAGE_ERROR)


if __name__ == "__main__":
    sys.exit(main())
