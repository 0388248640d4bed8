"""From a question by Telegram to its answer, in the lab: the real program, 80 ms for a call of the Bot API, 40 ms to
the servers that it probes. The first question of a process finds nothing loaded and nothing known."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.table import Row
from tests.lab.censor import Censor
from tests.lab.lab import Lab, namespaces_forbidden
from tests.lab.scenario import Scenario
from tests.lab.talks import talk
from tests.lab.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.runs import Size
    from tests.lab.talks import Heard

ABOUT = "from a question by Telegram to its answer, end to end in the lab"
_RTT_S = 0.04
_API_S = 0.08
_QUESTIONS = ("whatsapp?", "signal?", "youtube?")
_FIRST_AT_MOST_S = 1.0
_WHOLE_AT_MOST_S = 2.0


def measure(size: Size) -> list[Row]:
    if reason := namespaces_forbidden():
        return [Row(name="all questions", detail=f"not available here: {reason}")]
    questions = size.pick(_QUESTIONS, _QUESTIONS[:1])
    with Lab() as lab:
        lab.configure(Scenario("bench", "", World(), Censor(delay_s=_RTT_S / 2)))
        runs: list[list[Heard]] = [lab.call(talk, questions, _API_S, timeout_s=120.0) for _ in range(size.pick(3, 1))]
    return [row for number, question in enumerate(questions) for row in _rows(question, [run[number] for run in runs])]


def _rows(question: str, heard: Sequence[Heard]) -> Iterator[Row]:
    wrong = [one.whole.splitlines()[0] for one in heard if "works" not in one.whole.splitlines()[0]]
    said = wrong[0] if wrong else heard[0].whole.splitlines()[0]
    first_s, whole_s = median(one.first_s for one in heard), median(one.whole_s for one in heard)
    yield Row(name=f"{question} first line", value=first_s, unit=" s", at_most=_FIRST_AT_MOST_S)
    yield Row(
        name=f"{question} whole answer",
        value=whole_s,
        unit=" s",
        at_most=_WHOLE_AT_MOST_S,
        detail=said,
        wrong=bool(wrong),
    )
