"""Events that are to be set when something becomes known: the part that loops of a check share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator


class Watchers:
    """Those who wait for one thing."""

    def __init__(self) -> None:
        self._events: set[asyncio.Event] = set()

    @contextmanager
    def waking(self, event: asyncio.Event) -> Iterator[None]:
        """Have `event` set whenever there is news, for as long as the context lasts."""
        self._events.add(event)
        try:
            yield
        finally:
            self._events.discard(event)

    def tell(self) -> None:
        """Say that there is news."""
        for event in self._events:
            event.set()
