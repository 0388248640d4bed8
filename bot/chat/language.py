"""The language that is being spoken: which one it is, and what a text is in it.

The texts themselves are constants in English, the catalogues' keys. The language is that of the running task, so that
whatever is worded on the way to one chat is worded for that chat.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ENGLISH = "en"
_spoken: ContextVar[str] = ContextVar("spoken", default=ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak this language, or the closest that there is, for as long as the context lasts."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def say(text: str, /, **values: object) -> str:
    """Return a text in the language spoken, its placeholders filled in."""
    return text.format(**values)


def plural(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the form of a text that belongs to `count`, which fills the placeholder of that name."""
    return say(one if count == 1 else many, count=count, **values)
