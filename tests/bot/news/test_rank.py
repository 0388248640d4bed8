"""The order of links has its reasons, and says them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.news import rank
from bot.news.mentions import Names, marked
from bot.news.places import is_about
from bot.news.vocabulary import LANGUAGES
from bot.store.news import StoredStory
from tests.bot.news.labelled import names

NOW = 1_790_000_000.0
DAY = 86_400
STORY = StoredStory(
    id=1,
    feed="ooni",
    language="en",
    title="Russia blocks WhatsApp",
    summary="",
    url="https://news.example.org/1",
    published_at=NOW,
    at=NOW,
)


def ranked(
    *stories: StoredStory, languages: tuple[str, ...] = ("en",), country: str | None = None, subject: str = "whatsapp"
) -> list[rank.Ranked]:
    weights = {"ooni": 1.0, "paper": 0.5}
    return rank.rank(stories, subject, names(), rank.Reader(languages, country), weights=weights, now=NOW)


def test_a_link_says_why_it_is_shown() -> None:
    (one,) = ranked(replace(STORY, at=NOW - 2 * DAY), country="RU")
    assert one.reasons == ("title: blocks", "2 days old", "source 1.0", "about RU", "en")


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({}, {"at": NOW - 5 * DAY}),
        ({}, {"feed": "paper"}),
        ({}, {"feed": "unknown"}),
        ({"title": "Russia blocks WhatsApp"}, {"title": "Messengers in Russia", "summary": "Russia blocks WhatsApp."}),
        ({"title": "WhatsApp blocked in Moscow"}, {"title": "WhatsApp blocked"}),
        ({"title": "WhatsApp blocked"}, {"title": "WhatsApp blocked in Uganda"}),
    ],
)
def test_newer_better_sources_and_nearer_come_first(better: dict[str, str], worse: dict[str, str]) -> None:
    stories = (replace(STORY, id=2, **worse), replace(STORY, id=1, **better))  # type: ignore[arg-type]
    assert [one.story.id for one in ranked(*stories, country="RU")] == [1, 2]


def test_the_readers_first_language_comes_first_and_unread_ones_never() -> None:
    russian = replace(STORY, id=2, language="ru", title="В России заблокировали WhatsApp", at=NOW - DAY)
    french = replace(STORY, id=3, language="fr", title="La Russie bloque WhatsApp")
    found = ranked(STORY, russian, french, languages=("ru", "en"))
    assert [one.story.id for one in found] == [2, 1]


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(["ooni", "paper"]), st.booleans()), max_size=12))
def test_asking_for_a_few_gives_the_first_of_all(rows: list[tuple[int, str, bool]]) -> None:
    stories = [
        replace(
            STORY,
            id=number,
            at=NOW - days * DAY,
            feed=source,
            title="Russia blocks WhatsApp" if in_title else "Messengers in trouble",
            summary="Russia blocks WhatsApp.",
        )
        for number, (days, source, in_title) in enumerate(rows)
    ]
    reader, weights = rank.Reader(("en",)), {"ooni": 1.0, "paper": 0.5}
    every = rank.rank(stories, "whatsapp", names(), reader, weights=weights, now=NOW)
    assert rank.rank(stories, "whatsapp", names(), reader, weights=weights, now=NOW, most=3) == every[:3]


def test_what_is_old_is_not_linked() -> None:
    assert ranked(replace(STORY, at=NOW - rank.RECENT_S - 1)) == []


def test_a_story_that_only_names_the_service_is_not_linked() -> None:
    assert (
        ranked(replace(STORY, title="Minister resigns", summary="He wrote so on WhatsApp. Russia blocks Signal.")) == []
    )


def test_a_site_is_found_by_its_name() -> None:
    host = Names.of_host("example.org")
    story = replace(STORY, title="Regulator blocks example.org again", summary="")
    found = rank.rank([story], "example.org", host, rank.Reader(("en",)), weights={}, now=NOW)
    assert [one.story.id for one in found] == [1]
    other = replace(STORY, title="Regulator blocks notexample.org and example.org.evil.test", summary="")
    assert rank.rank([other], "example.org", host, rank.Reader(("en",)), weights={}, now=NOW) == []


@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
def test_any_text_is_about_something_or_nothing(text: str, language: str) -> None:
    assert all(0 < found.relevance <= 1 for found in rank.relations(text, text, language, names()).values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "words", ["the ban on access to ", "WhatsApp, and Telegram and ", "WhatsApp is the ", "§", "faces a "]
)
def test_no_text_takes_long_to_judge(language: str, words: str) -> None:
    for _ in range(10):  # a quadratic pattern would take minutes
        rank.relations(words * 200, words * 1000, language, names())


# --- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Russia blocks WhatsApp, Telegram", "russia blocks §whatsapp§ , §telegram§"),
        ("В «ВКонтакте» и ватсапе", "в §vk§ и §whatsapp§"),
        ("L’accès à Télégram", "l' accès à §telegram§"),
        ("Telegram's website", "§telegram§ 's website"),
        ("The regulator will signal a ban", "the regulator will signal a ban"),
        ("Regulator blocks Signal in Iran", "regulator blocks §signal§ in iran"),
        ("Max Verstappen wins again", "max verstappen wins again"),
        ("Telegram-канал заблокирован", "telegram-канал заблокирован"),
        ("YouTube Music is down", "youtube music is down"),
        ("nowhatsapp whatsapp.evil", "nowhatsapp whatsapp.evil"),
        ("Social media and VPNs banned", "§*social§ and §*vpn§ banned"),
    ],
)
def test_names_are_marked_where_they_are_names(text: str, shown: str) -> None:
    assert marked(text, names()) == shown


@pytest.mark.parametrize(
    ("text", "country", "about"),
    [
        ("uganda blocks whatsapp", "UG", True),
        ("uganda blocks whatsapp", "RU", False),
        ("whatsapp is blocked", "RU", None),
        ("роскомнадзор заблокировал whatsapp", "RU", True),
        ("le mali coupe internet", "ML", True),
        ("somalia and malians", "ML", True),
        ("malicious software", "ML", None),
        ("uganda blocks whatsapp", "XX", None),
    ],
)
def test_countries_are_known_by_their_names(text: str, country: str, about: bool | None) -> None:
    assert is_about(text, country) is about
