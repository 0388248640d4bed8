"""One target under libFuzzer, to which all arguments but the target's name go; `python -m tests.fuzz` starts it."""

from __future__ import annotations

import importlib
import sys


def main(name: str, *arguments: str) -> None:
    """Fuzz until libFuzzer ends the process."""
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("tests.fuzz: atheris is not installed here")
    with atheris.instrument_imports(include=["probes", "dns", "h11"]):
        targets = importlib.import_module("tests.fuzz.targets").TARGETS
    atheris.Setup([sys.argv[0], *arguments], targets[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
