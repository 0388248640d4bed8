"""The engine with the operator's settings, opened when something is first measured.

What measuring is, is the affair of `probes`.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

import probes

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from bot.checks import Listener
    from bot.config import Settings
    from probes.model import Report, Service


class LazyProber:
    """The engine, opened when something is first measured: a chat starts small and in a moment."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._open = AsyncExitStack()
        self._prober: probes.Prober | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def prepare(self, services: Iterable[Service]) -> None:
        """Open, and load what these services need, as `Prober.prepare` does."""
        prober = await self._engine()
        await prober.prepare(services)

    async def check(self, service: Service, *, deep: bool = False, on_observation: Listener | None = None) -> Report:
        """Measure, as `Prober.check` does."""
        prober = await self._engine()
        return await prober.check(service, deep=deep, on_observation=on_observation)

    async def _engine(self) -> probes.Prober:
        async with self._opening:
            if self._prober is None:
                self._prober = await self._open.enter_async_context(
                    probes.Prober(
                        trusted_doh=self._settings.trusted_doh,
                        outside_controls=self._settings.outside_controls,
                        location=self._settings.location,
                    )
                )
            return self._prober
