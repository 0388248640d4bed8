"""Fuzz what reads bytes from strangers: `python -m tests.fuzz [TARGET...] [libFuzzer's options]`, or all in turn.

Needs atheris (pip install atheris), which the tests do without; `-max_total_time=60` bounds a target.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.certificates import certificates

NAMES = ("dns", "stun", "mtproto", "quic", "certificate", "http")
SEEDS = {"certificate": certificates}
"""Where to begin with what garbage does not come near; the others get there by themselves."""
_EACH = "-max_total_time=60"


def main() -> int:
    options = [argument for argument in sys.argv[1:] if argument.startswith("-")] or [_EACH]
    names = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if unknown := set(names) - set(NAMES):
        sys.exit(f"tests.fuzz: there is no {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    codes = [_fuzz(name, options) for name in names or NAMES]
    return int(any(codes))


def _fuzz(name: str, options: list[str]) -> int:
    """Fuzz one target in a process of its own: libFuzzer ends it. Return its exit code, negative if it was killed."""
    print(f"--- {name}", flush=True)
    with TemporaryDirectory() as corpus:
        for number, seed in enumerate(SEEDS[name]() if name in SEEDS else ()):
            Path(corpus, str(number)).write_bytes(seed)
        command = [sys.executable, "-m", "tests.fuzz.target", name, *options, corpus]
        return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
