"""Fuzz what reads bytes from strangers: `python -m tests.fuzz [TARGET] [libFuzzer's options]`, all in turn by default.

Needs atheris (pip install atheris), which the tests do without; `-max_total_time=60` bounds a target.
"""

from __future__ import annotations

import importlib
import subprocess
import sys

NAMES = ("dns", "stun", "mtproto", "quic", "certificate", "http")

_EACH = "-max_total_time=60"


def main() -> int:
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")] or [_EACH]
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if unknown := set(names) - set(NAMES):
        sys.exit(f"tests.fuzz: there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if len(names) == 1:
        return _fuzz(names[0], options)
    command = [sys.executable, "-m", "tests.fuzz"]
    return max(subprocess.run([*command, name, *options], check=False).returncode for name in names or NAMES)


def _fuzz(name: str, options: list[str]) -> int:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("tests.fuzz: atheris is not installed here")
    with atheris.instrument_imports(include=["probes", "dns", "h11"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    atheris.Setup([sys.argv[0], *options], targets[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
