"""Categories are read in three languages, and a question for what works is told from all others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat import words
from bot.chat.categories import DEFAULT, Reading, asked, read
from probes.catalogue import Catalogue

KNOWN = Catalogue.load().categories()


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("", ()),
        ("here now", ()),
        ("news", ("news",)),
        ("NEWS", ("news",)),
        ("news, vpn", ("news", "vpn")),
        ("vpn vpn", ("vpn",)),
        ("social networks", ("social",)),
        ("state services", ("state",)),
        ("новости", ("news",)),
        ("соцсети", ("social",)),
        ("социальные сети", ("social",)),
        ("мессенджерах", ("messenger",)),
        ("игры и видео", ("games", "video")),
        ("впн", ("vpn",)),
        ("actualités", ("news",)),
        ("réseaux sociaux", ("social",)),
        ("jeux vidéo", ("games", "video")),
        ("all", tuple(KNOWN)),
        ("всё", tuple(KNOWN)),
        ("tout", tuple(KNOWN)),
    ],
)
def test_a_list_of_categories_is_read(text: str, categories: tuple[str, ...]) -> None:
    assert read(text, KNOWN) == Reading(categories)


def test_what_is_no_category_is_told_apart() -> None:
    assert read("vpn blah whatsapp", KNOWN) == Reading(("vpn",), ("blah", "whatsapp"))


@pytest.mark.parametrize("category", KNOWN)
def test_every_category_is_known_by_its_own_id_and_its_title(category: str) -> None:
    assert read(category, KNOWN).categories == (category,)
    assert category in read(words.CATEGORIES[category], KNOWN).categories


def test_a_category_that_the_catalogue_lacks_is_unknown() -> None:
    assert read("vpn", ("news",)) == Reading((), ("vpn",))


@pytest.mark.parametrize(
    ("text", "categories"),
    [
        ("what works?", ()),
        ("What works here now?", ()),
        ("what's working in Moscow", ()),
        ("what is blocked here?", ()),
        ("что работает?", ()),
        ("Что сейчас работает в Москве?", ()),
        ("что тут заблокировано", ()),
        ("Qu'est-ce qui marche ?", ()),
        ("qu’est-ce qui fonctionne ici ?", ()),
        ("which messengers work", ("messenger",)),
        ("do vpns work?", ("vpn",)),
        ("какие vpn работают", ("vpn",)),
        ("соцсети работают?", ("social",)),
        ("quels réseaux sociaux marchent ici ?", ("social",)),
    ],
)
def test_a_question_for_what_works_is_recognised(text: str, categories: tuple[str, ...]) -> None:
    assert asked(text, KNOWN) == categories


@pytest.mark.parametrize(
    "text", ["", "works", "is it working", "работает?", "that works for me", "what's up", "что", "новости", "qui es-tu"]
)
def test_another_question_is_none(text: str) -> None:
    assert asked(text, KNOWN) is None


def test_messengers_are_meant_where_nothing_else_is() -> None:
    assert DEFAULT in KNOWN


@given(st.text(max_size=500))
def test_no_text_is_too_strange_to_be_read(text: str) -> None:
    reading = read(text, KNOWN)
    assert set(reading.categories) <= set(KNOWN)
    assert not set(reading.unknown) & set(KNOWN)
    asked(text, KNOWN)
