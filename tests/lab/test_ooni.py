"""OONI's own test cases, each against the real command line in the lab: what we say where the truth is known."""

import asyncio
from pathlib import Path

import pytest

from probes import engine
from probes.catalogue import Catalogue
from probes.guard import PUBLIC_ANY_PORT
from probes.live import LiveNetwork
from probes.reports import as_dict
from tests.lab import ooni_table
from tests.lab.lab import Lab
from tests.lab.ooni_case import Case
from tests.lab.scenarios import ooni_messengers, ooni_web
from tests.lab.verdicts import Report, check, components, said, steps

CASES = {case.name: case for case in (*ooni_web.CASES, *ooni_messengers.CASES)}
DOCUMENT = Path(__file__).parents[2] / "docs" / "ooni-cases.md"
DOH = ("https://1.1.1.1/dns-query", "https://8.8.8.8/dns-query", "https://9.9.9.9/dns-query")
CONTROLS = ("https://0.th.ooni.org",)


def names(*, measured: bool) -> list[str]:
    return [name for name, case in CASES.items() if measured == (not case.ours.startswith("refused"))]


@pytest.mark.parametrize("name", names(measured=True))
def test_what_we_say_of_ooni_s_case(lab: Lab, name: str) -> None:
    case = CASES[name]
    lab.configure(case.scenario)
    report = asked(lab, case) if case.budget_s is None else cut_short(lab, case)
    evidence = "\n".join(steps(report))
    assert said(report) == case.ours, evidence
    assert case.components.items() <= components(report).items(), evidence
    assert case.beyond_dns in ("", report["beyond_dns"])
    assert case.hop in ("", *blamed(report))


def asked(lab: Lab, case: Case) -> Report:
    checked = check(lab, case.target, deep=case.deep)
    assert checked.code == case.exit_code, "\n".join((checked.said, *steps(checked.report)))
    return checked.report


def cut_short(lab: Lab, case: Case) -> Report:
    report: Report = lab.call(_cut_short, case.target, case.budget_s)
    return report


def _cut_short(target: str, budget_s: float) -> Report:
    return asyncio.run(_check_within(target, budget_s))


async def _check_within(target: str, budget_s: float) -> Report:
    service = Catalogue.load().find(target)
    assert service is not None
    async with LiveNetwork(guard=PUBLIC_ANY_PORT, trusted_doh=DOH, outside_controls=CONTROLS) as network:
        return as_dict(await engine.Engine(network, budget_s=budget_s).check(service))


def blamed(report: Report) -> set[str]:
    """Return the hosts that the verdict rests on."""
    reasons = {reason for component in report["components"] for reason in component["because"]}
    return {o["target"]["host"] for o in report["observations"] if o["id"] in reasons}


@pytest.mark.parametrize("name", names(measured=False))
def test_what_is_not_checked_at_all_is_refused_in_a_sentence(lab: Lab, name: str) -> None:
    case = CASES[name]
    lab.configure(case.scenario)
    checked = check(lab, case.target)
    assert (checked.code, checked.reports) == (case.exit_code, ())
    assert case.ours.removeprefix("refused ") in checked.stderr


def test_no_case_of_the_web_is_missing() -> None:
    assert len(ooni_web.CASES) == 50
    assert len(CASES) == len(ooni_web.CASES) + len(ooni_messengers.CASES)


def test_the_docs_tell_the_cases_as_they_are() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == ooni_table.document(), (
        "run: python -m tests.lab.ooni_table > docs/ooni-cases.md"
    )
