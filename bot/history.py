"""What is known of a service over time: readings, how they are thinned with age, and what they add up to. Pure.

A reading is what one measurement said or, when it is old, what several in a row said alike. Where it is kept is
`bot.store.history`'s affair; how it is drawn, `bot.chat.charts`'.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import accumulate, groupby
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from probes.model import Cause, Confidence, Status
from probes.observations import Arm

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from probes.model import Report
    from probes.observations import AnyObservation

HOLD_S = 720.0
"""How long a measurement speaks for what follows: two intervals of the monitor, and some. Then nothing is known."""
BRIDGE_S = 3600.0
"""A pause in which nothing was measured and after which all is as before: so long, it is taken for the same state."""
MOST_RUNS = 5
"""Changes within one stretch of thinned time that are kept in their order; of more, what each state adds up to."""
MOST_CAUSES = 4
WORKING = frozenset({Status.OK})
FAILING = frozenset({Status.BLOCKED, Status.DOWN})
_ANSWERING = frozenset({Status.OK, Status.DEGRADED})
SEVERITY = (Status.BLOCKED, Status.DOWN, Status.DEGRADED, Status.INCONCLUSIVE, Status.OK)
"""Worst first."""
_SURENESS = (Confidence.CONFIRMED, Confidence.LIKELY, Confidence.POSSIBLE)
_STEPS = ("http", "tls", "mtproto", "quic", "tcp")
"""Those whose time says how fast a service answers, the most telling first."""


class Reading(NamedTuple):
    """What was said of a service for some time. Times are in seconds since 1970."""

    at: float
    until: float | None
    """Until when that holds; None for a single measurement, of which its successor decides."""
    status: Status
    confidence: Confidence = Confidence.CONFIRMED
    causes: tuple[Cause, ...] = ()
    beyond_dns: str = "unknown"
    components: Mapping[str, Status] = {}
    response_s: float | None = None
    """The median, over the measurements that got an answer."""
    slowest_s: float | None = None
    times: int = 1
    """Measurements that it stands for."""

    @property
    def span_s(self) -> float:
        """How long it holds, once that is known."""
        return 0.0 if self.until is None else max(0.0, self.until - self.at)


def reading(report: Report, at: float) -> Reading:
    """Return what stays of a report. Of what does not work, what still answers would say nothing by its speed."""
    taken_s = response_s(report.observations) if report.status in _ANSWERING else None
    return Reading(
        at,
        None,
        report.status,
        report.confidence,
        report.causes[:MOST_CAUSES],
        report.beyond_dns,
        {found.id: found.status for found in report.components},
        taken_s,
        taken_s,
    )


def response_s(observations: Iterable[AnyObservation]) -> float | None:
    """Return how long the service took to answer: of the connections that got furthest, the median of the whole way."""
    ways: defaultdict[str, list[AnyObservation]] = defaultdict(list)
    for seen in observations:
        if seen.arm is Arm.EXPERIMENT and seen.step in _STEPS:
            ways[seen.connection or seen.id].append(seen)
    whole = [steps for steps in ways.values() if not any(seen.failure for seen in steps)]
    for step in _STEPS:
        if taken := [sum(s.elapsed_s for s in steps) for steps in whole if any(s.step == step for s in steps)]:
            return median(taken)
    return None


# --- time ------------------------------------------------------------------------------------------------------------


def settled(readings: Sequence[Reading], now: float, hold_s: float = HOLD_S) -> list[Reading]:
    """Return the readings, in order of time, each with its end: none reaches into the next one, or beyond `now`."""
    ends = (*(later.at for later in readings[1:]), now)
    return [
        one._replace(until=max(one.at, min(one.at + hold_s if one.until is None else one.until, end)))
        for one, end in zip(readings, ends, strict=False)
    ]


def clipped(readings: Iterable[Reading], since: float, until: float) -> list[Reading]:
    """Return what of settled readings lies within a time."""
    within = (one for one in readings if one.until is not None and one.until > since and one.at < until)
    return [one._replace(at=max(one.at, since), until=min(one.until or until, until)) for one in within]


# --- thinning --------------------------------------------------------------------------------------------------------


def thinned(readings: Iterable[Reading], stretch_s: float) -> list[Reading]:
    """Return settled readings with those that say the same, one after the other within a stretch, made one.

    Nothing that was said vanishes, however short, and each state keeps its time to the second. Where the state changes
    more often than `MOST_RUNS` times within a stretch, the order of the changes goes.
    """
    kept: list[Reading] = []
    for _, stretch in groupby(readings, key=lambda one: one.at // stretch_s):
        runs = list(_runs(stretch))
        kept += runs if len(runs) <= MOST_RUNS else _in_sum(runs)
    return kept


def _runs(readings: Iterable[Reading]) -> Iterator[Reading]:
    run: list[Reading] = []
    for one in readings:
        if run and not _goes_on(run[-1], one):
            yield _merged(run)
            run = []
        run.append(one)
    if run:
        yield _merged(run)


def _goes_on(before: Reading, after: Reading) -> bool:
    return before.until == after.at and before.status is after.status and before.components == after.components


def _in_sum(runs: Sequence[Reading]) -> Iterator[Reading]:
    """Yield one reading for each status, as long as all of its runs together, one after the other.

    The one that was seen last stays last: all of them begin within the stretch, as what it may reach out by is its.
    """
    last_first = dict.fromkeys(one.status for one in reversed(runs))
    groups = [[one for one in runs if one.status is status] for status in reversed(last_first)]
    lengths = [sum(one.span_s for one in group) for group in groups]
    starts = accumulate(lengths[:-1], initial=runs[0].at)
    for group, start, length in zip(groups, starts, lengths, strict=True):
        yield _merged(group)._replace(at=start, until=start + length)


def _merged(readings: Sequence[Reading]) -> Reading:
    """Return one reading for several of the same status, from the first one's begin to the last one's end."""
    if len(readings) == 1:
        return readings[0]
    slowest = [one.slowest_s for one in readings if one.slowest_s is not None]
    return Reading(
        readings[0].at,
        readings[-1].until,
        readings[0].status,
        min((one.confidence for one in readings), key=_SURENESS.index),
        tuple(cause for cause, _ in _weighed(readings).most_common(MOST_CAUSES)),
        readings[-1].beyond_dns,
        _worst(readings),
        percentile(_samples(readings), 0.5),
        max(slowest, default=None),
        sum(one.times for one in readings),
    )


def _weighed(readings: Iterable[Reading]) -> Counter[Cause]:
    """Count the causes; among equals the stronger stays first."""
    causes: Counter[Cause] = Counter()
    for one in readings:
        causes.update(dict.fromkeys(one.causes, one.times))
    return causes


def _worst(readings: Sequence[Reading]) -> Mapping[str, Status]:
    worst = dict(readings[0].components)
    for one in readings[1:]:
        for component, status in one.components.items():
            worst[component] = min(worst.get(component, status), status, key=SEVERITY.index)
    return worst


# --- sums ------------------------------------------------------------------------------------------------------------


class Outage(NamedTuple):
    """A time in which a service did not work, from the first measurement that said so."""

    since: float
    until: float
    """Where it is over, the first measurement that said so; else the last moment that is known of."""
    over: bool


def shares(readings: Iterable[Reading]) -> dict[Status, float]:
    """Return for how many seconds each state held, of settled readings."""
    sums = dict.fromkeys(Status, 0.0)
    for one in readings:
        sums[one.status] += one.span_s
    return sums


def working_share(readings: Iterable[Reading]) -> float | None:
    """Return the share of the time in which it worked, of all in which that could be told; None if it never could."""
    sums = shares(readings)
    told_s = sum(sums.values()) - sums[Status.INCONCLUSIVE]
    return sum(sums[status] for status in WORKING) / told_s if told_s else None


def outages(readings: Iterable[Reading]) -> list[Outage]:
    """Return the times of failure in settled readings.

    What cannot be told does not end one, nor does a short pause; a long one does, as nobody knows what was meanwhile.
    """
    found: list[Outage] = []
    for one in readings:
        until = one.until or one.at
        current = found[-1] if found and not found[-1].over and one.at - found[-1].until <= BRIDGE_S else None
        if one.status in FAILING:
            if current:
                found[-1] = current._replace(until=until)
            else:
                found.append(Outage(one.at, until, over=False))
        elif current:
            ended = one.status is not Status.INCONCLUSIVE
            found[-1] = Outage(current.since, one.at if ended else until, over=ended)
    return found


def ongoing(readings: Sequence[Reading], statuses: Collection[Status]) -> Reading | None:
    """Return the first of the last readings that all have such a status, those that could not tell left aside.

    None where the last one that could tell says otherwise. A pause longer than `BRIDGE_S` is as far as it reaches back.
    """
    first, later_at = None, None
    for one in reversed(readings):
        if later_at is not None and later_at - (one.until or one.at) > BRIDGE_S:
            return first
        later_at = one.at
        if one.status in statuses:
            first = one
        elif one.status is not Status.INCONCLUSIVE:
            return first
    return first


def response(readings: Iterable[Reading]) -> tuple[float, float] | None:
    """Return the median and the 95th percentile of the response time, in seconds; None where nothing answered."""
    samples = _samples(readings)
    typical, slow = percentile(samples, 0.5), percentile(samples, 0.95)
    return None if typical is None or slow is None else (typical, slow)


def percentile(samples: Sequence[tuple[float, int]], share: float) -> float | None:
    """Return the least value that so large a share of the samples does not exceed; each comes with its number."""
    if not samples:
        return None
    ordered = sorted(samples)
    wanted = share * sum(times for _, times in ordered)
    seen = accumulate(times for _, times in ordered)
    return next(value for (value, _), so_far in zip(ordered, seen, strict=True) if so_far >= wanted)


def _samples(readings: Iterable[Reading]) -> list[tuple[float, int]]:
    """Return response times with their numbers: one of the slowest for each reading, the others typical."""
    found: list[tuple[float, int]] = []
    for one in readings:
        if one.response_s is None:
            continue
        if one.times > 1:
            found.append((one.response_s, one.times - 1))
        found.append((one.response_s if one.slowest_s is None else one.slowest_s, 1))
    return found
