"""The sockets of the DNS-over-HTTPS clients, closed whatever ends their TLS handshake.

httpcore 1.0 closes one whose handshake fails, not one whose handshake is cancelled, by a time-out above all: that
would stay open for as long as the other end likes, for ever where a censor swallows what is said.
"""

# ruff: noqa: ANN401 -- arguments are passed on to httpcore as they come

from __future__ import annotations

from typing import Any

import httpcore


class Backend(httpcore.AnyIOBackend):
    """Connects as httpcore does by itself, and leaves no socket behind."""

    async def connect_tcp(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return _Stream(await super().connect_tcp(*arguments, **options))


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed unless its handshake succeeds."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    async def start_tls(self, *arguments: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        try:
            return await self._inner.start_tls(*arguments, **options)
        except BaseException:
            await self._inner.aclose()
            raise

    async def read(self, *arguments: Any, **options: Any) -> bytes:
        return await self._inner.read(*arguments, **options)

    async def write(self, *arguments: Any, **options: Any) -> None:
        await self._inner.write(*arguments, **options)

    async def aclose(self) -> None:
        await self._inner.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
