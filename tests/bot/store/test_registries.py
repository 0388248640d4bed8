"""A copy of a list changes as a whole: whatever happens while the next one is loaded, the last one counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.store import Registries, RegistryEntry, RegistryList, Store
from bot.store import registries as module

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STATE = RegistryList(id="dpi", url="https://r.example/dpi/", edition=1, entries=1, fetched_at=5.5, etag='"x"')


@pytest.fixture
async def registries(tmp_path: Path) -> AsyncIterator[Registries]:
    async with Store.open(tmp_path / "db") as store:
        yield store.registries


async def names(registries: Registries, *asked: str) -> list[str]:
    return [entry.name for entry in await registries.find("dpi", asked)]


async def test_how_a_list_stands_survives_a_restart(tmp_path: Path) -> None:
    async with Store.open(tmp_path / "db") as store:
        await store.registries.save(RegistryList(id="dpi", url="u", failures=3, error="HTTP 500", next_at=7))
        await store.registries.save(STATE)
    async with Store.open(tmp_path / "db") as store:
        assert await store.registries.lists() == {"dpi": STATE}


async def test_an_edition_counts_once_it_is_complete(registries: Registries) -> None:
    await registries.add("dpi", 1, [RegistryEntry("a.example")])
    assert await names(registries, "a.example") == []
    await registries.save(STATE)
    assert await names(registries, "a.example") == ["a.example"]
    await registries.add("dpi", 2, [RegistryEntry("b.example")])
    assert await names(registries, "a.example", "b.example") == ["a.example"]


async def test_of_several_entries_for_a_name_the_oldest_is_kept(registries: Registries) -> None:
    first = RegistryEntry("a.example", "2020-01-01", "somebody")
    for entries in ([RegistryEntry("a.example"), RegistryEntry("a.example", "2021-01-01"), first], [first]):
        await registries.add("dpi", 1, [*entries, RegistryEntry("a.example", "2022-01-01", "else")])
    await registries.save(STATE)
    assert await registries.find("dpi", ["b.example", "a.example"]) == [first]


async def test_other_editions_are_swept_away_bit_by_bit(
    registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEPT_AT_ONCE", 3)
    for edition in (1, 2, 3):
        await registries.add("dpi", edition, [RegistryEntry(f"{number}.example") for number in range(10)])
    await registries.add("domains", 9, [RegistryEntry("a.example")])
    await registries.save(RegistryList(id="dpi", url="u", edition=2))
    await registries.sweep("dpi")
    for edition, left in ((1, 0), (2, 10), (3, 0)):
        await registries.save(RegistryList(id="dpi", url="u", edition=edition))
        assert len(await names(registries, *(f"{number}.example" for number in range(10)))) == left
    await registries.save(RegistryList(id="domains", url="u", edition=9))
    assert await registries.find("domains", ["a.example"]) == [RegistryEntry("a.example")]


async def test_a_list_that_is_dropped_leaves_nothing(registries: Registries) -> None:
    await registries.add("dpi", 1, [RegistryEntry("a.example")])
    await registries.save(STATE)
    await registries.drop("dpi")
    assert await registries.lists() == {}
    await registries.save(STATE)
    assert await names(registries, "a.example") == []
