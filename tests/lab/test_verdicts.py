"""Every verdict, against a known truth: what the command line says in each scenario, word for word.

`scenarios/` holds what is true; these tables hold what must be said of it: status, confidence and causes in order.
"""

from pathlib import Path

import pytest

from probes.model import Cause
from tests.lab.lab import Lab
from tests.lab.scenario import load_scenarios
from tests.lab.scenarios.places import SITE
from tests.lab.verdicts import Checked, check, components, run, steps

SCENARIOS = load_scenarios()
SERVICES = Path(__file__).parent / "services"
CLEAR_TEXT = f"http://{SITE}"
GEO_SITE = "www.instagram.com"

NAMES = {
    "resolver-denies": "blocked confirmed dns.nxdomain",
    "resolver-denies-politely": "blocked confirmed dns.nxdomain",
    "resolver-says-nothing": "blocked confirmed dns.nodata",
    "resolver-refuses": "blocked confirmed dns.refused",
    "resolver-fails": "blocked likely dns.servfail",
    "resolver-is-silent": "blocked likely dns.timeout",
    "resolver-babbles": "blocked likely dns.servfail",
    "resolver-answers-others": "blocked likely dns.spoofed",
    "resolver-is-slow": "ok confirmed",
    "resolver-denies-at-times": "ok confirmed",
    "resolver-gives-private": "blocked confirmed dns.spoofed",
    "resolver-gives-loopback": "blocked confirmed dns.spoofed",
    "resolver-gives-stranger": "blocked confirmed dns.spoofed",
    "resolver-gives-stub": "blocked confirmed dns.spoofed",
    "resolver-gives-void": "inconclusive possible dns.spoofed",
    "resolver-gives-cache": "ok confirmed",
    "resolver-invents": "down confirmed dns.spoofed service.dns_dead",
    "name-is-gone": "down confirmed service.dns_dead",
    "name-is-parked": "down confirmed service.dns_dead",
    "name-is-empty": "down confirmed service.dns_dead",
    "one-resolver-dead": "ok confirmed",
    "denied-on-the-way": "blocked confirmed dns.nxdomain dns.rerouted",
    "question-dropped": "blocked likely dns.timeout",
    "question-dropped-udp": "blocked likely dns.timeout",
    "forged-beside": "blocked confirmed dns.spoofed",
    "forged-beside-private": "blocked confirmed dns.spoofed",
    "forged-a": "ok confirmed",
    "rerouted": "blocked confirmed dns.delisted dns.rerouted",
    "rerouted-at-times": "ok confirmed",
}
ADDRESSES = {
    "address-dropped": "blocked confirmed ip.dropped",
    "address-dropped-400ms": "blocked confirmed ip.dropped",
    "address-reset": "blocked confirmed ip.reset",
    "address-prohibited": "blocked confirmed ip.unreachable",
    "address-without-route": "blocked confirmed ip.unreachable",
    "address-port-dropped": "blocked confirmed ip.dropped",
    "address-of-two-dropped": "degraded confirmed ip.dropped",
    "ipv6-dropped": "degraded confirmed ip.dropped",
    "ipv4-dropped": "degraded confirmed ip.dropped",
    "address-dropped-late": "blocked likely ip.dropped",
    "hello-reset-by-address": "blocked likely ip.reset",
    "hello-dropped-by-address": "blocked likely ip.dropped",
    "address-and-controls-dropped": "inconclusive possible no_outside_control",
    "address-dropped-controls-broken": "inconclusive possible no_outside_control",
    "address-dropped-first-control-dead": "blocked confirmed ip.dropped",
    "server-dead": "down confirmed service.down",
    "server-refuses-connects": "down confirmed service.down",
    "server-swallows": "down confirmed service.down",
    "one-address-dead": "ok confirmed",
    "ipv6-black-hole": "ok confirmed",
}
HANDSHAKES = {
    "name-dropped": "blocked confirmed tls.sni_dropped",
    "name-dropped-5ms": "blocked confirmed tls.sni_dropped",
    "name-dropped-400ms": "blocked confirmed tls.sni_dropped",
    "name-dropped-down": "blocked confirmed tls.sni_dropped",
    "name-dropped-late": "blocked confirmed tls.sni_dropped",
    "name-dropped-residual": "blocked confirmed tls.sni_dropped",
    "name-dropped-at-home": "blocked likely tls.sni_dropped",
    "name-reset": "blocked confirmed tls.sni_reset",
    "name-reset-400ms": "blocked confirmed tls.sni_reset",
    "name-reset-racing": "blocked confirmed tls.sni_reset",
    "name-reset-client": "blocked confirmed tls.sni_reset",
    "name-reset-server": "blocked confirmed tls.sni_reset",
    "name-reset-residual": "blocked confirmed tls.sni_reset",
    "name-reset-at-home": "blocked likely tls.sni_reset",
    "name-closed": "blocked confirmed tls.sni_reset",
    "name-alerted": "blocked confirmed tls.sni_reset",
    "name-paged": "blocked confirmed tls.sni_reset",
    "intercepted": "blocked confirmed tls.intercepted",
    "all-intercepted": "blocked confirmed tls.intercepted",
    "certificate-expired": "down confirmed service.certificate",
    "certificate-of-other": "down confirmed service.certificate",
    "certificate-self-signed": "down confirmed service.certificate",
    "certificate-unknown": "down confirmed service.certificate",
    "server-alerts": "down confirmed service.down",
    "server-resets": "down confirmed service.down",
    "server-hangs": "down confirmed service.down",
    "server-is-late": "ok confirmed",
}
PAGES = {
    "service-451": "degraded likely service.refuses",
    "service-451-here": "degraded likely service.refuses",
    "service-403-here": "degraded likely service.refuses",
    "service-captcha-here": "degraded likely service.refuses",
    "service-429": "ok confirmed",
    "service-503": "ok confirmed",
    "service-502": "down likely service.down",
    "service-503-here": "degraded likely service.refuses",
    "service-in-clear-text": "ok likely",
    "service-hangs": "down confirmed service.down",
    "service-hangs-up": "down confirmed service.down",
    "service-slow": "ok confirmed",
    "service-very-slow": "inconclusive possible not_measured",
    "service-moved": "ok confirmed",
    "service-moved-in-a-circle": "down likely service.down",
}
IN_CLEAR_TEXT = {
    "request-dropped": "blocked confirmed http.dropped",
    "request-dropped-at-home": "blocked likely http.dropped",
    "request-reset": "blocked confirmed http.reset",
    "request-closed": "blocked confirmed http.reset",
    "request-paged": "blocked confirmed http.blockpage",
    "request-paged-racing": "blocked confirmed http.blockpage",
    "request-paged-unknown": "blocked confirmed http.blockpage",
    "request-451": "blocked confirmed http.blockpage",
    "request-moved": "blocked confirmed http.blockpage",
    "request-moved-unknown": "blocked confirmed http.blockpage",
    "request-led-astray": "blocked confirmed http.blockpage",
    "clear-text-works": "ok likely",
    "delisted+blockpage": "blocked confirmed dns.delisted http.blockpage",
}
IN_DEPTH = {
    "frozen-by-name": "degraded confirmed flow.frozen",
    "throttled-by-name": "degraded confirmed flow.throttled",
    "throttled-by-address": "degraded likely flow.throttled",
    "down-by-name": "degraded confirmed flow.throttled",
    "down-by-name-short": "degraded confirmed flow.throttled",
    "down-by-address": "degraded likely flow.throttled",
    "down-by-address-short": "ok confirmed",
    "down-everywhere": "ok confirmed",
    "down-everywhere-short": "ok confirmed",
    "site-paces-itself": "inconclusive possible not_measured",
    "site-paces-itself-no-control": "inconclusive possible no_outside_control",
    "delisted+throttled": "blocked confirmed dns.delisted flow.throttled",
    "line-slow": "ok confirmed",
    "site-far": "ok confirmed",
    "big-page": "ok confirmed",
}
AT_A_GLANCE = {
    "frozen-by-name": "degraded likely flow.frozen",
    "frozen-by-address": "degraded likely flow.frozen",
    "page-stalls": "down confirmed service.down",
}
TALK_FINE = {"web": "ok confirmed", "chat": "ok likely", "fast": "ok likely", "calls": "ok likely"}
TALK: dict[str, tuple[str, dict[str, str]]] = {
    "healthy": ("ok confirmed", {}),
    "mtproto-dropped": ("degraded confirmed proto.dropped", {"chat": "blocked confirmed proto.dropped"}),
    "mtproto-reset": ("degraded confirmed proto.reset", {"chat": "blocked confirmed proto.reset"}),
    "mtproto-plain-dropped": ("degraded confirmed proto.dropped", {"chat": "degraded confirmed proto.dropped"}),
    "centres-dropped": ("degraded confirmed ip.dropped", {"chat": "blocked confirmed ip.dropped"}),
    "quic-dropped": ("degraded confirmed quic.dropped", {"fast": "blocked confirmed quic.dropped"}),
    "quic-dropped-altogether": ("degraded likely quic.dropped", {"fast": "blocked likely quic.dropped"}),
    "service-without-quic": ("ok confirmed", {"fast": "inconclusive possible not_measured"}),
    "calls-dropped": ("degraded likely calls.dropped", {"calls": "blocked likely calls.dropped"}),
    "udp-dropped": (
        "ok confirmed",
        {"fast": "inconclusive possible not_measured", "calls": "inconclusive possible not_measured"},
    ),
}
IN_RUSSIA = {
    "whatsapp": (
        "blocked confirmed dns.delisted tls.sni_dropped ip.dropped",
        {
            "web": "blocked confirmed dns.delisted tls.sni_dropped",
            "chat": "blocked confirmed ip.dropped",
            "signup": "blocked confirmed tls.sni_dropped",
            "media": "blocked confirmed tls.sni_dropped",
            "calls": "blocked likely calls.dropped",
        },
    ),
    "telegram": (
        "degraded confirmed ip.dropped",
        {"web": "ok confirmed", "chat": "degraded confirmed ip.dropped", "bots": "ok confirmed"},
    ),
    "youtube": (
        "blocked confirmed dns.delisted",
        {
            "web": "blocked confirmed dns.delisted",
            "images": "ok confirmed",
            "video": "degraded confirmed flow.throttled",
            "quic": "blocked confirmed dns.delisted quic.dropped",
        },
    ),
    "max": ("ok confirmed", {"web": "ok confirmed"}),
    "vk": ("ok confirmed", {"web": "ok confirmed"}),
    "instagram": (
        "blocked confirmed dns.delisted tls.sni_dropped",
        {"web": "blocked confirmed dns.delisted tls.sni_dropped", "cdn": "blocked confirmed tls.sni_dropped"},
    ),
}
DELISTED_IN_RUSSIA = {"whatsapp", "youtube", "instagram"}
THIS_HOST = {
    "offline": ("inconclusive confirmed host.offline", "offline", "broken"),
    "offline-tcp": ("inconclusive confirmed host.offline", "offline", "ok"),
    "portal": ("inconclusive confirmed host.captive_portal", "captive", "ok"),
    "portal-tls": ("inconclusive confirmed host.captive_portal", "captive", "ok"),
    "portal-dns": ("inconclusive confirmed host.captive_portal", "captive", "ok"),
    "allow-list": ("inconclusive confirmed network.allowlist", "allowlist", "ok"),
    "allow-list-strict": ("inconclusive confirmed network.allowlist", "allowlist", "ok"),
    "resolver-broken": ("inconclusive likely host.resolver_broken", "ok", "broken"),
    "resolver-dead": ("inconclusive likely host.resolver_broken", "ok", "broken"),
}
MIXES = {
    "delisted+name-dropped": "blocked confirmed dns.delisted tls.sni_dropped",
    "delisted+name-reset": "blocked confirmed dns.delisted tls.sni_reset",
    "delisted+address-dropped": "blocked confirmed dns.delisted ip.dropped",
    "delisted+loss": "blocked confirmed dns.delisted",
    "doh-dropped+delisted": "blocked confirmed dns.nxdomain",
    "spoofed+address-dropped": "blocked confirmed dns.spoofed ip.dropped",
    "spoofed+name-dropped": "blocked confirmed dns.spoofed tls.sni_dropped",
    "injected+name-reset": "blocked confirmed dns.spoofed tls.sni_reset",
    "rerouted+name-dropped": "blocked confirmed dns.delisted dns.rerouted tls.sni_dropped",
    "ipv6-black-hole+name-reset": "blocked confirmed tls.sni_reset",
    "ipv6-black-hole+address-dropped": "blocked confirmed ip.dropped",
    "residual+name-dropped+loss": "blocked confirmed tls.sni_dropped",
    "name-reset-racing+jitter": "blocked confirmed tls.sni_reset",
    "name-dropped+loss": "blocked confirmed tls.sni_dropped",
    "address-dropped+loss": "blocked confirmed ip.dropped",
    "controls-dropped+name-dropped": "blocked confirmed tls.sni_dropped",
    "controls-dropped+name-reset": "blocked confirmed tls.sni_reset",
    "resolver-dead+name-dropped": "blocked confirmed tls.sni_dropped",
    "certificate-expired+name-reset": "blocked confirmed tls.sni_reset",
    "two-addresses-one-dead-one-dropped": "blocked confirmed ip.dropped",
    "server-dead+name-dropped": "down confirmed service.down",
    "name-gone+question-denied": "down confirmed service.dns_dead",
    "one-address-dead+loss": "ok confirmed",
    "slow+loss": "ok confirmed",
    "healthy": "ok confirmed",
    "healthy+loss": "ok confirmed",
    "healthy-5ms": "ok confirmed",
    "healthy-400ms": "ok confirmed",
    "healthy-400ms+loss": "ok confirmed",
}
BEYOND_DNS = {
    "resolver-denies": "ok",
    "resolver-gives-stranger": "ok",
    "forged-beside": "ok",
    "rerouted": "ok",
    "delisted+name-dropped": "blocked",
    "delisted+address-dropped": "blocked",
    "spoofed+name-dropped": "blocked",
    "name-dropped": "blocked",
    "server-dead": "unknown",
    "offline": "unknown",
}


def exit_code(status: str) -> int:
    return {"ok": 0, "inconclusive": 3}.get(status, 1)


def assert_said(checked: Checked, expected: str) -> None:
    evidence = "\n".join(steps(checked.report))
    assert checked.said == expected, f"{checked.said!r} was said in place of {expected!r}:\n{evidence}"
    assert checked.code == exit_code(checked.report["status"])


@pytest.mark.parametrize(("name", "expected"), (NAMES | ADDRESSES | HANDSHAKES | PAGES | MIXES).items())
def test_a_site_over_tls(lab: Lab, name: str, expected: str) -> None:
    lab.configure(SCENARIOS[name])
    checked = check(lab, SITE)
    assert_said(checked, expected)
    assert checked.report["beyond_dns"] == BEYOND_DNS.get(name, checked.report["beyond_dns"])
    assert checked.report["baseline"] == {"network": "ok", "resolver": "ok"}


@pytest.mark.parametrize(("name", "expected"), IN_CLEAR_TEXT.items())
def test_a_site_in_clear_text(lab: Lab, name: str, expected: str) -> None:
    lab.configure(SCENARIOS[name])
    assert_said(check(lab, CLEAR_TEXT), expected)


@pytest.mark.parametrize(("name", "expected"), AT_A_GLANCE.items())
def test_a_page_that_does_not_come_through(lab: Lab, name: str, expected: str) -> None:
    lab.configure(SCENARIOS[name])
    assert_said(check(lab, SITE), expected)


@pytest.mark.parametrize(("name", "expected"), IN_DEPTH.items())
def test_how_much_comes_through(lab: Lab, name: str, expected: str) -> None:
    lab.configure(SCENARIOS[name])
    assert_said(check(lab, SITE, deep=True), expected)


@pytest.mark.parametrize(("name", "expected", "changes"), [(name, *row) for name, row in TALK.items()])
def test_a_messenger_of_every_protocol(lab: Lab, name: str, expected: str, changes: dict[str, str]) -> None:
    lab.configure(SCENARIOS[name])
    checked = check(lab, "labtalk", environment={"CATALOGUE_DIR": str(SERVICES)})
    assert_said(checked, expected)
    assert components(checked.report) == TALK_FINE | changes


@pytest.mark.parametrize(("service", "expected", "lines"), [(name, *row) for name, row in IN_RUSSIA.items()])
def test_a_country_s_day(lab: Lab, service: str, expected: str, lines: dict[str, str]) -> None:
    lab.configure(SCENARIOS["russia-2026-02"])
    checked = check(lab, service)
    assert_said(checked, expected)
    assert lines.items() <= components(checked.report).items()
    (directory,) = checked.report["directories"]
    assert directory["status"] == ("delisted" if service in DELISTED_IN_RUSSIA else "listed")


@pytest.mark.parametrize(("name", "expected", "network", "resolver"), [(n, *row) for n, row in THIS_HOST.items()])
def test_this_host_is_suspected_first(lab: Lab, name: str, expected: str, network: str, resolver: str) -> None:
    lab.configure(SCENARIOS[name])
    checked = check(lab, SITE)
    assert_said(checked, expected)
    assert checked.report["baseline"] == {"network": network, "resolver": resolver}


def test_what_an_allow_list_holds_works_behind_it(lab: Lab) -> None:
    lab.configure(SCENARIOS["allow-list"])
    assert_said(check(lab, "max.ru"), "ok confirmed")


def test_honest_resolvers_may_differ(lab: Lab) -> None:
    lab.configure(SCENARIOS["geo-dns+cache"])
    assert_said(check(lab, GEO_SITE), "ok confirmed")


# --- in an interpreter of its own, as people run it ----------------------------------------------------------------


@pytest.mark.parametrize(("name", "expected"), [("healthy", "ok confirmed"), ("name-reset", HANDSHAKES["name-reset"])])
def test_the_program_says_the_same_by_itself(lab: Lab, name: str, expected: str) -> None:
    lab.configure(SCENARIOS[name])
    assert_said(run(lab, SITE), expected)


def test_several_targets_are_answered_in_their_order(lab: Lab) -> None:
    lab.configure(SCENARIOS["russia-2026-02"])
    checked = run(lab, "max", "www.instagram.com", CLEAR_TEXT)
    assert [report["status"] for report in checked.reports] == ["ok", "blocked", "ok"]
    assert checked.code == 1


def test_a_target_that_is_none_is_refused_in_one_line(lab: Lab) -> None:
    checked = run(lab, "http://127.0.0.1/")
    assert (checked.reports, checked.code) == ((), 2)
    assert len(checked.stderr.splitlines()) == 1


# --- whether these tables hold all that can be said ---------------------------------------------------------------


def test_every_cause_is_said_somewhere() -> None:
    tables = [NAMES, ADDRESSES, HANDSHAKES, PAGES, MIXES, IN_CLEAR_TEXT, IN_DEPTH, AT_A_GLANCE]
    texts = [text for table in tables for text in table.values()]
    texts += [row[0] for table in (TALK, THIS_HOST, IN_RUSSIA) for row in table.values()]
    assert {cause.value for cause in Cause} <= {word for text in texts for word in text.split()}
