from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.spelling import case_forms, is_cyrillic, other_layout, transliterate


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("цфеыфзз", "watsapp"),
        ("ntktuhfv", "телеграм"),
        (".ne,", "ютуб"),
        ("dfq,th", "вайбер"),
        ("нщгегиу", "youtube"),
        ("atqc,er?", "фейсбук?"),
        ("црфеыфзз,", "whatsapp,"),
        ("", ""),
    ],
)
def test_the_same_keys_give_another_word_on_the_other_layout(typed: str, meant: str) -> None:
    assert other_layout(typed) == meant


@pytest.mark.parametrize(
    ("word", "forms"),
    [
        ("ватсап", {"ватсапа", "ватсапу", "ватсапом", "ватсапе"}),
        ("телега", {"телеги", "телеге", "телегу", "телегой"}),
        ("википедия", {"википедии", "википедию", "википедией"}),
        ("госуслуги", {"госуслугам", "госуслугами", "госуслугах"}),
        ("вконтакте", set()),
    ],
)
def test_a_noun_has_its_cases(word: str, forms: set[str]) -> None:
    assert forms <= set(case_forms(word))


def test_a_word_that_does_not_decline_has_none() -> None:
    assert not list(case_forms("вконтакте"))


@pytest.mark.parametrize(
    ("word", "latin"), [("ватсап", "vatsap"), ("фейсбук", "feysbuk"), ("щелочь", "scheloch"), ("tg", "tg")]
)
def test_russian_is_written_in_latin_letters(word: str, latin: str) -> None:
    assert transliterate(word) == latin


@given(st.text(alphabet="qwertyuiopasdfghjklzxcvbnm", min_size=1))
def test_the_other_layout_of_the_other_layout_is_what_was_typed(typed: str) -> None:
    assert other_layout(other_layout(typed)) == typed


@given(st.text(min_size=1))
def test_any_word_can_be_respelt(word: str) -> None:
    other_layout(word)
    transliterate(word)
    assert all(list(case_forms(word)))
    assert isinstance(is_cyrillic(word), bool)
