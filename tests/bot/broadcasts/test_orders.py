"""What the command line may have done, and what it is told."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from bot.broadcasts import command
from bot.broadcasts.broadcasts import Broadcasts
from bot.broadcasts.model import Audience
from bot.broadcasts.orders import Orders, audience_of
from bot.operator_line import LineError, answering, path_beside
from bot.outbox import Written
from bot.store import Store
from bot.store.broadcasts import Usual
from probes.catalogue import Catalogue

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CATALOGUE = Catalogue.load()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        for number in range(1, 4):
            await store.chats.meet(f"telegram:{number}", "private", now=1)
        yield store


@pytest.fixture
def orders(store: Store) -> Orders:
    broadcasts = Broadcasts(
        store.broadcasts, store.outbox, store.chats, usual=Usual("en", {}), per_s=27, wake=lambda: None
    )
    return Orders(broadcasts, CATALOGUE)


def order(do: str, html: str = "Dear readers", at: float | None = None, audience: str = "everyone") -> dict[str, Any]:
    return {"do": do, "html": html, "audience": [audience], "at": at}


async def test_what_a_broadcast_would_take_is_told_and_nothing_kept_of_it(orders: Orders, store: Store) -> None:
    assert await orders.obey(order("weigh")) == {"chats": 3, "takes_s": pytest.approx(3 / 27)}
    assert await orders.obey(order("weigh", audience="kind=group")) == {"chats": 0, "takes_s": 0}
    assert await store.broadcasts.latest(9) == []


async def test_what_is_sent_goes_out_to_its_audience(orders: Orders, store: Store) -> None:
    sent = await orders.obey(order("send"))
    assert (sent["state"], sent["left"], sent["sent"]) == ("running", 3, 0)
    (message, *_) = (await store.outbox.exchange(most=9, now=time.time() + 1)).messages
    assert isinstance(message.content, Written)
    assert message.content.html == "Dear readers"


@pytest.mark.parametrize("do", ["weigh", "send"])
@pytest.mark.parametrize("at", [0, -1.5, 1e30, float("nan")])
async def test_it_may_begin_neither_before_nor_for_ever(orders: Orders, store: Store, do: str, at: float) -> None:
    with pytest.raises(LineError, match="this time is over"):
        await orders.obey(order(do, at=at))
    assert await store.broadcasts.latest(9) == []


async def test_it_may_begin_later(orders: Orders) -> None:
    at = time.time() + 60
    await orders.obey(order("weigh", at=at))
    assert (await orders.obey(order("send", at=at)))["state"] == "scheduled"


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("<b>never", "the markup is broken: <b> is never closed"),
        (" <b> </b>", "the text is empty"),
        ("", "the text is empty"),
        ("x" * 4097, "too long: 4097 of at most 4096"),
    ],
)
@pytest.mark.parametrize("do", ["weigh", "send"])
async def test_a_text_that_nobody_could_be_told_is_refused(
    orders: Orders, store: Store, html: str, error: str, do: str
) -> None:
    with pytest.raises(LineError, match=error):
        await orders.obey(order(do, html))
    assert await store.broadcasts.latest(9) == []


@pytest.mark.parametrize("unknown", [{}, {"do": "dance"}, {"do": "send"}, {"do": "send", "html": 1, "audience": []}])
async def test_an_unknown_order_is_of_another_version(orders: Orders, unknown: dict[str, Any]) -> None:
    with pytest.raises(LineError, match="another version"):
        await orders.obey(unknown)


async def test_what_is_not_there_is_said(orders: Orders) -> None:
    with pytest.raises(LineError, match="there is no broadcast 7"):
        await orders.obey({"do": "tell", "id": 7})


def test_an_audience_is_written_in_words() -> None:
    assert audience_of(["everyone"], CATALOGUE) == Audience()
    wanted = ["language=ru", "language=fr", "service=WhatsApp", "kind=group"]
    assert audience_of(wanted, CATALOGUE) == Audience(
        kinds=frozenset({"group"}), languages=frozenset({"ru", "fr"}), services=frozenset({"whatsapp"})
    )


@pytest.mark.parametrize(
    ("narrowing", "error"),
    [
        ("somebody", "is no audience"),
        ("kind=", "is no audience"),
        ("kind=crowd", "no kind of chat"),
        ("service=nonesuch", "no service"),
        ("language=xx", "no language"),
    ],
)
def test_an_audience_that_there_is_not_is_named(narrowing: str, error: str) -> None:
    with pytest.raises(LineError, match=error):
        audience_of([narrowing], CATALOGUE)


# --- the other end ---------------------------------------------------------------------------------------------------


def written(tmp_path: Path, data: bytes) -> str:
    path = tmp_path / "text"
    path.write_bytes(data)
    return str(path)


def test_a_file_is_text_unless_it_is_said_to_be_markup(tmp_path: Path) -> None:
    file = written(tmp_path, b"1 < 2 <b>!</b>\n")
    assert command.wanted(file, ["everyone"], None, html=False).html == "1 &lt; 2 &lt;b&gt;!&lt;/b&gt;"
    assert command.wanted(file, ["everyone"], None, html=True).html == "1 < 2 <b>!</b>"


@pytest.mark.parametrize(
    ("data", "at", "error"),
    [
        (b"\xff", None, "is not text in UTF-8"),
        ("я".encode() * 9000, None, "is too long for one message"),
        (b"a", "tomorrow", "'tomorrow' is no time"),
    ],
)
def test_a_file_that_cannot_be_told_is_refused(tmp_path: Path, data: bytes, at: str | None, error: str) -> None:
    with pytest.raises(LineError, match=error):
        command.wanted(written(tmp_path, data), ["everyone"], at, html=False)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LineError, match="cannot be read: No such file"):
        command.wanted(str(tmp_path / "none"), ["everyone"], None, html=False)


def asked(tmp_path: Path, at: str | None = None, audience: str = "everyone") -> command.Wanted:
    return command.wanted(written(tmp_path, b"Dear readers"), [audience], at, html=False)


async def test_before_the_question_is_answered_there_is_no_broadcast(
    tmp_path: Path, orders: Orders, store: Store
) -> None:
    async with answering(path_beside(tmp_path / "db"), orders.obey):
        question = await command.question(tmp_path / "db", asked(tmp_path))
    assert question == "Dear readers\n\nTell this to 3 chats? It takes about 1 s."
    assert await store.broadcasts.latest(9) == []


@pytest.mark.parametrize(
    ("at", "audience", "error"),
    [
        (None, "kind=channel", "nobody is in this audience"),
        ("2020-01-01 09:00", "everyone", "this time is over"),
        ("2099-01-01 09:00", "everyone", "more than a year ahead"),
    ],
)
async def test_what_could_not_be_sent_is_not_asked_for(
    tmp_path: Path, orders: Orders, at: str | None, audience: str, error: str
) -> None:
    async with answering(path_beside(tmp_path / "db"), orders.obey):
        with pytest.raises(LineError, match=error):
            await command.question(tmp_path / "db", asked(tmp_path, at, audience))


async def test_what_is_sent_is_followed_to_its_end(
    tmp_path: Path, orders: Orders, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.broadcasts.orders._FOLLOWED_EVERY_S", 0.01)
    lines: asyncio.Queue[str] = asyncio.Queue()
    async with answering(path_beside(tmp_path / "db"), orders.obey), asyncio.TaskGroup() as group:
        group.create_task(command.send(tmp_path / "db", asked(tmp_path), lines.put_nowait))
        assert await lines.get() == "Broadcast 1 running: 0 sent, 0 unknown, 0 failed, 3 left"
        await store.broadcasts.stop(1, now=time.time())
        assert await lines.get() == "Broadcast 1 stopped: 0 sent, 0 unknown, 0 failed, 0 left"


async def test_what_is_to_begin_later_is_not_waited_for(tmp_path: Path, orders: Orders, store: Store) -> None:
    lines: list[str] = []
    at = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d %H:%M}"
    async with answering(path_beside(tmp_path / "db"), orders.obey):
        await command.send(tmp_path / "db", asked(tmp_path, at), lines.append)
    assert lines == ["Broadcast 1 begins at its time."]
    assert [one.state for one in await store.broadcasts.latest(9)] == ["scheduled"]
