"""What the command line may have done, and what it is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from bot.broadcasts import command
from bot.broadcasts.broadcasts import Broadcasts
from bot.broadcasts.model import Audience
from bot.broadcasts.orders import Orders, audience_of
from bot.operator_line import LineError, answering, path_beside
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


async def drafted(orders: Orders, html: str = "Dear readers", audience: list[str] | None = None) -> dict[str, Any]:
    return await orders.obey({"do": "draft", "html": html, "audience": audience or ["everyone"]})


async def test_a_draft_is_told_with_its_audience_and_goes_out_once(orders: Orders) -> None:
    draft = await drafted(orders)
    assert (draft["state"], draft["left"], draft["sent"]) == ("draft", 3, 0)
    assert draft["remaining_s"] == pytest.approx(3 / 27)
    assert (await orders.obey({"do": "send", "id": draft["id"]}))["state"] == "running"
    with pytest.raises(LineError, match="cannot do that now"):
        await orders.obey({"do": "send", "id": draft["id"]})
    with pytest.raises(LineError, match="cannot do that now"):
        await orders.obey({"do": "discard", "id": draft["id"]})


async def test_it_may_begin_later_but_neither_before_nor_for_ever(orders: Orders) -> None:
    draft = await drafted(orders)
    for at in (0, time.time() - 1, 1e30, float("nan")):
        with pytest.raises(LineError, match="this time is over"):
            await orders.obey({"do": "send", "id": draft["id"], "at": at})
    assert (await orders.obey({"do": "send", "id": draft["id"], "at": time.time() + 60}))["state"] == "scheduled"


@pytest.mark.parametrize(
    ("html", "error"),
    [
        ("<b>never", "the markup is broken: <b> is never closed"),
        (" <b> </b>", "the text is empty"),
        ("", "the text is empty"),
        ("x" * 4097, "too long: 4097 of at most 4096"),
    ],
)
async def test_a_text_that_nobody_could_be_told_is_no_draft(
    orders: Orders, store: Store, html: str, error: str
) -> None:
    with pytest.raises(LineError, match=error):
        await drafted(orders, html)
    assert await store.broadcasts.latest(9) == []


@pytest.mark.parametrize("order", [{}, {"do": "dance"}, {"do": "send"}, {"do": "draft", "html": 1, "audience": []}])
async def test_an_unknown_order_is_of_another_version(orders: Orders, order: dict[str, Any]) -> None:
    with pytest.raises(LineError, match="another version"):
        await orders.obey(order)


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


async def told(tmp_path: Path, orders: Orders, *, agreed: bool, audience: str = "everyone") -> list[str]:
    lines: list[str] = []
    what = command.wanted(written(tmp_path, b"Dear readers"), [audience], "2099-01-01 09:00", html=False)

    def ask(question: str) -> bool:
        lines.append(question)
        return agreed

    async with answering(path_beside(tmp_path / "db"), orders.obey):
        await command.broadcast(tmp_path / "db", what, agreed=ask, tell=lines.append)
    return lines


async def test_without_a_yes_nothing_is_sent(tmp_path: Path, orders: Orders, store: Store) -> None:
    question, end = await told(tmp_path, orders, agreed=False)
    assert "Dear readers" in question
    assert "Tell this to 3 chats? It takes about 1 s." in question
    assert end == "Nothing was sent."
    assert [one.state for one in await store.broadcasts.latest(9)] == ["cancelled"]


async def test_nobody_is_not_told(tmp_path: Path, orders: Orders, store: Store) -> None:
    with pytest.raises(LineError, match="nobody is in this audience"):
        await told(tmp_path, orders, agreed=True, audience="kind=channel")
    assert [one.state for one in await store.broadcasts.latest(9)] == ["cancelled"]


async def test_a_time_that_is_too_far_is_refused_by_the_bot(tmp_path: Path, orders: Orders) -> None:
    with pytest.raises(LineError, match="more than a year ahead"):
        await told(tmp_path, orders, agreed=True)
