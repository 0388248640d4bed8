"""What a register says is told beside the answer and changes nothing of it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chat import replies, words
from bot.chat.beside import Beside
from bot.checks import Answer
from bot.registry import Record
from bot.store import RegistryEntry
from probes.model import Report, Status, Vantage
from tests.bot.canned import WHATSAPP, report
from tests.bot.chat.test_replies import text_of

BLOCKED = report(status=Status.BLOCKED)


def said(record: Record | None, found: Report = BLOCKED) -> str:
    return text_of(replies.answer(WHATSAPP, Answer(found, 0), Beside(record=record)))


@pytest.mark.parametrize(
    ("known", "sentence"),
    [
        (("2022-03-04", "Генпрокуратура"), "since 4 March 2022, by Генпрокуратура, "),
        (("2022-03-04", None), "since 4 March 2022, "),
        ((None, "Генпрокуратура"), "sites, by Генпрокуратура, "),
        ((None, None), "sites, "),
    ],
)
def test_an_entry_is_told_with_what_is_known_of_it(known: Any, sentence: str) -> None:
    record = Record(listed=(RegistryEntry("a.example", *known),), link="https://r.example/?q=a.example")
    text = said(record)
    assert "In Russia's register of blocked sites" in text
    assert (
        f"{sentence}the whole site or some of its pages: a.example. Look it up: https://r.example/?q=a.example\n"
        in text
    )


def test_of_several_entries_the_oldest_says_since_when() -> None:
    entries = [
        RegistryEntry(f"{letter}.example", since)
        for letter, since in zip("abcd", ("2024", None, "2022", "2023"), strict=True)
    ]
    text = said(Record(listed=tuple(entries)))
    assert "since 2022, the whole site or some of its pages: a.example, b.example, c.example … and 1 more." in text


def test_a_block_without_an_entry_is_said_plainly() -> None:
    text = said(Record(without_entry=(RegistryEntry("a.example"),)))
    assert words.REGISTER_WITHOUT_ENTRY.format(names="a.example") in text
    assert "Roskomsvoboda" in words.REGISTER_WITHOUT_ENTRY


@pytest.mark.parametrize(
    ("record", "found", "told"),
    [
        (Record(complete=True), BLOCKED, False),
        (Record(complete=True), report(status=Status.BLOCKED, vantage=Vantage(country="RU")), True),
        (Record(complete=True), report(status=Status.BLOCKED, vantage=Vantage(country="UG")), False),
        (Record(complete=True), report(status=Status.DOWN), False),
        (Record(complete=True), report(), False),
        (Record(complete=False), BLOCKED, False),
    ],
)
def test_that_there_is_no_entry_is_said_only_where_it_means_something(
    record: Record, found: Report, told: bool
) -> None:
    assert (words.REGISTER_NOT_LISTED in said(record, found)) == told


def test_a_host_of_an_unknown_country_is_not_taken_for_a_russian_one() -> None:
    assert words.REGISTER_NOT_LISTED_SOMEWHERE in said(Record(complete=True))
    elsewhere = report(status=Status.BLOCKED, vantage=Vantage(country="UG"))
    assert words.REGISTER_NOT_LISTED_SOMEWHERE not in said(Record(complete=True), elsewhere)


def test_nothing_known_changes_nothing() -> None:
    assert said(Record()) == said(None)


def test_an_entry_never_touches_the_verdict() -> None:
    listed = Record(listed=(RegistryEntry("a.example"),), complete=True)
    fine = replies.answer(WHATSAPP, Answer(report(), 0), Beside(record=listed))
    assert fine.blocks[0] == replies.answer(WHATSAPP, Answer(report(), 0)).blocks[0]
