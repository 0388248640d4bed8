"""Who hears of which change: what was subscribed to, what was told before, silence, and what comes and goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from bot.alerts.hearing import Item, news
from bot.alerts.hours import Quiet
from bot.alerts.subscriptions import Listener, Subscription, Told, Wishes, subscribed_to
from bot.incidents import HOST, Change
from probes.model import Cause, Status
from tests.bot.changes import (
    DELISTED,
    NOON,
    SIGNAL,
    TELEGRAM,
    WHATSAPP,
    changed,
    closed,
    flapping,
    opened,
    settled,
    stored,
)

if TYPE_CHECKING:
    from bot.alerts.hearing import News

CATEGORIES = {"whatsapp": "messenger", "telegram": "messenger", "signal": "messenger", "youtube": "video"}


def listener(*targets: str, degradations: bool = False, thread: int | None = None, **more: Any) -> Listener:
    subscriptions = {target: Subscription(target, degradations, thread) for target in targets}
    return Listener(chat="telegram:1", subscriptions=subscriptions, **more)


def heard(who: Listener, *changes: Change) -> News:
    return news(who, stored(*changes), CATEGORIES)


def sorts(found: News) -> list[str]:
    return [item.sort for items in found.items.values() for item in items]


def only(found: News) -> Item:
    [[item]] = found.items.values()
    return item


BLOCK = opened()
PARTLY = opened(status=Status.DEGRADED)
OUTAGE = opened(status=Status.DOWN)
FAN = listener("service:whatsapp")
MUTED = replace(FAN, wishes=Wishes(muted_until=NOON + 3600))


# --- what was subscribed to ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "subject", "hears"),
    [
        ("service:whatsapp", WHATSAPP, True),
        ("service:whatsapp", TELEGRAM, False),
        ("service:whatsapp", DELISTED, True),
        ("category:messenger", SIGNAL, True),
        ("category:video", SIGNAL, False),
        ("all", SIGNAL, True),
        ("all", HOST, True),
        ("category:messenger", HOST, False),
    ],
)
def test_a_chat_hears_of_what_it_subscribed_to(target: str, subject: Any, hears: bool) -> None:
    assert sorts(heard(listener(target), opened(subject))) == ["alert"] * hears


def test_whoever_runs_the_bot_hears_of_its_own_troubles_and_of_nothing_else() -> None:
    assert sorts(heard(listener(operator=True), opened(HOST))) == ["alert"]
    assert sorts(heard(listener(operator=True), opened(WHATSAPP))) == []


@pytest.mark.parametrize(("change", "blocks_only"), [(BLOCK, 1), (PARTLY, 0), (OUTAGE, 0), (opened(DELISTED), 1)])
def test_blocks_are_told_by_default_and_the_rest_to_whoever_asked(change: Change, blocks_only: int) -> None:
    assert sorts(heard(FAN, change)) == ["alert"] * blocks_only
    assert sorts(heard(listener("service:whatsapp", degradations=True), change)) == ["alert"]


def test_the_most_particular_subscription_decides() -> None:
    both = replace(
        FAN, subscriptions={**listener("all", degradations=True, thread=7).subscriptions, **FAN.subscriptions}
    )
    assert sorts(heard(both, PARTLY)) == []
    assert list(heard(both, BLOCK).items) == [None]
    assert list(heard(both, opened(TELEGRAM, Status.DEGRADED)).items) == [7]


def test_the_services_that_a_chat_hears_of_are_known() -> None:
    assert subscribed_to(listener("category:messenger"), CATEGORIES) == {"whatsapp", "telegram", "signal"}
    assert subscribed_to(listener("all"), CATEGORIES) == set(CATEGORIES)
    assert subscribed_to(listener(), CATEGORIES) == set()


# --- a block and its end ---------------------------------------------------------------------------------------------


def test_an_alert_is_followed_by_its_all_clear_with_the_time_between() -> None:
    told = heard(FAN, BLOCK).told
    assert told == {WHATSAPP: Told(1, Status.BLOCKED, NOON - 120)}
    over = heard(replace(FAN, told=told), closed(BLOCK, at=NOON + 7200))
    assert only(over).sort == "clear"
    assert only(over).change.since - only(over).about.since == 7200 + 60
    assert over.told == {}


def test_what_began_and_ended_unheard_is_told_as_one() -> None:
    over = heard(FAN, BLOCK, closed(BLOCK, at=NOON + 600))
    assert only(over).sort == "past"
    assert over.told == {}


def test_what_ended_and_began_anew_is_told_as_both() -> None:
    told = heard(FAN, BLOCK).told
    found = heard(replace(FAN, told=told), closed(BLOCK, at=NOON + 60), opened(at=NOON + 600, incident=2))
    assert sorts(found) == ["clear", "alert"]
    assert found.told[WHATSAPP].incident == 2


def test_changes_of_what_is_not_told_yet_are_told_with_it() -> None:
    found = heard(FAN, BLOCK, changed(BLOCK, at=NOON + 30))
    assert only(found).sort == "alert"
    assert (only(found).first, only(found).change.what) == (BLOCK, "changed")


def test_a_change_of_what_was_told_is_news() -> None:
    told = heard(FAN, BLOCK).told
    worse = changed(BLOCK, at=NOON + 30, causes=(Cause.DNS_NXDOMAIN,))
    assert only(heard(replace(FAN, told=told), worse)).sort == "changed"
    eased = heard(replace(FAN, told=told), changed(BLOCK, at=NOON + 30, status=Status.DEGRADED))
    assert only(eased).sort == "changed"
    assert eased.told[WHATSAPP] == Told(1, Status.BLOCKED, NOON - 120, mixed=True)


def test_what_grows_into_a_block_is_first_told_as_that() -> None:
    assert sorts(heard(FAN, PARTLY)) == []
    found = heard(FAN, changed(PARTLY, at=NOON + 600, status=Status.BLOCKED))
    assert only(found).sort == "alert"
    assert only(found).about.since == NOON + 540


def test_the_end_of_what_was_never_told_is_no_news() -> None:
    assert sorts(heard(FAN, closed(BLOCK, at=NOON))) == []
    assert sorts(heard(FAN, PARTLY, closed(PARTLY, at=NOON))) == []


def test_what_changed_and_changed_back_unheard_is_no_news() -> None:
    told = heard(FAN, BLOCK).told
    eased = changed(BLOCK, at=NOON + 60, status=Status.DEGRADED)
    found = heard(replace(FAN, told=told), eased, changed(eased, at=NOON + 120, status=Status.BLOCKED))
    assert (sorts(found), found.told) == ([], told)
    more = changed(eased, at=NOON + 120, status=Status.BLOCKED, causes=(Cause.TLS_SNI_RESET, Cause.DNS_NXDOMAIN))
    assert only(heard(replace(FAN, told=told), eased, more)).sort == "changed"


def test_since_when_it_has_been_as_it_is_now_is_told_apart_from_the_whole_trouble() -> None:
    who = listener("service:whatsapp", degradations=True)
    worse = changed(PARTLY, at=NOON + 3600, status=Status.BLOCKED)
    item = only(heard(who, PARTLY, worse, changed(worse, at=NOON + 7200, causes=(Cause.DNS_NXDOMAIN,))))
    assert (item.sort, item.since, item.about.since) == ("alert", NOON + 3540, NOON - 120)
    assert item.about.mixed


@pytest.mark.parametrize("number", [7, None])
def test_the_end_of_a_later_incident_than_was_told_is_the_end_of_what_was_told(number: int | None) -> None:
    told = heard(FAN, flapping(BLOCK, at=NOON)).told
    bad = settled(BLOCK, at=NOON + 60, status=Status.BLOCKED, incident=number)
    muted = heard(replace(MUTED, told=told), bad)
    assert sorts(muted) == []
    over = heard(replace(FAN, told=muted.told), closed(bad, at=NOON + 9900))
    assert (sorts(over), over.told) == (["clear"], {})


def test_nothing_is_told_before_the_cursor() -> None:
    assert sorts(news(replace(FAN, cursor=1), stored(BLOCK), CATEGORIES)) == []


def test_nothing_is_told_from_before_it_was_asked_for_but_the_end_of_what_was_told() -> None:
    late = replace(FAN, subscriptions={"service:whatsapp": Subscription("service:whatsapp", after=5)})
    assert sorts(heard(late, BLOCK)) == []
    told = {WHATSAPP: Told(1, Status.BLOCKED, NOON)}
    assert sorts(heard(replace(late, told=told), BLOCK)) == [], "it was told when it was asked for"
    assert sorts(heard(replace(late, told=told), BLOCK, closed(BLOCK, at=NOON + 60))) == ["clear"]
    old, later = closed(BLOCK, at=NOON - 60), {WHATSAPP: Told(7, Status.BLOCKED, NOON)}
    assert heard(replace(late, told=later), old, opened(incident=7)).told == later, "an earlier incident ended"


@pytest.mark.parametrize("gone", [{"subscriptions": {}}, {"reachable": False}])
def test_whoever_left_hears_nothing_and_is_owed_nothing_in_the_end(gone: dict[str, Any]) -> None:
    told = heard(FAN, BLOCK).told
    left = replace(FAN, told=told, **gone)
    assert sorts(heard(left, changed(BLOCK, at=NOON + 60))) == []
    assert heard(left, changed(BLOCK, at=NOON + 60)).told == told
    over = heard(left, closed(BLOCK, at=NOON + 120))
    assert (sorts(over), over.told) == ([], {})


LOST = replace(BLOCK, what="lost", at=NOON + 90_000, since=NOON + 60)


def test_whoever_was_told_of_what_is_watched_no_longer_is_told_that() -> None:
    told = heard(FAN, BLOCK).told
    for who in (FAN, MUTED):
        found = heard(replace(who, told=told), LOST)
        assert (only(found).sort, found.told) == ("lost", {})
    assert sorts(heard(FAN, LOST)) == sorts(heard(FAN, BLOCK, LOST)) == []


# --- silence ---------------------------------------------------------------------------------------------------------


def test_a_muted_chat_hears_of_nothing_but_the_end_of_what_it_heard() -> None:
    assert sorts(heard(MUTED, BLOCK)) == []
    assert heard(MUTED, BLOCK).told == {}
    told = heard(FAN, BLOCK).told
    assert sorts(heard(replace(MUTED, told=told), changed(BLOCK, at=NOON + 60))) == []
    assert sorts(heard(replace(MUTED, told=told), closed(BLOCK, at=NOON + 60))) == ["clear"]


def test_after_a_mute_a_change_of_what_it_missed_is_told_as_new() -> None:
    assert only(heard(MUTED, BLOCK, changed(BLOCK, at=NOON + 4000))).sort == "alert"
    assert sorts(heard(MUTED, BLOCK, closed(BLOCK, at=NOON + 4000))) == []


@pytest.mark.parametrize(("hour", "over"), [(-1, None), (0, None), (11, 19), (18, 19), (19, None), (24 + 11, 24 + 19)])
def test_quiet_hours_go_over_midnight(hour: int, over: int | None) -> None:
    night = replace(FAN, wishes=Wishes(quiet=Quiet(23 * 60, 7 * 60)))
    until = night.quiet_until(NOON + hour * 3600, "UTC")
    assert until == (None if over is None else NOON + over * 3600)


def test_quiet_hours_that_end_in_the_hour_that_comes_twice_are_over_the_second_time() -> None:
    """On 2026-10-25 clocks in Berlin go from 03:00 CEST, which is 01:00 UTC, to 02:00 CET."""
    turn = datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp()
    night = replace(FAN, wishes=Wishes(quiet=Quiet(23 * 60, 150), zone="Europe/Berlin"))
    assert night.quiet_until(turn - 2700, "UTC") == turn - 1800
    assert night.quiet_until(turn - 900, "UTC") is None
    assert night.quiet_until(turn + 900, "UTC") == turn + 1800
    assert night.quiet_until(turn + 1800, "UTC") is None


def test_quiet_hours_that_end_in_the_hour_that_is_skipped_end_an_hour_later() -> None:
    """On 2027-03-28 clocks in Berlin go from 02:00 CET, which is 01:00 UTC, to 03:00 CEST."""
    turn = datetime(2027, 3, 28, 1, tzinfo=UTC).timestamp()
    night = replace(FAN, wishes=Wishes(quiet=Quiet(23 * 60, 150), zone="Europe/Berlin"))
    assert night.quiet_until(turn - 3600, "UTC") == turn + 1800


def test_quiet_hours_are_those_of_the_chats_zone() -> None:
    noon = replace(FAN, wishes=Wishes(quiet=Quiet(14 * 60, 16 * 60), zone="UTC+03:00"))
    assert noon.quiet_until(NOON, "UTC") == NOON + 3600
    assert replace(noon, wishes=replace(noon.wishes, zone=None)).quiet_until(NOON, "Europe/Moscow") == NOON + 3600


# --- what comes and goes ---------------------------------------------------------------------------------------------


def test_flapping_is_told_once_in_place_of_the_times_that_it_sums_up() -> None:
    found = heard(FAN, BLOCK, closed(BLOCK, at=NOON + 60), flapping(BLOCK, at=NOON + 120))
    assert sorts(found) == ["flapping"]
    assert sorts(heard(replace(FAN, told=found.told), settled(BLOCK, at=NOON + 9000))) == ["clear"]


def test_what_settles_badly_is_told_and_waits_for_its_end() -> None:
    told = heard(FAN, flapping(BLOCK, at=NOON)).told
    bad = settled(BLOCK, at=NOON + 9000, status=Status.BLOCKED, incident=4)
    found = heard(replace(FAN, told=told), bad)
    assert sorts(found) == ["settled"]
    assert only(found).since == only(found).about.since == NOON + 5400, "it was well now and then before"
    over = heard(replace(FAN, told=found.told), closed(bad, at=NOON + 9900))
    assert only(over).sort == "clear"
    assert only(over).change.since - only(over).about.since == 9840 - 5400


def test_a_muted_chat_that_was_told_of_flapping_hears_that_it_has_settled() -> None:
    told = heard(FAN, flapping(BLOCK, at=NOON)).told
    assert sorts(heard(replace(MUTED, told=told), settled(BLOCK, at=NOON + 60))) == ["clear"]


def test_the_quiet_turns_of_a_flapping_are_no_news() -> None:
    assert sorts(heard(FAN, replace(BLOCK, quiet=True))) == []
