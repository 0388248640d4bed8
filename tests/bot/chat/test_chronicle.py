"""/history and /status say what is kept, with a picture, and measure nothing."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from bot import remembered
from bot.alerts.subscriptions import Subscription
from bot.chat import charts, words
from bot.chat.chronicle import Chronicle
from bot.chat.conversation import Conversation
from bot.chat.past import Incident
from bot.chat.reply import Button, Headline, Items, Paragraph, Reply
from bot.chat.request import Request
from bot.checks import Checks
from bot.history import Reading
from bot.store import Store
from probes.catalogue import Catalogue
from probes.model import Cause, Status
from tests.bot.canned import SIGNAL, TELEGRAM, WHATSAPP, CannedProber
from tests.bot.chat.test_conversation import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import tzinfo
    from pathlib import Path

    from probes.model import Service

NOW = 1_795_426_800.0  # 2026-11-23 09:40 UTC
CATALOGUE = Catalogue((SIGNAL, TELEGRAM, WHATSAPP))
DRAWN = b"a picture"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        yield store


@pytest.fixture(autouse=True)
def drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pictures look like is others' affair."""
    monkeypatch.setattr("bot.chat.chronicle.timeline.draw", lambda *_: DRAWN)
    monkeypatch.setattr("bot.chat.chronicle.board.draw", lambda *_: DRAWN)


async def ask(store: Store, text: str, *, pictures: bool = True, language: str = "en", **parts: Any) -> Reply:
    heard = Listener(pictures=pictures)
    desk = Chronicle(store.history, CATALOGUE, clock=lambda: NOW, **parts)
    async with asyncio.TaskGroup() as tasks:
        checks = Checks(CannedProber(), store, tasks, cache_s=60)
        await Conversation(checks, CATALOGUE, desks=(desk,)).handle(
            Request(chat="telegram:1", text=text, language=language), heard
        )
    (reply,) = heard.answers
    return reply


async def measured(store: Store, *ago: tuple[float, Status], target: str = "whatsapp", kind: str = "service") -> None:
    for seconds, status in ago:
        causes = (Cause.TLS_SNI_RESET,) if status is Status.BLOCKED else ()
        taken_s = 0.1 if status is Status.OK else None
        await store.history.add(kind, target, Reading(NOW - seconds, None, status, causes=causes, response_s=taken_s))


def texts(reply: Reply) -> str:
    lines: list[str] = []
    for block in reply.blocks:
        match block:
            case Headline(text=text) | Paragraph(text=text):
                lines.append(text)
            case Items(title=title, lines=items):
                lines += [title, *(line.text for line in items)]
            case _:
                raise AssertionError(block)
    return "\n".join(lines)


OK, BLOCKED = Status.OK, Status.BLOCKED
EVENING = [(3000.0 - 300 * n, OK if n < 5 else BLOCKED) for n in range(10)]


async def test_a_history_tells_of_a_certificate_that_nobody_could_judge_no_more_than_that(store: Store) -> None:
    for status, told in (
        (Status.INCONCLUSIVE, "by an authority that it is not known to use"),
        (BLOCKED, "bad everywhere"),
    ):
        reading = Reading(NOW - 600, NOW, status, causes=(Cause.SERVICE_CERTIFICATE,))
        await store.history.add("service", "whatsapp", reading)
        assert f"What stopped it: its certificate is {told}." in texts(await ask(store, "/history whatsapp 24h"))


async def test_a_history_says_in_words_all_that_its_picture_shows(store: Store) -> None:
    await measured(store, *EVENING)
    reply = await ask(store, "/history whatsapp 24h")
    assert reply.picture is not None
    assert reply.picture.png == DRAWN
    said = texts(reply).split("\n")
    assert said[0] == "WhatsApp — blocked since 09:15"
    assert said[1].startswith("In 24 hours it worked 50.0 % of the time that could be told. Measured for 3.4 %")
    assert "The longest time without it: 25 minutes so far, from 09:15." in said
    assert "What stopped it: cut off once the name is said." in said
    assert "While it worked, it answered in 100 ms; 95 of 100 times within 100 ms." in said
    assert [[button.command for button in row] for row in reply.buttons] == [
        [f"/past whatsapp {period}" for period in ("24h", "7d", "30d", "1y")],
        ["/past whatsapp 24h light", "/again whatsapp"],
    ]


async def test_a_week_is_shown_unless_something_else_is_asked_for(store: Store) -> None:
    await measured(store, (300, OK))
    assert "In 7 days" in texts(await ask(store, "/history whatsapp"))
    assert "In one year" in texts(await ask(store, "/history whatsapp year"))
    light = await ask(store, "/past whatsapp 30d light")
    assert "In 30 days" in texts(light)
    assert light.buttons[0][0].command == "/past whatsapp 24h light"
    assert light.buttons[1][0].command == "/past whatsapp 30d"


async def test_times_are_those_of_the_chat(store: Store) -> None:
    async def zone_of(chat: str) -> tzinfo:
        assert chat == "telegram:1"
        return ZoneInfo("Europe/Moscow")

    await measured(store, *EVENING)
    assert "blocked since 12:15" in texts(await ask(store, "/history whatsapp 24h", zone_of=zone_of))


async def test_incidents_are_counted_where_they_are_kept(store: Store) -> None:
    async def incidents_of(service: Service, since: float) -> Sequence[Incident]:
        assert (service, since) == (WHATSAPP, NOW - 86_400)
        return [Incident(NOW - 5000, None), Incident(NOW - 9e5, NOW - 8e5)]

    await measured(store, (300, OK))
    assert "1 incident" in texts(await ask(store, "/history whatsapp 24h", incidents_of=incidents_of))


async def test_of_what_nobody_watches_it_is_said_that_incidents_are_not_recorded(store: Store) -> None:
    await measured(store, (300, BLOCKED))
    recorded = partial(remembered.incidents_of, store, CATALOGUE)
    assert words.NOT_WATCHED in texts(await ask(store, "/history whatsapp", incidents_of=recorded))
    await store.chats.meet("telegram:2", "private", now=NOW)
    await store.subscriptions.subscribe(
        "telegram:2", [Subscription("service:whatsapp")], language="en", cursor=0, told={}
    )
    said = texts(await ask(store, "/history whatsapp", incidents_of=recorded))
    assert words.NO_INCIDENTS in said
    assert words.NOT_WATCHED not in said


async def test_only_what_worked_says_how_fast_it_answers(store: Store) -> None:
    await measured(store, (300, OK))
    assert "It answers in 100 ms" in texts(await ask(store, "/history whatsapp"))
    await store.history.add("service", "signal", Reading(NOW - 300, None, Status.DEGRADED, response_s=9.0))
    assert "answer" not in texts(await ask(store, "/history signal"))


async def test_what_was_last_measured_long_ago_is_not_said_to_be_so_now(store: Store) -> None:
    await measured(store, (50_000, BLOCKED))
    assert texts(await ask(store, "/history whatsapp")).startswith(
        "WhatsApp — blocked when last measured, 22 Nov, 19:46"
    )


async def test_a_begin_behind_which_nothing_was_measured_is_said_to_be_uncertain(store: Store) -> None:
    await measured(store, (90_000, OK), (600, BLOCKED), (300, BLOCKED))
    assert words.STATE_AT_LEAST in texts(await ask(store, "/history whatsapp"))
    await measured(store, *EVENING)
    assert words.STATE_AT_LEAST not in texts(await ask(store, "/history whatsapp"))


async def test_of_what_was_not_measured_there_is_no_picture(store: Store) -> None:
    reply = await ask(store, "/history signal")
    assert reply.picture is None
    assert texts(reply) == "Signal: I have not measured it in this time."
    assert reply.buttons[1] == (Button(words.AGAIN_BUTTON, "/again signal"),)


@pytest.mark.parametrize("text", ["3d", "48h", "decade", "2 weeks", "7", "вчера", "forever light"])
async def test_periods_that_there_are_not_are_answered_with_those_that_there_are(store: Store, text: str) -> None:
    await measured(store, (300, OK))
    said = texts(await ask(store, f"/history whatsapp {text}"))
    assert said == "These periods I know: 24h, 7d, 30d, 1y. For example: /history whatsapp 30d"


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("whatsapp 24 hours", "24 hours"),
        ("whatsapp 7 days light", "7 days"),
        ("ватсап за неделю", "7 days"),
        ("whatsapp 30 дней", "30 days"),
        ("whatsapp 1 month", "30 days"),
        ("whatsapp 1 mois", "30 days"),
        ("ватсап 1 месяц", "30 days"),
        ("whatsapp 1 year", "one year"),
        ("whatsapp please", "7 days"),
        ("whatsapp telegram", "7 days"),
        ("what's app", "7 days"),
    ],
)
async def test_periods_are_written_in_many_ways(store: Store, text: str, period: str) -> None:
    await measured(store, (300, OK))
    assert f"In {period}" in texts(await ask(store, f"/history {text}"))


async def test_where_no_picture_can_be_seen_none_is_drawn_or_offered(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.chat.chronicle.painted", None)
    await measured(store, (300, OK))
    for command in ("/history whatsapp", "/status"):
        reply = await ask(store, command, pictures=False)
        assert texts(reply).endswith(words.PICTURE_ELSEWHERE)
        assert not [one for row in reply.buttons for one in row if "light" in one.command]


async def test_both_pictures_come_in_the_colours_that_are_asked_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("timeline", "board"):
        monkeypatch.setattr(f"bot.chat.chronicle.{module}.draw", lambda _, theme: theme.paper.encode())
    await measured(store, (300, OK))
    for command in ("/history whatsapp", "/status"):
        for asked, theme in ((command, charts.DARK), (f"{command} light", charts.LIGHT)):
            picture = (await ask(store, asked)).picture
            assert picture
            assert picture.png == theme.paper.encode()
    dark, light = await ask(store, "/status"), await ask(store, "/status light")
    assert dark.buttons[-1] == (Button(words.LIGHT_BUTTON, "/status light"), Button(words.UPDATE_BUTTON, "/status"))
    assert light.buttons[-1] == (Button(words.DARK_BUTTON, "/status"), Button(words.UPDATE_BUTTON, "/status light"))


async def test_a_host_has_a_day_of_history(store: Store) -> None:
    await measured(store, (300, OK), target="example.org", kind="host")
    for period in ("", "1y", "3d"):
        reply = await ask(store, f"/history example.org {period}")
        assert "In 24 hours" in texts(reply)
        assert texts(reply).endswith(words.HISTORY_HOST)
        assert len(reply.buttons) == 1


@pytest.mark.parametrize("text", ["/history", "/history 7d", "/history nothing like it"])
async def test_who_asks_for_nothing_that_is_known_is_told_how_to_ask(store: Store, text: str) -> None:
    assert texts(await ask(store, text)) == words.HISTORY_WHAT


async def test_what_is_wrong_with_a_host_is_said_in_the_language_of_the_chat(store: Store) -> None:
    assert "— это IP-адрес" in texts(await ask(store, "/history 127.0.0.1", language="ru"))


async def test_the_board_begins_with_what_does_not_work(store: Store) -> None:
    await measured(store, (300, OK))
    await measured(store, (200, BLOCKED), target="telegram")
    await measured(store, (20_000, OK), target="signal")
    reply = await ask(store, "/status")
    assert reply.picture is not None
    assert texts(reply).split("\n") == [
        "How things stand",
        "1 works, 1 blocked, 1 not measured lately",
        "Telegram — name filtered, cut",
        "The last measurement was 3 minutes ago.",
    ]
    assert [[button.command for button in row] for row in reply.buttons] == [
        ["/history telegram 24h"],
        ["/status light", "/status"],
    ]


async def test_an_empty_board_says_how_to_fill_it(store: Store) -> None:
    reply = await ask(store, "/status")
    assert (reply.picture, texts(reply)) == (None, words.BOARD_EMPTY)


async def test_without_a_picture_the_words_stay(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise RuntimeError("no font")

    monkeypatch.setattr("bot.chat.chronicle.timeline.draw", broken)
    await measured(store, (300, OK))
    reply = await ask(store, "/history whatsapp")
    assert reply.picture is None
    assert "WhatsApp — works" in texts(reply)


async def test_a_store_that_cannot_be_read_is_said(store: Store) -> None:
    await store.history._database._connection.execute("DROP TABLE series")
    assert texts(await ask(store, "/history whatsapp")) == words.NOT_NOW


def test_the_looks_are_those_that_can_be_asked_for() -> None:
    assert set(charts.THEMES) == {"dark", "light"}
