"""The shipped list is sound, an operator's own adds to it, and a mistake in it is one line with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.config import SettingsError
from bot.news.feeds import load_feeds

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
[[feed]]
id = "own"
name = "Our paper"
url = "https://paper.example.org/rss"
language = "fr"
weight = 0.5
"""


def own(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_list_covers_three_languages() -> None:
    feeds = load_feeds()
    assert len(feeds) >= 30
    assert {feed.language for feed in feeds.values()} == {"en", "ru", "fr"}
    assert len({feed.url for feed in feeds.values()}) == len(feeds)
    assert all(feed.id == id_ for id_, feed in feeds.items())


def test_own_feeds_are_added_or_take_a_place(tmp_path: Path) -> None:
    assert load_feeds(own(tmp_path, OWN)).keys() == load_feeds().keys() | {"own"}
    replaced = load_feeds(own(tmp_path, OWN.replace('"own"', '"ooni"')))
    assert replaced.keys() == load_feeds().keys()
    assert replaced["ooni"].url == "https://paper.example.org/rss"


def test_shipped_feeds_can_be_left_out(tmp_path: Path) -> None:
    assert load_feeds(own(tmp_path, 'without = ["eff"]' + OWN)).keys() == (load_feeds().keys() - {"eff"}) | {"own"}
    assert load_feeds(own(tmp_path, "replace = true\n" + OWN)).keys() == {"own"}
    assert not load_feeds(own(tmp_path, "replace = true"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (OWN.replace("https://paper.example.org/rss", "file:///etc/passwd"), ":5: feed.0.url: no http"),
        (OWN.replace("paper.example.org", "127.0.0.1"), ":5: feed.0.url: no http"),
        (OWN.replace('"fr"', '"tlh"'), ":6: feed.0.language: not one of en, ru, fr"),
        (OWN.replace("0.5", "5"), ":7: feed.0.weight: "),
        (OWN.replace('"own"', '"No id"'), ":3: feed.0.id: "),
        (OWN + "colour = 1\n", ":8: feed.0.colour: "),
        ("feed = 1", ":1: feed: "),
        ("[[", "not TOML"),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_feeds(own(tmp_path, text))
    assert f"own.toml{complaint}" in str(caught.value).replace(": not TOML", "not TOML")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        load_feeds(tmp_path / "missing.toml")
