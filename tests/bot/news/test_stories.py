"""One story is told once, is of the time that it can be of, and is found in any form of its words."""

from __future__ import annotations

import pytest

from bot.news import stories
from bot.news.model import Entry, Feed
from bot.news.stems import significant, stem, stems
from bot.news.stories import Retold, dated, same_story
from bot.store.news import Headline, NewStory
from tests.bot.news.labelled import names

NOW = 1_790_000_000.0
HOUR = 3600
FEED = Feed(id="one", name="One", url="https://one.example.org/feed", language="en")


def entry(title: str = "Russia blocks WhatsApp", at: float | None = NOW, summary: str = "") -> Entry:
    return Entry(title=title, summary=summary, url="https://one.example.org/1", published_at=at)


def sort(*entries: Entry, headlines: tuple[Headline, ...] = ()) -> list[NewStory]:
    return stories.sort(FEED, entries, headlines, names(), NOW)


@pytest.mark.parametrize(
    ("published_at", "believed", "goes_by"),
    [
        (NOW - HOUR, NOW - HOUR, NOW - HOUR),
        (None, None, NOW),
        (NOW + HOUR, NOW, NOW),
        (NOW + 48 * HOUR, None, NOW),
        (253_397_030_400.0, None, NOW),
        (0.0, None, NOW),
        (-5.0, None, NOW),
    ],
    ids=["past", "missing", "a fast clock", "the future", "the year 9999", "1970", "before"],
)
def test_dates_are_believed_where_they_can_be(
    published_at: float | None, believed: float | None, goes_by: float
) -> None:
    assert dated(entry(at=published_at), NOW) == (believed, goes_by)


def test_old_entries_and_those_without_a_word_about_access_are_not_kept() -> None:
    assert sort(entry(at=NOW - stories.KEEP_S - 1), entry("A new café opens")) == []


def test_a_story_is_kept_with_what_it_is_about() -> None:
    (kept,) = sort(entry("Russia blocks WhatsApp and Signal"))
    assert (kept.subjects, kept.access, kept.same_as) == ("signal whatsapp", True, None)


def test_a_story_about_an_unknown_site_is_kept_for_those_who_ask_for_it() -> None:
    (kept,) = sort(entry("Regulator blocks example.org"))
    assert (kept.subjects, kept.access) == ("", False)
    assert "example.org" in kept.words.split()


# --- told again ------------------------------------------------------------------------------------------------------


def headline(title: str, subjects: str, at: float = NOW, language: str = "en") -> Headline:
    return Headline(7, language, " ".join(significant(title, language)), subjects, at)


@pytest.mark.parametrize(
    ("first", "again"),
    [
        ("Russia blocks WhatsApp", "Russia is blocking WhatsApp"),
        (
            "Gabon suspends TikTok and Facebook",
            "Gabon suspends TikTok and Facebook until further notice, regulator says",
        ),
        ("Uganda blocks WhatsApp ahead of election", "WhatsApp blocked in Uganda ahead of elections"),
    ],
)
def test_another_telling_of_a_story_is_known(first: str, again: str) -> None:
    (told,) = sort(entry(first))
    (kept,) = sort(entry(again), headlines=(headline(first, told.subjects),))
    assert kept.same_as == 7


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("Russia unblocks WhatsApp", headline("Russia blocks WhatsApp", "whatsapp")),
        ("Uganda blocks WhatsApp again today", headline("Uganda blocks Facebook again today", "facebook")),
        ("Russia blocks WhatsApp", headline("Russia blocks WhatsApp", "whatsapp", at=NOW - 80 * HOUR)),
        ("Russia blocks WhatsApp", headline("Russia blocks WhatsApp", "whatsapp", language="fr")),
        ("Internet cut in Mali", headline("Internet cut in Chad and neighbours", "")),
    ],
    ids=["the opposite", "another service", "another time", "another language", "another place"],
)
def test_what_only_sounds_alike_is_a_story_of_its_own(title: str, known: Headline) -> None:
    (kept,) = sort(entry(title), headlines=(known,))
    assert kept.same_as is None


def test_headlines_without_words_are_not_the_same() -> None:
    assert not same_story(frozenset(), frozenset())
    assert Retold(()).first(frozenset({"a"}), "en", "", NOW) is None


# --- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("ru", ("заблокировали", "блокировка", "блокировкой", "заблокирован", "блокируют")),
        ("ru", ("мессенджер", "мессенджеру", "мессенджеров", "мессенджерами")),
        ("ru", ("замедление", "замедлили", "замедляют")),
        ("fr", ("bloqué", "bloquée", "bloquent", "blocage", "bloquer")),
        ("fr", ("coupure", "coupures")),
        ("fr", ("réseau", "réseaux")),
        ("en", ("blocked", "blocking", "blocks", "block")),
        ("en", ("restrictions", "restricted", "restricts")),
    ],
)
def test_a_word_is_found_in_any_of_its_forms(language: str, forms: tuple[str, ...]) -> None:
    assert len({stem(form, language) for form in forms}) == 1


def test_to_block_and_to_unblock_are_not_the_same() -> None:
    for language, one, other in (("en", "block", "unblock"), ("ru", "заблокировали", "разблокировали")):
        assert stem(one, language) != stem(other, language)
    assert stem("débloqué", "fr") == stem("unblocked", "en") == stem("разблокировка", "ru")
    assert stem("blockchain", "en") != stem("block", "en")


def test_host_names_are_words_as_a_whole_and_in_parts() -> None:
    assert next(stems("Example.org blocked", "en")) == "example.org"
    assert set(stems("example.org", "en")) == {"example.org", "exampl", "org"}
