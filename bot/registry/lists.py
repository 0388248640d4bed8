"""The lists of Roskomsvoboda's API v3 (reestr.rublacklist.net/ru/article/api/): where each is and how it is read. Pure.

`dpi/` and `domains/` are read as their documentation says. Of `snapshot/`, the register as a whole, readers in the wild
confirm records of `authority`, `appearDate`, `domains`, `urls` and `ips`, by date; what is missing is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import idna

from bot.store import RegistryEntry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MEGABYTE: Final = 1_000_000
_MOST_CHARACTERS = 200
"""Of the name of an authority."""
_NAME = re.compile(r"(?:\*\.)?(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_RUSSIAN_DATE = re.compile(r"(\d{2})\.(\d{2})\.(\d{4})")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListKind:
    """One list that is published, and what fetching it may cost."""

    path: str
    most_bytes: int
    """Unpacked."""
    limit_s: float
    read: Callable[[object], Iterable[RegistryEntry]]
    """Turns one element into entries."""
    is_register: bool
    """Whether it is the register itself, so that what is missing in it is not in the register."""


def _read_domain(element: object) -> Iterator[RegistryEntry]:
    if isinstance(element, str) and (name := normal(element)):
        yield RegistryEntry(name)


def _read_domains(element: object) -> Iterator[RegistryEntry]:
    domains = element.get("domains") if isinstance(element, dict) else None
    for domain in domains if isinstance(domains, list) else ():
        yield from _read_domain(domain)


def _read_record(element: object) -> Iterator[RegistryEntry]:
    if isinstance(element, dict):
        since, authority = _date(element.get("appearDate")), _text(element.get("authority"))
        yield from (RegistryEntry(entry.name, since, authority) for entry in _read_domains(element))


LISTS: Mapping[str, ListKind] = {
    "dpi": ListKind(path="dpi/", most_bytes=8 * MEGABYTE, limit_s=60, read=_read_domains, is_register=False),
    "domains": ListKind(path="domains/", most_bytes=100 * MEGABYTE, limit_s=900, read=_read_domain, is_register=True),
    "snapshot": ListKind(
        path="snapshot/", most_bytes=2000 * MEGABYTE, limit_s=3600, read=_read_record, is_register=True
    ),
}
"""What is blocked without an entry (small); all names in the register (826 000 in 2025); the register as a whole."""


def normal(name: str) -> str | None:
    """Return a host name as it is compared: in ASCII, lower case; None for what is none."""
    plain = name.strip().rstrip(".").lower()
    if not plain.isascii():
        mask, plain = ("*.", plain[2:]) if plain.startswith("*.") else ("", plain)
        try:
            plain = mask + idna.encode(plain, uts46=True).decode()
        except idna.IDNAError:
            return None
    return plain if _NAME.fullmatch(plain) else None


def candidates(host: str) -> tuple[str, ...]:
    """Return under which names a list may have a host: its own, with or without "www.", and those above it."""
    name = normal(host)
    if name is None:
        return ()
    base = name.removeprefix("www.")
    labels = base.split(".")
    above = [".".join(labels[start:]) for start in range(1, len(labels) - 1)]
    below = [form for parent in (base, *above) for form in (f"*.{parent}", parent)]
    return tuple(dict.fromkeys((name, base, f"www.{base}", *below)))


def _date(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else ""
    if found := _ISO_DATE.match(text):
        return found[0]
    found = _RUSSIAN_DATE.match(text)
    return f"{found[3]}-{found[2]}-{found[1]}" if found else None


def _text(value: object) -> str | None:
    if isinstance(value, dict):
        value = value.get("name")
    plain = " ".join(value.split())[:_MOST_CHARACTERS] if isinstance(value, str) else ""
    return plain or None
