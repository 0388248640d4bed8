"""Bring the catalogues up to date with the texts, and say how much of each is translated: `make locales`."""

from __future__ import annotations

import sys
from io import BytesIO
from typing import TYPE_CHECKING

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from bot.chat.language import LANGUAGES
from bot.chat.locales import DOMAIN, HOME, SOURCE, path_of
from bot.chat.locales.extract import template

if TYPE_CHECKING:
    from babel.messages.catalog import Message

TEMPLATE = HOME / f"{DOMAIN}.pot"
_WIDTH = 120
_HEADER = {"Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}
"""Of a catalogue, what its readers need: dates and names would change with every run, and Git knows them."""


def main() -> None:
    """Write the template and every catalogue."""
    texts = template()
    TEMPLATE.write_bytes(written(texts))
    for language in LANGUAGES:
        if language == SOURCE:
            continue
        catalogue = updated(language, texts)
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        path_of(language).write_bytes(written(catalogue))
        sys.stdout.write(f"{language}: {share(catalogue):.0%}\n")


def read(language: str) -> Catalog:
    """Return the catalogue of a language as it stands; an empty one where there is none yet."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language)


def updated(language: str, texts: Catalog) -> Catalog:
    """Return the catalogue of a language with all texts that there are, and no other; none is guessed from another."""
    catalogue = read(language)
    catalogue.update(texts, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as it stands in its file."""
    file = BytesIO()
    write_po(file, catalogue, width=_WIDTH, include_lineno=False, omit_header=True)
    header = [rf'"{name}: {value}\n"' for name, value in catalogue.mime_headers if name in _HEADER]
    return "\n".join(['msgid ""', 'msgstr ""', *header, "", ""]).encode() + file.getvalue()


def share(catalogue: Catalog) -> float:
    """Return how much of a catalogue is translated."""
    messages = [message for message in catalogue if message.id]
    return sum(map(is_translated, messages)) / len(messages)


def is_translated(message: Message) -> bool:
    """Tell whether a text has all its forms in the catalogue's language."""
    return all(forms(message))


def forms(message: Message) -> tuple[str, ...]:
    """Return a translation's forms: one, or those of the language's plural."""
    match message.string:
        case None:
            return ("",)
        case str(text):
            return (text,)
        case several:
            return tuple(several)


if __name__ == "__main__":
    main()
