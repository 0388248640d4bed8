"""The benchmarks still run, and say what they found as they should. Their figures are nobody's business here."""

import pytest

from bench.__main__ import NAMES, benchmark, main
from bench.runs import Size, interleaved, ratio
from bench.table import HEADINGS, Row, render


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_runs_and_has_figures(name: str) -> None:
    rows = benchmark(name).measure(Size.TINY)
    assert rows
    assert all(row.figure for row in rows)
    assert not any(row.wrong for row in rows)


@pytest.mark.parametrize(
    ("row", "figure", "target", "verdict"),
    [
        (Row(name="a", value=1.25, unit="×", at_most=1.3), "1.25×", "≤ 1.3×", "met"),
        (Row(name="a", value=1.31, unit="×", at_most=1.3), "1.31×", "≤ 1.3×", "missed"),
        (Row(name="a", value=4.9, unit="×", at_least=5.0), "4.9×", "≥ 5×", "missed"),
        (Row(name="a", value=1234.5, unit=" a second"), "1,234 a second", "", ""),
        (
            Row(name="a", value=0.5, unit=" s", at_most=3, detail="said no", wrong=True),
            "0.5 s  (said no)",
            "≤ 3 s",
            "missed",
        ),
        (Row(name="a", at_most=1.0, unit="×", detail="not available here"), "not available here", "≤ 1×", ""),
    ],
)
def test_a_row_holds_its_figure_to_its_target(row: Row, figure: str, target: str, verdict: str) -> None:
    assert (row.figure, row.target, row.verdict) == (figure, target, verdict)


def test_a_table_has_its_columns_one_below_the_other() -> None:
    heads, *lines = render([Row(name="long name", value=2, unit="×", at_most=1), Row(name="b", value=20)]).splitlines()
    assert heads.split() == list(HEADINGS)
    assert [line.index("2") for line in lines] == [heads.index("figure")] * 2


async def test_sides_take_turns() -> None:
    order: list[str] = []

    async def side(name: str) -> float:
        order.append(name)
        return float(len(order))

    figures = await interleaved(2, lambda: side("a"), lambda: side("b"))
    assert order == ["a", "b", "a", "b"]
    assert figures == [[1, 3], [2, 4]]


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio([1, 100, 3], [1, 50, 1]) == 2


def test_all_benchmarks_are_listed_with_what_they_are_about(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--list"])
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(NAMES)
