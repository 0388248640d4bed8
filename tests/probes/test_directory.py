"""National DNS directories: what their answers mean, and how a check asks them; in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from probes.directory import WHOAMI, NameInDirectory, Path, Soundings, conclude, shipped
from probes.directory_lookup import MAX_NAMES, names_of
from probes.engine import GRACE_S, Engine
from probes.guard import PUBLIC_ANY_PORT
from probes.model import Component, DirectoryFinding, Endpoint, Report, Service
from probes.observations import Arm, DnsObservation, DnsReply, Purpose, Record, Target
from probes.targets import host_service
from tests.probes.simulated import DIRECTORY, DOH, SILENCE, Censor, Simulated
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Sequence

(NSDI,) = shipped()
A, B = NSDI.servers
ROOT = "198.41.0.4"
NAME = "whatsapp.com"
BOTH = Path("udp", NSDI.servers)
permits = PUBLIC_ANY_PORT.permits


# --- what answers mean -----------------------------------------------------------------------------------------------


def said(
    resolver: str,
    answer: str,
    name: str = NAME,
    transport: Literal["udp", "tcp", "doh"] = "udp",
    *,
    policy: bool = False,
    **changes: Any,
) -> DnsObservation:
    """Make the observation of an address, of a failure, or of "referral"."""
    soa = () if policy else (Record("com", "SOA", 900, "a.gtld-servers.net"),)
    flags = ("qr", "aa", "rd", "ra") if policy else ("qr", "rd", "ra")
    reply = {
        "dns_nxdomain_error": DnsReply(rcode="NXDOMAIN", flags=flags, authority=soa),
        "dns_no_answer": DnsReply(rcode="NOERROR", flags=flags, authority=soa),
        "dns_servfail_error": DnsReply(rcode="SERVFAIL", flags=flags),
        SILENCE: None,
    }.get(answer, DnsReply(rcode="NOERROR", flags=("qr", "ra"), answers=(Record(name, "A", 60, answer),)))
    return DnsObservation(
        arm=Arm.CONTROL,
        purpose=Purpose.DIRECTORY,
        target=Target(host=name),
        failure=answer if answer in {"dns_nxdomain_error", "dns_no_answer", "dns_servfail_error", SILENCE} else None,
        resolver=resolver,
        transport=transport,
        query_type="A",
        reply=reply,
        **changes,
    )


def at(server: int, *answers: str, transport: Literal["udp", "tcp"] = "udp", policy: bool = False) -> list[Any]:
    return [said(NSDI.servers[server].addresses[0], a, transport=transport, policy=policy) for a in answers]


def operators(*answers: str) -> list[DnsObservation]:
    return [said(url, answer, transport="doh") for url, answer in zip(DOH, answers, strict=False)]


NO = "dns_nxdomain_error"
EMPTY = "dns_no_answer"
YES = "157.240.9.53"
BOGON = "10.10.34.35"
AGREED = operators(YES, YES, YES)


NAMES: dict[str, tuple[Path, Sequence[DnsObservation], str]] = {
    "given at once": (BOTH, at(0, YES) + at(1, YES), "listed"),
    "denied by both": (BOTH, at(0, NO, NO, NO) + at(1, NO, NO, NO) + AGREED, "delisted"),
    "denied in two tries of three": (BOTH, at(0, NO, NO, SILENCE) + at(1, NO, SILENCE, NO) + AGREED, "delisted"),
    "denied in one try, the others unanswered": (BOTH, at(0, NO, SILENCE) + at(1, NO, SILENCE) + AGREED, "unclear"),
    "denied in the first try of a burst": (BOTH, at(0, NO, YES) + at(1, NO, YES) + AGREED, "unclear"),
    "denied first and given over TCP": (
        BOTH,
        at(0, NO, YES) + at(1, NO, YES) + at(0, YES, transport="tcp") + at(1, YES, transport="tcp") + AGREED,
        "listed",
    ),
    "denied over UDP, given over TCP": (
        BOTH,
        at(0, NO, NO, NO) + at(1, NO, NO, NO) + at(0, YES, transport="tcp") + at(1, YES, transport="tcp") + AGREED,
        "listed",
    ),
    "denied over both": (
        BOTH,
        at(0, NO, NO, NO) + at(1, NO, NO, NO) + at(0, NO, transport="tcp") + at(1, NO, transport="tcp") + AGREED,
        "delisted",
    ),
    "given over UDP, denied over TCP": (
        BOTH,
        at(0, YES) + at(1, YES) + at(0, NO, transport="tcp") + at(1, NO, transport="tcp") + AGREED,
        "unclear",
    ),
    "denied by an injector, which a root server seems to be too": (
        BOTH,
        at(0, NO, NO, NO) + at(1, NO, NO, NO) + [said(ROOT, NO, policy=True)] + AGREED,
        "unclear",
    ),
    "denied, and a root server refers": (
        BOTH,
        at(0, NO, NO, NO) + at(1, NO, NO, NO) + [said(ROOT, EMPTY)] + AGREED,
        "delisted",
    ),
    "denied by one of two": (BOTH, at(0, NO, NO, NO) + at(1, YES) + AGREED, "unclear"),
    "denied by one, the other says nothing": (BOTH, at(0, NO, NO, NO) + at(1, SILENCE, SILENCE) + AGREED, "unclear"),
    "empty at both": (BOTH, at(0, EMPTY, EMPTY, EMPTY) + at(1, EMPTY, EMPTY, EMPTY) + AGREED, "delisted"),
    "denied by the only one alive, as a policy does": (
        Path("udp", (A,)),
        at(0, NO, NO, NO, policy=True) + AGREED,
        "delisted",
    ),
    "denied by the only one alive, as honest servers do": (Path("udp", (A,)), at(0, NO, NO, NO) + AGREED, "unclear"),
    "denied where nobody is alive": (Path(), at(0, NO, NO, NO) + at(1, NO, NO, NO) + AGREED, "silent"),
    "given where nobody is alive": (Path(), at(0, YES) + at(1, YES), "silent"),
    "denied, and one operator alone resolves it": (
        BOTH,
        at(0, NO, NO, NO) + at(1, NO, NO, NO) + operators(YES, SILENCE, SILENCE),
        "unclear",
    ),
    "denied, and no operator was heard": (
        BOTH,
        at(0, NO, NO, NO) + at(1, NO, NO, NO) + operators(SILENCE, SILENCE, SILENCE),
        "unclear",
    ),
    "denied by everybody": (BOTH, at(0, NO) + at(1, NO) + operators(NO, NO, NO), "dead"),
    "broken for everybody": (
        BOTH,
        at(0, NO, NO) + at(1, NO, NO) + operators(*["dns_servfail_error"] * 3),
        "unclear",
    ),
    "empty for everybody": (BOTH, at(0, EMPTY) + at(1, EMPTY) + operators(EMPTY, EMPTY, EMPTY), "listed"),
    "denied, and empty for everybody else": (
        BOTH,
        at(0, NO, NO) + at(1, NO, NO) + operators(EMPTY, EMPTY, EMPTY),
        "unclear",
    ),
    "impossible addresses": (BOTH, at(0, BOGON, BOGON, BOGON) + at(1, BOGON, BOGON) + AGREED, "spoofed"),
    "contradicted by a second answer": (
        BOTH,
        [replace(o, late_replies=at(0, YES)[0:1]) for o in at(0, NO, NO, NO) + at(1, NO, NO, NO)] + AGREED,
        "unclear",
    ),
    "given over TCP, the only way there": (
        Path("tcp", NSDI.servers),
        at(0, NO, NO) + at(1, NO, NO) + at(0, YES, transport="tcp") + at(1, YES, transport="tcp"),
        "listed",
    ),
    "denied over TCP, the only way there": (
        Path("tcp", NSDI.servers),
        at(0, YES) + at(1, YES) + at(0, NO, NO, NO, transport="tcp") + at(1, NO, NO, transport="tcp") + AGREED,
        "delisted",
    ),
}


@pytest.mark.parametrize(("path", "observations", "status"), NAMES.values(), ids=NAMES.keys())
def test_what_is_said_of_a_name(path: Path, observations: Sequence[DnsObservation], status: str) -> None:
    assert NameInDirectory(path, observations, (ROOT,), permits).status == status


RANDOM = "qwhsyrbavmkz.com"


def control_answers(server: int, transport: Literal["udp", "tcp"] = "udp", egress: str = "193.232.160.49") -> list[Any]:
    address = NSDI.servers[server].addresses[0]
    return [
        said(address, "77.88.44.242", "ya.ru", transport),
        said(address, "96.7.128.175", "example.com", transport),
        said(address, NO, RANDOM, transport),
        said(address, egress, WHOAMI, transport),
    ]


REFERRAL = said(ROOT, EMPTY, "example.com")
HEALTHY = [*control_answers(0), *control_answers(1), REFERRAL]
GOOGLE = "172.253.12.3"

PATHS: dict[str, tuple[Sequence[DnsObservation], str, str]] = {
    "healthy": (HEALTHY, "udp", "a b"),
    "nothing answers": ([], "udp", ""),
    "one server is dead": ([*control_answers(1), REFERRAL], "udp", "b"),
    "one control name is not resolved": ([*control_answers(0), *control_answers(1)[1:]], "udp", "a"),
    "what nobody has registered is resolved": (
        [*control_answers(0), *control_answers(1), said(A.addresses[0], "83.224.65.41", RANDOM)],
        "udp",
        "b",
    ),
    "a root server resolves": ([*HEALTHY, said(ROOT, "96.7.128.175", "example.com")], "udp", ""),
    "over UDP another resolver answers": (
        [
            *control_answers(0, egress=GOOGLE),
            *control_answers(1, egress=GOOGLE),
            *control_answers(0, "tcp"),
            *control_answers(1, "tcp"),
        ],
        "tcp",
        "a b",
    ),
    "over UDP another resolver answers, and TCP does not get through": (
        [
            *control_answers(0, egress=GOOGLE),
            *control_answers(1, egress=GOOGLE),
            said(A.addresses[0], "193.232.160.49", WHOAMI, "tcp"),
        ],
        "udp",
        "",
    ),
    "over UDP nothing gets through": ([*control_answers(0, "tcp"), *control_answers(1, "tcp")], "tcp", "a b"),
    "it asks from its own network in both ways": (
        [*HEALTHY, said(A.addresses[0], "193.232.230.48", WHOAMI, "tcp")],
        "udp",
        "a b",
    ),
}


@pytest.mark.parametrize(("observations", "transport", "alive"), PATHS.values(), ids=PATHS.keys())
def test_how_a_directory_can_be_asked(observations: Sequence[DnsObservation], transport: str, alive: str) -> None:
    path = Soundings(NSDI, observations, (ROOT,), RANDOM, permits).path
    assert (path.transport, " ".join(server.id for server in path.alive)) == (transport, alive)


@pytest.mark.parametrize(
    ("names", "status"),
    [
        ({"whatsapp.com": "delisted", "wa.me": "listed"}, "delisted"),
        ({"whatsapp.com": "listed", "wa.me": "unclear"}, "listed"),
        ({"whatsapp.com": "unclear"}, "silent"),
        ({"whatsapp.com": "dead", "wa.me": "spoofed"}, "silent"),
    ],
)
def test_one_delisted_name_makes_a_service_delisted(names: dict[str, str], status: str) -> None:
    assert conclude(NSDI, names) == DirectoryFinding(id="nsdi", status=status, names=names)  # type: ignore[arg-type]


def test_the_tries_of_a_server_go_to_each_of_its_addresses_in_turn() -> None:
    both = [A.address_for(nth, frozenset({4, 6})) for nth in (1, 2, 3)]
    assert both == ["195.208.4.1", "2a0c:a9c7:8::1", "195.208.4.1"]
    assert {A.address_for(nth, frozenset({4})) for nth in (1, 2, 3)} == {"195.208.4.1"}


# --- what is asked for -----------------------------------------------------------------------------------------------


def test_a_bare_host_is_looked_up_with_the_domain_above_it() -> None:
    assert names_of(host_service("web.whatsapp.com")) == ("web.whatsapp.com", "whatsapp.com")
    assert names_of(host_service("whatsapp.com")) == ("whatsapp.com",)


def test_a_service_is_looked_up_by_its_directory_names_and_by_no_more_than_a_bounded_number() -> None:
    component = Component(id="web", endpoints=(Endpoint("https", "web.whatsapp.com", 443, "/"),))
    service = Service(id="whatsapp", name="WhatsApp", components=(component,))
    assert names_of(service) == ()
    assert names_of(replace(service, directory_names=("wa.me", "wa.me"))) == ("wa.me",)
    many = tuple(f"n{n}.whatsapp.com" for n in range(100))
    assert len(names_of(replace(service, directory_names=many))) == MAX_NAMES


# --- a check ---------------------------------------------------------------------------------------------------------

WEB, SHORT = "web.whatsapp.com", "wa.me"
WORLD = Simulated(names={WEB: ("157.240.9.53",), NAME: ("157.240.9.54",), SHORT: ("157.240.9.55",)})
SERVICE = Service(
    id="whatsapp",
    name="WhatsApp",
    components=(Component(id="web", endpoints=(Endpoint("https", WEB, 443, "/"),)),),
    directory_names=(NAME, SHORT),
)
DELISTED: dict[str, Any] = {NAME: "dns_nxdomain_error", WEB: "dns_nxdomain_error"}


def check(world: Simulated) -> Report:
    return run(Engine(world.network(), seed=1).check(SERVICE))


CHECKS: dict[str, tuple[Simulated, str, str, dict[str, str]]] = {
    "listed": (WORLD, "ok", "listed", {NAME: "listed", SHORT: "listed"}),
    "delisted, here nobody follows": (
        replace(WORLD, directory=DELISTED),
        "ok",
        "delisted",
        {NAME: "delisted", SHORT: "listed"},
    ),
    "delisted, and the resolver follows": (
        replace(WORLD, directory=DELISTED, system=DELISTED),
        "blocked dns.delisted",
        "delisted",
        {NAME: "delisted", SHORT: "listed"},
    ),
    "delisted, and the resolver keeps the name without an address": (
        replace(WORLD, directory=DELISTED, system={WEB: "dns_no_answer"}),
        "blocked dns.delisted",
        "delisted",
        {NAME: "delisted", SHORT: "listed"},
    ),
    "delisted, and the resolver is silent on it": (
        replace(WORLD, directory=DELISTED, system={WEB: SILENCE}),
        "blocked dns.timeout",
        "delisted",
        {NAME: "delisted", SHORT: "listed"},
    ),
    "delisted, and blocked behind it": (
        replace(WORLD, directory=DELISTED, system=DELISTED, censor=Censor(names={WEB: SILENCE})),
        "blocked dns.delisted tls.sni_dropped",
        "delisted",
        {NAME: "delisted", SHORT: "listed"},
    ),
    "listed, and the resolver denies it by itself": (
        replace(WORLD, system=DELISTED),
        "blocked dns.nxdomain",
        "listed",
        {NAME: "listed", SHORT: "listed"},
    ),
    "silent": (replace(WORLD, directory_failure=SILENCE), "ok", "silent", {NAME: "silent", SHORT: "silent"}),
    "refusing": (
        replace(WORLD, directory_failure="dns_refused_error"),
        "ok",
        "silent",
        {NAME: "silent", SHORT: "silent"},
    ),
    "silent, and the resolver denies the name": (
        replace(WORLD, directory_failure=SILENCE, system=DELISTED),
        "blocked dns.nxdomain",
        "silent",
        {NAME: "silent", SHORT: "silent"},
    ),
    "one server dead, listed": (
        replace(WORLD, dead_resolvers=(*B.addresses,)),
        "ok",
        "listed",
        {NAME: "listed", SHORT: "listed"},
    ),
    "the answers of the first try are lost": (
        replace(WORLD, loss=0.2, seed=5),
        "ok",
        "listed",
        {NAME: "listed", SHORT: "listed"},
    ),
    "the name is gone for everybody": (
        replace(WORLD, names={WEB: ("157.240.9.53",), SHORT: ("157.240.9.55",)}),
        "ok",
        "listed",
        {NAME: "dead", SHORT: "listed"},
    ),
    "no operator answers": (
        replace(WORLD, directory=DELISTED, doh_failure="connection_reset"),
        "ok",
        "listed",
        {NAME: "unclear", SHORT: "listed"},
    ),
    "this host is offline": (
        replace(WORLD, online=False),
        "inconclusive host.offline",
        "silent",
        {NAME: "silent", SHORT: "silent"},
    ),
}


@pytest.mark.parametrize(("world", "verdict", "status", "names"), CHECKS.values(), ids=CHECKS.keys())
def test_a_check_tells_of_the_directory_beside_the_host(
    world: Simulated, verdict: str, status: str, names: dict[str, str]
) -> None:
    report = check(world)
    assert " ".join((report.status.value, *report.causes)) == verdict
    assert report.directories == (DirectoryFinding(id="nsdi", status=status, names=names),)  # type: ignore[arg-type]


def test_what_the_directory_was_asked_is_among_the_observations() -> None:
    report = check(replace(WORLD, directory=DELISTED, system=DELISTED))
    asked = [o for o in report.observations if o.purpose is Purpose.DIRECTORY]
    assert {o.arm for o in asked} == {Arm.CONTROL}
    assert {o.resolver for o in asked if isinstance(o, DnsObservation)} >= {"195.208.4.1", "195.208.5.1", *DOH}
    denials = {o.id for o in asked if o.target.host == NAME}
    assert denials <= set(report.components[0].because)


def test_a_healthy_answer_does_not_wait_for_a_directory_that_answers() -> None:
    without = run(Engine(WORLD.network(), seed=1, directories=()).check(SERVICE))
    assert without.directories == ()
    assert check(WORLD).elapsed_s == without.elapsed_s


def test_a_healthy_answer_waits_for_a_silent_directory_once_a_minute_and_not_for_long() -> None:
    async def checks() -> tuple[Report, Report]:
        engine = Engine(replace(WORLD, directory_failure=SILENCE).network(), seed=1)
        return await engine.check(SERVICE), await engine.check(SERVICE)

    first, second = run(checks())
    assert first.elapsed_s < GRACE_S + 0.3
    assert second.elapsed_s < 0.3
    assert {report.directories[0].status for report in (first, second)} == {"silent"}
    assert not [o for o in second.observations if o.purpose is Purpose.DIRECTORY]


@pytest.mark.parametrize("failure", [SILENCE, "dns_servfail_error"])
def test_a_silent_directory_is_given_up_within_its_limit_however_long_the_check_takes(failure: str) -> None:
    report = check(replace(WORLD, directory_failure=failure, censor=Censor(names={WEB: SILENCE})))
    asked = [o for o in report.observations if o.purpose is Purpose.DIRECTORY]
    assert max(o.started_s + o.elapsed_s for o in asked) < 4
    assert len(asked) <= 60


def test_the_controls_of_a_living_directory_are_asked_once_for_checks_side_by_side() -> None:
    async def checks() -> Sequence[Report]:
        engine = Engine(WORLD.network(), seed=1)
        return await asyncio.gather(*(engine.check(SERVICE) for _ in range(5)))

    reports = run(checks())
    asked = [o for report in reports for o in report.observations if o.purpose is Purpose.DIRECTORY]
    assert len([o for o in asked if o.target.host == "ya.ru"]) == len(NSDI.servers)
    assert len([o for o in asked if o.target.host == NAME]) == len(reports) * len(NSDI.servers)


def test_whoever_answers_in_place_of_every_name_server_is_not_taken_for_the_directory() -> None:
    report = check(replace(WORLD, directory=DELISTED, system=DELISTED, intercepted=True))
    assert report.directories[0].status == "silent"
    assert "dns.delisted" not in report.causes


def test_a_denial_that_is_injected_is_not_the_directory_s() -> None:
    report = check(replace(WORLD, directory=DELISTED, system=DELISTED, injected=True))
    assert report.directories[0].names == {NAME: "unclear", SHORT: "listed"}
    assert "dns.delisted" not in report.causes


def test_only_the_directory_s_own_resolvers_are_asked_over_udp() -> None:
    asked = [o for o in check(WORLD).observations if o.purpose is Purpose.DIRECTORY and isinstance(o, DnsObservation)]
    assert {o.resolver for o in asked} <= {*DIRECTORY, ROOT}
