"""Each kind of answer looks in each language as it was last looked at."""

from __future__ import annotations

import pytest

from tests.bot.chat.snapshots import HOME, LANGUAGES, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_answers_look_as_they_were_looked_at(language: str) -> None:
    assert text(language) == (HOME / f"{language}.txt").read_text(), "meant? python -m tests.bot.chat.snapshots"
