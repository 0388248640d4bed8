"""Other ways in which a word may stand for the same name: Russian cases, a wrong keyboard layout, Latin letters.

Tables and pure functions over folded words (`probes.catalogue.fold`); what is a name is not known here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_QWERTY = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`"
_JCUKEN = "йцукенгшщзхъфывапролджэячсмитьбюе"  # ё stands on the key of `, and is folded to е
_TO_JCUKEN = str.maketrans(_QWERTY, _JCUKEN)
_TO_QWERTY = str.maketrans(_JCUKEN[:-1], _QWERTY[:-1])

_LATIN = str.maketrans(
    dict(zip("абвгдезийклмнопрстуфхыэ", "abvgdeziyklmnoprstufhye", strict=True))
    | {"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
)

_CYRILLIC = re.compile("[а-я]")
_AFTER_CONSONANT = ("а", "у", "ом", "ем", "е", "ы", "и", "ов", "ам", "ами", "ах")
_ENDINGS = {
    "а": ("ы", "и", "е", "у", "ой", "ою", "ам", "ами", "ах"),
    "я": ("и", "е", "ю", "ей", "ям", "ями", "ях"),
    "й": ("я", "ю", "ем", "е", "и"),
    "ь": ("я", "ю", "ем", "е", "и"),
    "и": ("ов", "ам", "ами", "ах"),
    "ы": ("ов", "ам", "ами", "ах"),
} | dict.fromkeys("оеуюэ", ())
"""Case endings that replace the last letter; whatever is not listed ends in a consonant and keeps it."""


def is_cyrillic(word: str) -> bool:
    """Tell whether a Russian letter occurs in `word`."""
    return _CYRILLIC.search(word) is not None


def case_forms(word: str) -> Iterator[str]:
    """Yield the cases of a Russian noun: телега → телеги, телегой. More forms than the language has, none fewer."""
    last = word[-1]
    if last in _ENDINGS:
        yield from (word[:-1] + ending for ending in _ENDINGS[last])
    else:
        yield from (word + ending for ending in _AFTER_CONSONANT)


def other_layout(typed: str) -> str:
    """Return what the same keys give with the other keyboard layout: цфеыфзз → whatsapp, ntktuhfv → телеграм."""
    return typed.translate(_TO_QWERTY if is_cyrillic(typed) else _TO_JCUKEN)


def transliterate(word: str) -> str:
    """Return a Russian word in the Latin letters that people type for it: ватсап → vatsap."""
    return word.translate(_LATIN)
