"""Prints the table "case → OONI's answer → ours": `python -m tests.lab.ooni_table > docs/ooni-cases.md`."""

from collections.abc import Iterable, Iterator

from tests.lab.ooni_case import Case
from tests.lab.scenarios import ooni_messengers, ooni_web

INTRODUCTION = """\
# OONI's test cases, and what this program says of them

Printed by `python -m tests.lab.ooni_table` from the scenarios themselves; `tests/lab/test_ooni.py` runs the real
command line in each of them and holds this page against what it says.

OONI Probe's own quality assurance simulates networks whose truth is known. Each is rebuilt here, and can be tried:
`python -m tests.lab ooni-dnsBlockingBOGON -- reachbot check https://www.example.com/`."""

WEB = """\
OONI's answer is *accessible, blocking* as web_connectivity 0.5.28 gives it (`false, false` is "down"). Ours is status,
confidence and causes; the host behind → is the redirect's hop that is blamed; *beyond DNS* tells whether an honest
resolver alone would help."""

MESSENGERS = """\
OONI's answer is the keys that its tests expect. Ours is said of the whole and of its components, which stand
for OONI's targets."""


def document() -> str:
    """Return the page."""
    parts = [INTRODUCTION, "## The web", WEB, _table(_web_rows())]
    parts += ["## Messengers", MESSENGERS, _table(_messenger_rows())]
    return "\n\n".join(parts) + "\n"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |" for cells in rows]
    width = lines[0].count("|") - 1
    return "\n".join((lines[0], "|--" * width + "|", *lines[1:]))


def _web_rows() -> Iterator[tuple[str, ...]]:
    yield "#", "Case", "Asked", "The network", "OONI", "Ours", "Why ours differs, or how it is known"
    for number, case in enumerate(ooni_web.CASES, 1):
        asked = f"`{'--deep ' if case.deep else ''}{case.target}`"
        yield str(number), case.name, asked, case.network, case.ooni, _ours(case), case.remark


def _messenger_rows() -> Iterator[tuple[str, ...]]:
    yield "Case", "The network", "OONI", "Ours", "Of components", "Why ours differs, or how it is known"
    for case in ooni_messengers.CASES:
        parts = "; ".join(f"{component}: {told}" for component, told in case.components.items())
        yield case.name, case.network, case.ooni, _ours(case), parts, case.remark


def _ours(case: Case) -> str:
    hop = f" → {case.hop}" if case.hop else ""
    beyond = f"; beyond DNS: {case.beyond_dns}" if case.beyond_dns else ""
    return f"{case.ours}{hop}{beyond}"


if __name__ == "__main__":
    print(document(), end="")
