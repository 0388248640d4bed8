"""Pictures are drawn of whatever is known, in any language, within bounds, and keep nobody else waiting."""

from __future__ import annotations

import asyncio
import struct
import time
from dataclasses import replace
from datetime import UTC
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import board, past, standing, timeline
from bot.chat.bars import edges, shares
from bot.chat.charts import DARK, LIGHT, THEMES, WIDTH_PX, drawable, painted
from bot.chat.language import LANGUAGES, speaking, translated
from bot.chat.past import PERIODS, Incident, Past
from bot.chat.words import causes, history
from bot.history import Reading, settled
from bot.store.history import Since
from probes.catalogue import Catalogue
from probes.model import Cause, Status
from tests.bot.canned import WHATSAPP

NOW = 1_795_426_800.0
MOST_BYTES = 200_000


def said(ago_s: float, status: Status = Status.OK, **changes: Any) -> Reading:
    parts = {"web": status, "calls": Status.OK}
    return Reading(NOW - ago_s, None, status, components=parts, response_s=0.1, slowest_s=0.2)._replace(**changes)


def known(readings: list[Reading], period: str = "24h", incidents: tuple[Incident, ...] | None = ()) -> Past:
    since = Since(readings[-1].at, None, 1) if readings else None
    return Past(WHATSAPP, PERIODS[period], settled(readings, NOW), since, incidents, NOW, UTC)


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert len(png) <= MOST_BYTES
    return width, height


PASTS = {
    "nothing": [],
    "one point": [said(60)],
    "all inconclusive": [said(300 * n, Status.INCONCLUSIVE, response_s=None) for n in range(200, 0, -1)],
    "no answers": [said(300 * n, Status.BLOCKED, response_s=None, slowest_s=None) for n in range(200, 0, -1)],
    "ten thousand": [said(8 * n, list(Status)[n // 7 % 5], causes=(Cause.IP_DROPPED,)) for n in range(10_000, 0, -1)],
    "a long silence": [said(80_000), said(300)],
    "many parts": [said(300, components=dict.fromkeys("abcdefghij", Status.DOWN))],
    "slow beyond belief": [said(600), said(300, response_s=9000.0, slowest_s=9000.0)],
}


@pytest.mark.parametrize("readings", PASTS.values(), ids=PASTS)
def test_whatever_is_known_is_drawn(readings: list[Reading]) -> None:
    width, height = size(timeline.draw(past.timeline(known(readings))))
    assert width == WIDTH_PX
    assert timeline.HEIGHT_PX <= height <= 1650


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("incidents", [None, (), (Incident(NOW - 9e6, None), Incident(NOW - 500, NOW - 400))])
def test_every_period_is_drawn_with_and_without_incidents(period: str, incidents: tuple[Incident, ...] | None) -> None:
    assert size(timeline.draw(past.timeline(known(PASTS["ten thousand"], period, incidents))))[0] == WIDTH_PX


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_drawn_in_either_look(language: str, theme: Any) -> None:
    with speaking(language):
        words_said = past.timeline(known(PASTS["ten thousand"], "7d", (Incident(NOW - 500, None),)))
        assert size(timeline.draw(words_said, theme))[0] == WIDTH_PX


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_letters_of_every_language_can_be_drawn(language: str) -> None:
    with speaking(language):
        texts = [*causes.BRIEF.values(), *causes.TERSE.values(), *history.CHART_SINCE.values(), history.BOARD]
        assert all(map(drawable, map(translated, texts)))


def test_a_text_without_letters_for_it_is_known() -> None:
    assert drawable("WhatsApp, ватсап, واتساب: 97 % ✓")
    assert not drawable("微信")
    assert past.timeline(known([])._replace(service=replace(WHATSAPP, name="微信"))).name == "whatsapp"


def test_signs_that_the_font_lacks_cost_nothing_else() -> None:
    shown = past.timeline(known(PASTS["one point"]))
    assert size(timeline.draw(replace(shown, name="微信 🚀 $a$ $b")))[0] == WIDTH_PX


@pytest.mark.parametrize("theme", [DARK, LIGHT])
@pytest.mark.parametrize("count", [1, 7, 48])
def test_the_board_is_drawn_of_few_and_of_many(count: int, theme: Any) -> None:
    services = list(Catalogue.load())[:count]
    statuses: list[Status] = list(Status)
    readings = {
        one.id: settled([said(600 if n % 6 else 30_000, statuses[n % 5])], NOW) for n, one in enumerate(services)
    }
    found = standing.standings(services, readings, NOW)
    width, height = size(board.draw(standing.board(found, NOW), theme))
    assert width == WIDTH_PX
    assert height <= 3000


# --- what bars say ---------------------------------------------------------------------------------------------------

columns = st.dictionaries(st.sampled_from(Status), st.floats(0, 150))


@given(columns)
def test_a_bar_shows_all_that_was_seen_and_no_more_than_its_height(column: dict[Status, float]) -> None:
    found = dict(shares(column, 750))
    assert set(found) == {status for status, seconds in column.items() if seconds}
    assert sum(found.values()) <= 1 + 1e-9
    assert all(share >= 0.19 for share in found.values())


def test_a_time_without_measurements_has_no_bar_and_half_a_time_half_of_one() -> None:
    assert shares({}, 600) == []
    assert shares({Status.OK: 300}, 600) == [(Status.OK, 0.5)]
    assert shares({Status.OK: 590}, 600) == [(Status.OK, 1.0)]


@given(st.integers(1, 200))
def test_bars_stand_apart_on_whole_pixels(count: int) -> None:
    found = [edges(number, count, 48.0, 1032.0) for number in range(count)]
    assert all(before[1] < after[0] for before, after in pairwise(found))
    assert found[0][0] == 48


# --- threads ---------------------------------------------------------------------------------------------------------


async def test_drawing_leaves_the_loop_to_others() -> None:
    shown = past.timeline(known(PASTS["ten thousand"]))
    timeline.draw(shown)  # what is imported once is not what is measured
    turns, began = 0, time.perf_counter()
    drawing = asyncio.create_task(painted(partial(timeline.draw, shown)))
    while not drawing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert size(await drawing)[0] == WIDTH_PX
    assert turns >= 5, f"{turns} turns in {time.perf_counter() - began:.2f} s"


async def test_pictures_are_drawn_one_at_a_time() -> None:
    drawing, most = 0, 0

    def draw() -> bytes:
        nonlocal drawing, most
        drawing += 1
        most = max(most, drawing)
        time.sleep(0.01)
        drawing -= 1
        return b""

    await asyncio.gather(*(painted(draw) for _ in range(8)))
    assert most == 1
