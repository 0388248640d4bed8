"""The parts run together, and stop together."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from bot import app as parts
from bot.app import open_parts
from bot.config import Settings
from bot.registry import registry as registry_module
from tests.bot.canned import TELEGRAM
from tests.bot.transports.telegram.served import no_feeds
from tests.fakes.register_server import FakeRegister, closing, dripping, fake_register

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.fakes.tcp_server import Handler


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeRegister]:
    monkeypatch.setattr(registry_module, "FIRST_S", 0.0)
    async with fake_register() as register:
        yield register


def settings(tmp_path: Path, **changes: Any) -> Settings:
    changes["feeds_file"] = no_feeds(tmp_path)
    return Settings(_env_file=None, database_path=tmp_path / "db", **changes)  # type: ignore[call-arg]  # see bot.config


def telling(answer: Handler, asked: asyncio.Event) -> Handler:
    """Behave like `answer`, and tell that somebody asked."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await answer(reader, writer)

    return handler


async def test_the_register_is_fetched_beside_everything_else(tmp_path: Path, api: FakeRegister) -> None:
    asked = asyncio.Event()
    api.says("dpi/", telling(closing(b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), asked))
    async with open_parts(settings(tmp_path, registry_url=api.url)) as parts:
        await asyncio.wait_for(asked.wait(), 5)
        assert parts.catalogue.get(TELEGRAM.id)
    assert api.paths == ["dpi/"]


async def test_a_download_under_way_keeps_nobody_from_leaving(tmp_path: Path, api: FakeRegister) -> None:
    asked = asyncio.Event()
    api.says("dpi/", telling(dripping(b"[", length=1000), asked))
    async with asyncio.timeout(5), open_parts(settings(tmp_path, registry_url=api.url)):
        await asked.wait()


async def test_without_an_address_nothing_is_fetched(tmp_path: Path, api: FakeRegister) -> None:
    async with open_parts(settings(tmp_path, registry_url=None)):
        await asyncio.sleep(0)
    assert api.paths == []


async def test_a_second_signal_does_not_cut_short_what_the_first_one_lets_end() -> None:
    begun, ended = asyncio.Event(), []

    async def work() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(3):  # rounds of the loop, in which the signal is heard
                await asyncio.sleep(0.01)
            ended.append(True)

    stopping = asyncio.ensure_future(parts.until_stopped(work()))
    await begun.wait()
    os.kill(os.getpid(), signal.SIGINT)
    await asyncio.wait({stopping})
    assert ended == [True]
