"""Known block pages: does a response look like one? The list itself is blockpages.toml beside this file.

A match is evidence, weighed by its `no_false_positive`; what it means is for `probes.verdict` to say.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_LIST = Path(__file__).with_name("blockpages.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is compared: one response to a request for `host`, texts in lower case."""

    host: str
    status: int
    location: str = ""
    server: str = ""
    body: str = ""
    body_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """One known block page. Empty conditions always hold."""

    id: str
    scope: str
    """Who speaks: an operator, a nation, a product, or the law."""
    country: str = ""
    no_false_positive: int
    """0 (says nothing by itself) to 10 (nothing else looks like it)."""
    hosts: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    server: tuple[str, ...] = ()
    status: tuple[int, ...] = ()
    body: tuple[str, ...] = ()
    max_bytes: int | None = None

    def matches(self, page: Page) -> bool:
        """Tell whether every condition holds, the cheap ones first."""
        return (
            (not self.status or page.status in self.status)
            and (not self.server or page.server.startswith(self.server))
            and (not self.path or any(part in page.location for part in self.path))
            and (not self.hosts or _leads_away(page, self.hosts))
            and (self.max_bytes is None or page.body_bytes <= self.max_bytes)
            and all(words in page.body for words in self.body)
        )


@cache
def known() -> Mapping[str, Fingerprint]:
    """Return all fingerprints by id."""
    entries = tomllib.loads(_LIST.read_text(encoding="utf-8"))
    return MappingProxyType({name: _fingerprint(name, entry) for name, entry in entries.items()})


def match(page: Page) -> tuple[str, ...]:
    """Return the ids of the block pages that a response looks like, the surest first."""
    found = [fingerprint for fingerprint in _candidates(bool(page.location)) if fingerprint.matches(page)]
    return tuple(fingerprint.id for fingerprint in sorted(found, key=lambda each: -each.no_false_positive))


@cache
def _candidates(leads_elsewhere: bool) -> tuple[Fingerprint, ...]:
    """Leave out what needs a Location where there is none: most of the list, for most responses."""
    return tuple(each for each in known().values() if leads_elsewhere or not (each.hosts or each.path))


def _fingerprint(name: str, entry: Mapping[str, Any]) -> Fingerprint:
    fixed: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Fingerprint(id=name, **fixed)


def _leads_away(page: Page, hosts: tuple[str, ...]) -> bool:
    """Tell whether Location leads to one of the hosts, from a name that is not of the same owner."""
    try:
        led_to = urlsplit(page.location).hostname or ""
    except ValueError:
        return False
    return any((led_to == host or led_to.endswith(f".{host}")) and _owner(page.host) != _owner(host) for host in hosts)


def _owner(host: str) -> str:
    """Return the last two labels: enough to tell an operator's own site from a site that it intercepts."""
    return ".".join(host.rstrip(".").lower().split(".")[-2:])
