"""Copies of the lists are kept up to date politely; a source that fails costs nobody what is known already."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.config import Settings
from bot.registry import Record, Registry
from bot.registry import registry as module
from bot.registry.lists import LISTS
from bot.store import RegistryEntry, Store, StoreError
from probes.model import Component, Endpoint
from tests.bot.canned import service
from tests.fakes.http_server import chunked, page, redirect, response
from tests.fakes.register_server import FakeRegister, closing, dripping, fake_register, listing
from tests.fakes.tcp_server import break_off, closed_port, hang_up

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.store import RegistryList
    from probes.model import Service
    from tests.fakes.tcp_server import Handler

HOUR_S = 3600.0
DPI = {"domains": ["a.example", "b.example"]}


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as opened:
        yield opened


@pytest.fixture
async def api() -> AsyncIterator[FakeRegister]:
    async with fake_register() as register:
        register.says("dpi/", listing(DPI, etag='"1"', last_modified="yesterday"))
        yield register


def site(host: str, *more: str) -> Service:
    component = Component(id="web", endpoints=(Endpoint("https", host, 443, "/"),))
    return service(host, host, components=(component,), directory_names=more)


def registry_of(store: Store, api: FakeRegister, clock: Clock, *lists: str, url: str = "") -> Registry:
    return Registry(store.registries, url or api.url, lists or ("dpi",), interval_s=12 * HOUR_S, clock=clock)


@pytest.fixture
def registry(store: Store, api: FakeRegister, clock: Clock) -> Registry:
    return registry_of(store, api, clock)


async def state_of(registry: Registry, list_: str = "dpi") -> RegistryList:
    return (await registry.states())[list_]


async def names(registry: Registry, host: str) -> list[str]:
    record = await registry.find(site(host))
    return [entry.name for entry in (*record.listed, *record.without_entry)] if record else []


# --- fetching --------------------------------------------------------------------------------------------------------


async def test_a_list_is_fetched_and_its_names_are_found(registry: Registry, api: FakeRegister, clock: Clock) -> None:
    assert await registry.find(site("a.example")) is None
    next_at = await registry.refresh()
    assert await names(registry, "www.a.example") == ["a.example"]
    assert await names(registry, "c.example") == []
    state = await state_of(registry)
    assert (state.entries, state.fetched_at, state.error, state.next_at) == (2, clock.now, None, next_at)
    assert 10.8 * HOUR_S <= next_at - clock.now <= 13.2 * HOUR_S
    assert "User-Agent: reachbot" in api.heads[0]


async def test_nothing_is_asked_before_it_is_due_and_then_only_for_something_new(
    registry: Registry, api: FakeRegister, clock: Clock
) -> None:
    api.says("dpi/", listing(DPI, etag='"1"', last_modified="yesterday"), response(status="304 Not Modified"))
    clock.now = await registry.refresh() - 1
    await registry.refresh()
    assert len(api.heads) == 1
    clock.now += 2
    await registry.refresh()
    assert 'If-None-Match: "1"' in api.heads[1]
    assert "If-Modified-Since: yesterday" in api.heads[1]
    state = await state_of(registry)
    assert (state.edition, state.entries, state.fetched_at) == (1, 2, clock.now)
    assert await names(registry, "a.example") == ["a.example"]


async def test_a_new_edition_takes_the_place_of_the_old_one(
    registry: Registry, api: FakeRegister, clock: Clock
) -> None:
    clock.now = await registry.refresh() + 1
    api.says("dpi/", listing({"domains": ["c.example"]}))
    await registry.refresh()
    assert [await names(registry, f"{letter}.example") for letter in "abc"] == [[], [], ["c.example"]]


async def test_a_restart_asks_no_sooner(store: Store, api: FakeRegister, clock: Clock) -> None:
    await registry_of(store, api, clock).refresh()
    await registry_of(store, api, clock).refresh()
    assert len(api.heads) == 1


async def test_a_clock_that_was_set_back_does_not_end_the_updates(
    registry: Registry, api: FakeRegister, clock: Clock
) -> None:
    await registry.refresh()
    clock.now -= 1000 * HOUR_S
    await registry.refresh()
    assert len(api.heads) == 2


async def test_another_source_is_asked_at_once_and_without_the_version_of_the_first(
    store: Store, api: FakeRegister, clock: Clock
) -> None:
    await registry_of(store, api, clock).refresh()
    api.says("mirror/dpi/", listing(DPI))
    await registry_of(store, api, clock, url=f"{api.url}mirror").refresh()
    assert api.paths == ["dpi/", "mirror/dpi/"]
    assert "If-None-Match" not in api.heads[1]


async def test_a_list_that_is_not_wanted_any_more_is_forgotten(store: Store, api: FakeRegister, clock: Clock) -> None:
    api.says("domains/", listing("a.example"))
    await registry_of(store, api, clock, "dpi", "domains").refresh()
    kept = registry_of(store, api, clock, "domains")
    await kept.refresh()
    assert set(await kept.states()) == {"domains"}
    assert await store.registries.find("dpi", ["a.example"]) == []


@pytest.mark.parametrize(
    "answer",
    [
        chunked(b'[{"domains": ["a.', b'example"]}]'),
        response(gzip.compress(json.dumps([DPI]).encode(), mtime=0), Content_Encoding="gzip"),
        response(b'\xef\xbb\xbf [\n {"domains" : ["a.example"]} ]\n'),
    ],
)
async def test_a_list_may_be_sent_in_several_ways(registry: Registry, api: FakeRegister, answer: bytes) -> None:
    api.says("dpi/", answer)
    await registry.refresh()
    assert await names(registry, "a.example") == ["a.example"]


async def test_a_list_may_move_within_its_site(registry: Registry, api: FakeRegister) -> None:
    api.says("dpi/", redirect("/new/"))
    api.says("new/", redirect("list"))
    api.says("new/list", listing(DPI))
    await registry.refresh()
    assert api.paths == ["dpi/", "new/", "new/list"]
    assert await names(registry, "a.example") == ["a.example"]


# --- failing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (response(status="404 Not Found"), "HTTP 404"),
        (response(status="500 Oops"), "HTTP 500"),
        (response(page("Доступ ограничен").encode(), Content_Type="text/html"), "not a JSON array, but '<!doctype"),
        (response(b'[{"domains": ["c.example"]}, {"dom'), "cut short"),
        (response(b'[{"domains": ["c.example"], "id": ' + b"1" * 5000 + b"}]"), "with a number that is too long"),
        (response(b"[]"), "without a single entry"),
        (response(b'[{"domains": []}]'), "without a single entry"),
        (closing(response(b'[{"domains": ["c.example"]}]', length=1000)), "ClientPayloadError"),
        (response(b"nonsense", Content_Encoding="gzip"), "ClientPayloadError"),
        (
            response(gzip.compress(b"[" + b" " * 10_000_000, mtime=0), Content_Encoding="gzip"),
            "longer than 8000000 bytes",
        ),
        (chunked(b"[", *[b" " * 1_000_000] * 9), "longer than 8000000 bytes"),
        (redirect("http://203.0.113.1/dpi/"), "led away to http://203.0.113.1"),
        (redirect("file:///etc/passwd"), "led away to file://"),
        (redirect("dpi/"), "HTTP 404"),
        (redirect("/dpi/"), "led from one address to the next"),
        (hang_up, "ServerDisconnectedError"),
        (break_off, "ClientOSError"),
        (b"220 smtp.example ESMTP\r\n\r\n", "ClientResponseError"),
    ],
)
async def test_whatever_a_source_does_wrong_the_copy_stays_and_the_error_is_kept(
    registry: Registry, api: FakeRegister, clock: Clock, answer: bytes | Handler, error: str
) -> None:
    clock.now = await registry.refresh() + 1
    api.says("dpi/", answer)
    next_at = await registry.refresh()
    state = await state_of(registry)
    assert str(state.error)[: len(error)] == error
    assert "\n" not in str(state.error)
    assert (state.failures, state.edition) == (1, 1)
    assert 270 <= next_at - clock.now <= 330
    assert await names(registry, "a.example") == ["a.example"]
    assert await names(registry, "c.example") == []


async def test_a_source_that_cannot_be_reached_is_an_error_as_well(
    store: Store, api: FakeRegister, clock: Clock
) -> None:
    registry = registry_of(store, api, clock, url=f"http://127.0.0.1:{closed_port()}/")
    await registry.refresh()
    assert "ClientConnectorError" in str((await state_of(registry)).error)
    assert await registry.find(site("a.example")) is None


async def test_a_list_that_drips_is_given_up(
    registry: Registry, api: FakeRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(registry._lists, "dpi", replace(LISTS["dpi"], limit_s=0.1))
    api.says("dpi/", dripping(b"[", b'{"domains": ["c.example"]},', length=1000))
    await registry.refresh()
    assert str((await state_of(registry)).error).startswith("not done within")


@pytest.mark.parametrize(
    ("retry_after", "least_s", "most_s"),
    [
        ("7200", 2 * HOUR_S, 2 * HOUR_S),
        ("1", 300, 300),
        ("99999999999", 24 * HOUR_S, 24 * HOUR_S),
        (timedelta(hours=3), 2.9 * HOUR_S, 3 * HOUR_S),
        ("soon", 300, 300),
    ],
)
async def test_a_source_that_asks_for_patience_gets_it(
    registry: Registry, api: FakeRegister, clock: Clock, retry_after: str | timedelta, least_s: float, most_s: float
) -> None:
    if isinstance(retry_after, timedelta):
        retry_after = format_datetime(datetime.now(UTC) + retry_after, usegmt=True)
    api.says("dpi/", response(status="429 Too Many Requests", Retry_After=retry_after))
    wait_s = await registry.refresh() - clock.now
    assert 0.9 * least_s <= wait_s <= 1.1 * most_s
    assert (await state_of(registry)).error == "HTTP 429"


async def test_a_source_that_goes_on_failing_is_asked_ever_more_seldom(
    registry: Registry, api: FakeRegister, clock: Clock
) -> None:
    api.says("dpi/", response(status="503 Busy"))
    waits: list[float] = []
    for _ in range(12):
        next_at = await registry.refresh()
        waits.append(next_at - clock.now)
        clock.now = next_at + 1
    assert waits[0] < 400
    assert waits[3] > 2000
    assert all(wait <= 13.2 * HOUR_S for wait in waits)
    assert (await state_of(registry)).failures == 12


async def test_one_list_that_fails_does_not_keep_the_others_from_being_fetched(
    store: Store, api: FakeRegister, clock: Clock
) -> None:
    api.says("domains/", listing("c.example"))
    api.says("dpi/", response(status="500 Oops"))
    registry = registry_of(store, api, clock, "dpi", "domains")
    await registry.refresh()
    assert await names(registry, "c.example") == ["c.example"]


async def test_what_a_broken_off_attempt_left_behind_is_swept_away(
    registry: Registry, store: Store, api: FakeRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ADDED_AT_ONCE", 1)
    api.says("dpi/", response(b'[{"domains": ["c.example"]}, {"dom'), listing(DPI))
    await registry.refresh()
    await store.registries.save(replace(await state_of(registry), edition=1))
    assert await names(registry, "c.example") == []


# --- what is found ---------------------------------------------------------------------------------------------------


async def test_the_register_says_since_when_and_by_whom_and_where_to_look(
    store: Store, api: FakeRegister, clock: Clock
) -> None:
    record = {"appearDate": "2022-03-04", "authority": "Генпрокуратура", "domains": ["*.b.example"]}
    api.says("snapshot/", listing(record))
    api.says("domains/", listing("*.b.example", "d.example"))
    registry = registry_of(store, api, clock, "snapshot", "dpi", "domains")
    await registry.refresh()
    assert await registry.find(site("web.b.example")) == Record(
        listed=(RegistryEntry("*.b.example", "2022-03-04", "Генпрокуратура"),),
        complete=True,
        link=f"{api.url}ru/?status=1&gov=all&q=b.example",
    )
    assert await registry.find(site("a.example")) == Record(
        without_entry=(RegistryEntry("a.example"),), complete=True, link=f"{api.url}ru/?status=1&gov=all&q=a.example"
    )
    assert await registry.find(site("c.example")) == Record(complete=True)
    assert await names(registry, "d.example") == ["d.example"]


async def test_by_default_both_what_an_entry_says_and_that_there_is_none_are_known(
    store: Store, api: FakeRegister, clock: Clock
) -> None:
    entry = {"authority": "Генпрокуратура", "appearDate": "2022-03-04", "domains": ["c.example"], "ips": []}
    api.says("snapshot/", response(json.dumps({"2026-11-23": [entry]}).encode()))
    registry = registry_of(store, api, clock, *Settings.model_fields["registry_lists"].default)
    await registry.refresh()
    assert await registry.find(site("c.example")) == Record(
        listed=(RegistryEntry("c.example", "2022-03-04", "Генпрокуратура"),),
        complete=True,
        link=registry._link(["c.example"]),
    )
    assert await names(registry, "a.example") == ["a.example"]
    assert await registry.find(site("d.example")) == Record(complete=True)


async def test_a_service_is_found_by_each_of_its_names(registry: Registry) -> None:
    await registry.refresh()
    found = await registry.find(site("web.example", "b.example", "a.example"))
    assert found == Record(
        without_entry=(RegistryEntry("b.example"), RegistryEntry("a.example")),
        link=registry._link(["b.example"]),
    )


async def test_an_old_copy_is_not_taken_for_complete(store: Store, api: FakeRegister, clock: Clock) -> None:
    api.says("domains/", listing("a.example"))
    registry = registry_of(store, api, clock, "domains")
    await registry.refresh()
    clock.now += 5 * 12 * HOUR_S
    assert await registry.find(site("c.example")) == Record(complete=False)


async def test_a_store_that_fails_costs_the_record_alone(
    registry: Registry, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any) -> Any:
        raise StoreError("the disk is full")

    await registry.refresh()
    monkeypatch.setattr(store.registries, "find", broken)
    assert await registry.find(site("a.example")) is None


# --- the schedule ----------------------------------------------------------------------------------------------------


async def test_the_first_list_is_fetched_a_while_after_the_start(
    registry: Registry, api: FakeRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = asyncio.create_task(registry.run())
    await asyncio.sleep(0)
    assert api.heads == []
    running.cancel()
    fetched = asyncio.Event()

    async def refresh() -> float:
        fetched.set()
        raise LookupError("a bug")

    monkeypatch.setattr(module, "FIRST_S", 0.0)
    monkeypatch.setattr(registry, "refresh", refresh)
    running = asyncio.create_task(registry.run())
    await asyncio.wait_for(fetched.wait(), 5)
    await asyncio.sleep(0)
    assert not running.done()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
