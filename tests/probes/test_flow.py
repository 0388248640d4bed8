"""Data that is slowed down or stopped, one way or both, against worlds whose truth is known; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes.engine import Engine
from probes.model import Component, Endpoint, Report, Service, Status
from probes.observations import Arm, TransferObservation
from tests.probes.simulated import DOWNLOADS, Censor, Server, Simulated, SimulatedNetwork
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from probes.network import Attempt
    from probes.observations import AnyObservation

HOST, ADDRESS = "manifest.googlevideo.com", "142.250.74.110"
BIG = Simulated(names={HOST: (ADDRESS,)})
BARE = replace(BIG, servers={ADDRESS: Server(status=204, title="", page_bytes=0)})
"""All that the service answers to strangers is shorter than a packet."""
DOWN = frozenset({"down"})
OK = "ok confirmed"
THROTTLED, BY_ADDRESS = "degraded confirmed flow.throttled", "degraded likely flow.throttled"
FROZEN = "degraded confirmed flow.frozen"
UNCLEAR = "inconclusive possible not_measured"
EVERYBODY = frozenset({HOST, ADDRESS, "1.1.1.1", *DOWNLOADS})


def slowed(world: Simulated, *whom: str) -> Simulated:
    """Downloads alone crawl."""
    return replace(world, censor=Censor(slow=frozenset(whom), slow_ways=DOWN))


def serving(world: Simulated, **servers: Server) -> Simulated:
    """`lent1` and so on are the servers of large files, `own` is the service's."""
    places = {"own": ADDRESS} | {f"lent{n}": address for n, address in enumerate(DOWNLOADS, 1)}
    return replace(world, servers={**world.servers, **{places[who]: server for who, server in servers.items()}})


def check(network: SimulatedNetwork) -> Report:
    video = Component(id="video", endpoints=(Endpoint("https", HOST, 443, "/generate_204"),), transfer=True)
    service = Service(id="tube", name="Tube", category="video", components=(video,))
    return run(Engine(network, seed=1).check(service))


def said(report: Report) -> str:
    return " ".join((report.status, report.confidence, *report.causes))


@pytest.mark.parametrize(
    ("world", "expected"),
    {
        "healthy": (BIG, OK),
        "healthy, without a page": (BARE, OK),
        "by name": (slowed(BIG, HOST), THROTTLED),
        "by name, without a page": (slowed(BARE, HOST), THROTTLED),
        "by address": (slowed(BIG, ADDRESS), BY_ADDRESS),
        "by address, without anybody outside": (
            replace(slowed(BIG, ADDRESS), outside="fails"),
            "inconclusive possible no_outside_control",
        ),
        "of everything": (slowed(BIG, *EVERYBODY), OK),
        "of everything, without a page": (slowed(BARE, *EVERYBODY), OK),
        "the service's server paces itself": (serving(BIG, own=Server(paces_itself=True)), UNCLEAR),
        "a server of large files is slow": (serving(BARE, lent1=Server(paces_itself=True)), OK),
        "by name, and the first server of large files is dead": (
            serving(slowed(BARE, HOST), lent1=Server(tcp="generic_timeout_error")),
            THROTTLED,
        ),
        "by name, and the first server wants no other names": (
            serving(slowed(BARE, HOST), lent1=Server(lends=False)),
            THROTTLED,
        ),
        "by name, and the first server ends handshakes with other names": (
            serving(slowed(BARE, HOST), lent1=Server(tls="ssl_failed_handshake")),
            THROTTLED,
        ),
        "by name, and no server of large files is there": (
            serving(slowed(BIG, HOST), **{f"lent{n}": Server(tcp="connection_refused") for n in (1, 2, 3)}),
            THROTTLED,
        ),
        "frozen by name, without a page": (replace(BARE, censor=Censor(frozen=frozenset({HOST}))), FROZEN),
    }.values(),
)
def test_downloads_alone_are_held_back(world: Simulated, expected: str) -> None:
    assert said(check(world.network())) == expected


def test_where_no_control_moves_as_much_nothing_is_called_well() -> None:
    """The page is large and crawls; what another name gets there is short, and no server of large files delivers."""

    class Unhelpful(SimulatedNetwork):
        async def attempt(self, attempt: Attempt, observe: Callable[[AnyObservation], None]) -> None:
            def short(seen: AnyObservation) -> None:
                foreign = attempt.server_name is not None or attempt.asked_host is not None
                if isinstance(seen, TransferObservation) and seen.direction == "down" and foreign:
                    seen = replace(seen, moved_bytes=3_800, rate_bytes_s=None)
                observe(seen)

            await super().attempt(attempt, short)

    assert said(check(Unhelpful(slowed(BIG, HOST)))) == UNCLEAR


@pytest.mark.parametrize("world", [BIG, BARE])
def test_where_nothing_is_held_back_data_is_moved_once_each_way(world: Simulated) -> None:
    moved = [seen for seen in check(world.network()).observations if isinstance(seen, TransferObservation)]
    assert sorted((seen.direction, seen.moved_bytes) for seen in moved) == [("down", 65_536), ("up", 65_536)]


LENDERS = {
    "fine": Server(),
    "dead": Server(tcp="generic_timeout_error"),
    "closed": Server(tcp="connection_refused"),
    "strict": Server(lends=False),
    "slow": Server(paces_itself=True),
}
lenders = st.lists(st.sampled_from(sorted(LENDERS)), min_size=3, max_size=3)
pages = st.sampled_from([0, 600, 20_000, 100_000])


def lent(world: Simulated, kinds: list[str], page_bytes: int, *, paced: bool = False) -> Simulated:
    own = Server(page_bytes=page_bytes, paces_itself=paced)
    return serving(world, own=own, **{f"lent{n}": LENDERS[kind] for n, kind in enumerate(kinds, 1)})


@given(
    kinds=lenders,
    page_bytes=pages,
    paced=st.booleans(),
    slow_line=st.booleans(),
    far=st.sets(st.sampled_from([ADDRESS, *DOWNLOADS])),
    outside=st.sampled_from(["ok", "fails"]),
)
@settings(max_examples=150, deadline=None)
def test_slowness_that_is_nobody_s_doing_is_not_called_interference(
    kinds: list[str], page_bytes: int, paced: bool, slow_line: bool, far: set[str], outside: Literal["ok", "fails"]
) -> None:
    world = lent(BIG, kinds, page_bytes, paced=paced)
    world = replace(world, outside=outside, far=dict.fromkeys(far, 10 * world.rtt_s))
    report = check((slowed(world, *EVERYBODY) if slow_line else world).network())
    assert report.status in {Status.OK, Status.INCONCLUSIVE}, said(report)


@given(kinds=lenders, page_bytes=pages)
@settings(max_examples=60, deadline=None)
def test_what_crawls_by_its_name_is_never_called_well(kinds: list[str], page_bytes: int) -> None:
    """Unless there is nothing at all to tell by: the page is short, and no server of large files is fast and helps."""
    report = check(slowed(lent(BIG, kinds, page_bytes), HOST).network())
    useful = [kind for kind in kinds if kind in {"fine", "slow"}]
    if page_bytes > 65_536 or useful[:1] == ["fine"]:
        assert said(report) == THROTTLED


def test_a_slow_line_is_not_burdened_with_repeats() -> None:
    moved = [o for o in check(slowed(BARE, *EVERYBODY).network()).observations if isinstance(o, TransferObservation)]
    assert sum(seen.direction == "down" for seen in moved) == 3


def test_a_dead_server_of_large_files_is_not_waited_for() -> None:
    healthy, dead = BARE, serving(BARE, lent1=Server(tcp="generic_timeout_error"))
    took_s = [check(world.network()).elapsed_s for world in (healthy, dead)]
    assert took_s[1] < took_s[0] + 1.0


def test_the_large_file_is_asked_for_by_its_own_name_within_the_service_s() -> None:
    asked: list[Attempt] = []

    class Listening(SimulatedNetwork):
        async def attempt(self, attempt: Attempt, observe: Callable[[AnyObservation], None]) -> None:
            asked.append(attempt)
            await super().attempt(attempt, observe)

    check(Listening(BARE))
    lent = [attempt for attempt in asked if attempt.asked_host is not None]
    assert [(a.endpoint.host, a.server_name, a.asked_host) for a in lent] == [(HOST, None, "speedtest.selectel.ru")]
    assert lent[0].arm is Arm.CONTROL  # its server is not the service's, and shows another's certificate
