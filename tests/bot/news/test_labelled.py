"""What is linked is about the service: held against headlines whose truth is known."""

from __future__ import annotations

from bot.news import rank
from tests.bot.news.labelled import figures, labelled, names

ALL = ("development", "held_out")


def test_the_set_is_large_mixed_and_full_of_near_misses() -> None:
    rows = labelled(*ALL)
    assert len(rows) >= 150
    assert {row.story.language for row in rows} == {"en", "ru", "fr"}
    assert 0.4 < sum(not row.access for row in rows) / len(rows) < 0.6


def test_links_are_about_the_service_that_was_asked_for() -> None:
    found = figures(labelled(*ALL))
    assert found.precision >= 0.9
    assert found.wrong_first == ()
    assert found.recall >= 0.9


def test_so_they_are_for_headlines_that_the_vocabulary_was_not_tuned_on() -> None:
    found = figures(labelled("held_out"))
    assert found.precision >= 0.9
    assert found.wrong_first == ()
    assert found.recall >= 0.8


def test_the_news_about_access_have_nothing_else_in_them() -> None:
    rows = labelled(*ALL)
    told = [bool(rank.subjects(row.story.title, row.story.summary, row.story.language, names())) for row in rows]
    right = sum(told_so and row.access for told_so, row in zip(told, rows, strict=True))
    assert right / sum(told) >= 0.95
    assert right / sum(row.access for row in rows) >= 0.9
