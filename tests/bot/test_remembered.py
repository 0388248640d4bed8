"""What answers tell from the store is told whatever of it can still be read."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from bot import remembered
from bot.chat.past import Incident
from bot.store import Store
from tests.bot.canned import WHATSAPP
from tests.bot.changes import NOON, opened
from tests.bot.telling import CATALOGUE

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_incident_of_whose_course_nothing_can_be_read_is_told_without_its_causes(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await store.incidents.record("whatsapp", (), (opened(),), due_at=NOON)
    with closing(sqlite3.connect(tmp_path / "db")) as connection, connection:
        connection.execute("""UPDATE incident SET course = '[{"status": "of another version"}]'""")
    async with Store.open(tmp_path / "db") as store:
        found = await remembered.incidents_of(store, CATALOGUE, WHATSAPP, 0.0)
    assert found == [Incident(NOON - 120, None, "block", ())]
