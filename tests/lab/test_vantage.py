"""Where the prober says that it measures from, in the lab: whom it believes when others answer in between."""

import asyncio
from dataclasses import asdict, replace

import pytest

from probes.guard import PUBLIC_ANY_PORT
from probes.live import LiveNetwork
from probes.model import Vantage
from probes.vantage import VantageProbe
from tests.lab.censor import Address, Answer, Censor, Dns, Drop, Redirect, Rule
from tests.lab.lab import Lab
from tests.lab.scenario import Scenario
from tests.lab.scenarios.basic import ISP, PUBLIC_DNS
from tests.lab.verdicts import check
from tests.lab.world import Addresses, Text, World, rule

DOH = tuple(f"https://{address}/dns-query" for address in PUBLIC_DNS.split())
HERE = Vantage(address="130.192.91.0/24", asn=137, network="ASGARR Consortium GARR", country="IT")
MYADDR = "o-o.myaddr.l.google.com"


def _locate() -> Vantage:
    async def locate() -> Vantage:
        async with LiveNetwork(guard=PUBLIC_ANY_PORT, trusted_doh=DOH) as network:
            probe = VantageProbe(network)
            await probe.locate()
            return probe.vantage

    return asyncio.run(locate())


def located(lab: Lab, *rules: Rule, world: World | None = None) -> Vantage:
    lab.configure(Scenario("test", "", world or World(), Censor(rules=rules)))
    return lab.call(_locate)


LIE = rule(MYADDR, Text("77.88.8.1"))


@pytest.mark.parametrize(
    ("rules", "world"),
    [
        ((), World()),
        ((Rule(Dns(MYADDR), Drop()),), World()),
        ((Rule(Dns(MYADDR), Answer("NXDOMAIN", aa=True)),), World()),
        ((Rule(Dns(MYADDR), Redirect(ISP)),), World().with_resolver("isp", LIE)),
        ((Rule(Address("1.1.1.1"), Drop()),), World()),
        ((Rule(Address(PUBLIC_DNS), Drop()),), World()),
    ],
    ids=["healthy", "dropped", "denied", "answered by another", "an operator is dropped", "all operators are dropped"],
)
def test_it_is_found_out_by_one_way_or_another(lab: Lab, rules: tuple[Rule, ...], world: World) -> None:
    assert located(lab, *rules, world=world) == HERE


def test_a_resolver_that_lies_is_not_asked_while_an_operator_answers(lab: Lab) -> None:
    lie = rule("origin.asn.cymru.com", Text("12389 | 130.192.0.0/16 | RU | ripencc | 1999-01-01"))
    assert located(lab, world=World().with_resolver("isp", lie)) == HERE


def test_where_every_question_ends_at_the_provider_nothing_is_claimed(lab: Lab) -> None:
    assert located(lab, Rule(Dns(transports=("udp", "tcp")), Redirect(ISP))) == Vantage()


def test_a_proxy_whose_resolver_gives_stand_in_addresses_is_noticed(lab: Lab) -> None:
    world = World().with_resolver("isp", rule(".", Addresses(("198.18.0.7",))))
    assert located(lab, world=world) == replace(HERE, via="fakeip")


def test_a_proxy_s_stand_in_addresses_are_no_lie_about_one_name(lab: Lab) -> None:
    world = World().with_resolver("isp", rule(".", Addresses(("198.18.0.7",))))
    lab.configure(Scenario("test", "", world, Censor(delay_s=0.002)))
    assert check(lab, "www.example.com").said == "inconclusive likely host.resolver_broken"


def test_a_data_centre_is_noticed_by_its_network(lab: Lab) -> None:
    hetzner = rule("origin.asn.cymru.com", Text("24940 | 130.192.0.0/16 | DE | ripencc | 2002-06-03"))
    world = World().with_resolver("*", hetzner)
    assert located(lab, world=world).via == "hosting"


def test_a_report_says_it_and_its_time_is_the_measurement_s_own(lab: Lab) -> None:
    lab.configure(Scenario("test", "", World(), Censor()))
    report = check(lab, "www.example.com").report
    assert report["vantage"] == asdict(HERE)
    last = max(o["started_s"] + o["elapsed_s"] for o in report["observations"] if o["purpose"] == "measure")
    assert report["elapsed_s"] < last + 1
