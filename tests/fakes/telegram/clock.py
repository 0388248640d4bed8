"""The time that the fake goes by: the wall's, or a frozen one that a test moves."""

import time


class Clock:
    """Seconds since 1970. `Clock(0)` stands still until `advance`; `Clock()` follows the wall."""

    def __init__(self, frozen_at: float | None = None) -> None:
        self._frozen_at = frozen_at
        self._moved_s = 0.0

    def now(self) -> float:
        start = time.time() if self._frozen_at is None else self._frozen_at
        return start + self._moved_s

    def advance(self, seconds: float) -> None:
        self._moved_s += seconds
