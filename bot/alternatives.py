"""What works in place of a service that does not, as far as that is known already: nothing is measured for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.model import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.checks import Checks
    from probes.catalogue import Catalogue
    from probes.model import Report, Service

MOST = 3
FRESH_S = 3600.0
"""What was measured longer ago recommends nothing."""
_FAILING = {Status.BLOCKED, Status.DOWN}


class Alternatives:
    """Looks for what else of a category worked lately."""

    def __init__(self, checks: Checks, catalogue: Catalogue) -> None:
        self._checks = checks
        self._catalogue = catalogue

    async def to(self, service: Service, report: Report) -> Sequence[Service]:
        """Return what worked within the last hour and is of the service's kind, the latest first; at most a few."""
        if report.status not in _FAILING:
            return ()
        found: list[tuple[float, Service]] = []
        for other in self._catalogue.categories().get(service.category, ()):
            last = await self._checks.last(other) if other.id != service.id else None
            if last and last.report.status is Status.OK and (last.age_s or 0) <= FRESH_S:
                found.append((last.age_s or 0, other))
        return [other for _, other in sorted(found, key=lambda pair: pair[0])[:MOST]]
