from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.store import Store
from tests.bot.telling import Telling

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def telling(tmp_path: Path) -> AsyncIterator[Telling]:
    async with Store.open(tmp_path / "db") as store:
        yield Telling(store)
