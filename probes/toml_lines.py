"""In which line of a TOML text a value stands: what `tomllib` knows while it reads, and then forgets.

Meant for error messages only: it reads prefixes of the text again and again instead of teaching a second grammar.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_CLOSERS = ("", "\n]", "\n]]")
"""What may end a prefix: nothing, or the brackets of an array that goes on in the next line."""


def line_of(text: str, path: Sequence[str | int]) -> int:
    """Return the line (from 1) of the value at `path`, or of the nearest table or array above it that exists.

    `text` must be valid TOML. A string over several lines counts as standing in its last line.
    """
    lines = text.split("\n")
    existing = _existing(tomllib.loads(text), path)
    if not existing:
        return 1
    # A prefix that holds the value goes on holding it as it grows, for TOML takes nothing back.
    return bisect_left(range(1, len(lines) + 1), True, key=lambda count: _holds(lines[:count], existing)) + 1


def _existing(document: object, path: Sequence[str | int]) -> Sequence[str | int]:
    """Shorten `path` until it leads to something."""
    while path and not _leads(document, path):
        path = path[:-1]
    return path


def _leads(document: object, path: Sequence[str | int]) -> bool:
    for key in path:
        match document:
            case dict() if key in document:
                document = document[key]
            case list() if isinstance(key, int) and key < len(document):
                document = document[key]
            case _:
                return False
    return True


def _holds(lines: list[str], path: Sequence[str | int]) -> bool:
    """Tell whether the longest readable beginning of `lines` has something at `path`."""
    for count in range(len(lines), 0, -1):
        document = _read("\n".join(lines[:count]))
        if document is not None:
            return _leads(document, path)
    return False


def _read(prefix: str) -> dict[str, object] | None:
    for closer in _CLOSERS:
        try:
            return tomllib.loads(prefix + closer)
        except ValueError:
            continue
    return None
