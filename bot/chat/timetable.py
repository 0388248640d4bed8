"""How people write times: for how long, at which hours, in which zone. Pure; what follows is `bot.alerts.hours`'."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.alerts.hours import DAY_MIN, Digest, Quiet, read_zone
from probes.catalogue import fold

_OFF = frozenset(
    fold("off none stop no unmute выкл выключить нет отключить non désactiver arrêter zima إيقاف desligar").split()
)
"""Ways to say that it shall be no more."""
_DAILY = frozenset(fold("daily day ежедневно день каждый quotidien jour kila يومي diário diario").split())
_WEEKLY = frozenset(fold("weekly week еженедельно неделя hebdomadaire semaine wiki أسبوعي semanal").split())
_UNITS_S = {
    60: "m min mins minute minutes м мин минута минуты минут dakika د minuto minutos",
    3600: "h hr hrs hour hours ч час часа часов heure heures saa س hora horas",
    86_400: "d day days д день дня дней сутки j jour jours siku ي dia dias",
    604_800: "w week weeks н нед неделя недели недель sem semaine semaines wiki semana semanas",
}
_SECONDS = {fold(word): seconds for seconds, words in _UNITS_S.items() for word in words.split()}
_LENGTH = re.compile(r"(\d{1,4})\s*([^\W\d_]+)")
_HOURS = re.compile(r"(\d{1,2})(?:[:.]([0-5]\d))?\s*[-–—]\s*(\d{1,2})(?:[:.]([0-5]\d))?(?:\s+(.+))?")


@dataclass(frozen=True, slots=True)
class Hours:
    """What somebody wrote after /quiet: hours, a zone, or both."""

    quiet: Quiet | None
    zone: str | None


def is_off(text: str) -> bool:
    """Tell whether a text says "off"."""
    return fold(text.strip()) in _OFF


def length_s(text: str) -> float | None:
    """Return a length of time such as "8h" or "2 days" in seconds; None if it is none."""
    found = _LENGTH.fullmatch(text.strip())
    unit_s = _SECONDS.get(fold(found[2])) if found else None
    return int(found[1]) * float(unit_s) if found and unit_s and int(found[1]) else None


def hours(text: str) -> Hours | None:
    """Return what "23:00-07:00 Europe/Moscow" says, or a zone by itself; None if it says neither."""
    text = text.strip()
    if found := _HOURS.fullmatch(text):
        begin, end = _minute(found[1], found[2]), _minute(found[3], found[4])
        zone = read_zone(found[5]) if found[5] else None
        if begin is None or end is None or begin == end or (found[5] and zone is None):
            return None
        return Hours(Quiet(begin, end), zone)
    zone = read_zone(text)
    return Hours(None, zone) if zone else None


def _minute(hour: str, minute: str | None) -> int | None:
    """Return a time of the day in minutes; 24:00 is midnight."""
    at = int(hour) * 60 + int(minute or 0)
    return at % DAY_MIN if at <= DAY_MIN else None


def digest(text: str) -> Digest | None:
    """Return how often somebody wants a digest; None if the text does not say."""
    folded = fold(text.strip())
    return "daily" if folded in _DAILY else "weekly" if folded in _WEEKLY else None
