"""Replies say what a report says: no more than its evidence, the host's own troubles first."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat import evidence, replies, words
from bot.chat.reply import Headline, Items, Line, Moment, Paragraph, Reply, shorten
from bot.checks import Answer
from probes.catalogue import Catalogue
from probes.model import Baseline, Cause, Confidence, DirectoryFinding, Report, Status, Vantage
from probes.observations import (
    AnyObservation,
    Arm,
    DnsObservation,
    DnsReply,
    HttpObservation,
    OutsideObservation,
    Purpose,
    Record,
    Target,
    TlsObservation,
    TransferObservation,
)
from tests.bot.canned import HOST, WHATSAPP, finding, report, service, step

NOW = 1_800_000_000.0


def said(report: Report, age_s: float | None = None) -> str:
    """Return the whole text of an answer."""
    return text_of(replies.answer(WHATSAPP, Answer(report, NOW - (age_s or 0), age_s)))


def text_of(reply: Reply) -> str:
    parts: list[str] = []
    for block in reply.blocks:
        match block:
            case Headline() | Paragraph():
                parts.append(block.text)
            case Items():
                parts += [block.title, *(line.text for line in block.lines)]
            case Moment():
                parts.append(block.before + block.spoken + block.after)
    return "\n".join(parts)


def first_line(report: Report) -> str:
    return said(report).partition("\n")[0]


@pytest.mark.parametrize(
    ("status", "confidence", "line"),
    [
        (Status.OK, Confidence.CONFIRMED, "WhatsApp — works"),
        (Status.OK, Confidence.POSSIBLE, "WhatsApp — seems to work"),
        (Status.DEGRADED, Confidence.CONFIRMED, "WhatsApp — works only in part"),
        (Status.BLOCKED, Confidence.CONFIRMED, "WhatsApp — blocked (confirmed)"),
        (Status.BLOCKED, Confidence.LIKELY, "WhatsApp — very likely blocked"),
        (Status.BLOCKED, Confidence.POSSIBLE, "WhatsApp — possibly blocked"),
        (Status.DOWN, Confidence.LIKELY, "WhatsApp — very likely down"),
    ],
)
def test_the_first_line_is_as_sure_as_the_report(status: Status, confidence: Confidence, line: str) -> None:
    assert first_line(report(status=status, confidence=confidence)) == line


def test_an_inconclusive_answer_says_why() -> None:
    offline = report("whatsapp", Status.INCONCLUSIVE, Cause.HOST_OFFLINE)
    assert first_line(offline) == "WhatsApp — inconclusive: this host itself is offline"
    assert first_line(report(status=Status.INCONCLUSIVE)) == "WhatsApp — inconclusive: the signs contradict each other"


def test_every_status_cause_and_purpose_has_its_words() -> None:
    assert set(words.HEADLINE) == set(product(set(Status) - {Status.INCONCLUSIVE}, Confidence))
    assert set(words.STATUS) == set(Status)
    assert set(words.BRIEF) == set(words.SENTENCE) == set(Cause)
    assert set(words.NEXT_STEP) <= set(Cause)
    assert set(words.PURPOSES) == set(Purpose)
    assert set(words.STEPS) == {get_args(get_type_hints(step)["step"])[0] for step in get_args(AnyObservation)}
    assert set(words.BEYOND_DNS) == {"ok", "blocked", "unknown"}


def test_every_text_is_written_once_and_used() -> None:
    sources = list(Path(words.__file__).parent.glob("*.py"))
    lines = [line for source in sources for line in source.read_text().splitlines()]
    names = [line.split(" = ")[0] for line in lines if re.match(r"[A-Z_]+ = ", line)]
    bot = Path(words.__file__).parents[2]
    code = "".join(path.read_text() for path in bot.rglob("*.py") if path not in sources)
    assert len(names) == len(set(names))
    assert [name for name in names if f"words.{name}" not in code] == []


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_is_told_in_a_sentence(cause: Cause) -> None:
    blocked = report("whatsapp", Status.BLOCKED, cause)
    assert words.SENTENCE[cause] in said(blocked)


def test_of_what_works_in_part_nothing_is_said_of_all_of_it() -> None:
    chat = finding("chat", Status.DEGRADED, Cause.IP_DROPPED)
    text = said(report("whatsapp", Status.DEGRADED, Cause.IP_DROPPED, components=(finding("web"), chat)))
    assert words.SENTENCE_IN_PART[Cause.IP_DROPPED] in text
    assert "Chat servers: works in part — nothing comes back from some of its addresses" in text
    assert words.SENTENCE[Cause.SERVICE_DOWN] in said(report("whatsapp", Status.DEGRADED, Cause.SERVICE_DOWN))


def test_of_calls_that_fail_in_part_not_all_are_said_to_fail() -> None:
    parts = (finding("calls", Status.BLOCKED, Cause.CALLS_DROPPED, essential=False), finding("group-calls"))
    text = said(report("signal", Status.DEGRADED, Cause.CALLS_DROPPED, components=parts))
    assert "voice and video calls, or some of them, do not get through." in text


HELD_BACK = finding("video", Status.INCONCLUSIVE, Cause.NOT_MEASURED, rules=("flow.unclear",))


def test_data_that_is_held_back_by_nobody_knows_whom_is_not_called_unmeasured() -> None:
    text = said(report("x", Status.INCONCLUSIVE, Cause.NOT_MEASURED, components=(finding("web"), HELD_BACK)))
    assert text.startswith("WhatsApp — inconclusive: data is held back, and it cannot be told by whom\nIt answers, but")
    assert "Videos: inconclusive — data is held back, and it cannot be told by whom\n" in text
    assert words.SENTENCE[Cause.NOT_MEASURED] not in text
    assert words.NEXT_STEP[Cause.NOT_MEASURED] not in text


def test_where_time_ran_out_as_well_that_is_said() -> None:
    late = finding("web", Status.INCONCLUSIVE, Cause.NOT_MEASURED, rules=("not_measured",))
    text = said(report("x", Status.INCONCLUSIVE, Cause.NOT_MEASURED, components=(late, HELD_BACK)))
    assert words.SENTENCE[Cause.NOT_MEASURED] in text
    assert words.NEXT_STEP[Cause.NOT_MEASURED] in text


def test_of_a_certificate_that_nobody_could_judge_no_mistake_is_told() -> None:
    unsettled = report(
        "whatsapp",
        Status.INCONCLUSIVE,
        Cause.SERVICE_CERTIFICATE,
        components=(finding("web"), finding("chat", Status.INCONCLUSIVE, Cause.SERVICE_CERTIFICATE)),
    )
    text = said(unsettled)
    assert "inconclusive: its certificate is by an authority that it is not known to use\n" in text
    assert "Chat servers: inconclusive — its certificate is by an authority that it is not known to use\n" in text
    assert words.SENTENCE_UNSETTLED[Cause.SERVICE_CERTIFICATE] in text
    assert not any(untrue in text for untrue in ("expired", "mistake", "everywhere"))
    assert words.SENTENCE[Cause.SERVICE_CERTIFICATE] in said(report("x", Status.DOWN, Cause.SERVICE_CERTIFICATE))


def test_a_certificate_that_nobody_could_judge_is_no_mistake_beside_a_block_either() -> None:
    parts = (
        finding("chat", Status.BLOCKED, Cause.IP_DROPPED),
        finding("storage", Status.INCONCLUSIVE, Cause.SERVICE_CERTIFICATE),
    )
    text = said(report("whatsapp", Status.BLOCKED, Cause.IP_DROPPED, Cause.SERVICE_CERTIFICATE, components=parts))
    assert words.SENTENCE[Cause.IP_DROPPED] in text
    assert words.SENTENCE_UNSETTLED[Cause.SERVICE_CERTIFICATE] in text
    assert words.SENTENCE[Cause.SERVICE_CERTIFICATE] not in text


def test_of_an_app_whose_site_alone_is_measured_that_is_said() -> None:
    viber = service("viber", "Viber", components=WHATSAPP.components[:1])
    text = text_of(replies.answer(viber, Answer(report("viber"), NOW)))
    assert text.startswith(f"Viber (website only) — works\n{words.SITE_ONLY_MEANS}\n")
    unsure = report("viber", Status.INCONCLUSIVE)
    assert text_of(replies.answer(viber, Answer(unsure, NOW))).startswith("Viber (website only) — inconclusive")
    assert words.SITE_ONLY_MEANS not in said(report())


@pytest.mark.parametrize(
    ("id_", "alone"), [("viber", True), ("facetime", True), ("mullvad", True), ("signal", False), ("bbc", False)]
)
def test_which_services_are_measured_by_their_sites_alone(id_: str, alone: bool) -> None:
    shipped = next(one for one in Catalogue.load() if one.id == id_)
    assert (replies.measured_name(shipped) != shipped.name) == alone


@pytest.mark.parametrize(
    ("network", "cause"), [("offline", Cause.HOST_OFFLINE), ("captive", Cause.HOST_CAPTIVE_PORTAL)]
)
def test_the_state_of_this_host_comes_first_whatever_else_was_seen(network: Any, cause: Cause) -> None:
    text = said(
        report(
            "whatsapp",
            Status.INCONCLUSIVE,
            Cause.DNS_TIMEOUT,
            baseline=Baseline(network=network, resolver="broken"),
            components=(finding("web"), finding("chat", Status.INCONCLUSIVE)),
        )
    )
    assert text.startswith(f"WhatsApp — inconclusive: {words.BRIEF[cause]}\n{words.SENTENCE[cause]}")
    assert words.COMPONENTS not in text
    assert words.BASELINE_RESOLVER_BROKEN not in text


def test_a_strange_resolver_of_this_host_is_mentioned_once() -> None:
    assert words.BASELINE_REROUTED in said(report(baseline=Baseline(resolver="rerouted")))
    assert words.BASELINE_RESOLVER_BROKEN in said(report(baseline=Baseline(resolver="broken")))
    both = report("whatsapp", Status.BLOCKED, Cause.DNS_REROUTED, baseline=Baseline(resolver="rerouted"))
    assert words.BASELINE_REROUTED not in said(both)


@pytest.mark.parametrize("beyond", ["ok", "blocked", "unknown"])
def test_whether_another_resolver_would_help_is_said_where_names_are_the_trouble(beyond: Any) -> None:
    by_name = report("whatsapp", Status.BLOCKED, Cause.DNS_NXDOMAIN, beyond_dns=beyond)
    by_address = report("whatsapp", Status.BLOCKED, Cause.IP_DROPPED, beyond_dns=beyond)
    assert words.BEYOND_DNS[beyond] in said(by_name)
    assert words.BEYOND_DNS[beyond] not in said(by_address)


def test_components_are_listed_where_there_are_several() -> None:
    text = said(
        report(
            status=Status.DEGRADED,
            components=(
                finding("web"),
                finding("chat", Status.BLOCKED, Cause.IP_DROPPED, essential=False, confidence=Confidence.LIKELY),
                finding("telex", Status.INCONCLUSIVE, confidence=Confidence.POSSIBLE),
            ),
        )
    )
    assert "Website: works\n" in text
    assert "Chat servers (extra): very likely blocked — nothing comes back from its addresses\n" in text
    assert "telex: inconclusive\n" in text
    assert words.COMPONENTS not in said(report())


def test_thin_evidence_is_called_thin() -> None:
    assert words.THIN_EVIDENCE in said(report(status=Status.BLOCKED, confidence=Confidence.POSSIBLE))
    assert words.THIN_EVIDENCE not in said(report(status=Status.BLOCKED))


def test_national_directories_are_a_line_each() -> None:
    text = said(
        report(
            directories=(
                DirectoryFinding(
                    id="nsdi",
                    status="delisted",
                    names={"whatsapp.com": "delisted", "wa.me": "listed", "e1.whatsapp.net": "unclear"},
                ),
            )
        )
    )
    assert (
        "National directory of names of Russia (NSDI): taken out: whatsapp.com; still there: wa.me; unclear: e1" in text
    )


@pytest.mark.parametrize(
    ("status", "names", "line"),
    [
        (
            "delisted",
            ["delisted"] * 6,
            "(NSDI): taken out: n0.example, n1.example, n2.example, n3.example … and 2 more.",
        ),
        ("delisted", ["delisted", "dead"], "(NSDI): taken out: n0.example."),
        ("delisted", ["delisted", "unclear"], "(NSDI): taken out: n0.example; unclear: n1.example."),
        ("delisted", ["delisted", "listed"], "(NSDI): taken out: n0.example; still there: n1.example."),
        (
            "delisted",
            ["delisted"] + ["listed"] * 5,
            "still there: n1.example, n2.example, n3.example, n4.example … and",
        ),
        ("listed", ["listed"] * 6, "(NSDI): listed."),
        ("listed", ["listed", "dead"], "(NSDI): listed."),
        ("listed", ["unclear", "listed", "silent"], "still there: n1.example; unclear: n0.example, n2.example."),
        ("silent", ["silent"], "(NSDI): does not answer."),
        ("silent", ["dead", "unclear", "silent"], "(NSDI): from its answers it cannot be told"),
        ("silent", ["dead", "dead"], "(NSDI): does not know its names, and neither does anybody else."),
    ],
)
def test_a_directory_takes_one_line_however_many_names_there_are(status: Any, names: list[str], line: str) -> None:
    told = {f"n{number}.example": name for number, name in enumerate(names)}
    assert line in said(report(directories=(DirectoryFinding(id="nsdi", status=status, names=told),)))


def test_a_directory_that_is_asked_no_more_is_named_by_its_id() -> None:
    former = DirectoryFinding(id="former", status="listed", names={"wa.me": "listed"})
    assert "National directory of names (FORMER): listed.\n" in said(report(directories=(former,)))


@pytest.mark.parametrize(
    ("age_s", "spoken"),
    [
        (None, "just now"),
        (0.2, "1 second ago"),
        (59.9, "59 seconds ago"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86_400, "1 day ago"),
    ],
)
def test_an_answer_says_how_old_it_is_and_where_it_was_measured(age_s: float | None, spoken: str) -> None:
    assert f"Measured {spoken} from this bot's host." in said(report(), age_s)
    known = report(vantage=Vantage(asn=64500, network="Example Net", country="ZZ"))
    assert f"Measured {spoken} from this bot's host (AS64500 Example Net, ZZ)." in said(known, age_s)


def test_an_answer_says_what_stands_between_its_host_and_other_people() -> None:
    hosted = report(vantage=Vantage(asn=24940, network="Hetzner", country="DE", via="hosting"))
    assert "from this bot's host (AS24940 Hetzner, DE, a data centre)." in said(hosted)
    assert "behind a VPN" in said(report(vantage=Vantage(country="DE", via="vpn")))
    assert "a proxy that answers DNS itself" in said(report(vantage=Vantage(via="fakeip")))


def test_a_new_measurement_is_one_button_away() -> None:
    assert replies.answer(HOST, Answer(report("example.org"), NOW)).buttons[0][0].command == "/again example.org"


# --- evidence --------------------------------------------------------------------------------------------------------

TARGET = Target(host="web.whatsapp.com", address="192.0.2.1", port=443)
COMMON: dict[str, Any] = {"arm": Arm.EXPERIMENT, "purpose": Purpose.MEASURE, "target": TARGET, "elapsed_s": 0.0124}
QUESTION: dict[str, Any] = {**COMMON, "resolver": "192.0.2.53", "transport": "udp", "query_type": "A"}
RECORDS = tuple(Record("web.whatsapp.com", "A", 60, f"192.0.2.{number}") for number in range(1, 5))


@pytest.mark.parametrize(
    ("observation", "line"),
    [
        (step(failure="connection_reset"), "TCP 192.0.2.1:443: cut off, 20 ms"),
        (
            DnsObservation(**QUESTION, reply=DnsReply(rcode="NOERROR", flags=(), answers=RECORDS)),
            "DNS A web.whatsapp.com @ 192.0.2.53: 192.0.2.1, 192.0.2.2 … and 2 more, 12 ms",
        ),
        (
            DnsObservation(**QUESTION | {"purpose": Purpose.HONEST_RESOLVER}, failure="dns_nxdomain_error"),
            "DNS A web.whatsapp.com @ 192.0.2.53: “no such name”, 12 ms (to compare: an honest resolver)",
        ),
        (
            TlsObservation(**COMMON, server_name="example.org", version="TLSv1.3"),
            "TLS 192.0.2.1:443 example.org: TLSv1.3, 12 ms",
        ),
        (
            HttpObservation(**COMMON, url="https://web.whatsapp.com/", status=451, title="no\x00\n\u202eway " * 50),
            f"HTTP https://web.whatsapp.com/ @ 192.0.2.1: 451 {'no way ' * 17}…, 12 ms",
        ),
        (
            OutsideObservation(**COMMON, control="https://c.example", dns_failure="x"),
            "web.whatsapp.com @ https://c.example: not reached, 12 ms",
        ),
        (
            OutsideObservation(**COMMON, control="https://c.example", tcp={"192.0.2.1:443": None}),
            "web.whatsapp.com @ https://c.example: reached, 12 ms",
        ),
        (
            OutsideObservation(
                **COMMON, control="https://c.example", tcp={"a": "x", "b": None}, tls={"b": "eof_error"}
            ),
            "web.whatsapp.com @ https://c.example: connected, but no TLS, 12 ms",
        ),
        (
            OutsideObservation(**COMMON, control="https://c.example", tcp={"a": None, "b": None}, tls={"b": None}),
            "web.whatsapp.com @ https://c.example: reached, 12 ms",
        ),
        (
            OutsideObservation(**COMMON, control="https://c.example", tcp={"a": "x"}, tls={"a": "x"}),
            "web.whatsapp.com @ https://c.example: not reached, 12 ms",
        ),
        (
            TransferObservation(**COMMON, direction="down", wanted_bytes=65536, moved_bytes=16384),
            "TRANSFER 192.0.2.1:443: 16384 of 65536 bytes, 12 ms",
        ),
    ],
)
def test_an_observation_is_one_line(observation: AnyObservation, line: str) -> None:
    assert evidence.line(observation) == line


# --- shortening ------------------------------------------------------------------------------------------------------

LONG = Reply(
    blocks=(
        Headline("WhatsApp — blocked"),
        Paragraph("why " * 10),
        Items("In detail", tuple(Line(f"component {number}") for number in range(20))),
        Items("Evidence", tuple(Line(f"observation {number}") for number in range(20)), evidence=True),
    )
)


def test_evidence_is_shortened_before_anything_else_and_says_how_much_is_missing() -> None:
    shorter = shorten(LONG, lambda reply: len(text_of(reply)) <= 500)
    assert shorter.blocks[:3] == LONG.blocks[:3]
    assert text_of(shorter).endswith("observation 7\n… and 12 more")


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_a_shortened_reply_fits_and_keeps_the_headline_as_long_as_it_can(limit: int) -> None:
    shorter = shorten(LONG, lambda reply: len(text_of(reply)) <= limit)
    assert len(text_of(shorter)) <= limit
    assert bool(shorter.blocks) == (limit >= len("WhatsApp — blocked"))


def test_even_a_monstrous_headline_is_made_to_fit() -> None:
    shorter = shorten(Reply(blocks=(Headline("x" * 5000),)), lambda reply: len(text_of(reply)) <= 300)
    assert text_of(shorter) == "x" * 199 + "…"


# --- everything else -------------------------------------------------------------------------------------------------


def test_every_service_of_the_catalogue_is_listed() -> None:
    catalogue = Catalogue.load()
    text = text_of(replies.services(catalogue.categories()))
    assert all(service.name in text for service in catalogue)
    assert set(catalogue.categories()) <= set(words.CATEGORIES)


def test_every_component_of_the_catalogue_has_a_name() -> None:
    ids = {component.id for service in Catalogue.load() for component in service.components}
    assert ids <= set(words.COMPONENT_NAMES)


def test_a_tally_counts_steps_and_failures() -> None:
    tally = replies.Tally()
    assert text_of(replies.progress(WHATSAPP, tally)) == "Checking WhatsApp …"
    tally.add(step())
    tally.add(step(failure="connection_reset"))
    assert text_of(replies.progress(WHATSAPP, tally)) == "Checking WhatsApp … connections 2 (1 without success)"
