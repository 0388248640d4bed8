"""Alerts say what a layman understands: what, since when, how, how sure, and in the end how long it lasted."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

import pytest

from bot.alerts.bulletin import message
from bot.alerts.digest import digest, heard_of
from bot.alerts.hearing import Item, Sort
from bot.alerts.subscriptions import Listener, Subscription, Told
from bot.alerts.wording import Setting, duration
from bot.chat.language import LANGUAGES, speaking
from bot.incidents import HOST, Change, Subject
from bot.incidents.model import Severity
from bot.news import Story
from bot.store.incidents import Incident, Stage
from bot.transports.telegram.render import render
from probes.model import Cause, Confidence, Status, Vantage
from tests.bot.canned import SIGNAL as SIGNAL_SERVICE
from tests.bot.canned import TELEGRAM as TELEGRAM_SERVICE
from tests.bot.canned import WHATSAPP as WHATSAPP_SERVICE
from tests.bot.canned import report
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
)
from tests.bot.chat.test_replies import text_of

if TYPE_CHECKING:
    from bot.chat.reply import Reply

SERVICES = {one.id: one for one in (WHATSAPP_SERVICE, TELEGRAM_SERVICE, SIGNAL_SERVICE)}
SETTING = Setting(now=NOON + 30, zone="UTC+03:00", services=SERVICES)


def item(sort: Sort, change: Change, first: Change | None = None, **about: Any) -> Item:
    status = about.pop("worst", change.status if change.status is not Status.OK else Status.BLOCKED)
    since = about.pop("since", NOON - 120)
    at = about.pop("at", since)
    return Item(sort, change, first or change, Told(change.incident, status, since, **about), at)


def said(*items: Item, **setting: Any) -> str:
    return text_of(message(items, replace(SETTING, **setting)))


def commands(reply: Reply) -> list[str]:
    return [button.command for row in reply.buttons for button in row]


BLOCK = opened(well_at=NOON - 400)


# --- one piece of news -----------------------------------------------------------------------------------------------


def test_a_block_is_told_with_its_beginning_its_way_and_where_it_was_seen() -> None:
    seen = report("whatsapp", Status.BLOCKED, vantage=Vantage(asn=64500, network="Example Net", country="ZZ"))
    text = said(item("alert", BLOCK), reports={1: seen}).splitlines()
    assert text[0] == "WhatsApp — blocked since 14:58 (confirmed)"
    assert text[1].startswith("A connection opens, but is cut off")
    assert text[2] == "Last seen working: 14:53."
    assert text[3] == "Measured 30 seconds ago from this bot's host (AS64500 Example Net, ZZ)."


def test_an_alert_is_as_sure_as_its_evidence() -> None:
    unsure = replace(BLOCK, confidence=Confidence.POSSIBLE)
    assert said(item("alert", unsure)).startswith("WhatsApp — possibly blocked since 14:58\n")
    assert "The evidence is thin" in said(item("alert", unsure))
    assert "The evidence is thin" not in said(item("alert", BLOCK))


def test_what_began_on_another_day_has_its_date() -> None:
    assert said(item("alert", BLOCK), now=NOON + 86_400).startswith(
        "WhatsApp — blocked since 23 Nov, 14:58 (confirmed)"
    )
    assert said(item("alert", BLOCK), zone="UTC").startswith("WhatsApp — blocked since 11:58 UTC (confirmed)")


def test_an_outage_is_no_block() -> None:
    down = opened(status=Status.DOWN, causes=(Cause.SERVICE_DOWN,))
    text = said(item("alert", down))
    assert text.startswith(
        "WhatsApp — down since 14:58 (confirmed)\nA server outside this network cannot reach it either"
    )
    assert "block" not in text
    partly = opened(status=Status.DEGRADED, severity="outage", causes=(Cause.SERVICE_CERTIFICATE,))
    assert "This looks like a fault of the service itself, not like a block." in said(item("alert", partly))


def test_a_degradation_names_what_is_affected_in_words() -> None:
    partly = opened(status=Status.DEGRADED, components=("calls", "media"))
    text = said(item("alert", partly))
    assert text.startswith("WhatsApp — works only in part since 14:58")
    assert "Affected: Calls and Pictures and videos" in text


@pytest.mark.parametrize(("beyond_dns", "helps"), [("ok", "would help"), ("blocked", "would not help")])
def test_where_names_are_blocked_it_says_whether_another_resolver_helps(beyond_dns: Any, helps: str) -> None:
    assert helps in said(item("alert", opened(causes=(Cause.DNS_NXDOMAIN,), beyond_dns=beyond_dns)))


def test_a_name_taken_out_of_a_directory_is_news_of_its_own_kind() -> None:
    delisted = item("alert", opened(DELISTED))
    text = said(delisted, reports={1: report("whatsapp")})
    assert text.startswith("WhatsApp — taken out of the national directory of names (NSDI) since 14:58\n")
    assert "from this bot's host it still connects" in text
    assert "it still connects" not in said(delisted, reports={1: report("whatsapp", Status.BLOCKED)})
    assert "it still connects" not in said(delisted)
    back = said(item("clear", closed(opened(DELISTED), at=NOON + 3600)))
    assert back.startswith(
        "WhatsApp — back in the national directory of names (NSDI)\nIt had been taken out for 1 hour"
    )


def test_what_has_come_to_it_is_told_alone() -> None:
    more = changed(BLOCK, at=NOON, causes=(*BLOCK.causes, Cause.DNS_NXDOMAIN))
    text = said(item("changed", more)).splitlines()
    assert text[0] == "WhatsApp — still blocked, and more was added"
    assert text[1] == "Now also: DNS denies that the name exists."
    assert text[3] == "The trouble has lasted 2 minutes, since 14:58."


def test_what_eased_is_not_called_over() -> None:
    eased = changed(BLOCK, at=NOON, status=Status.DEGRADED, components=("calls",))
    text = said(item("changed", eased))
    assert text.startswith("WhatsApp — works again, but only in part\n")
    assert "Affected: Calls\nConfirmed: it was repeated, and the comparisons agree.\n" in text


def test_the_end_tells_how_long_it_lasted() -> None:
    over = item("clear", closed(BLOCK, at=NOON + 12_000))
    assert said(over, now=NOON + 12_010).splitlines()[:2] == [
        "WhatsApp — works again",
        "It was blocked for 3 hours and 21 minutes, from 14:58 to 18:19.",
    ]
    mixed = item("clear", closed(BLOCK, at=NOON + 12_000), mixed=True)
    assert "It was blocked or worked only in part for 3 hours" in said(mixed)


def test_what_is_over_already_is_told_in_one_line() -> None:
    past = item("past", closed(BLOCK, at=NOON + 12_000), BLOCK)
    assert said(past, now=NOON + 12_010).splitlines()[0] == "WhatsApp — was blocked from 14:58 to 18:19, works again"


@pytest.mark.parametrize("sort", ["clear", "past"])
def test_an_end_that_nobody_saw_is_told_as_the_latest_that_it_can_be(sort: Sort) -> None:
    end = closed(BLOCK, at=NOON + 12_000)
    unseen = "Between 15:30 and 18:19 I could not tell how it was: it may have been over earlier."
    assert unseen in said(item(sort, replace(end, bad_at=NOON + 1800), BLOCK), now=NOON + 12_010)
    assert "Between" not in said(item(sort, replace(end, bad_at=end.since - 330), BLOCK), now=NOON + 12_010)


def test_what_is_watched_no_longer_has_an_end_that_nobody_knows() -> None:
    lost = item("lost", replace(BLOCK, what="lost", at=NOON + 90_000, since=NOON + 60), at=NOON + 60)
    headline, means = said(lost, now=NOON + 90_010).splitlines()
    assert headline == "WhatsApp — not watched any longer"
    assert means.startswith("It was in trouble from 23 Nov, 14:58; I last saw that at 23 Nov, 15:01.")
    text = said(lost, item("clear", closed(opened(TELEGRAM), at=NOON + 90_000)), now=NOON + 90_010)
    assert "Not watched any longer (1)\nWhatsApp, since 23 Nov, 14:58" in text
    assert "/check whatsapp" not in commands(message([lost, lost], SETTING))


def test_flapping_says_how_often_and_that_it_is_not_repeated() -> None:
    text = said(item("flapping", flapping(BLOCK, at=NOON, times=5)))
    assert text.startswith(
        "WhatsApp — keeps coming and going\n5 times since 14:00 it was blocked.\nI say no more of it"
    )
    calm = said(item("clear", settled(BLOCK, at=NOON)))
    assert calm.startswith("WhatsApp — works again, and steadily\nIt no longer comes and goes: it works since 14:00.")
    bad = said(item("settled", settled(BLOCK, at=NOON, status=Status.BLOCKED)))
    assert bad.startswith("WhatsApp — blocked since 14:58")
    assert "It no longer comes and goes." in bad


def test_the_hosts_own_trouble_is_told_as_that_without_a_service() -> None:
    offline = opened(HOST, Status.DOWN, severity="host", causes=(Cause.HOST_OFFLINE,))
    reply = message([item("alert", offline)], SETTING)
    assert text_of(reply).startswith(
        "This bot's own network is in trouble since 14:58\nThe computer that this bot runs on"
    )
    assert reply.buttons == ()
    over = said(item("clear", closed(offline, at=NOON + 600)))
    assert over == "This bot's own network works again\nIt was in trouble for 11 minutes. I measure all services again."


def test_links_explain_what_is_going_on_and_not_what_is_over() -> None:
    story = Story(title="Why", url="https://paper.example/1", source="Paper", published_at=NOON, language="en")
    assert "In the news\nWhy (Paper" in said(item("alert", BLOCK), stories={"whatsapp": [story]})
    over = item("clear", closed(BLOCK, at=NOON))
    assert "In the news" not in said(over, stories={"whatsapp": [story]})


def test_an_alert_has_buttons_for_what_one_may_want_next() -> None:
    assert commands(message([item("alert", BLOCK)], SETTING)) == [
        "/check whatsapp",
        "/why whatsapp",
        "/history whatsapp 24h",
        "/mute 8h",
        "/unsubscribe whatsapp",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1 second"),
        (59, "59 seconds"),
        (3600, "1 hour"),
        (12_000, "3 hours and 20 minutes"),
        (90_000, "1 day and 1 hour"),
    ],
)
def test_lengths_of_time_have_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


# --- several at once -------------------------------------------------------------------------------------------------


def test_a_country_wide_event_is_one_message_that_lists_services() -> None:
    reply = message([item("alert", opened(one)) for one in (WHATSAPP, TELEGRAM, SIGNAL)], SETTING)
    assert text_of(reply).splitlines() == [
        "3 services are blocked",
        "The same stops all of them: cut off once the name is said.",
        "Blocked (3)",
        "WhatsApp — name filtered, cut, since 14:58",
        "Telegram — name filtered, cut, since 14:58",
        "Signal — name filtered, cut, since 14:58",
    ]
    assert commands(reply) == ["/check whatsapp", "/check telegram", "/check signal", "/mute 8h", "/subscriptions"]


def test_a_catch_up_lists_what_is_and_what_was() -> None:
    night = [
        item("past", closed(opened(SIGNAL), at=NOON + 600), opened(SIGNAL)),
        item("clear", closed(opened(TELEGRAM), at=NOON)),
        item("alert", opened(DELISTED)),
        item("alert", BLOCK),
    ]
    assert said(*night, quiet="23:00–07:00").splitlines() == [
        "1 service is blocked",
        "While you wanted quiet (23:00–07:00):",
        "Blocked (1)",
        "WhatsApp — name filtered, cut, since 14:58",
        "Taken out of a national directory of names (1)",
        "WhatsApp, since 14:58",
        "Works again (1)",
        "Telegram — was blocked from 14:58 to 14:59, 1 minute",
        "Over already (1)",
        "Signal — was blocked from 14:58 to 15:09, 11 minutes",
    ]


def test_many_that_work_again_are_good_news() -> None:
    text = said(*(item("clear", closed(opened(one), at=NOON)) for one in (WHATSAPP, TELEGRAM)))
    assert text.startswith("2 services work again\nWorks again (2)\n")


def test_the_hosts_trouble_among_others_stands_with_them() -> None:
    offline = opened(HOST, Status.DOWN, severity="host", causes=(Cause.HOST_OFFLINE,))
    over = item("clear", closed(offline, at=NOON + 600))
    assert "This bot's own network works again" in said(over, item("alert", BLOCK))
    assert said(over, item("alert", BLOCK)).startswith("1 service is blocked")


_SUBJECTS = {"block": WHATSAPP, "degradation": WHATSAPP, "outage": WHATSAPP, "directory": DELISTED, "host": HOST}
_STATUSES = {"block": Status.BLOCKED, "degradation": Status.DEGRADED, "outage": Status.DOWN, "host": Status.DOWN}


@pytest.mark.parametrize(("sort", "severity"), [*product(get_args(Sort), get_args(Severity))])
@pytest.mark.parametrize("language", [*LANGUAGES])
def test_everything_can_be_said_alone_and_among_others_in_every_language(
    sort: Sort, severity: Severity, language: str
) -> None:
    change = opened(_SUBJECTS[severity], _STATUSES.get(severity, Status.BLOCKED), severity=severity)
    last = {
        "changed": changed(change, at=NOON),
        "clear": closed(change, at=NOON),
        "past": closed(change, at=NOON),
        "flapping": flapping(change, at=NOON),
    }.get(sort, change)
    one = item(sort, last, change, worst=change.status)
    with speaking(language):
        for items in ([one], [one, item("alert", opened(TELEGRAM))]):
            html = render(message(items, SETTING)).html
            assert re.search(r"[{}]|None", html) is None
            assert "WhatsApp" in html or severity == "host"


# --- digests ---------------------------------------------------------------------------------------------------------

FAN = Listener(chat="telegram:1", subscriptions={"all": Subscription("all")})
CATEGORIES = dict.fromkeys(SERVICES, "messenger")


def incident(subject: Subject, begin: float, end: float | None, **more: Any) -> Incident:
    plain = Incident(
        id=1,
        subject=subject,
        severity="directory" if subject.kind == "directory" else "block",
        status=Status.BLOCKED,
        opened_at=NOON - begin,
        closed_at=None if end is None else NOON - end,
        lost=False,
        course=(Stage(at=NOON - begin, status=Status.BLOCKED, confidence=Confidence.CONFIRMED),),
    )
    return replace(plain, **more)


def summary(*incidents: Incident, who: Listener = FAN) -> list[str]:
    found = heard_of(who, incidents, CATEGORIES)
    return text_of(digest("daily", found, len(SERVICES), replace(SETTING, now=NOON))).splitlines()


def test_a_digest_tells_what_is_going_on_first_and_how_long_it_took_of_its_time() -> None:
    assert summary(
        incident(TELEGRAM, 9000, 5400),
        incident(TELEGRAM, 4000, 1600),
        incident(WHATSAPP, 90_000, None),
        incident(DELISTED, 7200, None),
    ) == [
        "The last 24 hours",
        "WhatsApp — 1 incident, 1 day in all; blocked now",
        "WhatsApp — taken out of the national directory of names (NSDI) now",
        "Telegram — 2 incidents, 1 hour and 40 minutes in all; works now",
        "1 other service had no incidents.",
    ]


def test_a_digest_without_anything_is_one_line() -> None:
    nothing = ["The last 24 hours: nothing happened to what you subscribed to."]
    assert summary() == nothing
    assert summary(incident(HOST, 600, 60, severity="host")) == nothing
    assert summary(incident(WHATSAPP, 600, 60, severity="degradation")) == nothing
