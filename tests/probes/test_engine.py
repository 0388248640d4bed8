"""The whole engine, planner, rules and all, against worlds whose truth is known; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from probes.engine import BUDGET_S, GRACE_S, Engine
from probes.model import Component, Endpoint, Report, Service
from probes.observations import Arm, Purpose
from probes.targets import host_service
from tests.probes.simulated import DOWNLOADS, ISP, PORTAL, SILENCE, Censor, Server, Simulated, SimulatedNetwork
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probes.network import Question

HOST = "www.whatsapp.com"
ADDRESS = "157.240.9.53"
SECOND = "157.240.9.54"
STRANGER = "104.154.89.105"
V6 = "2a03:2880:f30c::1"
HEALTHY = Simulated(names={HOST: (ADDRESS,)})
ONE = (ADDRESS, SECOND)
RESET = "connection_reset"


def censored(**censor: Any) -> Simulated:
    return replace(HEALTHY, censor=Censor(**censor))


def told(answer: str | tuple[str, ...], **changes: Any) -> Simulated:
    return replace(HEALTHY, system={HOST: answer}, **changes)


def served(**server: Any) -> Simulated:
    return replace(HEALTHY, servers={ADDRESS: Server(**server)})


def check(world: Simulated, target: str = HOST) -> Report:
    return run(Engine(world.network(), seed=1).check(host_service(target)))


def said(report: Report) -> tuple[str, str, str]:
    return report.status.value, report.confidence.value, " ".join(report.causes)


HTTPS = {
    "healthy": (HEALTHY, "ok", "confirmed", ""),
    "resolver says NXDOMAIN": (told("dns_nxdomain_error"), "blocked", "confirmed", "dns.nxdomain"),
    "resolver says nothing": (told("dns_no_answer"), "blocked", "confirmed", "dns.nodata"),
    "resolver refuses": (told("dns_refused_error"), "blocked", "confirmed", "dns.refused"),
    "resolver fails": (told("dns_servfail_error"), "blocked", "likely", "dns.servfail"),
    "resolver is silent": (told(SILENCE), "blocked", "likely", "dns.timeout"),
    "resolver has to search for the name": (replace(HEALTHY, search_s=2.5), "ok", "confirmed", ""),
    "resolver is honest over TCP alone": (
        told("dns_nxdomain_error", tcp_is_honest=True),
        "blocked",
        "confirmed",
        "dns.nxdomain dns.rerouted",
    ),
    "resolver is silent over UDP alone": (
        told(SILENCE, tcp_is_honest=True),
        "blocked",
        "likely",
        "dns.timeout",
    ),
    "resolver gives a private address": (told(("10.10.34.35",)), "blocked", "confirmed", "dns.spoofed"),
    "resolver gives a stranger's address": (
        told((STRANGER,), servers={STRANGER: Server(names=("badssl.com",))}),
        "blocked",
        "likely",
        "dns.spoofed",
    ),
    "resolver gives a stranger's address by injection": (
        told((STRANGER,), injected=True, servers={STRANGER: Server(names=("badssl.com",))}),
        "blocked",
        "confirmed",
        "dns.spoofed",
    ),
    "resolver gives the address of a server that nobody trusts": (
        told((STRANGER,), servers={STRANGER: Server(authority="A filter")}),
        "blocked",
        "confirmed",
        "dns.spoofed",
    ),
    "resolver gives a stranger's address and the true one is dropped": (
        told(
            (STRANGER,), servers={STRANGER: Server(names=("badssl.com",))}, censor=Censor(addresses={ADDRESS: SILENCE})
        ),
        "blocked",
        "confirmed",
        "dns.spoofed ip.dropped",
    ),
    "resolver gives a stranger's address and the name is dropped": (
        told((STRANGER,), servers={STRANGER: Server(names=("badssl.com",))}, censor=Censor(names={HOST: SILENCE})),
        "blocked",
        "confirmed",
        "dns.spoofed tls.sni_dropped",
    ),
    "resolver gives two dead addresses by injection and the name is reset": (
        told((STRANGER, V6), injected=True, ipv6=True, censor=Censor(names={HOST: "connection_reset"})),
        "blocked",
        "confirmed",
        "dns.spoofed tls.sni_reset",
    ),
    "resolver answers with the id of another question": (
        told("dns_reply_with_wrong_query_id"),
        "blocked",
        "likely",
        "dns.spoofed",
    ),
    "resolver gives the address of a block page": (
        told((STRANGER,), servers={STRANGER: Server(closed=(443,), fingerprints=("ru-notice-law",))}),
        "blocked",
        "confirmed",
        "dns.spoofed",
    ),
    "resolver gives a dead address": (told((STRANGER,)), "inconclusive", "possible", "dns.spoofed"),
    "resolver gives a dead address by injection": (
        told((STRANGER,), injected=True),
        "blocked",
        "confirmed",
        "dns.spoofed",
    ),
    "resolver gives a dead address and all questions go astray": (
        told((STRANGER,), intercepted=True),
        "inconclusive",
        "possible",
        "dns.spoofed",
    ),
    "resolver gives a proxy's address by injection": (
        told((STRANGER,), injected=True, servers={STRANGER: Server()}),
        "ok",
        "confirmed",
        "dns.spoofed",
    ),
    "resolver gives a proxy's address and all questions go astray": (
        told((STRANGER,), intercepted=True, servers={STRANGER: Server()}),
        "ok",
        "confirmed",
        "",
    ),
    "resolver gives a proxy's address by injection and the name is reset": (
        told((STRANGER,), injected=True, servers={STRANGER: Server()}, censor=Censor(names={HOST: RESET})),
        "blocked",
        "confirmed",
        "dns.spoofed tls.sni_reset",
    ),
    "name is dead everywhere": (replace(HEALTHY, names={}), "down", "confirmed", "service.dns_dead"),
    "name is dead and answered all the same": (
        told((STRANGER,), names={}),
        "down",
        "confirmed",
        "dns.spoofed service.dns_dead",
    ),
    "name leads to loopback for everybody": (
        replace(HEALTHY, names={HOST: ("127.0.0.1",)}),
        "down",
        "confirmed",
        "service.dns_dead",
    ),
    "resolver is silent on every name": (
        replace(HEALTHY, system_failure=SILENCE),
        "inconclusive",
        "likely",
        "host.resolver_broken",
    ),
    "first resolver of two is dead": (
        replace(HEALTHY, resolvers=("195.34.32.1", ISP), dead_resolvers=("195.34.32.1",)),
        "ok",
        "confirmed",
        "",
    ),
    "first resolver's answer for IPv4 is lost and the IPv6 address is dead": (
        replace(
            HEALTHY,
            names={HOST: (ADDRESS, V6)},
            ipv6=True,
            resolvers=("195.34.32.1", ISP),
            loses_first=("A",),
            servers={V6: Server(tcp=SILENCE)},
        ),
        "ok",
        "confirmed",
        "",
    ),
    "first resolver of two is dead and the second one's answer is lost": (
        replace(HEALTHY, resolvers=("195.34.32.1", ISP), dead_resolvers=("195.34.32.1",), loses=(0,)),
        "ok",
        "confirmed",
        "",
    ),
    "address is dropped": (censored(addresses={ADDRESS: SILENCE}), "blocked", "confirmed", "ip.dropped"),
    "address is reset": (censored(addresses={ADDRESS: "connection_refused"}), "blocked", "confirmed", "ip.reset"),
    "address is unreachable": (
        censored(addresses={ADDRESS: "host_unreachable"}),
        "blocked",
        "confirmed",
        "ip.unreachable",
    ),
    "address is reset for a moment": (censored(passing={ADDRESS: "connection_refused"}), "ok", "confirmed", ""),
    "address is unreachable for a moment": (censored(passing={ADDRESS: "host_unreachable"}), "ok", "confirmed", ""),
    "address is dropped and nobody outside answers": (
        replace(censored(addresses={ADDRESS: SILENCE}), outside="fails"),
        "inconclusive",
        "possible",
        "no_outside_control",
    ),
    "address is dropped and one control alone is there to tell": (
        replace(censored(addresses={ADDRESS: SILENCE}), controls=1),
        "blocked",
        "likely",
        "ip.dropped",
    ),
    "address is dropped and one control cannot connect either": (
        replace(censored(addresses={ADDRESS: SILENCE}), odd_control={ADDRESS: SILENCE}),
        "blocked",
        "confirmed",
        "ip.dropped",
    ),
    "address is dropped and of two controls one cannot connect either": (
        replace(censored(addresses={ADDRESS: SILENCE}), controls=2, odd_control={ADDRESS: SILENCE}),
        "inconclusive",
        "possible",
        "not_measured",
    ),
    "server is dead and one control alone is there to tell": (
        replace(served(tcp=SILENCE), controls=1),
        "down",
        "likely",
        "service.down",
    ),
    "server is dead and one control says that it is not": (
        replace(served(tcp=SILENCE), odd_control={ADDRESS: None}),
        "down",
        "confirmed",
        "service.down",
    ),
    "address is dropped behind the connect": (
        censored(after_connect={ADDRESS: SILENCE}),
        "blocked",
        "likely",
        "ip.dropped",
    ),
    "server is down": (served(tcp="connection_refused"), "down", "confirmed", "service.down"),
    "server is dead": (served(tcp=SILENCE), "down", "confirmed", "service.down"),
    "name is dropped": (censored(names={HOST: SILENCE}), "blocked", "confirmed", "tls.sni_dropped"),
    "name is reset": (censored(names={HOST: "connection_reset"}), "blocked", "confirmed", "tls.sni_reset"),
    "name is closed by FIN": (censored(names={HOST: "eof_error"}), "blocked", "confirmed", "tls.sni_reset"),
    "name is answered by a forged alert": (
        censored(names={HOST: "unknown_failure: remote error: tls: handshake failure"}),
        "blocked",
        "confirmed",
        "tls.sni_reset",
    ),
    "server ends handshakes by an alert": (
        served(tls="unknown_failure: remote error: tls: handshake failure"),
        "down",
        "confirmed",
        "service.down",
    ),
    "name is dropped and the server with it for a while": (
        censored(names={HOST: SILENCE}, residual=True),
        "blocked",
        "confirmed",
        "tls.sni_dropped",
    ),
    "name is dropped behind the handshake": (
        censored(names={HOST: SILENCE}, first_packets_pass=True),
        "blocked",
        "confirmed",
        "tls.sni_dropped",
    ),
    "name and address are filtered together": (
        told("dns_nxdomain_error", censor=Censor(addresses={ADDRESS: SILENCE})),
        "blocked",
        "confirmed",
        "dns.nxdomain ip.dropped",
    ),
    "name is denied and dropped": (
        told("dns_nxdomain_error", censor=Censor(names={HOST: SILENCE})),
        "blocked",
        "confirmed",
        "dns.nxdomain tls.sni_dropped",
    ),
    "server shakes hands slowly and a control is lost": (
        replace(
            served(hello_delay_s=2.54),
            names={HOST: (ADDRESS, V6)},
            servers={ADDRESS: Server(hello_delay_s=2.54), V6: Server(hello_delay_s=2.54)},
            ipv6=True,
            rtt_s=0.6,
            loses_hello=frozenset({"8.8.8.8"}),
        ),
        "ok",
        "confirmed",
        "",
    ),
    "server does not shake hands in time, and a control is lost": (
        replace(served(hello_delay_s=20), loses_hello=frozenset({"8.8.8.8"})),
        "inconclusive",
        "possible",
        "not_measured",
    ),
    "name is dropped and one unrelated server with it": (
        censored(names={HOST: SILENCE}, addresses={"8.8.8.8": SILENCE}),
        "blocked",
        "confirmed",
        "tls.sni_dropped",
    ),
    "name is dropped, and the address behind the connect": (
        censored(names={HOST: SILENCE}, after_connect={ADDRESS: SILENCE}),
        "blocked",
        "confirmed",
        "tls.sni_dropped",
    ),
    "first resolver takes longer than programs wait": (replace(HEALTHY, search_s=5.05), "ok", "confirmed", ""),
    "certificate is forged": (
        censored(forged_authority={HOST: "A national CA"}),
        "blocked",
        "confirmed",
        "tls.intercepted",
    ),
    "certificate is expired": (served(tls="ssl_invalid_certificate"), "down", "confirmed", "service.certificate"),
    "certificate is for another name": (served(names=("other.org",)), "down", "confirmed", "service.certificate"),
    "certificate is of an unknown authority": (
        served(authority="A private CA"),
        "down",
        "confirmed",
        "service.certificate",
    ),
    "certificate is of an unknown authority and nobody outside answers": (
        replace(served(authority="A private CA"), outside="fails"),
        "inconclusive",
        "possible",
        "no_outside_control",
    ),
    "service refuses": (served(status=451), "degraded", "likely", "service.refuses"),
    "service turns this host away alone": (
        served(status=403, to_others=Server()),
        "degraded",
        "likely",
        "service.refuses",
    ),
    "service turns everybody away": (served(status=403), "ok", "confirmed", ""),
    "server speaks clear text alone": (served(closed=(443,)), "ok", "likely", ""),
    "server speaks clear text alone, and that is answered on the way": (
        replace(served(closed=(443,)), censor=Censor(pages={HOST: Server(title="Access denied")})),
        "blocked",
        "confirmed",
        "http.blockpage",
    ),
    "server speaks clear text alone, and only sends people to TLS": (
        served(closed=(443,), status=301, location=f"https://{HOST}/"),
        "down",
        "confirmed",
        "service.down",
    ),
    "server is closed": (served(closed=(80, 443)), "down", "confirmed", "service.down"),
    "server answers this host with errors": (
        served(status=503, to_others=Server()),
        "degraded",
        "likely",
        "service.refuses",
    ),
    "server errs once": (served(status=502, errs=1), "ok", "confirmed", ""),
    "gateway answers everybody with errors": (served(status=502), "down", "likely", "service.down"),
    "gateway answers with errors and nobody outside answers": (
        replace(served(status=502), outside="fails"),
        "ok",
        "confirmed",
        "",
    ),
    "server turns everybody away by an error": (served(status=503), "ok", "confirmed", ""),
    "server is slow for everybody": (served(delay_s=8.0), "ok", "confirmed", ""),
    "server does not answer in time": (served(delay_s=12.0), "inconclusive", "possible", "not_measured"),
    "server is slow to shake hands": (served(hello_delay_s=8.0), "ok", "confirmed", ""),
    "this host is offline": (replace(HEALTHY, online=False), "inconclusive", "confirmed", "host.offline"),
    "this host is behind a portal": (
        replace(HEALTHY, captive=True),
        "inconclusive",
        "confirmed",
        "host.captive_portal",
    ),
    "this host is behind a portal with a certificate of its own": (
        replace(HEALTHY, captive=True, portal=replace(PORTAL, authority="A Public CA")),
        "inconclusive",
        "confirmed",
        "host.captive_portal",
    ),
    "this host is behind a portal that shows its page at once": (
        replace(HEALTHY, captive=True, portal=replace(PORTAL, status=200, location=None)),
        "inconclusive",
        "confirmed",
        "host.captive_portal",
    ),
    "this host is behind an allow-list": (
        replace(HEALTHY, only=("ya.ru", "max.ru")),
        "inconclusive",
        "confirmed",
        "network.allowlist",
    ),
    "this host's clock is wrong": (replace(HEALTHY, wrong_clock=True), "inconclusive", "likely", "not_measured"),
    "one address of two is dead": (
        replace(served(tcp=SILENCE), names={HOST: ONE}),
        "ok",
        "confirmed",
        "",
    ),
    "one address of two is dropped": (
        replace(censored(addresses={ADDRESS: SILENCE}), names={HOST: ONE}),
        "degraded",
        "confirmed",
        "ip.dropped",
    ),
    "IPv6 is broken here": (
        replace(HEALTHY, names={HOST: (ADDRESS, V6)}, ipv6=True, ipv6_black_hole=True),
        "ok",
        "confirmed",
        "",
    ),
    "IPv6 alone is dropped": (
        replace(censored(addresses={V6: SILENCE}), names={HOST: (ADDRESS, V6)}, ipv6=True),
        "degraded",
        "confirmed",
        "ip.dropped",
    ),
}


@pytest.mark.parametrize(("world", "status", "confidence", "causes"), HTTPS.values(), ids=HTTPS.keys())
def test_a_site_over_tls(world: Simulated, status: str, confidence: str, causes: str) -> None:
    assert said(check(world)) == (status, confidence, causes)


# --- several resolvers -----------------------------------------------------------------------------------------------

FIRST = "195.34.32.1"
NXDOMAIN, REFUSED, SERVFAIL = "dns_nxdomain_error", "dns_refused_error", "dns_servfail_error"


def two_resolvers(
    first: str | None, second: str | None, of: tuple[str, str] = (HOST, HOST), **changes: Any
) -> Simulated:
    """Return a world in which each resolver fails so, for the name or for all ("*"); None: it tells the truth."""
    says = ((FIRST, of[0], first), (ISP, of[1], second))
    by_resolver = {resolver: {name: failure} for resolver, name, failure in says if failure is not None}
    return replace(HEALTHY, resolvers=(FIRST, ISP), by_resolver=by_resolver, **changes)


ALL_AND_NAME, NAME_AND_ALL, ALL = ("*", HOST), (HOST, "*"), ("*", "*")
TWO_RESOLVERS = {
    "dead, refuses": (two_resolvers(SILENCE, REFUSED, ALL_AND_NAME), "blocked", "confirmed", "dns.refused"),
    "dead, denies": (two_resolvers(SILENCE, NXDOMAIN, ALL_AND_NAME), "blocked", "confirmed", "dns.nxdomain"),
    "dead, fails": (two_resolvers(SILENCE, SERVFAIL, ALL_AND_NAME), "blocked", "likely", "dns.servfail"),
    "dead, silent": (two_resolvers(SILENCE, SILENCE, ALL_AND_NAME), "blocked", "likely", "dns.timeout"),
    "dead, honest": (two_resolvers(SILENCE, None, ALL), "ok", "confirmed", ""),
    "dead, dead": (two_resolvers(SILENCE, SILENCE, ALL), "inconclusive", "likely", "host.resolver_broken"),
    "not there, refuses": (
        two_resolvers("connection_refused", REFUSED, ALL_AND_NAME),
        "blocked",
        "confirmed",
        "dns.refused",
    ),
    "not there, fails": (
        two_resolvers("host_unreachable", SERVFAIL, ALL_AND_NAME),
        "blocked",
        "likely",
        "dns.servfail",
    ),
    "refuses, dead": (two_resolvers(REFUSED, SILENCE, NAME_AND_ALL), "blocked", "confirmed", "dns.refused"),
    "fails, dead": (two_resolvers(SERVFAIL, SILENCE, NAME_AND_ALL), "blocked", "likely", "dns.servfail"),
    "denies, dead": (two_resolvers(NXDOMAIN, SILENCE, NAME_AND_ALL), "blocked", "confirmed", "dns.nxdomain"),
    "silent, dead": (two_resolvers(SILENCE, SILENCE, NAME_AND_ALL), "blocked", "likely", "dns.timeout"),
    "refuses, refuses": (two_resolvers(REFUSED, REFUSED), "blocked", "confirmed", "dns.refused"),
    "refuses, fails": (two_resolvers(REFUSED, SERVFAIL), "blocked", "confirmed", "dns.refused"),
    "fails, denies": (two_resolvers(SERVFAIL, NXDOMAIN), "blocked", "confirmed", "dns.nxdomain"),
    "fails, honest": (two_resolvers(SERVFAIL, None), "ok", "confirmed", ""),
    "refuses, honest": (two_resolvers(REFUSED, None), "ok", "confirmed", ""),
    "silent, honest": (two_resolvers(SILENCE, None), "ok", "confirmed", ""),
    "silent, silent": (two_resolvers(SILENCE, SILENCE), "blocked", "likely", "dns.timeout"),
    "silent, refuses": (two_resolvers(SILENCE, REFUSED), "blocked", "likely", "dns.refused"),
    "silent, denies": (two_resolvers(SILENCE, NXDOMAIN), "blocked", "likely", "dns.nxdomain"),
    "refuses, silent": (two_resolvers(REFUSED, SILENCE), "blocked", "likely", "dns.refused"),
    "refuses everything, silent": (two_resolvers(REFUSED, SILENCE, ALL_AND_NAME), "blocked", "likely", "dns.timeout"),
    "refuses everything, honest": (two_resolvers(REFUSED, None, ALL), "ok", "confirmed", ""),
    "refuses everything, loses five packets": (
        two_resolvers(REFUSED, None, ALL, loses=(0, 4, 5, 6)),
        "ok",
        "confirmed",
        "",
    ),
    "slow, denies": (two_resolvers(None, NXDOMAIN, search_of={FIRST: 2.5}), "ok", "confirmed", ""),
    "slow, refuses": (two_resolvers(None, REFUSED, search_of={FIRST: 2.5}), "ok", "confirmed", ""),
    "slow, refuses everything": (two_resolvers(None, REFUSED, ALL, search_of={FIRST: 2.5}), "ok", "confirmed", ""),
}


@pytest.mark.parametrize(("world", "status", "confidence", "causes"), TWO_RESOLVERS.values(), ids=TWO_RESOLVERS.keys())
def test_a_name_behind_two_resolvers(world: Simulated, status: str, confidence: str, causes: str) -> None:
    assert said(check(world)) == (status, confidence, causes)


BLOCKED_PAGE = Server(title="Blocked", tls=RESET)
HTTP = {
    "healthy": (HEALTHY, "ok", "likely", ""),
    "name is dead and answered by a page": (
        told((STRANGER,), names={}, servers={STRANGER: BLOCKED_PAGE}),
        "down",
        "confirmed",
        "dns.spoofed service.dns_dead",
    ),
    "resolver gives the address of another page": (
        told((STRANGER,), servers={STRANGER: BLOCKED_PAGE}),
        "inconclusive",
        "possible",
        "dns.spoofed",
    ),
    "resolver gives the address of a block page": (
        told((STRANGER,), servers={STRANGER: Server(title="Blocked", tls=RESET, fingerprints=("ru-notice-law",))}),
        "blocked",
        "confirmed",
        "dns.spoofed",
    ),
    "resolver gives the address of another page by injection": (
        told((STRANGER,), servers={STRANGER: BLOCKED_PAGE}, injected=True),
        "blocked",
        "confirmed",
        "dns.spoofed",
    ),
    "resolver gives the address of another site": (
        told((STRANGER,), servers={STRANGER: Server(title="Another", names=("badssl.com",))}),
        "blocked",
        "likely",
        "dns.spoofed",
    ),
    "resolver gives the address of a mirror": (
        told((STRANGER,), servers={STRANGER: Server(title="The site, for this country")}),
        "ok",
        "likely",
        "",
    ),
    "resolver gives another page's address by injection, and so looks the page at the true one": (
        told((STRANGER,), injected=True, servers={STRANGER: Server()}, censor=Censor(pages={HOST: BLOCKED_PAGE})),
        "blocked",
        "confirmed",
        "dns.spoofed http.blockpage",
    ),
    "service asks for a proof of humanity in clear text and over TLS": (
        served(status=403, title="Just a moment", to_others=Server()),
        "degraded",
        "likely",
        "service.refuses",
    ),
    "service asks for a proof of humanity in clear text alone": (
        served(status=403, title="Just a moment", over_tls=Server(title=""), to_others=Server()),
        "inconclusive",
        "possible",
        "not_measured",
    ),
    "service redirects in clear text alone": (
        replace(
            served(status=302, location="http://www.other.org/", over_tls=Server(), to_others=Server()),
            names={HOST: (ADDRESS,), "www.other.org": (SECOND,)},
        ),
        "ok",
        "likely",
        "",
    ),
    "this host is behind a portal": (
        replace(HEALTHY, captive=True),
        "inconclusive",
        "confirmed",
        "host.captive_portal",
    ),
    "request is reset": (censored(names={HOST: "connection_reset"}), "blocked", "confirmed", "http.reset"),
    "request is dropped": (censored(names={HOST: SILENCE}), "blocked", "confirmed", "http.dropped"),
    "address is reset behind the connect": (
        censored(after_connect={ADDRESS: RESET}),
        "blocked",
        "likely",
        "ip.reset",
    ),
    "one server of two does not answer": (
        replace(served(http=RESET), names={HOST: (SECOND, ADDRESS)}, system={HOST: (ADDRESS,)}),
        "inconclusive",
        "possible",
        "not_measured",
    ),
    "page is made on the way": (
        censored(pages={HOST: Server(title="Access denied")}),
        "blocked",
        "confirmed",
        "http.blockpage",
    ),
    "block page is shown while the operators leave questions about IPv6 unanswered": (
        replace(
            censored(pages={HOST: Server(status=302, title="", fingerprints=("ru-rostelecom",))}),
            names={HOST: (ADDRESS, V6)},
            ipv6=True,
            doh_unanswered=("AAAA",),
        ),
        "blocked",
        "confirmed",
        "http.blockpage",
    ),
    "redirect is made on the way": (
        censored(pages={HOST: Server(status=302, location="http://stub.isp.ru/")}),
        "blocked",
        "confirmed",
        "http.blockpage",
    ),
}


@pytest.mark.parametrize(("world", "status", "confidence", "causes"), HTTP.values(), ids=HTTP.keys())
def test_a_site_in_clear_text(world: Simulated, status: str, confidence: str, causes: str) -> None:
    assert said(check(world, f"http://{HOST}")) == (status, confidence, causes)


@pytest.mark.parametrize(
    ("world", "beyond"),
    [
        (HEALTHY, "ok"),
        (told("dns_nxdomain_error"), "ok"),
        (told("dns_nxdomain_error", censor=Censor(names={HOST: SILENCE})), "blocked"),
        (censored(names={HOST: SILENCE}), "blocked"),
        (replace(HEALTHY, online=False), "unknown"),
    ],
)
def test_whether_an_honest_resolver_would_help(world: Simulated, beyond: str) -> None:
    assert check(world).beyond_dns == beyond


@pytest.mark.parametrize(
    ("denied", "asked"), [((), ("a.example.org",)), (("c.example.org",), ("a.example.org", "c.example.org"))]
)
def test_honest_resolvers_are_asked_once_a_domain_and_for_names_in_trouble(
    denied: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    hosts = tuple(f"{letter}.example.org" for letter in "abc")
    world = Simulated(names=dict.fromkeys(hosts, (ADDRESS,)), system=dict.fromkeys(denied, "dns_nxdomain_error"))
    site = Component(id="site", endpoints=tuple(Endpoint("https", host, 443, "/") for host in hosts))
    report = run(Engine(world.network(), seed=1).check(Service(id="one", name="One", components=(site,))))
    honest = {o.target.host for o in report.observations if o.purpose is Purpose.HONEST_RESOLVER}
    assert honest == set(asked)


def test_a_healthy_target_is_answered_without_asking_anybody_outside() -> None:
    network = HEALTHY.network()
    report = run(Engine(network, seed=1).check(host_service(HOST)))
    assert network.asked_outside == 0
    assert report.elapsed_s <= 1.3 * 4 * HEALTHY.rtt_s
    assert {o.purpose for o in report.observations} == {Purpose.MEASURE, Purpose.HONEST_RESOLVER, Purpose.DIRECTORY}


@pytest.mark.parametrize(("rtt_s", "limit_s"), [(0.04, 3.0), (0.4, 5.0)])
@pytest.mark.parametrize(
    "censor",
    [
        Censor(names={HOST: SILENCE}),
        Censor(addresses={ADDRESS: SILENCE}),
        Censor(addresses={ADDRESS: "connection_refused"}),
        Censor(addresses={ADDRESS: "host_unreachable"}),
    ],
)
def test_a_block_is_confirmed_in_time(rtt_s: float, limit_s: float, censor: Censor) -> None:
    report = check(replace(HEALTHY, rtt_s=rtt_s, censor=censor))
    assert report.confidence == "confirmed"
    assert report.elapsed_s <= limit_s


def test_the_silence_of_an_address_without_a_name_is_noticed_while_it_lasts() -> None:
    centre = Component(id="centre", endpoints=(Endpoint("mtproto", ADDRESS, 443, "/"),))
    service = Service(id="one", name="One", components=(centre,))
    report = run(Engine(censored(addresses={ADDRESS: SILENCE}).network(), seed=1).check(service))
    assert said(report) == ("blocked", "confirmed", "ip.dropped")
    assert report.elapsed_s < 2.5


@pytest.mark.parametrize("rtt_s", [2.0, 3.0])
def test_a_line_with_a_round_trip_of_seconds_is_not_offline(rtt_s: float) -> None:
    world = replace(HEALTHY, rtt_s=rtt_s)
    assert said(check(world)) == ("ok", "confirmed", "")
    assert said(check(replace(world, censor=Censor(addresses={ADDRESS: "connection_refused"}))))[0] == "blocked"
    assert check(replace(world, censor=Censor(names={HOST: SILENCE}))).baseline.network == "ok"


@pytest.mark.parametrize("rtt_s", [0.6, 1.0, 1.31, 1.5, 2.0, 3.0])
def test_a_slow_line_behind_a_resolver_that_is_near_blocks_nobody(rtt_s: float) -> None:
    assert said(check(replace(HEALTHY, rtt_s=rtt_s, resolver_is_near=True))) == ("ok", "confirmed", "")


@pytest.mark.parametrize("rtt_s", [0.04, 0.16, 0.3, 0.8, 1.2])
@pytest.mark.parametrize("near", [False, True])
def test_the_only_handshake_before_residual_blocking_counts_however_far_the_server_is(rtt_s: float, near: bool) -> None:
    censor = Censor(names={HOST: SILENCE}, residual=True)
    report = check(replace(HEALTHY, rtt_s=rtt_s, resolver_is_near=near, censor=censor))
    assert said(report) == ("blocked", "confirmed", "tls.sni_dropped")


@pytest.mark.parametrize("delay_s", [0.3, 5.0, 10.0, 15.0])
@pytest.mark.parametrize("failure", [SILENCE, "connection_refused"])
def test_a_server_that_is_dead_for_all_is_down_however_slowly_others_tell(delay_s: float, failure: str) -> None:
    report = check(replace(served(tcp=failure), outside_delay_s=delay_s))
    assert said(report)[::2] == ("down", "service.down")


@pytest.mark.parametrize("sick", [ADDRESS, SECOND])
@pytest.mark.parametrize("status", [502, 503])
def test_one_sick_server_of_several_does_not_speak_for_the_others(sick: str, status: int) -> None:
    world = replace(HEALTHY, names={HOST: ONE}, servers={sick: Server(status=status)})
    assert said(check(world)) == ("ok", "confirmed", "")


@pytest.mark.parametrize("status", [403, 503])
def test_a_page_that_tls_shows_too_is_nobody_elses(status: int) -> None:
    report = check(served(status=status, to_others=Server()), f"http://{HOST}")
    assert said(report) == ("degraded", "likely", "service.refuses")


class OddServer(SimulatedNetwork):
    """The address leads this host alone to a box with a certificate of its own, which resets other names."""

    def _server(self, address: str, name: str, scheme: str) -> Server | None:
        if address == ADDRESS and name:
            return Server(authority="A box's own")
        return super()._server(address, name, scheme)

    def _failure(self, step: str, address: str, port: int, name: str, server: Server | None, scheme: str) -> str | None:
        if step == "tls" and address == ADDRESS and name != HOST:
            return RESET
        return super()._failure(step, address, port, name, server, scheme)


def test_a_certificate_that_was_compared_with_none_is_no_sure_interception() -> None:
    report = run(Engine(OddServer(HEALTHY), seed=1).check(host_service(HOST)))
    assert said(report) == ("blocked", "likely", "tls.intercepted")


def test_a_connect_is_not_given_up_before_a_lost_syn_could_be_answered() -> None:
    """The line's round trip is not known when the first connects begin."""
    slow = replace(HEALTHY, rtt_s=1.2, loses_syn=frozenset({ADDRESS}))
    target = Service(id="dc", name="DC", components=(Component(id="dc", endpoints=(Endpoint("tcp", ADDRESS, 443),)),))
    assert said(run(Engine(slow.network(), seed=1).check(target))) == ("ok", "likely", "")


WEB_SITE = Endpoint("https", HOST, 443, "/")
FAR = replace(HEALTHY, rtt_s=1.2, resolver_is_near=True, loses_connect=frozenset({ADDRESS}))


@pytest.mark.parametrize("target", [f"https://{HOST}", f"http://{HOST}"])
def test_a_server_that_turns_down_later_connects_alone_is_not_blocked(target: str) -> None:
    """What is waited for first is lost on a bad line; the server limits how often it is called."""
    report = check(replace(FAR, servers={ADDRESS: Server(patience=1)}), target)
    assert said(report) == ("inconclusive", "possible", "not_measured")


APART = tuple(Component(id=e.scheme, endpoints=(e,)) for e in (WEB_SITE, Endpoint("tcp", HOST, 5222)))


@pytest.mark.parametrize("patience", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_what_a_server_takes_from_one_component_is_not_blocked_for_another(patience: int, seed: int) -> None:
    world = replace(HEALTHY, servers={ADDRESS: Server(patience=patience)}, seed=seed)
    report = run(Engine(world.network(), seed=seed).check(Service(id="one", name="One", components=APART)))
    assert "ip.reset" not in report.causes


class ResetsPort(SimulatedNetwork):
    """Connects to one port of the host are reset on the way."""

    def _failure(self, step: str, address: str, port: int, name: str, server: Server | None, scheme: str) -> str | None:
        failure = super()._failure(step, address, port, name, server, scheme)
        return "connection_refused" if (step, address, port) == ("tcp", ADDRESS, 5222) else failure


def test_a_port_that_is_reset_while_others_are_open_is_blocked() -> None:
    report = run(Engine(ResetsPort(HEALTHY), seed=1).check(Service(id="one", name="One", components=APART)))
    assert said(report) == ("degraded", "confirmed", "ip.reset")


class Loses(SimulatedNetwork):
    """Loses certain of the questions for the host's IPv4 addresses: "measure 1" is the first, "repeat 2" another."""

    def __init__(self, world: Simulated, lost: Sequence[str]) -> None:
        super().__init__(world)
        self._lost_questions = lost

    def _loses(self, question: Question) -> bool:
        ours = question.name == HOST and question.query_type == "A"
        return ours and f"{question.purpose} {question.nth}" in self._lost_questions


REPEATED = ("repeat 1", "repeat 2", "repeat 3", "repeat 4")


@pytest.mark.parametrize("ipv6", [False, True])
def test_a_resolver_that_answers_one_question_of_a_name_does_not_filter_it(*, ipv6: bool) -> None:
    network = Loses(replace(HEALTHY, ipv6=ipv6), ("measure 1", *REPEATED))
    assert said(run(Engine(network, seed=1).check(host_service(HOST)))) == ("inconclusive", "possible", "not_measured")


@pytest.mark.parametrize("lost", [("measure 1",), ("repeat 1",), ("repeat 2",), ("measure 1", "repeat 2", "repeat 3")])
@pytest.mark.parametrize("ipv6", [False, True])
@pytest.mark.parametrize(
    ("failure", "confidence", "cause"),
    [
        (NXDOMAIN, "confirmed", "dns.nxdomain"),
        (REFUSED, "confirmed", "dns.refused"),
        (SERVFAIL, "likely", "dns.servfail"),
    ],
)
def test_a_lost_packet_takes_nothing_back_of_what_a_resolver_says(
    *, failure: str, confidence: str, cause: str, ipv6: bool, lost: tuple[str, ...]
) -> None:
    network = Loses(told(failure, ipv6=ipv6), lost)
    assert said(run(Engine(network, seed=1).check(host_service(HOST)))) == ("blocked", confidence, cause)


def test_what_a_resolver_said_once_alone_is_no_block() -> None:
    """The others of its answers are lost."""
    network = Loses(told(REFUSED), ("measure 1", *REPEATED[1:]))
    assert said(run(Engine(network, seed=1).check(host_service(HOST)))) == ("inconclusive", "possible", "not_measured")


def test_a_host_without_internet_says_so_within_five_seconds() -> None:
    assert check(replace(HEALTHY, online=False)).elapsed_s < 5


def test_nor_does_it_wait_for_outside_controls_that_nobody_can_reach() -> None:
    endpoints = tuple(Endpoint("mtproto", host, 443) for host in (ADDRESS, V6))
    service = Service(id="one", name="One", components=(Component(id="chat", pool="each", endpoints=endpoints),))
    world = replace(HEALTHY, online=False, ipv6=True, outside_delay_s=12.0)
    report = run(Engine(world.network(), seed=1).check(service))
    assert (said(report)[2], report.elapsed_s < 5) == ("host.offline", True)


@pytest.mark.parametrize("world", [told("dns_nxdomain_error"), censored(names={HOST: "connection_reset"})])
def test_every_reason_is_an_observation_of_the_report(world: Simulated) -> None:
    report = check(world)
    known = [o.id for o in report.observations]
    assert len(known) == len(set(known))
    assert report.components[0].because
    assert set(report.components[0].because) <= set(known)


def test_a_blocked_name_rests_on_both_arms() -> None:
    report = check(censored(names={HOST: "connection_reset"}))
    arms = {o.arm for o in report.observations if o.id in report.components[0].because}
    assert arms == {Arm.EXPERIMENT, Arm.CONTROL}


# --- redirects -------------------------------------------------------------------------------------------------------

SHORT = "bit.ly"
SHORT_ADDRESS = "67.199.248.11"


def redirecting(**changes: Any) -> Simulated:
    world = Simulated(
        names={SHORT: (SHORT_ADDRESS,), HOST: (ADDRESS,)},
        servers={SHORT_ADDRESS: Server(status=302, location=f"https://{HOST}/")},
    )
    return replace(world, **changes)


@pytest.mark.parametrize(
    ("world", "status", "causes"),
    [
        (redirecting(), "ok", ""),
        (redirecting(censor=Censor(names={HOST: "connection_reset"})), "blocked", "tls.sni_reset"),
        (redirecting(censor=Censor(addresses={ADDRESS: "connection_refused"})), "blocked", "ip.reset"),
        (redirecting(system={HOST: "dns_nxdomain_error"}), "blocked", "dns.nxdomain"),
    ],
)
def test_a_redirect_is_blamed_on_the_hop_that_fails(world: Simulated, status: str, causes: str) -> None:
    report = check(world, SHORT)
    assert (report.status.value, " ".join(report.causes)) == (status, causes)
    reasons = {o.target.host for o in report.observations if o.id in report.components[0].because}
    assert HOST in reasons


def test_a_redirect_without_end_is_not_followed_for_ever() -> None:
    loop = Simulated(
        names={SHORT: (SHORT_ADDRESS,)},
        servers={SHORT_ADDRESS: Server(status=302, location=f"https://{SHORT}/again")},
    )
    report = check(loop, SHORT)
    assert report.status == "inconclusive"
    assert sum(o.step == "http" for o in report.observations) <= 11


# --- services of several components ----------------------------------------------------------------------------------


def service(*components: Component) -> Service:
    return Service(id="messenger", name="Messenger", components=components)


WEB = Component(id="web", endpoints=(Endpoint("https", HOST, 443, "/"),))
CHAT_HOSTS = {f"e{n}.whatsapp.net": (f"15.197.206.{n}",) for n in range(1, 5)}
CHAT = Component(
    id="chat", essential=False, pool="any", endpoints=tuple(Endpoint("tcp", host, 5222) for host in CHAT_HOSTS)
)
MESSENGER = replace(HEALTHY, names={**HEALTHY.names, **CHAT_HOSTS})


@pytest.mark.parametrize(
    ("world", "status", "components"),
    [
        (MESSENGER, "ok", ["ok", "ok"]),
        (replace(MESSENGER, censor=Censor(names={HOST: SILENCE})), "blocked", ["blocked", "ok"]),
        (replace(MESSENGER, only=("ya.ru", "max.ru")), "inconclusive", ["inconclusive", "inconclusive"]),
        (replace(MESSENGER, captive=True), "inconclusive", ["inconclusive", "inconclusive"]),
        (replace(MESSENGER, censor=Censor(addresses={"15.197.206.1": SILENCE})), "degraded", ["ok", "degraded"]),
        (replace(MESSENGER, servers={"15.197.206.1": Server(tcp=SILENCE)}), "ok", ["ok", "ok"]),
        (
            replace(MESSENGER, censor=Censor(addresses={a: SILENCE for (a,) in CHAT_HOSTS.values()})),
            "degraded",
            ["ok", "blocked"],
        ),
    ],
)
def test_a_service_is_the_sum_of_its_components(world: Simulated, status: str, components: list[str]) -> None:
    report = run(Engine(world.network(), seed=1).check(service(WEB, CHAT)))
    assert report.status == status
    assert [component.status for component in report.components] == components


def test_a_budget_that_runs_out_is_never_called_a_block() -> None:
    world = censored(names={HOST: SILENCE})
    report = run(Engine(world.network(), seed=1, budget_s=0.2).check(host_service(HOST)))
    assert said(report) == ("inconclusive", "possible", "not_measured")


# --- other protocols -------------------------------------------------------------------------------------------------

DC = "149.154.167.51"
RELAY = "stun.fbsbx.com"
RELAY_ADDRESS = "157.240.9.55"
PROTOCOLS = replace(HEALTHY, names={HOST: (ADDRESS,), RELAY: (RELAY_ADDRESS,)}, servers={DC: Server()})
MTPROTO = Endpoint("mtproto", DC, 443)
QUIC = Endpoint("quic", HOST, 443)
STUN = Endpoint("stun", RELAY, 3478)


@pytest.mark.parametrize(
    ("endpoint", "censor", "status", "confidence", "causes"),
    [
        (MTPROTO, Censor(), "ok", "likely", ""),
        (MTPROTO, Censor(mtproto=SILENCE), "blocked", "confirmed", "proto.dropped"),
        (MTPROTO, Censor(mtproto="connection_reset"), "blocked", "confirmed", "proto.reset"),
        (MTPROTO, Censor(addresses={DC: SILENCE}), "blocked", "confirmed", "ip.dropped"),
        (QUIC, Censor(), "ok", "likely", ""),
        (QUIC, Censor(quic_names=frozenset({HOST})), "blocked", "confirmed", "quic.dropped"),
        (QUIC, Censor(quic_names=frozenset({"*"})), "blocked", "likely", "quic.dropped"),
        (STUN, Censor(), "ok", "likely", ""),
        (STUN, Censor(stun=frozenset({RELAY_ADDRESS})), "blocked", "likely", "calls.dropped"),
        (
            STUN,
            Censor(stun=frozenset({RELAY_ADDRESS, "74.125.250.129", "162.159.207.0"})),
            "inconclusive",
            "possible",
            "not_measured",
        ),
    ],
)
def test_protocols_that_are_not_the_webs(
    endpoint: Endpoint, censor: Censor, status: str, confidence: str, causes: str
) -> None:
    world = replace(PROTOCOLS, censor=censor)
    target = service(Component(id="part", endpoints=(endpoint,)))
    assert said(run(Engine(world.network(), seed=1).check(target))) == (status, confidence, causes)


@pytest.mark.parametrize(("delay_s", "status"), [(5.0, "ok"), (30.0, "inconclusive")])
def test_a_messenger_that_is_slow_is_not_blocked(delay_s: float, status: str) -> None:
    world = replace(PROTOCOLS, servers={DC: Server(hello_delay_s=delay_s)})
    target = service(Component(id="chat", endpoints=(MTPROTO,)))
    assert said(run(Engine(world.network(), seed=1).check(target)))[0] == status


@pytest.mark.parametrize(
    ("censor", "status", "confidence", "causes"),
    [
        (Censor(), "ok", "confirmed", ""),
        (Censor(frozen=frozenset({HOST})), "degraded", "confirmed", "flow.frozen"),
        (Censor(frozen=frozenset({ADDRESS})), "degraded", "likely", "flow.frozen"),
        (Censor(frozen=frozenset({ADDRESS, "1.1.1.1"})), "degraded", "likely", "flow.frozen"),
        (Censor(slow=frozenset({HOST})), "degraded", "confirmed", "flow.throttled"),
        (Censor(slow=frozenset({ADDRESS})), "degraded", "likely", "flow.throttled"),
        (Censor(slow=frozenset({HOST, ADDRESS, "1.1.1.1", *DOWNLOADS})), "ok", "confirmed", ""),
    ],
)
def test_what_is_reached_must_also_deliver(censor: Censor, status: str, confidence: str, causes: str) -> None:
    world = replace(HEALTHY, censor=censor)
    report = run(Engine(world.network(), seed=1).check(host_service(HOST), deep=True))
    assert said(report) == (status, confidence, causes)
    is_blamed = any(o.purpose is Purpose.BASELINE for o in report.observations)
    assert is_blamed is (status != "ok"), "nobody is, before this host is known to be well"


def test_what_is_extra_does_not_decide_whether_an_honest_resolver_would_help() -> None:
    world = told("dns_nxdomain_error", censor=Censor(addresses={SECOND: SILENCE}))
    site = Component(id="site", endpoints=(WEB_SITE,))
    calls = Component(id="calls", essential=False, endpoints=(Endpoint("tcp", SECOND, 5222),))
    report = run(Engine(world.network(), seed=1).check(Service(id="one", name="One", components=(site, calls))))
    assert (report.causes[0], report.beyond_dns) == ("dns.nxdomain", "ok")


def test_a_filter_is_not_told_to_mind_the_place_before_the_name_was_heard_elsewhere() -> None:
    report = check(told("dns_nxdomain_error", censor=Censor(names={HOST: SILENCE})))
    rules = [rule for part in report.components for rule in part.rules]
    assert ("handshake.name_blocked" in rules, "handshake.name_blocked_here" in rules) == (True, False)


def test_the_view_from_outside_of_an_endless_redirect_is_waited_for_no_longer_than_the_check() -> None:
    world = served(status=302, location=f"https://{HOST}/again")
    report = check(replace(world, outside_delay_s=60.0))
    assert report.elapsed_s <= BUDGET_S + GRACE_S


def test_what_is_far_away_is_not_throttled() -> None:
    world = replace(HEALTHY, far={ADDRESS: 20 * HEALTHY.rtt_s})
    assert said(run(Engine(world.network(), seed=1).check(host_service(HOST), deep=True))) == ("ok", "confirmed", "")


@pytest.mark.parametrize(("slow", "status"), [(f"{ADDRESS}:80", "degraded"), (f"{ADDRESS}:443", "ok")])
def test_clear_text_is_held_against_tls(slow: str, status: str) -> None:
    world = censored(slow=frozenset({slow}))
    report = run(Engine(world.network(), seed=1).check(host_service(f"http://{HOST}"), deep=True))
    assert report.status == status
