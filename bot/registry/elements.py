"""A JSON array read while it arrives: element by element, in bounded memory. Pure, but for what it remembers.

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


class ElementError(Exception):
    """What arrives is no JSON array, or not all of one; the text is one line."""


class Elements:
    """Takes the bytes of one array, in pieces.

    Its elements are strings, objects and arrays: a number that is cut in two would be taken for two.
    """

    def __init__(self, most_characters: int = MOST_CHARACTERS) -> None:
        self._most_characters = most_characters
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._read = json.JSONDecoder().raw_decode
        self._rest = ""
        self._opened = self._closed = False

    def feed(self, piece: bytes) -> list[object]:
        """Return the elements that are complete now. Raises `ElementError`."""
        try:
            text = self._rest + self._decoder.decode(piece)
        except UnicodeDecodeError as error:
            raise ElementError("not in UTF-8") from error
        found: list[object] = []
        place = self._scan(text, self._begin(text), found)
        self._rest = text[place:]
        if len(self._rest) > self._most_characters:
            raise ElementError("not JSON, or with an element that is too long")
        return found

    def close(self) -> None:
        """Make sure that the array has ended. Raises `ElementError`."""
        if not self._closed:
            raise ElementError("cut short")

    def _begin(self, text: str) -> int:
        """Return where the elements begin that were not read yet."""
        start = 0 if self._opened else _after_blanks(text, 0)
        if self._opened or start == len(text):
            return start
        if text[start] != "[":
            raise ElementError(f"not a JSON array, but {text[start : start + _SHOWN]!r}")
        self._opened = True
        return start + 1

    def _scan(self, text: str, place: int, found: list[object]) -> int:
        """Add the elements from `place` on, and return where the first incomplete one begins."""
        while self._opened:
            place = _after_blanks(text, place)
            if place == len(text):
                break
            if self._closed:
                raise ElementError("with something behind its end")
            if text[place] == "]":
                self._closed = True
                place += 1
                continue
            try:
                element, place = self._read(text, place)
            except (json.JSONDecodeError, RecursionError):
                break  # more of it may come, within `most_characters`
            found.append(element)
        return place


def _after_blanks(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place
