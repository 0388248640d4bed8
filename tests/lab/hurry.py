"""Time that passes fifty times as fast as it does, except while something is measured or otherwise done.

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
_IDLE_S = 0.004
"""As much of a processor as the waiting itself may need in one step."""


class Clock:
    """Seconds since 1970: real ones while something is measured, and in a hurry while there is nothing but to wait.

    For all else the processor's time counts, or a program on a busy machine would look like one that is late.
    """

    def __init__(self) -> None:
        self._at, self._since, self._worked = time.time(), time.monotonic(), time.process_time()
        self._measuring = 0

    def now(self) -> float:
        return self._at + self._passed_s()

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds by this clock, whose pace may change meanwhile."""
        until = self.now() + seconds
        while (left_s := until - self.now()) > 0:
            await asyncio.sleep(min(left_s / HURRY, _STEP_S))
            self._pass()

    def _passed_s(self) -> float:
        return time.monotonic() - self._since if self._measuring else time.process_time() - self._worked

    def _pass(self) -> None:
        passed_s = self._passed_s()
        if not self._measuring and passed_s < _IDLE_S:
            passed_s += HURRY * min(time.monotonic() - self._since, _STEP_S)  # longer was without a processor
        self._at += passed_s
        self._since, self._worked = time.monotonic(), time.process_time()

    def __enter__(self) -> None:
        self._pass()
        self._measuring += 1

    def __exit__(self, *_: object) -> None:
        self._pass()
        self._measuring -= 1


if __name__ == "__main__":
    clock = Clock()
    time.time = clock.now  # before anything of the program is imported, which goes by it
    importlib.import_module("tests.lab.alerting").main(clock, float(sys.argv[1]), sys.argv[2:])
