"""Incidents open and close by measurements that agree, are told again when they change, and never cry wolf."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.incidents import HOST, Change, Claim, Reading, State, Subject, advance, of_service, readings, step
from probes.model import Baseline, Cause, Confidence, DirectoryFinding, Report, Status
from tests.bot.canned import finding, report

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WHATSAPP = of_service("whatsapp")
NSDI = Subject("directory", "nsdi/whatsapp")
RESET = (Cause.TLS_SNI_RESET,)
DROPPED = (Cause.TLS_SNI_DROPPED,)
BOTH = (Cause.TLS_SNI_RESET, Cause.TLS_SNI_DROPPED)
START = 1_000_000.0


def claim(status: Status, *causes: Cause, confidence: Confidence = Confidence.LIKELY) -> Claim:
    return Claim(status=status, causes=causes, confidence=confidence)


OK = claim(Status.OK)
BLOCKED = claim(Status.BLOCKED, *RESET)
SURELY = replace(BLOCKED, confidence=Confidence.CONFIRMED)
DEGRADED = claim(Status.DEGRADED, Cause.QUIC_DROPPED)
DOWN = claim(Status.DOWN, Cause.SERVICE_DOWN)
UNCLEAR = claim(Status.INCONCLUSIVE, Cause.NO_OUTSIDE_CONTROL)


class Watch:
    """One subject, and what was said of it."""

    def __init__(self, subject: Subject = WHATSAPP, every_s: float = 60) -> None:
        self.state = State(subject=subject)
        self.at = START
        self.every_s = every_s
        self.changes: list[Change] = []

    def sees(self, *claims: Claim, source: str = "whatsapp") -> list[Change]:
        """Read these claims one after the other; return what they changed."""
        found: list[Change] = []
        for one in claims:
            self.at += self.every_s
            reading = Reading(subject=self.state.subject, at=self.at, claim=one, source=source)
            self.state, changes = step(self.state, reading, self.at)
            found += changes
        self.changes += found
        return found

    def waits(self, seconds: float) -> Watch:
        self.at += seconds - self.every_s
        return self


def whats(changes: Iterable[Change]) -> list[str]:
    return [change.what for change in changes]


def loud(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if not change.quiet]


# --- opening ---------------------------------------------------------------------------------------------------------


def test_an_incident_opens_after_three_agreeing_measurements_and_begins_with_the_first() -> None:
    watch = Watch()
    assert watch.sees(OK, BLOCKED, BLOCKED) == []
    [opened] = watch.sees(BLOCKED)
    assert (opened.what, opened.severity, opened.status, opened.causes) == ("opened", "block", Status.BLOCKED, RESET)
    assert (opened.since, opened.opened_at, opened.at) == (START + 120, START + 120, START + 240)
    assert (opened.well_at, opened.previous_status) == (START + 60, Status.OK)


@pytest.mark.parametrize(
    ("claims", "every_s"),
    [
        ((BLOCKED,) * 5, 20),
        ((SURELY, SURELY), 50),
        ((BLOCKED, SURELY), 60),
        ((BLOCKED, BLOCKED, OK) * 20, 60),
        ((UNCLEAR,) * 20, 60),
        ((BLOCKED, UNCLEAR, UNCLEAR, BLOCKED, OK) * 5, 60),
        ((BLOCKED, DOWN) * 10, 60),
        ((BLOCKED,) * 5, 21 * 60),
    ],
    ids=[
        "too soon",
        "sure too soon",
        "not sure twice",
        "in between fine",
        "unclear",
        "too few",
        "disagree",
        "far apart",
    ],
)
def test_what_is_not_enough_opens_nothing(claims: Sequence[Claim], every_s: float) -> None:
    assert Watch(every_s=every_s).sees(*claims) == []


@pytest.mark.parametrize(
    ("claims", "severity", "status"),
    [
        ((SURELY, SURELY), "block", Status.BLOCKED),
        ((BLOCKED, UNCLEAR, BLOCKED, UNCLEAR, BLOCKED), "block", Status.BLOCKED),
        ((DEGRADED, DEGRADED, DEGRADED), "degradation", Status.DEGRADED),
        ((BLOCKED, BLOCKED, DEGRADED), "block", Status.BLOCKED),
        ((DEGRADED, DEGRADED, BLOCKED), "degradation", Status.DEGRADED),
        ((DOWN, DOWN, DOWN), "outage", Status.DOWN),
        ((claim(Status.DEGRADED, Cause.SERVICE_DOWN),) * 3, "outage", Status.DEGRADED),
    ],
)
def test_what_is_enough_opens_one_incident(claims: Sequence[Claim], severity: str, status: Status) -> None:
    [opened] = Watch().sees(*claims)
    assert (opened.what, opened.severity, opened.status) == ("opened", severity, status)


def test_an_incident_that_was_there_before_the_first_look_says_so() -> None:
    [opened] = Watch().sees(BLOCKED, BLOCKED, BLOCKED)
    assert opened.well_at is None


def test_causes_are_those_that_measurements_share_and_no_surer_than_most() -> None:
    watch = Watch()
    mixed = claim(Status.BLOCKED, Cause.DNS_SPOOFED, *RESET, confidence=Confidence.CONFIRMED)
    [opened] = watch.sees(BLOCKED, BLOCKED, mixed)
    assert (opened.causes, opened.confidence) == (RESET, Confidence.LIKELY)


# --- closing ---------------------------------------------------------------------------------------------------------


def test_an_incident_closes_after_two_agreeing_successes_and_ends_with_the_first() -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED)
    assert watch.sees(BLOCKED, OK) == []
    [closed] = watch.sees(OK)
    assert (closed.what, closed.severity, closed.status) == ("closed", "block", Status.OK)
    assert (closed.opened_at, closed.since, closed.duration_s) == (START + 60, START + 300, 240)
    assert (closed.previous_status, closed.previous_causes) == (Status.BLOCKED, RESET)


@pytest.mark.parametrize("claims", [(OK, BLOCKED) * 20, (UNCLEAR,) * 20, (OK, UNCLEAR, BLOCKED) * 5])
def test_what_is_not_enough_closes_nothing(claims: Sequence[Claim]) -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED)
    assert watch.sees(*claims) == []


def test_two_successes_within_a_minute_are_not_enough() -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED)
    watch.every_s = 20
    assert whats(watch.sees(OK, OK, OK)) == []
    assert whats(watch.sees(OK)) == ["closed"]


# --- changing --------------------------------------------------------------------------------------------------------


def test_a_new_cause_that_two_measurements_name_is_a_change_of_the_same_incident() -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED)
    assert watch.sees(claim(Status.BLOCKED, *BOTH)) == []
    [changed] = watch.sees(claim(Status.BLOCKED, *BOTH))
    assert (changed.what, changed.causes, changed.previous_causes) == ("changed", BOTH, RESET)
    assert (changed.opened_at, changed.since) == (START + 60, START + 240)


def test_causes_that_come_and_go_are_told_once_each() -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED)
    other = claim(Status.BLOCKED, *DROPPED)
    assert whats(watch.sees(*(other, BLOCKED) * 10)) == []
    assert whats(watch.sees(*(other, other, BLOCKED, BLOCKED) * 10)) == ["changed"]


def test_a_partial_block_that_becomes_full_and_eases_again_is_one_incident() -> None:
    watch = Watch()
    watch.sees(DEGRADED, DEGRADED, DEGRADED)
    assert whats(watch.sees(BLOCKED, BLOCKED)) == []
    [full] = watch.sees(BLOCKED)
    assert (full.what, full.severity, full.previous_status) == ("changed", "block", Status.DEGRADED)
    [partial] = watch.sees(DEGRADED, DEGRADED)
    assert (partial.what, partial.severity, partial.previous_status) == ("changed", "degradation", Status.BLOCKED)
    [closed] = watch.sees(OK, OK)
    assert (closed.what, closed.opened_at) == ("closed", START + 60)


def test_a_lost_service_that_turns_out_to_be_blocked_is_a_change() -> None:
    watch = Watch()
    watch.sees(DOWN, DOWN, DOWN)
    [changed] = watch.sees(SURELY, SURELY)
    assert (changed.what, changed.severity, changed.previous_status) == ("changed", "block", Status.DOWN)


def test_an_end_tells_when_the_trouble_was_seen_last() -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED)
    last = watch.at
    [closed] = watch.waits(9 * 3600).sees(UNCLEAR, OK, OK)
    assert (closed.what, closed.bad_at, closed.since - last) == ("closed", last, 9 * 3600 + 60)


# --- flapping --------------------------------------------------------------------------------------------------------


def test_what_comes_and_goes_is_said_to_be_flapping_and_then_nothing_until_it_has_settled() -> None:
    watch = Watch()
    watch.sees(*(BLOCKED, BLOCKED, BLOCKED, OK, OK) * 20)
    assert whats(loud(watch.changes)) == ["opened", "closed"] * 3 + ["flapping"]
    assert whats(change for change in watch.changes if change.quiet).count("opened") == 17
    [settled] = loud(watch.sees(*(OK,) * 60))
    assert (settled.what, settled.status, settled.times) == ("settled", Status.OK, 16)
    assert whats(loud(watch.sees(BLOCKED, BLOCKED, BLOCKED))) == ["flapping"], "it had turned often enough already"
    assert watch.sees(*(BLOCKED,) * 110) == [], "the second time it takes twice as long"
    [blocked] = watch.sees(*(BLOCKED,) * 20)
    assert (blocked.what, blocked.severity) == ("settled", "block")
    assert whats(loud(watch.sees(OK, OK))) == ["closed"]


@pytest.mark.parametrize("before", [DEGRADED, DOWN])
def test_a_block_is_told_at_once_and_once_of_what_flapped_without_one(before: Claim) -> None:
    watch = Watch()
    watch.sees(*(before, before, before, OK, OK) * 5)
    assert watch.state.flapping
    [opened] = loud(watch.sees(*(BLOCKED, BLOCKED, BLOCKED, OK, OK) * 5))
    assert (opened.what, opened.severity, opened.since) == ("opened", "block", START + 60 * 26)
    [settled] = loud(watch.sees(*(OK,) * 70))
    assert settled.what == "settled"
    watch.sees(*(before, before, before, OK, OK) * 5)
    [opened] = loud(watch.sees(BLOCKED, BLOCKED, BLOCKED))
    assert opened.what == "opened", "another time"


def test_what_gets_worse_step_by_step_is_not_flapping() -> None:
    watch = Watch()
    for _ in range(2):
        watch.sees(DEGRADED, DEGRADED, DEGRADED, SURELY, SURELY, SURELY, OK, OK)
    assert "flapping" not in whats(watch.changes)


def test_a_block_that_eases_and_comes_back_within_one_incident_flaps_as_well() -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED, *(DEGRADED, DEGRADED, BLOCKED, BLOCKED, BLOCKED) * 10)
    assert whats(loud(watch.changes)) == ["opened", *["changed"] * 5, "flapping"]


# --- reports ---------------------------------------------------------------------------------------------------------


def test_a_report_is_read_as_what_it_says_of_each_subject() -> None:
    delisted = DirectoryFinding(id="nsdi", status="delisted", names={"whatsapp.com": "delisted"})
    web, calls = finding("web", Status.BLOCKED, *RESET), finding("calls", Status.OK)
    seen = report("whatsapp", Status.BLOCKED, *RESET, components=(web, calls), directories=(delisted,))
    host, service, directory = readings(seen, START)
    assert (host.subject, host.claim.status) == (HOST, Status.OK)
    assert service == Reading(
        subject=WHATSAPP,
        at=START,
        claim=Claim(status=Status.BLOCKED, confidence=Confidence.CONFIRMED, causes=RESET, components=("web",)),
        source="whatsapp",
    )
    assert (directory.subject, directory.claim.status) == (NSDI, Status.BLOCKED)
    assert (directory.claim.causes, directory.subject.service) == ((Cause.DNS_DELISTED,), "whatsapp")


def test_a_directory_that_is_silent_says_nothing() -> None:
    *_, directory = readings(report(directories=(DirectoryFinding(id="nsdi", status="silent"),)), START)
    assert directory.claim.status is Status.INCONCLUSIVE


OUT = [
    (Baseline(network="offline"), Cause.HOST_OFFLINE),
    (Baseline(network="captive"), Cause.HOST_CAPTIVE_PORTAL),
    (Baseline(network="allowlist"), Cause.NETWORK_ALLOWLIST),
    (Baseline(resolver="broken"), Cause.HOST_RESOLVER_BROKEN),
]


@pytest.mark.parametrize(("baseline", "cause"), OUT)
@pytest.mark.parametrize("status", [Status.BLOCKED, Status.DEGRADED, Status.DOWN, Status.INCONCLUSIVE])
def test_a_host_in_trouble_blames_nobody_else(baseline: Baseline, cause: Cause, status: Status) -> None:
    host, service = readings(report("whatsapp", status, *RESET, baseline=baseline), START)
    assert (host.claim.status, host.claim.causes) == (Status.DOWN, (cause,))
    assert service.claim.status is Status.INCONCLUSIVE


# --- the host --------------------------------------------------------------------------------------------------------


class Everything:
    """All subjects together, fed with reports."""

    def __init__(self, every_s: float = 30) -> None:
        self.states: dict[Subject, State] = {}
        self.at = START
        self.every_s = every_s
        self.changes: list[Change] = []

    def sees(self, *reports: Report) -> list[Change]:
        found: list[Change] = []
        for one in reports:
            self.at += self.every_s
            after, changes = advance(self.states, one, self.at, self.at)
            self.states |= after
            found += changes
        self.changes += found
        return found


def fine(target: str = "whatsapp") -> Report:
    return report(target)


def blocked(target: str = "whatsapp") -> Report:
    return report(target, Status.BLOCKED, *RESET)


def spoilt(baseline: Baseline, target: str = "whatsapp") -> Report:
    return report(target, Status.INCONCLUSIVE, baseline=baseline)


@pytest.mark.parametrize(("baseline", "cause"), OUT)
def test_a_host_that_stays_in_trouble_for_five_minutes_is_one_incident_of_its_own(
    baseline: Baseline, cause: Cause
) -> None:
    everything = Everything()
    everything.sees(fine(), fine("telegram"))
    assert everything.sees(*(spoilt(baseline, target) for target in ("whatsapp", "telegram") * 5)) == []
    [opened] = everything.sees(spoilt(baseline))
    assert (opened.subject, opened.what, opened.severity, opened.causes) == (HOST, "opened", "host", (cause,))
    everything.sees(*(spoilt(baseline) for _ in range(20)))
    assert whats(everything.sees(fine(), fine("telegram"), fine())) == ["closed"]
    assert len(everything.changes) == 2


def test_services_that_work_behind_an_allow_list_do_not_end_it() -> None:
    everything = Everything()
    listed = Baseline(network="allowlist")
    everything.sees(*[spoilt(listed), fine("vk")] * 15)
    assert whats(everything.changes) == ["opened"]
    assert whats(everything.sees(*[fine("whatsapp"), fine("vk")] * 3)) == ["closed"]


def test_nothing_counts_against_a_service_before_the_host_is_well_again() -> None:
    everything = Everything()
    everything.sees(fine(), *[spoilt(Baseline(network="captive"), "telegram")] * 12)
    before = everything.states[WHATSAPP]
    everything.sees(blocked(), blocked())
    assert replace(everything.states[WHATSAPP], read_at=before.read_at) == before
    assert whats(everything.sees(blocked())) == ["closed"], "the third that blames somebody else vouches for the host"
    assert whats(everything.sees(blocked(), blocked())) == ["opened"]


def test_a_delisting_is_an_incident_of_its_own_while_the_service_works() -> None:
    delisted = report(directories=(DirectoryFinding(id="nsdi", status="delisted"),))
    everything = Everything(every_s=60)
    [opened] = everything.sees(fine(), delisted, delisted, delisted)
    assert (opened.subject, opened.severity) == (NSDI, "directory")
    silent = report(directories=(DirectoryFinding(id="nsdi", status="silent"),))
    assert everything.sees(*[silent] * 10) == []
    listed = report(directories=(DirectoryFinding(id="nsdi", status="listed"),))
    assert whats(everything.sees(listed, listed)) == ["closed"]


# --- clocks ----------------------------------------------------------------------------------------------------------


def test_a_clock_that_was_set_back_does_not_stop_everything() -> None:
    watch = Watch()
    watch.sees(BLOCKED, BLOCKED, BLOCKED)
    watch.at -= 24 * 3600
    [closed] = watch.sees(OK, OK)
    assert (closed.what, closed.duration_s) == ("closed", 0)
