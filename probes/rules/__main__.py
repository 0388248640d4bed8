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
there is added to the causes.

Silence counts only where it was waited out: long enough for a lost packet to be sent again and answered, on the line as
it is known by then. Where what was said has been acknowledged, the server is asked once more and waited for as long as
a person would. A bare host to whose port 443 nobody at all can connect is judged by its site in clear text, and that is
said (`clear_text_alone`). Where other components show an allow-list or a captive portal, a bare connect is not believed
either: whoever lets nothing else through may accept connections in the servers' names."""
LIMITS = """\
## Limits

What one host and a few controls outside cannot tell apart:

- An address that is dropped on the way, and a server that shuts out this host's network by itself: `confirmed` says
  that others reach it and nothing from here does, not by whose will.
- A false answer of a resolver that leads to another's site, and a stale one: at most `likely`.
- Calls that are filtered, and a relay that has stopped answering everybody: no outside control asks by UDP.
- A resolver that leaves one name unanswered, and a line that loses a packet in six and seven questions in a row: at
  most `likely`.
- A line with round trips of more than some three seconds, and none at all: nothing is said of services there."""


def document() -> str:
    """Return the page."""
    parts = [INTRODUCTION]
    for title, rules in SECTIONS.items():
        parts.append(f"## {title}\n")
        parts += [f"**{rule.name}**\n\n- *Saw*: {rule.saw}\n- *Control*: {rule.proof}\n" for rule in rules]
    parts.append(LIMITS)
    return "\n\n".join(part.strip() for part in parts) + "\n"


if __name__ == "__main__":
    print(document(), end="")  # noqa: T201 - this is what it is for
