"""Reads controls.toml: the hosts that measurements are held against."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from probes.model import URL_PORTS, Endpoint


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is large, public and somebody else's, over TLS; `address` is its server's."""

    endpoint: Endpoint
    address: str


@dataclass(frozen=True, slots=True)
class Controls:
    innocuous_names: tuple[str, ...]
    unrelated_addresses: tuple[str, ...]
    root_servers: tuple[str, ...]
    stun_servers: tuple[Endpoint, ...]
    ipv6_addresses: tuple[str, ...]
    connectivity: tuple[tuple[Endpoint, int], ...]
    """Plain-HTTP endpoints and the status that each answers wherever nobody interferes."""
    regular: tuple[Endpoint, ...]
    listed: tuple[Endpoint, ...]
    downloads: tuple[Download, ...]
    """In the order in which they are to be tried."""

    def innocuous_name(self, host: str) -> str:
        """Return a control name that is no relative of `host`."""
        relatives = (name for name in self.innocuous_names if not _related(name, host))
        return next(relatives, self.innocuous_names[-1])


def domain_of(host: str) -> str:
    """Return the last two labels of a name: near enough to who owns it to tell relatives by."""
    return ".".join(host.split(".")[-2:])


def _related(one: str, other: str) -> bool:
    return domain_of(one) == domain_of(other)


def _endpoint(url: str) -> Endpoint:
    parts = urlsplit(url)
    return Endpoint(parts.scheme, parts.hostname or "", parts.port or URL_PORTS[parts.scheme], parts.path)


@cache
def shipped() -> Controls:
    """Return the controls that come with the package."""
    data = tomllib.loads(resources.files("probes").joinpath("controls.toml").read_text(encoding="utf-8"))
    return Controls(
        innocuous_names=tuple(data["innocuous_names"]),
        unrelated_addresses=tuple(data["unrelated_addresses"]),
        root_servers=tuple(data["root_servers"]),
        stun_servers=tuple(map(_endpoint, data["stun_servers"])),
        ipv6_addresses=tuple(data["ipv6_addresses"]),
        connectivity=tuple((_endpoint(entry["url"]), entry["status"]) for entry in data["connectivity"]),
        regular=tuple(map(_endpoint, data["allowlist"]["regular"])),
        listed=tuple(map(_endpoint, data["allowlist"]["listed"])),
        downloads=tuple(Download(_endpoint(entry["url"]), entry["address"]) for entry in data["downloads"]),
    )
