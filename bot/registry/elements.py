"""A JSON array, or an object of them, read while it arrives: element by element, in bounded memory.

Pure, but for what it remembers.

The standard library reads whole documents only; a register has a million elements.
"""

from __future__ import annotations

import codecs
import json
import re

MOST_CHARACTERS = 1_000_000
"""Of one element."""
_SHOWN = 60
_BETWEEN = re.compile(r"[\s,]*")
_MOST_OF_A_KEY = 1000
_KEY = r'"[^"]*"\s*:\s*\['
_FIRST, _NEXT = re.compile(rf"\[|\{{\s*{_KEY}"), re.compile(_KEY)


class ElementError(Exception):
    """What arrives is no JSON array, or not all of one; the text is one line."""


class Elements:
    """Takes the bytes of one array, or of one object whose members are arrays, in pieces.

    Their elements are strings, objects and arrays: a number that is cut in two would be taken for two. Keys are passed
    over.
    """

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self._most_characters = most_characters
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._read = json.JSONDecoder().raw_decode
        self._rest = ""
        self._begun = self._keyed = self._inside = self._closed = False

    def feed(self, piece: bytes) -> list[object]:
        """Return the elements that are complete now. Raises `ElementError`."""
        try:
            text = self._rest + self._decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise ElementError("not in UTF-8") from error
        found: list[object] = []
        place = self._scan(text, found)
        self._rest = text[place:]
        if len(self._rest) > self._most_characters:
            raise ElementError("not JSON, or with an element that is too long")
        return found

    def close(self) -> None:
        """Make sure that all of it has come. Raises `ElementError`."""
        if self._rest and not self._begun:
            raise _no_array(self._rest)
        if not self._closed:
            raise ElementError("cut short")

    def _scan(self, text: str, found: list[object]) -> int:
        """Add the elements, and return where begins what is not complete yet."""
        place = _after_blanks(text, 0)
        while place < len(text):
            after = self._element(text, place, found) if self._inside else self._between(text, place)
            if after is None:
                break  # more of it may come, within `most_characters`
            place = _after_blanks(text, after)
        return place

    def _element(self, text: str, place: int, found: list[object]) -> int | None:
        """Add one element, and return where it ends; None where it does not yet."""
        if text[place] == "]":
            self._inside, self._closed = False, not self._keyed
            return place + 1
        try:
            element, after = self._read(text, place)
        except (json.JSONDecodeError, RecursionError):
            return None
        except ValueError as error:  # as of Python 3.11, of more digits than anybody means
            raise ElementError("with a number that is too long") from error
        found.append(element)
        return after

    def _between(self, text: str, place: int) -> int | None:
        """Return where the elements of the next array begin, or where all ends; None while that has not come."""
        if self._closed:
            raise ElementError("with something behind its end")
        if self._keyed and text[place] == "}":
            self._closed = True
            return place + 1
        opening = (_NEXT if self._keyed else _FIRST).match(text, place)
        if opening:
            self._keyed = self._keyed or text[place] == "{"
            self._begun = self._inside = True
            return opening.end()
        if (self._keyed or text[place] == "{") and len(text) - place < _MOST_OF_A_KEY:
            return None
        raise _no_array(text[place:])


def _no_array(text: str) -> ElementError:
    return ElementError(f"not a JSON array, but {text[:_SHOWN]!r}")


def _after_blanks(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place
