"""The catalogues say what the texts say: all of it in the languages that are complete, nothing else in any."""

from __future__ import annotations

import unicodedata
from string import Formatter
from typing import TYPE_CHECKING

import pytest

from bot.chat.language import LANGUAGES
from bot.chat.locales import SOURCE, path_of
from bot.chat.locales.__main__ import TEMPLATE, forms, is_translated, read, share, updated, written
from bot.chat.locales.extract import sources, template, texts

if TYPE_CHECKING:
    from babel.messages.catalog import Message

COMPLETE = ("ru", "fr")
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
ONE_IS_ENOUGH = {"count"}
"""What the form for one, or for two, may leave out: "one day", "a pair"."""
DIRECTIONS = {"\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}", "\N{RIGHT-TO-LEFT MARK}"}


def messages(language: str) -> list[Message]:
    return [message for message in read(language) if message.id]


def ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_holds_the_texts_of_the_sources_and_no_others(language: str) -> None:
    """`make locales` brings it up to date."""
    assert path_of(language).read_bytes() == written(updated(language, template()))
    assert not read(language).obsolete


def test_the_template_holds_the_texts_of_the_sources() -> None:
    assert TEMPLATE.read_bytes() == written(template())


@pytest.mark.parametrize("language", COMPLETE)
def test_no_text_is_missing_in_a_complete_language(language: str) -> None:
    assert [ids(message) for message in messages(language) if not is_translated(message)] == []


@pytest.mark.parametrize("language", sorted(set(TRANSLATED) - set(COMPLETE)))
def test_a_language_that_was_begun_says_a_part(language: str) -> None:
    assert share(read(language)) > 0.2


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_have_the_placeholders_of_their_texts(language: str) -> None:
    wrong = []
    for message in messages(language):
        wanted = placeholders(ids(message)[-1])
        needed = wanted - ONE_IS_ENOUGH if len(ids(message)) > 1 else wanted
        wrong += [form for form in filter(None, forms(message)) if not needed <= placeholders(form) <= wanted]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_plural_is_translated_in_all_its_forms_or_not_at_all(language: str) -> None:
    halves = [ids(message) for message in messages(language) if any(forms(message)) and not is_translated(message)]
    assert halves == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_hold_neither_markup_nor_control_characters(language: str) -> None:
    wrong = []
    for message in messages(language):
        for form in forms(message):
            control = [sign for sign in form if unicodedata.category(sign).startswith("C") and sign not in DIRECTIONS]
            if control or any(sign in form for sign in "<>&"):
                wrong.append(form)
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_translations_begin_and_end_as_their_texts(language: str) -> None:
    def ends(text: str) -> tuple[bool, bool]:
        return text[:1].isspace(), text[-1:].isspace()

    translated = [(message, form) for message in messages(language) for form in filter(None, forms(message))]
    assert [form for message, form in translated if ends(form) != ends(ids(message)[-1])] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_commands_are_the_same_in_every_language(language: str) -> None:
    def commands(text: str) -> list[str]:
        return sorted({word.strip(".,;:،؛()") for word in text.split() if word.startswith("/") and len(word) > 1})

    translated = [(ids(message)[-1], form) for message in messages(language) for form in filter(None, forms(message))]
    assert [form for text, form in translated if commands(form) != commands(text)] == []


def test_every_constant_is_a_text_and_a_pair_has_two_forms() -> None:
    source = """
from elsewhere import OTHER
PLAIN = "a text"
'''Told to translators.'''
TABLE = {"key": "a value", "other": ("one", "many")}
LONG: str = ("in " "parts")
LINES = ("first", "second", "third")
NOTHING = ""
NAME = "{name}"
_private = "no text"
def function(): return "neither"
"""
    found = list(texts(source))
    expected = ["a text", "a value", "in parts", "first", "second", "third"]
    assert [text.forms[0] for text in found if len(text.forms) == 1] == expected
    assert [text.forms for text in found if len(text.forms) > 1] == [("one", "many")]
    assert found[0].comments == ("PLAIN", "Told to translators.")


def test_no_two_texts_differ_only_in_their_plural() -> None:
    """A catalogue has one entry for a text, with a plural or without."""
    found = [text.forms for source in sources() for text in texts(source.read_text())]
    assert {forms[0] for forms in found if len(forms) > 1} & {forms[0] for forms in found if len(forms) == 1} == set()
