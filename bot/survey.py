"""Many services asked about at once, within one budget: whoever is not through by its end is left out.

What one answer is and where it comes from is `bot.checks`' affair.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from bot.checks import BusyError, CheckError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from bot.checks import Answer, Checks
    from probes.model import Service

BUDGET_S = 20.0
MOST_AT_ONCE = 6
"""Of all surveys together: fewer than `Checks` measures at once, so that a single question has a turn left."""


class Surveys:
    """Asks about lists of services, a few at a time."""

    def __init__(self, checks: Checks, *, budget_s: float = BUDGET_S, most_at_once: int = MOST_AT_ONCE) -> None:
        self._checks = checks
        self._budget_s = budget_s
        self._turns = asyncio.Semaphore(most_at_once)

    async def survey(
        self, services: Iterable[Service], on_answer: Callable[[Service, Answer], None] | None = None
    ) -> Mapping[str, Answer]:
        """Return the answers that came in time, by the services' ids; `on_answer` hears of each at once."""
        answers: dict[str, Answer] = {}

        async def ask(service: Service) -> None:
            async with self._turns:
                with suppress(CheckError, BusyError):
                    answers[service.id] = answer = await self._checks.check(service)
                    if on_answer:
                        on_answer(service, answer)

        with suppress(TimeoutError):
            async with asyncio.timeout(self._budget_s), asyncio.TaskGroup() as group:
                for service in services:
                    group.create_task(ask(service), name=f"survey {service.id}")
        return answers
