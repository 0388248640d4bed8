"""Time that passes fifty times as fast as it does, except while something is measured.

    python -m tests.lab.hurry INTERVAL_S TARGET…

runs `tests.lab.alerting` in it. What takes minutes takes seconds then, and what takes seconds does not take minutes.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import time

HURRY = 50.0
_STEP_S = 0.02


class Clock:
    """Seconds since 1970, in a hurry."""

    def __init__(self) -> None:
        self._at, self._since, self._measuring = time.time(), time.monotonic(), 0

    def now(self) -> float:
        return self._at + (time.monotonic() - self._since) * (1.0 if self._measuring else HURRY)

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds by this clock, whose pace may change meanwhile."""
        until = self.now() + seconds
        while (left_s := until - self.now()) > 0:  # noqa: ASYNC110 -- nothing tells of the time
            await asyncio.sleep(min(left_s / HURRY, _STEP_S))

    def __enter__(self) -> None:
        self._at, self._since = self.now(), time.monotonic()
        self._measuring += 1

    def __exit__(self, *_: object) -> None:
        self._at, self._since = self.now(), time.monotonic()
        self._measuring -= 1


if __name__ == "__main__":
    clock = Clock()
    time.time = clock.now  # before anything of the program is imported, which goes by it
    importlib.import_module("tests.lab.alerting").main(clock, float(sys.argv[1]), sys.argv[2:])
