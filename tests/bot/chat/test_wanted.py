"""What people write behind /subscribe, /mute and /quiet is understood as they write it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.hours import Quiet, digest_due, read_zone, zone_in, zone_of
from bot.chat import timetable, wanted
from bot.chat.timetable import Hours
from bot.chat.wanted import Wanted
from probes.catalogue import Catalogue
from tests.bot.changes import NOON

CATALOGUE = Catalogue.load()


@pytest.mark.parametrize(
    ("text", "targets", "degradations"),
    [
        ("whatsapp", ["service:whatsapp"], None),
        ("WhatsApp, telegram", ["service:whatsapp", "service:telegram"], None),
        ("ватсап и телеграм", ["service:whatsapp", "service:telegram"], None),
        ("ватсапа", ["service:whatsapp"], None),
        ("whatsapp whatsapp", ["service:whatsapp"], None),
        ("whatsapp.com", ["service:whatsapp"], None),
        ("messengers", ["category:messenger"], None),
        ("vpn services and youtube", ["category:vpn", "service:youtube"], None),
        ("мессенджеры, ютуб", ["category:messenger", "service:youtube"], None),
        ("app store", ["service:appstore"], None),
        ("everything", ["all"], None),
        ("всё", ["all"], None),
        ("all degradations", ["all"], True),
        ("whatsapp with degradations", ["service:whatsapp"], True),
        ("ватсап сбои", ["service:whatsapp"], True),
        ("whatsapp blocks only", ["service:whatsapp"], False),
        ("", [], None),
    ],
)
def test_targets_are_read(text: str, targets: list[str], degradations: bool | None) -> None:
    assert wanted.read(text, CATALOGUE) == Wanted(tuple(targets), degradations)


def test_hosts_and_strange_words_are_kept_apart() -> None:
    found = wanted.read("whatsapp example.org telegarn wibble", CATALOGUE)
    assert found.targets == ("service:whatsapp",)
    assert found.hosts == ("example.org",)
    assert found.unknown == ("telegarn", "wibble")
    assert found.suggestions == ("telegram",)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    wanted.read(text, CATALOGUE)
    timetable.length_s(text)
    timetable.hours(text)
    timetable.digest(text)
    timetable.is_off(text)


def test_every_service_and_category_can_be_named_by_its_id() -> None:
    for service in CATALOGUE:
        assert wanted.read(service.id, CATALOGUE).targets == (f"service:{service.id}",)
    for category in CATALOGUE.categories():
        assert wanted.read(f"category:{category}", CATALOGUE).targets == (f"category:{category}",)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("8h", 28_800),
        ("8 hours", 28_800),
        ("2d", 172_800),
        ("30 мин", 1800),
        ("1 час", 3600),
        ("2 jours", 172_800),
        ("8", None),
        ("h", None),
        ("0h", None),
        ("-1h", None),
        ("8 parsecs", None),
    ],
)
def test_lengths_of_time_are_read(text: str, seconds: float | None) -> None:
    assert timetable.length_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("23:00-07:00", Hours(Quiet(1380, 420), None)),
        ("23–7", Hours(Quiet(1380, 420), None)),
        ("22:30 - 06:15 Europe/Moscow", Hours(Quiet(1350, 375), "Europe/Moscow")),
        ("23-7 utc+3", Hours(Quiet(1380, 420), "UTC+03:00")),
        ("22-24", Hours(Quiet(1320, 0), None)),
        ("moscow", Hours(None, "Europe/Moscow")),
        ("New York", Hours(None, "America/New_York")),
        ("25-3", None),
        ("8-8", None),
        ("23-7 Nowhere/City", None),
        ("night", None),
    ],
)
def test_quiet_hours_are_read(text: str, found: Hours | None) -> None:
    assert timetable.hours(text) == found


@pytest.mark.parametrize(("text", "off"), [("off", True), ("Выкл", True), ("8h", False), ("", False)])
def test_off_is_read(text: str, off: bool) -> None:
    assert timetable.is_off(text) is off


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("+5:30", "UTC+05:30"),
        ("GMT-3", "UTC-03:00"),
        ("UTC+14", "UTC+14:00"),
        ("UTC+15", None),
        ("utc", "UTC"),
        ("africa/nairobi", "Africa/Nairobi"),
        ("../etc/passwd", None),
    ],
)
def test_zones_are_read(text: str, zone: str | None) -> None:
    assert read_zone(text) == zone


def test_a_zone_that_is_forgotten_is_utc() -> None:
    assert zone_of("Gone/City").utcoffset(None) == zone_of(None).utcoffset(None)


@pytest.mark.parametrize(("country", "zone"), [("KE", "Africa/Nairobi"), ("RU", "UTC"), (None, "UTC"), ("ZZ", "UTC")])
def test_a_country_with_one_zone_has_its_times(country: str | None, zone: str) -> None:
    assert zone_in(country) == zone


@pytest.mark.parametrize(
    ("kind", "zone", "after_h"),
    [("daily", "UTC", 21), ("weekly", "UTC", 6 * 24 + 21), ("daily", "UTC+03:00", 18), ("daily", "UTC-04:00", 1)],
)
def test_digests_are_due_at_nine_and_on_mondays(kind: str, zone: str, after_h: float) -> None:
    assert digest_due("daily" if kind == "daily" else "weekly", NOON, zone_of(zone)) == NOON + after_h * 3600
