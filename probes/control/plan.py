"""What a request asks for, read as strictly as it has to be: pure, nothing is contacted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from yarl import URL  # the parser of the HTTP client: what is judged here is what that will contact

from probes.control.protocol import split_endpoint
from probes.trust import is_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probes.control.protocol import Request

_HTTP_PORT, _HTTPS_PORT = 80, 443
_FORWARDED = {"accept": "Accept", "accept-language": "Accept-Language", "user-agent": "User-Agent"}
_MAX_HEADER = 1024
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
"""In ASCII, as the URL parser gives it (RFC 1035 §2.3.4; underscores do occur)."""


class BadRequestError(ValueError):
    """What was asked is nothing that can be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A request that makes sense. `ports` are the URL's: those of the addresses that were sent along do not count."""

    url: URL
    host: str
    ports: tuple[int, ...]
    asked: tuple[str, ...]
    headers: Mapping[str, str]
    connect_only: bool

    @property
    def host_is_address(self) -> bool:
        return is_address(self.host)

    def takes_tls(self, port: int) -> bool:
        """Tell whether a handshake is made: on port 443, as by oohelperd, and on an https URL's own port as well."""
        return port == _HTTPS_PORT or self.url.scheme == "https"


def plan_for(request: Request) -> Plan:
    """Read a request. Raises `BadRequestError`."""
    url = _url(request.http_request)
    host = (url.raw_host or "").rstrip(".")
    if not (is_address(host) or _NAME.fullmatch(host)):
        raise BadRequestError("that is no host name")
    endpoints = (split_endpoint(text) for text in request.tcp_connect or ())
    return Plan(
        url=url,
        host=host,
        ports=_ports(url),
        asked=tuple(dict.fromkeys(endpoint[0] for endpoint in endpoints if endpoint)),
        headers=_forwarded(request.http_request_headers or {}),
        connect_only=request.x_connect_only,
    )


def _url(text: str) -> URL:
    try:
        url = URL(text)
        usable = url.scheme in {"http", "https"} and url.raw_host and url.port and not (url.user or url.password)
    except ValueError as error:
        raise BadRequestError("that is no URL") from error
    if not usable:
        raise BadRequestError("only http and https URLs of a host, without a user, are visited")
    return url


def _ports(url: URL) -> tuple[int, ...]:
    if url.explicit_port:
        return (url.explicit_port,)
    return (_HTTPS_PORT,) if url.scheme == "https" else (_HTTP_PORT, _HTTPS_PORT)


def _forwarded(headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Take the three headers that the protocol passes on, their names in any case."""
    return {
        _FORWARDED[name.lower()]: values[0]
        for name, values in headers.items()
        if name.lower() in _FORWARDED and values and len(values[0]) <= _MAX_HEADER and values[0].isprintable()
    }
