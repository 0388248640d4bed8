"""Which hop of a chain of redirects a step belongs to. Pure: observations do not say so, but all of them together do.

A hop is known from the moment when the answer that leads there has come; what began before belongs to an earlier one.
A question for a name is asked once, so it belongs to the first hop there. The steps of a connection belong to the hop
whose request went over it. Where none did, and several hops share a host and port, it is not known to which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin, urlsplit

from probes.model import URL_PORTS
from probes.observations import DnsObservation, HttpObservation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.observations import AnyObservation


@dataclass(frozen=True, slots=True)
class _Hop:
    depth: int | None
    host: str | None
    port: int | None
    known_s: float


class Hops:
    """The hops that the steps of a target have shown. A bare host is entered at one URL, a service at many."""

    def __init__(self, steps: Iterable[AnyObservation], *, one_start: bool) -> None:
        self._one_start = one_start
        self._hops: dict[str, _Hop] = {}
        self._requests: dict[str | None, str] = {}
        self._began_s: dict[str | None, float] = {}
        for step in sorted(steps, key=lambda step: step.started_s):
            self._began_s.setdefault(step.connection, step.started_s)
            if isinstance(step, HttpObservation):
                self._add(step)

    def _add(self, step: HttpObservation) -> None:
        start = None if self._one_start and self._hops else 0
        hop = self._hops.setdefault(_key(step.url), _hop(step.url, start, 0.0))
        if step.connection is not None:
            self._requests.setdefault(step.connection, _key(step.url))
        url = _led_to(step)
        if url is not None:
            depth = None if hop.depth is None else hop.depth + 1
            self._hops.setdefault(_key(url), _hop(url, depth, step.started_s + step.elapsed_s))

    def depth_of(self, step: AnyObservation) -> int | None:
        """Return how many redirects lead to what a step was for; None where that cannot be known."""
        if isinstance(step, HttpObservation):
            return self._hops[_key(step.url)].depth
        if step.connection in self._requests:
            return self._hops[self._requests[step.connection]].depth
        began_s = step.started_s if step.connection is None else self._began_s[step.connection]
        there = [hop for hop in self._hops.values() if hop.host == step.target.host and hop.known_s <= began_s]
        if not there:
            return 0  # nothing has led there
        if isinstance(step, DnsObservation):
            return there[0].depth
        depths = {hop.depth for hop in there if hop.port == step.target.port} or {hop.depth for hop in there}
        return depths.pop() if len(depths) == 1 else None


def _led_to(step: HttpObservation) -> str | None:
    try:
        return urljoin(step.url, step.location) if step.location is not None else None
    except ValueError:
        return None


def _hop(url: str, depth: int | None, known_s: float) -> _Hop:
    parts = _split(url)
    return _Hop(depth, parts.hostname, _port_of(parts), known_s) if parts else _Hop(depth, None, None, known_s)


def _key(url: str) -> str:
    """Return a URL in the one way in which it is compared: with its port and path spelled out, without a fragment."""
    parts = _split(url)
    if parts is None:
        return url
    return parts._replace(netloc=f"{parts.hostname}:{_port_of(parts)}", path=parts.path or "/", fragment="").geturl()


def _port_of(parts: SplitResult) -> int | None:
    return parts.port or URL_PORTS.get(parts.scheme)


def _split(url: str) -> SplitResult | None:
    """Return a URL's parts; None where it is none that has a valid host and port: servers send anything."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and _port_of(parts) else None
    except ValueError:
        return None
