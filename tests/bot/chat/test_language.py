"""What is said is said in the language of whoever listens, whoever else is listening."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from bot.chat import words
from bot.chat.language import (
    LANGUAGES,
    ago,
    all_of,
    around,
    at_time,
    closest,
    lasting,
    named,
    number,
    on_day,
    one_of,
    plural,
    say,
    speaking,
    spoken,
)
from bot.chat.locales import path_of
from probes.model import Status

WORKS = words.HEADLINE[next(iter(words.HEADLINE))]
FSI, PDI = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"
DAY_S = 86_400


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("pt-br", "pt"),
        ("pt_PT", "pt"),
        ("RU", "ru"),
        ("ar-EG", "ar"),
        ("de", None),
        ("", None),
        (None, None),
        ("zh-hans", None),
        ("rue", None),
    ],
)
def test_a_tag_asks_for_the_closest_language(tag: str | None, language: str | None) -> None:
    assert closest(tag) == language


def test_every_language_has_a_catalogue_and_a_name_of_its_own() -> None:
    assert len(set(LANGUAGES.values())) == len(LANGUAGES) == 6
    assert all(path_of(language).exists() for language in LANGUAGES if language != "en")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "WhatsApp — works"),
        ("ru", "WhatsApp — работает"),
        ("fr", "WhatsApp — fonctionne"),
        ("sw", "WhatsApp — inafanya kazi"),
        ("pt-br", "WhatsApp — funciona"),
        ("de", "WhatsApp — works"),
    ],
)
def test_a_text_is_said_in_the_language_spoken(language: str, said: str) -> None:
    with speaking(language):
        assert say(WORKS, name="WhatsApp") == said


def test_an_untranslated_text_is_said_in_english() -> None:
    with speaking("ru"):
        assert say("{name} flies", name="WhatsApp") == "WhatsApp flies"
        assert plural("{count} wing", "{count} wings", 2) == "2 wings"


def test_an_empty_text_is_empty_in_every_language() -> None:
    with speaking("ru"):
        assert say("") == ""


def test_what_is_not_in_a_table_is_said_as_it_stands() -> None:
    with speaking("ru"):
        assert named(words.COMPONENT_NAMES, "web") == "Сайт"
        assert named(words.COMPONENT_NAMES, "{odd}") == "{odd}"


def test_the_language_ends_with_its_context() -> None:
    with speaking("ru"):
        with speaking("fr"):
            assert spoken() == "fr"
        assert spoken() == "ru"
    assert spoken() == "en"


async def test_tasks_speak_the_language_that_they_were_begun_in() -> None:
    async def later() -> str:
        await asyncio.sleep(0)
        return say(WORKS, name="x")

    with speaking("ru"):
        russian = asyncio.create_task(later())
    with speaking("fr"):
        french = asyncio.create_task(later())
    assert [await later(), await russian, await french] == ["x — works", "x — работает", "x — fonctionne"]


@pytest.mark.parametrize(
    ("language", "age_s", "said"),
    [
        ("en", 0, "1 second ago"),
        ("en", 1.9 * DAY_S, "1 day ago"),
        ("en", 45 * DAY_S, "45 days ago"),
        ("ru", DAY_S, "1 день назад"),
        ("ru", 2 * DAY_S, "2 дня назад"),
        ("ru", 11 * DAY_S, "11 дней назад"),
        ("ru", 21 * DAY_S, "21 день назад"),
        ("fr", 120, "il y a 2 minutes"),
        ("ar", DAY_S, "قبل يوم واحد"),
        ("ar", 2 * DAY_S, "قبل يومين"),
        ("ar", 3 * DAY_S, "قبل 3 أيام"),
        ("ar", 11 * DAY_S, "قبل 11 يومًا"),
        ("ar", 100 * DAY_S, "قبل 100 يوم"),
    ],
)
def test_a_time_ago_takes_the_form_of_its_number(language: str, age_s: float, said: str) -> None:
    with speaking(language):
        assert ago(age_s) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ("2 hours", "A, B and C", "A, B or C", "9 August 2024", "1.5")),
        ("ru", ("2 часа", "A, B и C", "A, B или C", "9 августа 2024\N{NARROW NO-BREAK SPACE}г.", "1,5")),
        ("fr", ("2\N{NO-BREAK SPACE}heures", "A, B et C", "A, B ou C", "9 août 2024", "1,5")),
    ],
)
def test_spans_lists_days_and_numbers_follow_the_language(language: str, said: tuple[str, ...]) -> None:
    with speaking(language):
        assert (lasting(7199 + 60), all_of("ABC"), one_of("ABC"), on_day("2024-08-09"), number(1.46, 1)) == said


def test_a_day_that_is_none_stands_as_it_is() -> None:
    assert on_day("2024") == "2024"


@pytest.mark.parametrize(
    ("language", "count", "said"),
    [
        ("en", 1, "1 feed (failing: 0; not read yet: 0)"),
        ("en", 2, "2 feeds (failing: 0; not read yet: 0)"),
        ("ru", 1, "1 лента (с ошибкой: 0; ещё не прочитано: 0)"),
        ("ru", 22, "22 ленты (с ошибкой: 0; ещё не прочитано: 0)"),
        ("ru", 111, "111 лент (с ошибкой: 0; ещё не прочитано: 0)"),
        ("fr", 0, "0 flux (en panne : 0 ; pas encore lus : 0)"),
    ],
)
def test_a_count_decides_the_form(language: str, count: int, said: str) -> None:
    with speaking(language):
        assert plural(*words.FEEDS, count, failing=0, unread=0) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "WhatsApp — blocked since 22 Nov, 19:46"),
        ("ru", "WhatsApp — доступ заблокирован с 22 нояб., 19:46"),
        ("fr", "WhatsApp — bloqué depuis le 22 nov. à 19:46"),
    ],
)
def test_a_day_and_a_time_stand_within_a_sentence(language: str, said: str) -> None:
    with speaking(language):
        when = at_time(datetime(2026, 11, 22, 19, 46, tzinfo=UTC))
        assert say(words.STATE_SINCE[Status.BLOCKED], name="WhatsApp", when=when) == said


def test_latin_names_stand_apart_within_arabic() -> None:
    with speaking("ar"):
        assert say(WORKS, name="WhatsApp").startswith(f"{FSI}WhatsApp{PDI} — ")
        assert FSI not in say(WORKS, name="واتساب")
        assert FSI not in say("{name} is not Arabic", name="WhatsApp")
        assert say(words.REGISTER_LINK, sentence="", link="https://r.example/").endswith(" https://r.example/")
        assert f"{FSI}a.example{PDI}" in all_of(["a.example", "b.example"])
    with speaking("en"):
        assert say(WORKS, name="WhatsApp") == "WhatsApp — works"


def test_what_stands_around_a_placeholder_is_filled_in_on_both_sides() -> None:
    assert around(words.MEASURED_IN, "when", place="{when}") == ("Measured ", " from this bot's host ({when}).")


def test_a_bot_that_speaks_english_starts_without_babel() -> None:
    code = (
        "import sys; from bot.chat import language, replies; replies.help_(told=True); sys.exit('babel' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
