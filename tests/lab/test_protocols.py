"""The steps beyond the web, as a check takes them, against the lab's servers and the censor in the path to them."""

import asyncio
from typing import Literal

import pytest

from probes.guard import PUBLIC_ANY_PORT
from probes.live import LiveNetwork
from probes.model import Endpoint
from probes.network import Attempt, Timeouts, Transfer
from probes.observations import (
    AnyObservation,
    MtprotoObservation,
    QuicObservation,
    StunObservation,
    TransferObservation,
)
from tests.lab.censor import (
    Address,
    Censor,
    Drop,
    Icmp,
    MtProto,
    QuicSni,
    Residual,
    Rule,
    Sni,
    Stun,
    Throttle,
    frozen_flows,
)
from tests.lab.client import SILENT_S, SURE_S
from tests.lab.lab import Lab
from tests.lab.packets import Unreachable
from tests.lab.scenario import Scenario
from tests.lab.world import Download, World

NAME, CALM = "www.google.com", "iana.org"
WORLD = World().with_route(NAME, "/large", Download(300_000)).with_route(CALM, "/large", Download(300_000))
GOOGLE, IANA = WORLD.addresses_of(NAME)[0], WORLD.addresses_of(CALM)[0]
STUN_SERVER = WORLD.addresses_of("stun.l.google.com")[0]
DC2, DC2_V6 = "149.154.167.51", "2001:67c:4e8:f002::a"
SIZE = 64 * 1024


def under(lab: Lab, *rules: Rule, delay_s: float = 0.005, world: World = WORLD) -> Lab:
    lab.configure(Scenario("test", "", world, Censor(rules, delay_s=delay_s)))
    return lab


def attempt(lab: Lab, url: str, address: str, *, patience_s: float = SURE_S, **options: object) -> list[AnyObservation]:
    """Take one attempt from the client host; the endpoint is `scheme://host:port/path`."""
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    host, _, port = place.partition(":")
    timeouts = Timeouts(connect_s=SURE_S, handshake_s=patience_s, response_s=patience_s)
    endpoint = Endpoint(scheme, host, int(port), slash + path)
    return lab.call(_attempt, Attempt(endpoint=endpoint, address=address, timeouts=timeouts, **options))  # type: ignore[arg-type]


def _attempt(wanted: Attempt) -> list[AnyObservation]:
    async def run() -> list[AnyObservation]:
        seen: list[AnyObservation] = []
        async with LiveNetwork(guard=PUBLIC_ANY_PORT, trusted_doh=()) as network:
            await network.attempt(wanted, seen.append)
        return seen

    return asyncio.run(run())


def fates(seen: list[AnyObservation]) -> list[str | None]:
    return [step.failure for step in seen]


SILENCE = "generic_timeout_error"


# --- QUIC ------------------------------------------------------------------------------------------------------------


def test_an_open_path_lets_quic_through(lab: Lab) -> None:
    under(lab)
    asked, shaken = attempt(lab, f"quic://{NAME}:443", GOOGLE)
    assert isinstance(asked, QuicObservation)
    assert isinstance(shaken, QuicObservation)
    assert (asked.failure, shaken.failure, shaken.alpn) == (None, None, "h3")
    assert "0x00000001" in asked.versions


def test_a_name_in_an_initial_is_dropped_and_the_version_negotiation_is_not(lab: Lab) -> None:
    under(lab, Rule(QuicSni("google.com"), Drop(), residual=Residual(420, by="flow", extend=True)))
    asked, shaken = attempt(lab, f"quic://{NAME}:443", GOOGLE, patience_s=SILENT_S)
    assert isinstance(asked, QuicObservation)
    assert (asked.failure, shaken.failure) == (None, SILENCE)
    assert asked.versions
    (innocuous,) = attempt(lab, f"quic://{NAME}:443", GOOGLE, server_name=CALM)
    assert innocuous.failure == "ssl_invalid_hostname"  # the server was reached


def test_dropped_udp_is_silent_for_both(lab: Lab) -> None:
    under(lab, Rule(Address(GOOGLE, transport="udp"), Drop()))
    assert fates(attempt(lab, f"quic://{NAME}:443", GOOGLE, patience_s=SILENT_S)) == [SILENCE, SILENCE]


@pytest.mark.parametrize(
    ("reason", "failure"),
    [
        ("port", "connection_refused"),
        ("host", "host_unreachable"),
        ("net", "network_unreachable"),
        ("admin", "host_unreachable"),
    ],
)
def test_what_a_router_says_of_datagrams_is_heard(lab: Lab, reason: Unreachable, failure: str) -> None:
    under(lab, Rule(Address(GOOGLE, transport="udp"), Icmp(reason)), Rule(Address(STUN_SERVER), Icmp(reason)))
    assert fates(attempt(lab, f"quic://{NAME}:443", GOOGLE)) == [failure, failure]
    assert fates(attempt(lab, "stun://stun.l.google.com:3478", STUN_SERVER)) == [failure]


# --- STUN ------------------------------------------------------------------------------------------------------------


def test_calls_are_dropped_by_port(lab: Lab) -> None:
    under(lab, Rule(Stun("3478-3497"), Drop()))
    (dropped,) = attempt(lab, "stun://stun.l.google.com:3478", STUN_SERVER, patience_s=SILENT_S)
    (answered,) = attempt(lab, "stun://stun.l.google.com:19302", STUN_SERVER)
    assert isinstance(dropped, StunObservation)
    assert isinstance(answered, StunObservation)
    assert (dropped.failure, dropped.requests) == (SILENCE, 4)
    assert (answered.failure, answered.requests) == (None, 1)


# --- MTProto ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [DC2, DC2_V6])
@pytest.mark.parametrize("port", [80, 443, 5222])
@pytest.mark.parametrize("scheme", ["mtproto", "mtproto+obfuscated"])
def test_a_data_centre_answers(lab: Lab, scheme: str, port: int, address: str) -> None:
    under(lab)
    assert fates(attempt(lab, f"{scheme}://dc2:{port}", address)) == [None, None]


@pytest.mark.parametrize(
    ("plain", "obfuscated"), [(True, False), (False, True), (True, True)], ids=["plain", "obfuscated", "both"]
)
def test_a_protocol_is_dropped_after_a_good_connect(lab: Lab, plain: bool, obfuscated: bool) -> None:
    under(lab, Rule(MtProto(plain=plain, obfuscated=obfuscated), Drop()))
    for scheme, blocked in (("mtproto", plain), ("mtproto+obfuscated", obfuscated)):
        seen = attempt(lab, f"{scheme}://dc2:443", DC2, patience_s=SILENT_S if blocked else SURE_S)
        assert fates(seen) == [None, SILENCE if blocked else None]


@pytest.mark.parametrize("scheme", ["mtproto", "mtproto+obfuscated"])
def test_a_data_centre_may_send_an_error(lab: Lab, scheme: str) -> None:
    names = [name for name, host in WORLD.hosts.items() if DC2 in host.addresses]
    under(lab, world=WORLD.with_host(*names, mtproto="error"))
    seen = attempt(lab, f"{scheme}://dc2:443", DC2)[-1]
    assert isinstance(seen, MtprotoObservation)
    assert (seen.failure, seen.server_error) == (None, -404)


# --- transfers -------------------------------------------------------------------------------------------------------


def haul(lab: Lab, name: str, address: str, direction: Literal["down", "up"], patience_s: float) -> TransferObservation:
    wanted = Transfer(direction=direction, size_bytes=SIZE)
    *_, seen = attempt(lab, f"https://{name}:443/large", address, patience_s=patience_s, transfer=wanted)
    assert isinstance(seen, TransferObservation)
    return seen


@pytest.mark.parametrize("direction", ["down", "up"])
def test_an_open_path_takes_all_of_it(lab: Lab, direction: Literal["down", "up"]) -> None:
    under(lab)
    seen = haul(lab, NAME, GOOGLE, direction, SURE_S)
    assert (seen.failure, seen.stalled_after_bytes) == (None, None)
    assert seen.moved_bytes >= SIZE
    assert seen.rate_bytes_s is not None


@pytest.mark.parametrize("direction", ["down", "up"])
def test_a_flow_that_is_frozen_tells_where(lab: Lab, direction: Literal["down", "up"]) -> None:
    under(lab, frozen_flows(GOOGLE))
    seen = haul(lab, NAME, GOOGLE, direction, SILENT_S)
    assert seen.failure == SILENCE
    assert seen.stalled_after_bytes == seen.moved_bytes
    assert 10_000 < seen.moved_bytes < 34_000
    print(f"{direction}: frozen after {seen.moved_bytes} bytes")


def test_a_throttled_flow_is_slow_and_no_failure(lab: Lab) -> None:
    under(lab, Rule(Sni("google.com"), Throttle(20_000, burst_bytes=8_000, shape=True, direction="down")))
    slow, free = haul(lab, NAME, GOOGLE, "down", SURE_S), haul(lab, CALM, IANA, "down", SURE_S)
    assert (slow.failure, free.failure) == (None, None)
    assert slow.rate_bytes_s is not None
    assert free.rate_bytes_s is not None
    print(f"throttled to 20 kB/s: {slow.rate_bytes_s / 1000:.0f} kB/s; free: {free.rate_bytes_s / 1000:.0f} kB/s")
    assert 15_000 < slow.rate_bytes_s < 25_000
    assert free.rate_bytes_s > 10 * slow.rate_bytes_s
