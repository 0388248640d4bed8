"""Lets aiohttp's client resolve names through a coroutine of ours. Imported only where a client is built."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from aiohttp.abc import AbstractResolver, ResolveResult

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Resolve = Callable[[str], Awaitable[Sequence[str]]]


class NoAddressError(OSError):
    """The name has no address to be contacted."""


class Resolver(AbstractResolver):
    """Gives addresses of both families, whichever is asked for."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 - see the class
    ) -> list[ResolveResult]:
        """Raises `NoAddressError`, and whatever the coroutine raises."""
        addresses = await self._resolve(host)
        if not addresses:
            raise NoAddressError(f"no address for {host}")
        return [_result(host, address, port) for address in addresses]

    async def close(self) -> None:
        """Nothing is held open."""


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
