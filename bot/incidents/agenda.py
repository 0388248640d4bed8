"""When a service is measured next. Pure: the time and the chance are arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.incidents.model import HOST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from bot.incidents.model import State

_SPREAD = 0.1
AGAIN_AFTER_S = (20.0, 62.0, 125.0, 185.0, 245.0)
"""After a first reading that speaks against how a service stands: spread, for one at once fails in the same way, and
each a little later than it takes for an incident to open or to close."""
_TOO_SOON_S = 10.0


def next_due(
    states: Iterable[State],
    measured_at: float,
    *,
    interval_s: float,
    chances: Sequence[float],
    others: Collection[float] = (),
) -> float:
    """Return when a service is to be measured again, whose subjects stand like this since `measured_at`.

    `chances`, each from 0 to 1, are for as many times around the interval, of which the one is taken that is furthest
    from when `others` are due: so services neither fall into step nor crowd. The host's own doubts hurry nobody.
    """
    doubted = [state.run.since for state in states if state.run is not None and state.subject != HOST]
    again = (since + after_s for since in doubted for after_s in AGAIN_AFTER_S)
    soon = [at for at in again if at > measured_at + _TOO_SOON_S]
    if soon:
        return min(soon)
    usual = [measured_at + interval_s * (1 - _SPREAD + 2 * _SPREAD * chance) for chance in chances]
    room_s = interval_s / (2 * len(others) + 2)
    return max(usual, key=lambda at: min([room_s, *(abs(at - other) for other in others)]))


def spread(due: Mapping[str, float], wanted: Collection[str], *, now: float, interval_s: float) -> dict[str, float]:
    """Return new due times for those that are wanted and have none, or none that can be kept.

    They come one after the other, over an interval: also those that were due long ago, because the bot was not running
    or nobody wanted them, and those that are due too far ahead, by a clock that was set back since.
    """
    latest = now + interval_s * (1 + _SPREAD)
    adrift = sorted(
        (service for service in wanted if not now - interval_s <= due.get(service, 0.0) <= latest),
        key=lambda service: (due.get(service, 0.0), service),
    )
    return {service: now + interval_s * place / len(adrift) for place, service in enumerate(adrift)}
