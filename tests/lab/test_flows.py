"""Interference with flows as a whole: frozen, throttled, degraded, blocked for a while, or allowed only if listed."""

import statistics
import sys
from functools import partial
from subprocess import PIPE

import pytest

from tests.lab import client
from tests.lab.censor import (
    Address,
    AllowList,
    Censor,
    Degrade,
    Drop,
    QuicSni,
    Reset,
    Residual,
    Rule,
    Sni,
    Throttle,
    frozen_flows,
)
from tests.lab.client import SILENT_S
from tests.lab.lab import Lab
from tests.lab.scenario import Scenario
from tests.lab.world import World
from tests.lab.world.answers import Download

EXAMPLE, EXAMPLE_V6, NAME = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "www.example.com"
SIZE = 300_000
WORLD = World().with_route(NAME, "/large", Download(SIZE)).with_route("iana.org", "/large", Download(SIZE))
OTHER = WORLD.addresses_of("iana.org")[0]
GOOGLE = WORLD.addresses_of("www.google.com")[0]
ISP = "195.34.32.116"


def under(lab: Lab, censor: Censor, *, ipv6: bool = True) -> Lab:
    lab.configure(Scenario("test", "", WORLD, censor, ipv6=ipv6))
    return lab


def test_the_declared_delay_is_the_round_trip(lab: Lab) -> None:
    under(lab, Censor(delay_s=0.02))
    times = sorted(lab.call(client.timed_tcp, EXAMPLE, 443)[1] for _ in range(10))
    print(f"connect at 20 ms each way: {1000 * times[0]:.1f} ms at best, {1000 * statistics.median(times):.1f} median")
    assert 0.04 <= times[0] < 0.2


def test_loss_is_repaired_by_tcp_and_repeats_with_its_seed(lab: Lab) -> None:
    under(lab, Censor(delay_s=0.002, loss=0.05, seed=3))
    assert lab.call(client.download_s, EXAMPLE, NAME, "/large")[0] > SIZE


def test_jitter_does_not_reorder(lab: Lab) -> None:
    under(lab, Censor(delay_s=0.002, jitter_s=0.02))
    assert lab.call(client.download_s, EXAMPLE, NAME, "/large")[0] > SIZE


def test_a_flow_freezes_after_so_many_packets(lab: Lab) -> None:
    under(lab, Censor((frozen_flows(EXAMPLE),), delay_s=0.005))
    received = lab.call(client.received_before_freeze, EXAMPLE, NAME, "/large")
    assert 10_000 < received < 34_000
    assert lab.call(client.tls, EXAMPLE, NAME) == "ok"
    assert lab.call(client.download_s, OTHER, "iana.org", "/large")[0] > SIZE


def test_a_name_may_pass_for_some_packets(lab: Lab) -> None:
    under(lab, Censor((Rule(Sni("example.com"), Drop(after_packets=8)),), delay_s=0.005))
    assert lab.call(client.tls, EXAMPLE, NAME) == "ok"
    assert lab.call(client.seen, partial(client.https, EXAMPLE, NAME, "/large", SILENT_S)) == "timeout"


@pytest.mark.parametrize("shape", [True, False])
def test_a_name_can_be_throttled_in_two_ways(lab: Lab, shape: bool) -> None:
    rule = Rule(Sni("example.com"), Throttle(200_000, burst_bytes=20_000, shape=shape, direction="down"))
    under(lab, Censor((rule,), delay_s=0.005))
    throttled, free = (
        size / seconds
        for size, seconds in (
            lab.call(client.download_s, EXAMPLE, NAME, "/large"),
            lab.call(client.download_s, OTHER, "iana.org", "/large"),
        )
    )
    print(f"throttled to 200 kB/s: {throttled / 1000:.0f} kB/s; free: {free / 1000:.0f} kB/s")
    assert throttled < 250_000  # the burst included
    assert free > 2 * throttled


def test_flows_may_share_a_bucket(lab: Lab) -> None:
    rule = Rule(Address(EXAMPLE), Throttle(50, burst_bytes=3_000, per_flow=False))
    under(lab, Censor((rule,), delay_s=0.005))
    outcomes = [lab.call(client.tls, EXAMPLE, NAME, SILENT_S) for _ in range(4)]
    assert outcomes[0] == "ok"
    assert outcomes[-1] == "timeout"


def test_a_flow_can_be_made_slow_and_lossy(lab: Lab) -> None:
    under(lab, Censor((Rule(Address(EXAMPLE), Degrade(delay_s=0.1)),), delay_s=0.005))
    assert lab.call(client.timed_tcp, EXAMPLE, 443)[1] >= 0.2
    under(lab, Censor((Rule(Address(EXAMPLE), Degrade(loss=1.0)),), delay_s=0.005))
    assert lab.call(client.tcp, EXAMPLE, 443, SILENT_S) == "timeout"


@pytest.mark.parametrize("address", [EXAMPLE, EXAMPLE_V6])
def test_a_residual_block_outlives_its_flow(lab: Lab, address: str) -> None:
    rule = Rule(Sni("example.com"), Reset(), residual=Residual(60.0, by="endpoint"))
    under(lab, Censor((rule,), delay_s=0.005))
    assert lab.call(client.tcp, address, 443) == "ok"
    assert lab.call(client.tls, address, NAME) == "ECONNRESET"
    assert lab.call(client.tcp, address, 443, SILENT_S) == "timeout"
    assert lab.call(client.tcp, address, 80) == "ok"


def test_quic_is_blocked_by_the_name_in_its_initial(lab: Lab) -> None:
    under(lab, Censor((Rule(QuicSni("youtube.com"), Drop()),), delay_s=0.005))
    assert lab.call(client.quic, GOOGLE, "www.google.com") == "ok"
    assert lab.call(client.quic, GOOGLE, "www.youtube.com", 1.0) == "timeout"
    assert lab.call(client.quic_version_negotiation, GOOGLE) == "ok"
    assert lab.hits() == (1,)


def test_every_quic_initial_can_be_blocked(lab: Lab) -> None:
    under(lab, Censor((Rule(QuicSni("*", addresses=GOOGLE), Drop()),), delay_s=0.005))
    assert lab.call(client.quic, GOOGLE, "www.google.com", 1.0) == "timeout"
    assert lab.call(client.quic_version_negotiation, GOOGLE) == "ok"


def test_a_residual_block_of_a_4_tuple_swallows_what_follows(lab: Lab) -> None:
    rule = Rule(QuicSni("youtube.com"), Drop(), residual=Residual(60, extend=True))
    under(lab, Censor((rule,), delay_s=0.005))
    assert lab.call(client.version_negotiation_after_initial, GOOGLE, "www.google.com", SILENT_S) == "ok"
    assert lab.call(client.version_negotiation_after_initial, GOOGLE, "www.youtube.com", SILENT_S) == "timeout"


def test_an_allow_list_lets_listed_names_and_addresses_pass(lab: Lab) -> None:
    under(lab, Censor(allow_list=AllowList("google.com", addresses=f"{ISP} {OTHER}"), delay_s=0.005))
    assert lab.call(client.tls, GOOGLE, "www.google.com") == "ok"
    assert lab.call(client.tls, OTHER, "iana.org") == "ok"
    assert lab.call(client.tcp, EXAMPLE, 443) == "ok"
    assert lab.call(client.tls, EXAMPLE, NAME, SILENT_S) == "timeout"
    assert lab.call(client.seen, partial(client.http, EXAMPLE, NAME, SILENT_S)) == "timeout"
    assert lab.call(client.quic, GOOGLE, "www.google.com") == "ok"
    assert lab.call(client.quic, GOOGLE, "www.youtube.com", 1.0) == "timeout"
    assert client.told(lab.call(client.ask, ISP, NAME)) == EXAMPLE
    assert lab.call(client.seen, partial(client.ask, "8.8.8.8", NAME, "A", SILENT_S)) == "timeout"


def test_an_allow_list_may_stop_the_syn(lab: Lab) -> None:
    under(lab, Censor(allow_list=AllowList("", addresses=OTHER, syn_passes=False), delay_s=0.005))
    assert lab.call(client.tcp, EXAMPLE, 443, SILENT_S) == "timeout"
    assert lab.call(client.tcp, OTHER, 443) == "ok"


def test_a_rule_may_fire_by_chance_and_the_same_again_by_its_seed(lab: Lab) -> None:
    def outcomes() -> list[str]:
        under(lab, Censor((Rule(Sni("example.com"), Reset(), probability=0.5),), delay_s=0.001, seed=5))
        return [lab.call(client.tls, EXAMPLE, NAME) for _ in range(8)]

    first = outcomes()
    assert set(first) == {"ok", "ECONNRESET"}
    assert outcomes() == first


def test_routers_on_the_path_answer_when_the_hop_limit_ends(lab: Lab) -> None:
    under(lab, Censor(delay_s=0.005, hops=3, at_hop=2))
    assert lab.call(client.path_errors, ISP, range(1, 5)) == ["198.51.100.1", "198.51.100.2", "198.51.100.3", "server"]


def test_a_client_can_be_without_ipv6(lab: Lab) -> None:
    under(lab, Censor(delay_s=0.001), ipv6=False)
    assert lab.call(client.tcp, EXAMPLE_V6, 443) == "ENETUNREACH"
    under(lab, Censor(delay_s=0.001), ipv6=True)
    assert lab.call(client.tcp, EXAMPLE_V6, 443) == "ok"


@pytest.mark.parametrize(("keep", "expected"), [(False, "ConnectionResetError"), (True, "HTTP/1.1 200")])
def test_a_new_scenario_ends_old_connections_unless_they_are_to_stay(lab: Lab, keep: bool, expected: str) -> None:
    under(lab, Censor(delay_s=0.001))
    argv = [sys.executable, "-m", "tests.lab.client", EXAMPLE, NAME]
    with lab.popen(argv, stdin=PIPE, stdout=PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "connected\n"
        lab.configure(Scenario("test", "", WORLD, Censor(delay_s=0.002)), keep_connections=keep)
        print("go", file=process.stdin, flush=True)
        assert process.stdout.readline().strip() == expected
