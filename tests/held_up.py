"""An event loop that is held up again and again, as on a host with too much to do."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_HELD_S = 0.1


@asynccontextmanager
async def again_and_again() -> AsyncIterator[None]:
    """Hold the running loop up in each of its turns."""

    async def hold_up() -> None:
        while True:
            time.sleep(_HELD_S)  # noqa: ASYNC251 - this is what holds the loop up
            await asyncio.sleep(0)

    holding = asyncio.create_task(hold_up())
    try:
        yield
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
