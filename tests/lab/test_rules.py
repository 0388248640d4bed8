"""Every rule of a censor, proven by what plain sockets on the client host see (errors as Python 3.11 gives them)."""

from collections.abc import Callable
from functools import partial

import dns.flags
import dns.message
import pytest

from tests.lab import client
from tests.lab.censor import (
    Action,
    Address,
    Answer,
    Censor,
    Close,
    Dns,
    Drop,
    HttpHost,
    Icmp,
    MtProto,
    Pass,
    Payload,
    Redirect,
    Reset,
    Rule,
    Sni,
    Stun,
    Trigger,
    alert,
    delisted,
    page,
)
from tests.lab.client import SILENT_S, SURE_S
from tests.lab.lab import Lab
from tests.lab.scenario import Scenario
from tests.lab.world import INTERCEPTOR, PROXY, Download, World

WORLD = World()
EXAMPLE, EXAMPLE_V6 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
OTHER = WORLD.addresses_of("iana.org")[0]
ISP, PUBLIC = "195.34.32.116", "8.8.8.8"
NAME = "www.example.com"
DELAY_S = 0.005

Seen = Callable[[], str]


def under(lab: Lab, *rules: Rule, **options: object) -> Lab:
    censor = Censor(rules=rules, **({"delay_s": DELAY_S} | options))  # type: ignore[arg-type]
    lab.configure(Scenario("test", "", WORLD, censor))
    return lab


def patience(expected: str) -> float:
    return SILENT_S if expected == "timeout" else SURE_S


def test_nothing_is_touched_without_rules(lab: Lab) -> None:
    under(lab)
    assert lab.call(client.tls, EXAMPLE, NAME) == "ok"
    assert lab.call(client.tls, EXAMPLE_V6, NAME) == "ok"
    assert lab.call(client.http, EXAMPLE, NAME).startswith(b"HTTP/1.1 200")
    assert client.told(lab.call(client.ask, ISP, NAME)) == EXAMPLE
    assert client.told(lab.call(client.ask, "2a02:2698::53", NAME, "AAAA")) == EXAMPLE_V6


def test_what_the_internet_does_not_have_vanishes(lab: Lab) -> None:
    under(lab)
    assert lab.call(client.tcp, "5.5.5.5", 443, SILENT_S) == "timeout"
    assert lab.call(client.tcp, "2a00::5", 443, SILENT_S) == "timeout"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Drop(), "timeout"),
        (Drop(direction="down"), "timeout"),
        (Reset(), "ECONNREFUSED"),
        (Icmp("net"), "ENETUNREACH"),
        (Icmp("host"), "EHOSTUNREACH"),
        (Icmp("port"), "ECONNREFUSED"),
        (Icmp("admin"), "EHOSTUNREACH"),
    ],
)
def test_an_address_can_be_blocked(lab: Lab, action: Action, expected: str) -> None:
    under(lab, Rule(Address(f"203.0.113.0/24 {EXAMPLE}"), action))
    assert lab.call(client.tcp, EXAMPLE, 443, patience(expected)) == expected
    assert lab.call(client.tcp, OTHER, 443) == "ok"
    assert lab.hits() == (1,)


@pytest.mark.parametrize(
    ("reason", "expected"), [("net", "ENETUNREACH"), ("host", "EHOSTUNREACH"), ("admin", "EACCES")]
)
def test_an_ipv6_router_says_why_too(lab: Lab, reason: str, expected: str) -> None:
    under(lab, Rule(Address("2606:2800:220::/48"), Icmp(reason)))  # type: ignore[arg-type]
    assert lab.call(client.tcp, EXAMPLE_V6, 443) == expected


@pytest.mark.parametrize(
    ("trigger", "blocked", "free"),
    [
        (Address(EXAMPLE, port=80), (EXAMPLE, 80), (EXAMPLE, 443)),
        (Address(family=6), (EXAMPLE_V6, 443), (EXAMPLE, 443)),
        (Address(transport="tcp"), (EXAMPLE, 443), None),
    ],
)
def test_an_address_rule_can_be_narrowed(
    lab: Lab, trigger: Trigger, blocked: tuple[str, int], free: tuple[str, int] | None
) -> None:
    under(lab, Rule(trigger, Reset()))
    assert lab.call(client.tcp, *blocked) == "ECONNREFUSED"
    if free:
        assert lab.call(client.tcp, *free) == "ok"
    assert client.told(lab.call(client.ask, ISP, NAME)) == EXAMPLE


def test_a_reset_by_the_censor_comes_sooner_than_the_servers_own(lab: Lab) -> None:
    under(lab, Rule(Address(EXAMPLE), Reset()), delay_s=0.05)
    censored = [lab.call(client.timed_tcp, EXAMPLE, 443) for _ in range(5)]
    honest = lab.call(client.timed_tcp, OTHER, 444)
    assert {word for word, _ in (*censored, honest)} == {"ECONNREFUSED"}
    assert 0.05 <= min(seconds for _, seconds in censored) < 0.1 <= honest[1]


def test_only_a_connected_datagram_socket_hears_of_icmp(lab: Lab) -> None:
    under(lab, Rule(Address(ISP), Icmp("admin")))
    query = dns.message.make_query(NAME, "A").to_wire()
    assert lab.call(lambda: client.seen(lambda: client.datagrams(ISP, 53, query, 1))) == "EHOSTUNREACH"
    assert lab.call(lambda: client.seen(lambda: client.ask(ISP, NAME, timeout_s=SILENT_S))) != "ok"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (Drop(), "timeout"),
        (Reset(), "ECONNRESET"),
        (Reset(in_path=False), "ECONNRESET"),
        (Reset(to="client"), "ECONNRESET"),
        (Reset(to="server"), "ECONNRESET"),
        (Close(), "eof"),
        (alert(), "SSLV3_ALERT_HANDSHAKE_FAILURE"),
        (page("<h1>blocked</h1>"), "WRONG_VERSION_NUMBER"),
    ],
)
@pytest.mark.parametrize("address", [EXAMPLE, EXAMPLE_V6])
def test_a_server_name_can_be_blocked(lab: Lab, address: str, action: Action, expected: str) -> None:
    under(lab, Rule(Sni("example.com"), action))
    assert lab.call(client.tls, address, NAME, patience(expected)) == expected
    assert lab.call(client.tls, address, "innocuous.example.org") in ("certificate", "ok")
    assert lab.hits() == (1,)


def test_in_the_path_the_server_never_hears_the_name(lab: Lab) -> None:
    under(lab, Rule(Sni("example.com"), Reset()))
    assert lab.call(client.tls, EXAMPLE, NAME) == "ECONNRESET"
    assert [entry for entry in lab.journal() if entry["kind"] == "tls"] == []


@pytest.mark.parametrize(
    ("names", "name", "expected"),
    [
        ("example.com", "example.com", "ECONNRESET"),
        ("example.com", "notexample.com", "certificate"),
        ("=example.com", "www.example.com", "ok"),
        ("*", "www.example.com", "ECONNRESET"),
        ("iana.org example.com", "www.example.com", "ECONNRESET"),
        ("Example.COM.", "www.example.com", "ECONNRESET"),
    ],
)
def test_a_name_is_exact_or_stands_for_all_below_it(lab: Lab, names: str, name: str, expected: str) -> None:
    under(lab, Rule(Sni(names), Reset()))
    assert lab.call(client.tls, EXAMPLE, name) == expected


def test_a_hello_in_many_segments_is_read_as_one(lab: Lab) -> None:
    under(lab, Rule(Sni("example.com"), Reset()))
    assert lab.call(client.seen, partial(client.hello_in_pieces, EXAMPLE, NAME, 40)) == "ECONNRESET"
    assert lab.hits() == (1,)


@pytest.mark.parametrize(
    ("action", "expected"),
    [(Drop(), "timeout"), (Reset(), "ECONNRESET"), (Reset(in_path=False), "ECONNRESET"), (Close(), "eof")],
)
def test_an_http_host_can_be_blocked(lab: Lab, action: Action, expected: str) -> None:
    under(lab, Rule(HttpHost("example.com"), action))
    assert lab.call(client.seen, partial(client.http, EXAMPLE, NAME, patience(expected))) == expected
    assert lab.call(client.http, EXAMPLE, "innocuous.example.org").startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("in_path", [True, False])
def test_a_block_page_stands_for_the_servers(lab: Lab, in_path: bool) -> None:
    body = "<h1>Доступ ограничен</h1>" * 500  # more than a segment
    under(lab, Rule(HttpHost("example.com"), page(body, status="403 Forbidden", in_path=in_path)))
    answer = lab.call(client.http, EXAMPLE, NAME)
    assert answer.startswith(b"HTTP/1.1 403 Forbidden\r\n")
    assert answer.endswith(body.encode())


def test_a_redirect_to_a_stub_is_injected(lab: Lab) -> None:
    under(lab, Rule(HttpHost("example.com"), page("", status="302 Found", location="http://blockpage.example/")))
    assert b"\r\nLocation: http://blockpage.example/\r\n" in lab.call(client.http, EXAMPLE, NAME)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer("NXDOMAIN"), "NXDOMAIN"),
        (Answer("NXDOMAIN", aa=True), "NXDOMAIN aa"),
        (Answer("NXDOMAIN", soa=True), "NXDOMAIN soa"),
        (Answer(), "empty"),
        (Answer("REFUSED"), "REFUSED"),
        (Answer("SERVFAIL"), "SERVFAIL"),
        (Answer(addresses="10.10.34.35"), "10.10.34.35"),
        (Answer(addresses="10.10.34.35 10.10.34.36"), "10.10.34.35 10.10.34.36"),
        (Answer(addresses="fd00::1"), "empty"),
    ],
)
@pytest.mark.parametrize("ask", [client.ask, client.ask_tcp])
def test_a_dns_answer_can_be_forged(
    lab: Lab, ask: Callable[..., dns.message.Message], answer: Answer, expected: str
) -> None:
    under(lab, Rule(Dns("example.com", resolvers=ISP, transports=("udp", "tcp")), answer))
    assert client.told(lab.call(ask, ISP, NAME)) == expected
    assert client.told(lab.call(ask, PUBLIC, NAME)) == EXAMPLE
    assert client.told(lab.call(ask, ISP, "iana.org")) == OTHER


def test_a_false_address_is_given_by_family(lab: Lab) -> None:
    under(lab, Rule(Dns("example.com"), Answer(addresses="10.10.34.35 fd00::1")))
    assert client.told(lab.call(client.ask, PUBLIC, NAME, "A")) == "10.10.34.35"
    assert client.told(lab.call(client.ask, PUBLIC, NAME, "AAAA")) == "fd00::1"
    assert client.told(lab.call(client.ask, "2a02:2698::53", NAME, "A")) == "10.10.34.35"


def test_tcp_is_honest_where_only_udp_is_watched(lab: Lab) -> None:
    under(lab, Rule(Dns("example.com"), Answer("NXDOMAIN")))
    assert client.told(lab.call(client.ask, ISP, NAME)) == "NXDOMAIN"
    assert client.told(lab.call(client.ask_tcp, ISP, NAME)) == EXAMPLE


def test_an_injected_answer_comes_before_the_true_one(lab: Lab) -> None:
    under(lab, Rule(Dns("example.com"), Answer(addresses="10.10.34.35", inject=True, ttl_s=7)))
    query = dns.message.make_query(NAME, "A").to_wire()
    both = [dns.message.from_wire(wire) for wire in lab.call(client.datagrams, PUBLIC, 53, query, 2)]
    assert [client.told(message) for message in both] == ["10.10.34.35", EXAMPLE]
    assert both[0].answer[0].ttl == 7 != both[1].answer[0].ttl


def test_a_question_can_be_dropped(lab: Lab) -> None:
    under(lab, Rule(Dns("example.com", resolvers=ISP, types="A"), Drop()))
    query = dns.message.make_query(NAME, "A").to_wire()
    assert lab.call(client.datagrams, ISP, 53, query, 1, SILENT_S) == []
    assert client.told(lab.call(client.ask, ISP, NAME, "AAAA")) == EXAMPLE_V6


def test_a_delisted_name_has_the_marks_of_a_policy(lab: Lab) -> None:
    under(lab, delisted("example.com", "195.208.4.1"))
    assert client.told(lab.call(client.ask, "195.208.4.1", NAME)) == "NXDOMAIN aa"
    assert client.told(lab.call(client.ask_tcp, "195.208.4.1", NAME)) == "NXDOMAIN aa"
    assert client.told(lab.call(client.ask, "195.208.5.1", NAME)) == EXAMPLE


def test_questions_are_rerouted_now_and_then(lab: Lab) -> None:
    """What net4people/bbs#657 saw: of five queries the first is answered by the national resolver."""
    under(lab, Rule(Dns(resolvers=PUBLIC), Redirect("195.208.4.1"), every=3))
    who = [client.told(lab.call(client.ask, PUBLIC, "whoami.akamai.net")) for _ in range(6)]
    assert who == ["193.232.160.49", "172.253.12.3", "172.253.12.3"] * 2
    assert client.told(lab.call(client.ask_tcp, PUBLIC, "whoami.akamai.net")) == "172.253.12.3"


def test_one_socket_gets_rerouted_and_true_answers(lab: Lab) -> None:
    under(lab, Rule(Dns(resolvers=PUBLIC), Redirect("195.208.4.1"), every=2))
    told = lab.call(client.ask_repeatedly, PUBLIC, "whoami.akamai.net", 4)
    assert told == ["193.232.160.49", "172.253.12.3"] * 2


def test_tls_is_intercepted_by_leading_its_flows_elsewhere(lab: Lab) -> None:
    under(lab, Rule(Address(EXAMPLE, port=443), Redirect(WORLD.interceptor_address)))
    assert lab.call(client.tls, EXAMPLE, NAME) == "certificate"
    assert lab.call(client.tls, OTHER, "iana.org") == "ok"


@pytest.mark.parametrize("address", [EXAMPLE, EXAMPLE_V6])
def test_a_single_name_is_intercepted_by_splicing_its_connection(lab: Lab, address: str) -> None:
    interceptors = " ".join(WORLD.addresses_of(INTERCEPTOR))
    under(lab, Rule(Sni("=www.example.com"), Redirect(interceptors)))
    assert lab.call(client.tls, address, NAME) == "certificate"
    assert lab.call(client.tls, address, "example.com") == "ok"
    assert lab.hits() == (1,)


def test_a_spliced_connection_carries_much_data(lab: Lab) -> None:
    world = WORLD.with_route(NAME, "/large", Download(1_000_000))
    rule = Rule(HttpHost("example.com"), Redirect(" ".join(WORLD.addresses_of(PROXY))))
    for loss in (0.0, 0.01):
        lab.configure(Scenario("test", "", world, Censor((rule,), delay_s=DELAY_S, loss=loss)))
        assert len(lab.call(client.http, EXAMPLE, NAME, client.SURE_S, "/large")) > 1_000_000
        assert lab.hits() == (1,)


STUN_BINDING = bytes.fromhex("000100002112a442") + bytes(12)


def test_stun_is_dropped_by_its_cookie(lab: Lab) -> None:
    server = WORLD.addresses_of("stun.l.google.com")[0]
    under(lab, Rule(Stun("3478-3497"), Drop()))
    assert lab.call(client.datagrams, server, 3478, STUN_BINDING, 1, SILENT_S) == []
    assert len(lab.call(client.datagrams, server, 19302, STUN_BINDING, 1)) == 1
    assert lab.hits() == (1,)


@pytest.mark.parametrize(("plain", "obfuscated"), [(True, False), (False, True)])
def test_mtproto_is_told_by_its_first_bytes(lab: Lab, plain: bool, obfuscated: bool) -> None:
    under(lab, Rule(MtProto(plain=plain, obfuscated=obfuscated), Drop()))
    outcomes = [
        lab.call(client.seen, partial(client.mtproto, "149.154.167.51", 443, disguised, patience(word)))
        for disguised, word in ((False, "timeout" if plain else "ok"), (True, "timeout" if obfuscated else "ok"))
    ]
    assert outcomes == ["timeout" if plain else "ok", "timeout" if obfuscated else "ok"]
    assert lab.call(client.tls, EXAMPLE, NAME) == "ok"


def test_any_first_bytes_can_be_recognised(lab: Lab) -> None:
    under(lab, Rule(Payload(prefix=b"GET ", contains=b"www.example.com"), Reset()))
    assert lab.call(client.seen, partial(client.http, EXAMPLE, NAME)) == "ECONNRESET"
    assert lab.call(client.http, EXAMPLE, "example.com").startswith(b"HTTP/1.1 ")


def test_an_exception_stands_before_a_rule(lab: Lab) -> None:
    under(lab, Rule(Address(EXAMPLE), Pass()), Rule(Address(), Reset()))
    assert lab.call(client.tls, EXAMPLE, NAME) == "ok"
    assert lab.call(client.tcp, OTHER, 443) == "ECONNREFUSED"
