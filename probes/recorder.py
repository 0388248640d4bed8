"""Numbers the observations of one check as they come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from probes.observations import AnyObservation, DnsObservation

Observed = TypeVar("Observed", AnyObservation, DnsObservation)


@dataclass(slots=True)
class Recorder:
    """Numbers the observations of one check, tells when each began, and passes them on."""

    clock: Callable[[], float]
    on_observation: Callable[[AnyObservation], None] | None = None
    observations: list[AnyObservation] = field(default_factory=list)
    began_s: float = field(init=False)

    def __post_init__(self) -> None:
        self.began_s = self.clock()

    def add(self, observation: Observed, started_s: float) -> Observed:
        numbered = replace(
            observation,
            id=f"o{len(self.observations) + 1}",
            started_s=round(started_s - self.began_s, 6),
            elapsed_s=round(observation.elapsed_s, 6),
        )
        self.observations.append(numbered)
        if self.on_observation is not None:
            self.on_observation(numbered)
        return numbered
