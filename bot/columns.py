"""The columns of a picture: how much of each part of a time a state, a cause or a response time has. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.history import response

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bot.history import Reading
    from probes.model import Cause, Status


class Window(NamedTuple):
    """A time cut into columns of equal width."""

    since: float
    until: float
    columns: int

    @property
    def width_s(self) -> float:
        """Of one column."""
        return (self.until - self.since) / self.columns

    def parts(self, one: Reading) -> Iterator[tuple[int, float]]:
        """Yield the columns that a settled reading lies in, each with the seconds that it has of it."""
        begin, end = max(one.at, self.since), min(one.until or one.at, self.until)
        while begin < end:
            column = min(int((begin - self.since) / self.width_s), self.columns - 1)
            edge = end if column == self.columns - 1 else max(self.since + (column + 1) * self.width_s, begin + 1e-3)
            yield column, min(edge, end) - begin
            begin = edge


Column = dict["Status", float]
"""How many seconds of a column each state has; what is missing was not measured."""


def state_columns(readings: Iterable[Reading], window: Window) -> tuple[list[Column], dict[str, list[Column]]]:
    """Return the columns of the service as a whole, and of each of its components."""
    whole: list[Column] = [{} for _ in range(window.columns)]
    parts: dict[str, list[Column]] = {}
    for one in readings:
        for column, seconds in window.parts(one):
            whole[column][one.status] = whole[column].get(one.status, 0.0) + seconds
            for component, status in one.components.items():
                if component not in parts:
                    parts[component] = [{} for _ in range(window.columns)]
                into = parts[component][column]
                into[status] = into.get(status, 0.0) + seconds
    return whole, parts


def cause_columns(readings: Iterable[Reading], window: Window, most: int) -> dict[Cause, list[float]]:
    """Return the causes that were seen longest, with the seconds that each has of every column."""
    seen: dict[Cause, list[float]] = {}
    for one in readings:
        for column, seconds in window.parts(one) if one.causes else ():
            for cause in one.causes:
                seen.setdefault(cause, [0.0] * window.columns)[column] += seconds
    longest = sorted(seen, key=lambda cause: -sum(seen[cause]))[:most]
    return {cause: seen[cause] for cause in longest}


def response_columns(readings: Iterable[Reading], window: Window) -> list[tuple[float, float] | None]:
    """Return the median and the 95th percentile of the response time for each column; None where nothing answered."""
    taken: list[list[Reading]] = [[] for _ in range(window.columns)]
    for one in readings:
        if one.response_s is not None and window.since <= one.at < window.until:
            taken[min(int((one.at - window.since) / window.width_s), window.columns - 1)].append(one)
    return [response(readings) for readings in taken]
