"""Times of the day in a chat's own zone: quiet hours, and when a digest is due. Pure.

How people write them is `bot.chat.timetable`'s affair.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

Digest = Literal["daily", "weekly"]

DAY_MIN = 24 * 60
DIGEST_HOUR = 9
"""Of the chat's day; a weekly one comes on Mondays."""
UTC_ZONE = "UTC"
_MOST_OFFSET = timedelta(hours=14)
"""There is no zone further from UTC."""
_OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+\-−])(\d{1,2})(?::?([0-5]\d))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which a chat wants to hear of nothing, in minutes since midnight; they may go over it."""

    begin_min: int
    end_min: int

    def __str__(self) -> str:
        return f"{clock(self.begin_min)}–{clock(self.end_min)}"

    def over_at(self, now: float, zone: tzinfo) -> float | None:
        """Return when the quiet that reigns at `now` is over, in seconds since 1970; None if there is none."""
        local = datetime.fromtimestamp(now, zone)
        minute = local.hour * 60 + local.minute
        length = (self.end_min - self.begin_min) % DAY_MIN
        if (minute - self.begin_min) % DAY_MIN >= length:
            return None
        return _next(local, self.end_min)


def digest_due(kind: Digest, now: float, zone: tzinfo) -> float:
    """Return when the next digest is due, later than `now`."""
    local = datetime.fromtimestamp(now, zone)
    due = _next(local, DIGEST_HOUR * 60)
    if kind == "daily":
        return due
    days = -datetime.fromtimestamp(due, zone).weekday() % 7
    return _at(datetime.fromtimestamp(due, zone) + timedelta(days=days), DIGEST_HOUR * 60)[0]


def _next(local: datetime, minute: int) -> float:
    """Return when it is that time of the day next; what the clocks skip in spring comes an hour later.

    What they show twice in autumn comes twice.
    """
    days = (local, local + timedelta(days=1))
    return min(at for day in days for at in _at(day, minute) if at > local.timestamp())


def _at(day: datetime, minute: int) -> tuple[float, float]:
    """Return when it is that time of a day, for the first time and for the last."""
    first = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=day.tzinfo)
    at, again = first.timestamp(), first.replace(fold=1).timestamp()
    return at, max(at, again)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


# --- zones -----------------------------------------------------------------------------------------------------------


def read_zone(text: str) -> str | None:
    """Return the name of a zone that somebody wrote: IANA's, or an offset such as "UTC+3"; None if it is none."""
    text = text.strip()
    if found := _OFFSET.fullmatch(text):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        sign = "+" if found[1] == "+" else "-"
        return f"UTC{sign}{int(found[2]):02}:{int(found[3] or 0):02}" if offset <= _MOST_OFFSET else None
    return _zones().get(text.casefold().replace(" ", "_"))


def zone_of(name: str | None) -> tzinfo:
    """Return the zone of a name that `read_zone` gave; UTC for none, and for one that this system has forgotten."""
    if name is None or name == UTC_ZONE:
        return UTC
    if found := _OFFSET.fullmatch(name):
        offset = timedelta(hours=int(found[2]), minutes=int(found[3] or 0))
        return timezone(offset if found[1] == "+" else -offset, name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def zone_in(country: str | None) -> str:
    """Return the zone of a country that has a single one; UTC for all others."""
    from babel.core import get_global  # noqa: PLC0415 -- it takes longer than a start should

    zones = [zone for zone, territory in get_global("zone_territories").items() if territory == country]
    return (_zones().get(zones[0].casefold()) or UTC_ZONE) if len(zones) == 1 else UTC_ZONE


@cache
def _zones() -> dict[str, str]:
    """Return the zones by their folded names, cities alone included: "moscow"."""
    full = {name.casefold(): name for name in available_timezones()}
    cities = {name.casefold().rpartition("/")[2]: name for name in sorted(full.values()) if name.count("/") == 1}
    return cities | full
