"""The national DNS directory in the lab: what `reachbot check` says of it when resolvers, paths and censors differ."""

import pytest

from tests.lab.censor import Address, Answer, Censor, Dns, Drop, Redirect, Rule, delisted
from tests.lab.lab import Lab
from tests.lab.scenario import Scenario
from tests.lab.scenarios.basic import ISP, NSDI
from tests.lab.verdicts import Report, check, components
from tests.lab.world import NoData, World, rule

A = "195.208.4.1 2a0c:a9c7:8::1"
DENIED = delisted("whatsapp.com", NSDI)
FOLLOWED = delisted("whatsapp.com", f"{NSDI} {ISP}")
REMOVED = {"whatsapp.com": "delisted", "web.whatsapp.com": "delisted", "whatsapp.net": "listed", "wa.me": "listed"}
LISTED = dict.fromkeys(REMOVED, "listed")
SILENT = dict.fromkeys(REMOVED, "silent")


def checked(lab: Lab, *rules: Rule, world: World | None = None, target: str = "whatsapp", ipv6: bool = True) -> Report:
    lab.configure(Scenario("test", "", world or World(), Censor(rules=rules), ipv6=ipv6))
    return check(lab, target).report


def told(report: Report) -> tuple[str, dict[str, str]]:
    (directory,) = report["directories"]
    assert directory["id"] == "nsdi"
    return directory["status"], directory["names"]


@pytest.mark.parametrize("ipv6", [True, False])
def test_a_name_is_removed_and_the_short_one_is_still_there(lab: Lab, ipv6: bool) -> None:
    report = checked(lab, DENIED, ipv6=ipv6)
    assert told(report) == ("delisted", REMOVED)
    assert report["status"] == "ok"  # the provider's resolver does not follow


def test_a_host_whose_resolver_follows_the_directory_meets_a_delisted_name(lab: Lab) -> None:
    report = checked(lab, FOLLOWED)
    assert told(report) == ("delisted", REMOVED)
    assert components(report)["web"] == "blocked confirmed dns.delisted"
    assert report["causes"] == ["dns.delisted"]


def test_a_bare_host_is_looked_up_with_the_domain_above_it(lab: Lab) -> None:
    report = checked(lab, FOLLOWED, target="web.whatsapp.com")
    assert told(report) == ("delisted", {"web.whatsapp.com": "delisted", "whatsapp.com": "delisted"})
    assert report["causes"] == ["dns.delisted"]


def test_a_name_that_only_the_provider_denies_is_listed(lab: Lab) -> None:
    report = checked(lab, delisted("whatsapp.com", ISP))
    assert told(report) == ("listed", LISTED)
    assert report["causes"] == ["dns.nxdomain"]


def test_a_directory_that_answers_with_nothing_has_removed_the_name_too(lab: Lab) -> None:
    world = World().with_resolver("nsdi", rule("whatsapp.com", NoData(soa=False)))
    assert told(checked(lab, world=world)) == ("delisted", REMOVED)


def test_everything_listed(lab: Lab) -> None:
    assert told(checked(lab)) == ("listed", LISTED)


@pytest.mark.parametrize(
    "rule",
    [Rule(Address(NSDI), Drop()), Rule(Dns(resolvers=NSDI, transports=("udp", "tcp")), Answer("REFUSED"))],
    ids=["dropped", "refusing"],
)
def test_a_silent_directory_is_never_called_listed_and_does_not_hold_up_the_answer(lab: Lab, rule: Rule) -> None:
    report = checked(lab, rule, DENIED)
    assert told(report) == ("silent", SILENT)
    assert report["status"] == "ok"
    measured = [o for o in report["observations"] if o["purpose"] == "measure"]
    assert report["elapsed_s"] - max(o["started_s"] + o["elapsed_s"] for o in measured) < 3


@pytest.mark.parametrize(("rules", "expected"), [((), ("listed", LISTED)), ((DENIED,), ("delisted", REMOVED))])
def test_one_server_speaks_for_both_when_the_other_is_dead(
    lab: Lab, rules: tuple[Rule, ...], expected: tuple[str, dict[str, str]]
) -> None:
    assert told(checked(lab, Rule(Address(A), Drop()), *rules)) == expected


def test_what_one_server_alone_denies_is_not_delisted(lab: Lab) -> None:
    status, names = told(checked(lab, delisted("whatsapp.com", A)))
    assert (status, names["whatsapp.com"]) == ("listed", "unclear")


def test_questions_that_are_led_elsewhere_on_the_way_are_asked_over_tcp(lab: Lab) -> None:
    elsewhere = Rule(Dns(resolvers=NSDI), Redirect("8.8.8.8 2001:4860:4860::8888"))
    assert told(checked(lab, elsewhere)) == ("listed", LISTED)
    world = World().with_resolver("nsdi", *(rule(name, NoData()) for name in ("whatsapp.com", "web.whatsapp.com")))
    assert told(checked(lab, elsewhere, world=world)) == ("delisted", REMOVED)


def test_a_provider_that_answers_in_place_of_everybody_is_not_taken_for_the_directory(lab: Lab) -> None:
    everything = Rule(Dns(transports=("udp", "tcp")), Redirect(ISP))
    world = World().with_resolver("isp", rule("whatsapp.com", NoData()))
    report = checked(lab, everything, world=world)
    assert told(report) == ("silent", SILENT)
    assert "dns.delisted" not in report["causes"]


def test_a_denial_that_is_injected_on_the_way_is_not_the_directory_s(lab: Lab) -> None:
    report = checked(lab, Rule(Dns("whatsapp.com"), Answer("NXDOMAIN", aa=True)))
    assert told(report) == ("listed", LISTED)
    assert report["causes"] == ["dns.nxdomain", "dns.rerouted"]


def test_a_name_that_is_gone_for_everybody_is_dead_and_not_delisted(lab: Lab) -> None:
    _, names = told(checked(lab, world=World().without_host("wa.me")))
    assert names == LISTED | {"wa.me": "dead"}
