"""Data that is slowed down or stopped, one way or both, against worlds whose truth is known; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probes import controls, plan_transfers
from probes.engine import Engine
from probes.evidence import Evidence
from probes.model import Cause, Component, Confidence, Endpoint, Finding, Report, Service, Status
from probes.network import Attempt, OutsideQuestion
from probes.observations import Arm, OutsideObservation, Purpose, Target, TransferObservation
from probes.rules import flow
from probes.rules.table import first_match
from probes.trials import Trial
from tests.probes.simulated import DOWNLOADS, Censor, Server, Simulated, SimulatedNetwork
from tests.probes.virtual_time import run

if TYPE_CHECKING:
    from collections.abc import Callable

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


# --- single rules, on evidence made by hand --------------------------------------------------------------------------

SITE = Endpoint("https", HOST, 443, "/")
UNRELATED = "1.1.1.1"
ALL_BYTES, FROZEN_BYTES, ENDED_EARLY_BYTES = 65_536, 16_000, 300


def moved(purpose: Purpose, stalled_after_bytes: int | None = None, at: str = ADDRESS, nth: int = 1) -> Trial:
    """Data that came down, all of it or up to where it stopped for good."""
    arm = Arm.EXPERIMENT if purpose is Purpose.TRANSFER else Arm.CONTROL
    seen = TransferObservation(
        id=f"{purpose}-{at}-{nth}",
        arm=arm,
        purpose=purpose,
        target=Target(host=HOST, address=at, port=443),
        direction="down",
        wanted_bytes=ALL_BYTES,
        moved_bytes=ALL_BYTES if stalled_after_bytes is None else stalled_after_bytes,
        stalled_after_bytes=stalled_after_bytes,
        failure=None if stalled_after_bytes is None else "generic_timeout_error",
    )
    attempt = Attempt(endpoint=SITE, address=at, purpose=purpose, arm=arm, transfer=plan_transfers.DOWN, nth=nth)
    return Trial(attempt, started_s=0.0, observations=[seen], done=True)


def evidence_of(*trials: Trial, families: frozenset[int] = frozenset({4})) -> Evidence:
    return Evidence(
        endpoint=SITE,
        trials=trials,
        system_resolvers=(),
        trusted_resolvers=(),
        baseline=None,
        baseline_ids=(),
        working_families=families,
        permits=lambda _address, _port: True,
        now_s=10.0,
        patience_s=1.0,
        line_rtt_s=0.04,
    )


def judged(*trials: Trial) -> Finding | None:
    return first_match(flow.RULES, flow.Haul(evidence_of(*trials), "down"))


FROZE = [moved(Purpose.TRANSFER, FROZEN_BYTES, nth=nth) for nth in (1, 2)]


@pytest.mark.parametrize(("passed", "confidence"), [(1, Confidence.LIKELY), (2, Confidence.CONFIRMED)])
def test_a_freeze_by_name_is_as_sure_as_its_controls_are_many(passed: int, confidence: Confidence) -> None:
    found = judged(*FROZE, *(moved(Purpose.TRANSFER_CONTROL, nth=nth) for nth in range(1, passed + 1)))
    assert found is not None
    assert (found.rules, found.confidence) == (("flow.frozen_by_name",), confidence)


@pytest.mark.parametrize(
    ("stopped_after_bytes", "rule"), [(FROZEN_BYTES, "flow.frozen_everywhere"), (ENDED_EARLY_BYTES, "flow.unclear")]
)
def test_only_what_stops_in_the_same_place_is_the_network_s_doing(stopped_after_bytes: int, rule: str) -> None:
    found = judged(*FROZE, moved(Purpose.UNRELATED_BASELINE, stopped_after_bytes, at=UNRELATED))
    assert found is not None
    assert found.rules == (rule,)


def outside(*, failure: str | None = None, done: bool = True) -> Trial:
    """A question to somebody outside, and what became of it."""
    seen = OutsideObservation(
        id="outside",
        arm=Arm.CONTROL,
        purpose=Purpose.OUTSIDE,
        target=Target(host=HOST, address=None, port=443),
        control="https://c.example",
        failure=failure,
    )
    return Trial(
        OutsideQuestion(endpoint=SITE, addresses=(ADDRESS,)),
        started_s=0.0,
        observations=[seen] if done else [],
        done=done,
    )


@pytest.mark.parametrize(
    ("asked", "cause"),
    [
        ([], Cause.NOT_MEASURED),
        ([outside()], Cause.NOT_MEASURED),
        ([outside(done=False)], Cause.NOT_MEASURED),
        ([outside(failure="connection_refused")], Cause.NO_OUTSIDE_CONTROL),
    ],
)
def test_the_lack_of_an_outside_control_is_blamed_only_where_one_was_asked_and_failed(
    asked: list[Trial], cause: Cause
) -> None:
    found = judged(*FROZE, *asked)
    assert found is not None
    assert (found.rules, found.causes) == (("flow.unclear",), (cause,))


@pytest.mark.parametrize(
    ("unrelated", "families", "expected"),
    [
        ((ADDRESS, UNRELATED), {4}, {UNRELATED}),
        ((ADDRESS,), {4}, set()),
        ((UNRELATED,), {6}, set()),
        ((), {4}, set()),
    ],
)
def test_a_transfer_is_held_against_an_unrelated_address_only_where_there_is_one(
    unrelated: tuple[str, ...], families: set[int], expected: set[str]
) -> None:
    known = replace(controls.shipped(), unrelated_addresses=unrelated, downloads=())
    evidence = evidence_of(*FROZE, families=frozenset(families))
    steps = list(plan_transfers.move_data(evidence, known))
    assert {step.address for step in steps if step.purpose is Purpose.UNRELATED_BASELINE} == expected
