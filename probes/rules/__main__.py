"""Prints the verdict table in words: `python -m probes.rules > docs/verdicts.md` keeps the page true to the code."""

from __future__ import annotations

from probes.rules import SECTIONS

INTRODUCTION = """\
# How a verdict is reached

Printed by `python -m probes.rules` from the rules themselves; a test holds this page against them.

An endpoint that works needs no rule: over TLS a valid certificate for the name is proof enough, whatever address it
came from. Otherwise the sections below are asked from top to bottom, and within a section the first rule that applies
speaks. *Saw* is what was measured; *control* is the counterfactual that the rule rests on. A finding is `confirmed`
when the counterfactual and repeats on fresh sockets agree, else `likely`, or `possible` where the evidence does not
suffice.

Names and addresses are judged apart. Where the system's resolver is the trouble, the addresses that honest resolvers
give are measured too: `beyond_dns` says whether an honest resolver alone would help, and what else stops the service
there is added to the causes."""


def document() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for title, rules in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += [f"**{rule.name}**\n\n- *Saw*: {rule.saw}\n- *Control*: {rule.proof}\n" for rule in rules]
    return "\n\n".join(part.strip() for part in parts) + "\n"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - this is what it is for
