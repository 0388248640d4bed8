"""`python -m bench [NAME…]` runs benchmarks and prints a table of each; `--list` tells which there are."""

from __future__ import annotations

import argparse
import importlib
import time
from typing import TYPE_CHECKING, Protocol, cast

from bench.runs import Size
from bench.table import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.table import Row

NAMES = (
    "verdict",
    "scenarios",
    "deep",
    "cpu",
    "cache",
    "startup",
    "telegram",
    "chat",
    "news",
    "outbox",
    "broadcast",
    "history",
)


class Benchmark(Protocol):
    """A module of this package that measures."""

    ABOUT: str

    def measure(self, size: Size) -> list[Row]: ...


def benchmark(name: str) -> Benchmark:
    """Import one; none needs what only the others do."""
    return cast("Benchmark", importlib.import_module(f"bench.{name}"))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, and print tables.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which, all by default: {', '.join(NAMES)}")
    parser.add_argument("--list", action="store_true", help="tell which there are")
    parser.add_argument("--tiny", action="store_true", help="only see that they run: the figures mean nothing")
    chosen = parser.parse_args(arguments)
    if unknown := set(chosen.names) - set(NAMES):
        parser.error(f"there is no {' nor '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    for name in chosen.names or NAMES:
        if chosen.list:
            print(f"{name:10} {benchmark(name).ABOUT}")
        else:
            _run(name, Size.TINY if chosen.tiny else Size.FULL)


def _run(name: str, size: Size) -> None:
    measured = benchmark(name)
    began = time.perf_counter()
    rows = measured.measure(size)
    print(f"{name}: {measured.ABOUT}  [{time.perf_counter() - began:.0f} s]\n{render(rows)}\n", flush=True)


if __name__ == "__main__":
    main()
