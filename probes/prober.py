"""The engine on the real network, opened and closed as one thing."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from types import TracebackType

    from probes.model import Report, Service
    from probes.observations import AnyObservation


class Prober:
    """Measures from this host. An async context manager; checks belong inside of it.

    Hosts that people type come as services with web ports only (`probes.targets`); the catalogue's may use any port.
    """

    def __init__(self, *, trusted_doh: Sequence[str], outside_controls: Sequence[str], location: str = "") -> None:
        """Take what measurements are held against; `location` says where this host stands in place of a look-up."""
        self._location = location
        self._trusted_doh = trusted_doh
        self._outside_controls = outside_controls
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # A chat is at its prompt before its first check: what only checks need is loaded with the first of them.
        from probes.engine import Engine  # noqa: PLC0415
        from probes.guard import PUBLIC_ANY_PORT  # noqa: PLC0415
        from probes.live import LiveNetwork  # noqa: PLC0415

        network = LiveNetwork(
            guard=PUBLIC_ANY_PORT, trusted_doh=self._trusted_doh, outside_controls=self._outside_controls
        )
        self._engine = Engine(await self._open.enter_async_context(network), location=self._location)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def prepare(self, services: Iterable[Service]) -> None:
        """Load what only these services' protocols need: while something is measured it would count as slowness."""
        from probes.steps import quic  # noqa: PLC0415 - as above

        schemes = {e.scheme for service in services for part in service.components for e in part.endpoints}
        if "quic" in schemes:
            await quic.load()

    async def check(
        self,
        service: Service,
        *,
        deep: bool = False,
        on_observation: Callable[[AnyObservation], None] | None = None,
    ) -> Report:
        """Measure a service once, `deep` with transfers. Each observation is handed on as it is made."""
        return await self._engine.check(service, deep=deep, on_observation=on_observation)
