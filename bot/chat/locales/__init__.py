"""The catalogues: what each text is in each language. They are read as translators write them, without a build step.

`python -m bot.chat.locales` brings them up to date with the texts.
"""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

SOURCE = "en"
"""The language that the texts are written in."""
DOMAIN = "reachbot"
HOME = Path(__file__).parent


def path_of(language: str) -> Path:
    """Return where the catalogue of a language is."""
    return HOME / language / "LC_MESSAGES" / f"{DOMAIN}.po"


@cache
def catalogue(language: str) -> NullTranslations:
    """Return the translations of a language; a text that has none is its own."""
    if language == SOURCE:
        return NullTranslations()
    from babel.messages.mofile import write_mo  # noqa: PLC0415 -- a chat in English does without
    from babel.messages.pofile import read_po  # noqa: PLC0415 -- see above

    compiled = BytesIO()
    with path_of(language).open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
