"""The rule table itself: named, documented, and the same in the docs."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

from probes.rules import SECTIONS
from probes.rules.__main__ import document

RULES = list(chain.from_iterable(SECTIONS.values()))
DOCS = Path(__file__).parents[2] / "docs" / "verdicts.md"


def test_every_rule_has_a_name_of_its_own() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))


def test_every_rule_says_what_it_saw_and_which_control_proves_it() -> None:
    for rule in RULES:
        assert rule.saw, rule.name
        assert rule.proof, rule.name


def test_the_docs_tell_the_rules_as_they_are() -> None:
    assert DOCS.read_text(encoding="utf-8") == document(), "run: python -m probes.rules > docs/verdicts.md"
