"""Fuzz what reads bytes from strangers: `python -m tests.fuzz [TARGET] [libFuzzer's options]`, all in turn by default.

Needs atheris (pip install atheris), which the tests do without; `-max_total_time=60` bounds a target.
"""

from __future__ import annotations

import importlib
import subprocess
import sys

from tests.fuzz.targets import TARGETS

_EACH = "-max_total_time=60"


def main() -> int:
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")] or [_EACH]
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if unknown := set(names) - set(TARGETS):
        sys.exit(f"tests.fuzz: there is no {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    if len(names) == 1:
        return _fuzz(names[0], options)
    command = [sys.executable, "-m", "tests.fuzz"]
    return max(subprocess.run([*command, name, *options], check=False).returncode for name in names or TARGETS)


def _fuzz(name: str, options: list[str]) -> int:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("tests.fuzz: atheris is not installed here")
    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *options], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
