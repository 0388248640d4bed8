"""The language that is being spoken: which one it is, and what a text, a time or a list is in it.

The texts themselves are constants in English, the keys of the catalogues in `bot.chat.locales`. The language is that of
the running task, so that whatever is worded on the way to one chat is worded for that chat. Babel is imported when
something is needed of it first: a start does without.
"""

from __future__ import annotations

import unicodedata
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING, Literal

from bot.chat import words_times
from bot.chat.locales import SOURCE, catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ENGLISH = SOURCE
LANGUAGES = {
    ENGLISH: "English",
    "ru": "Русский",
    "fr": "Français",
    "sw": "Kiswahili",
    "ar": "العربية",
    "pt": "Português",
}
"""Those that can be spoken, each by its own name."""
_RIGHT_TO_LEFT = {"ar"}
_ARABIC = {"AL", "R"}
"""Classes of signs that are written from right to left (Unicode annex 9, table 4)."""
_LOCALES = {ENGLISH: "en_001"}
"""Of the locale data, where it is another than the language itself: English as the world writes it."""
_ISOLATE = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
_UNITS: tuple[tuple[Literal["day", "hour", "minute", "second"], int], ...] = (
    ("day", 86_400),
    ("hour", 3600),
    ("minute", 60),
    ("second", 1),
)
_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


def closest(tag: str | None) -> str | None:
    """Return the language that a tag such as "pt-br" (RFC 5646) asks for; None if it is not spoken here."""
    language = (tag or "").replace("_", "-").partition("-")[0].lower()
    return language if language in LANGUAGES else None


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak this language for as long as the context lasts, English if it is not spoken here."""
    before = _spoken.set(closest(language) or ENGLISH)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    """Return the language that is being spoken."""
    return _spoken.get()


def say(text: str, /, **values: object) -> str:
    """Return a text in the language spoken, its placeholders filled in; in English where it is not translated."""
    return _filled(translated(text), values)


def plural(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the form of a text that belongs to `count`, which fills the placeholder of that name."""
    return _filled(catalogue(_spoken.get()).ngettext(one, many, count), {"count": count, **values})


def named(texts: Mapping[str, str], key: str) -> str:
    """Return the name that a table of texts gives to a key; the key itself, which may be foreign, where it has none."""
    return say(texts[key]) if key in texts else key


def around(text: str, placeholder: str, /, **values: object) -> tuple[str, str]:
    """Return what a text says before and after one of its placeholders, the others filled in."""
    before, _, after = translated(text).partition(f"{{{placeholder}}}")
    return _filled(before, values), _filled(after, values)


def translated(text: str) -> str:
    """Return a text in the language spoken, its placeholders still empty."""
    return catalogue(_spoken.get()).gettext(text) if text else ""  # "" is the key of a catalogue's header


def _filled(text: str, values: dict[str, object]) -> str:
    if _spoken.get() in _RIGHT_TO_LEFT and any(unicodedata.bidirectional(sign) in _ARABIC for sign in text):
        values = {name: _apart(value) for name, value in values.items()}
    return text.format(**values)


def _apart(value: object) -> object:
    """Keep a left-to-right value from tearing up the right-to-left text around it (Unicode annex 9, §2.7).

    Links are left alone: what follows an address is taken for a part of it.
    """
    if not isinstance(value, str) or value.startswith(("http://", "https://")):
        return value
    return _ISOLATE.format(value) if any(unicodedata.bidirectional(sign) == "L" for sign in value) else value


def ago(age_s: float) -> str:
    """Return how long ago something was, in words, a second at least."""
    return _span(-max(1.0, age_s), as_direction=True)


def lasting(duration_s: float) -> str:
    """Return how long something lasts, in words, a second at least."""
    return _span(max(1.0, duration_s), as_direction=False)


def _span(seconds: float, *, as_direction: bool) -> str:
    """Return a time in the largest unit that it fills, rounded down."""
    from babel.dates import format_timedelta  # noqa: PLC0415 -- see above

    unit, unit_s = next((unit, unit_s) for unit, unit_s in _UNITS if abs(seconds) >= unit_s)
    whole = timedelta(seconds=int(seconds / unit_s) * unit_s)
    return format_timedelta(whole, granularity=unit, threshold=inf, add_direction=as_direction, locale=_locale())


def on_day(day: str) -> str:
    """Return a date ("2024-08-09") as people write it; anything else as it stands."""
    from babel.dates import format_date  # noqa: PLC0415 -- see above

    try:
        return format_date(date.fromisoformat(day), "long", locale=_locale())
    except ValueError:
        return day


def moment(when: datetime, skeleton: str) -> str:
    """Return a time as people write it, by the fields that are wanted of it: "MMMd", "Hm" (Unicode standard 35)."""
    from babel.dates import format_skeleton  # noqa: PLC0415 -- see above

    return format_skeleton(skeleton, when, tzinfo=when.tzinfo, locale=_locale())


def at_time(when: datetime, day: str = "MMMd") -> str:
    """Return a day, by the fields that are wanted of it, and a time of it, as they stand within a sentence."""
    return say(words_times.DATE_AND_TIME, date=moment(when, day), time=moment(when, "Hm"))


def is_right_to_left() -> bool:
    """Tell whether the language spoken is written from right to left."""
    return _spoken.get() in _RIGHT_TO_LEFT


def country(code: str) -> str:
    """Return the name of a country (ISO 3166-1); its code where it has none."""
    from babel import Locale  # noqa: PLC0415 -- see above

    return str(Locale.parse(_locale()).territories.get(code, code))


def number(value: float, digits: int = 0) -> str:
    """Return a number with its decimal sign, rounded to so many digits behind it."""
    from babel.numbers import format_decimal  # noqa: PLC0415 -- see above

    return format_decimal(round(value, digits), "0." + "0" * digits if digits else "0", locale=_locale())


def all_of(names: Iterable[str]) -> str:
    """Return "A, B and C"."""
    return _listed(names, "standard")


def one_of(names: Iterable[str]) -> str:
    """Return "A, B or C"."""
    return _listed(names, "or")


def _listed(names: Iterable[str], style: Literal["standard", "or"]) -> str:
    from babel.lists import format_list  # noqa: PLC0415 -- see above

    if _spoken.get() in _RIGHT_TO_LEFT:
        names = (str(_apart(name)) for name in names)
    return format_list(list(names), style, _locale())


def _locale() -> str:
    language = _spoken.get()
    return _LOCALES.get(language, language)
