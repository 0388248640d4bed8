"""Answers about many services: by status, each with the strongest cause, nothing left out without a word."""

from __future__ import annotations

from bot.chat import words, works
from bot.chat.reply import Line, Reply
from bot.chat.works import Question
from bot.checks import Answer
from bot.transports.telegram.render import render
from probes.catalogue import Catalogue
from probes.model import Baseline, Cause, Confidence, Report, Service, Status, Vantage
from tests.bot.canned import HOST, SIGNAL, TELEGRAM, WHATSAPP, report, service
from tests.bot.chat.test_replies import HELD_BACK, text_of
from tests.fakes.telegram.markup import parse_html

MESSENGERS = Question(("messenger",), (WHATSAPP, TELEGRAM, SIGNAL))
NOW = 1_800_000_000.0


def answers(*reports: Report, age_s: float | None = None) -> dict[str, Answer]:
    return {one.target: Answer(one, NOW - (age_s or 0), age_s) for one in reports}


def lines_of(reply: Reply) -> list[str]:
    return text_of(reply).splitlines()


def many(count: int) -> tuple[Service, ...]:
    return tuple(service(f"s{number}", f"S{number}") for number in range(count))


def test_services_are_listed_by_status_each_with_the_strongest_cause() -> None:
    known = answers(
        report("whatsapp", Status.BLOCKED, Cause.DNS_DELISTED, Cause.TLS_SNI_DROPPED),
        report("telegram", Status.DEGRADED, Cause.IP_DROPPED, confidence=Confidence.POSSIBLE),
        report("signal", confidence=Confidence.LIKELY),
    )
    assert lines_of(works.overview(MESSENGERS, known)) == [
        "What works here: Messengers",
        "Works (1)",
        "Signal (very likely)",
        "Works in part (1)",
        "Telegram (possibly) — address silent",
        "Blocked (1)",
        "WhatsApp — name taken out",
        "Measured just now from this bot's host.",
    ]


def test_of_an_app_whose_site_alone_is_measured_that_is_said() -> None:
    viber = service("viber", "Viber", components=WHATSAPP.components[:1])
    question = Question(("messenger",), (viber, SIGNAL))
    known = answers(report("viber"), report("signal", confidence=Confidence.LIKELY))
    assert lines_of(works.overview(question, known))[2:4] == ["Viber (website only)", "Signal (very likely)"]
    known = answers(report("viber", confidence=Confidence.LIKELY))
    assert "Viber (website only) (very likely)" in lines_of(works.overview(question, known))


def test_of_a_certificate_that_nobody_could_judge_only_that_is_told() -> None:
    known = answers(report("signal", Status.INCONCLUSIVE, Cause.SERVICE_CERTIFICATE))
    assert "Signal — unknown authority" in lines_of(works.overview(MESSENGERS, known))


def test_data_that_is_held_back_by_nobody_knows_whom_is_not_called_unmeasured() -> None:
    known = answers(report("signal", Status.INCONCLUSIVE, Cause.NOT_MEASURED, components=(HELD_BACK,)))
    assert "Signal — held back, unclear by whom" in lines_of(works.overview(MESSENGERS, known))


def test_what_is_not_known_yet_is_named() -> None:
    text = text_of(works.overview(MESSENGERS, answers(report("signal"))))
    assert "Not measured yet (2)\nWhatsApp\nTelegram\n" + words.WORKS_NOT_YET_HINT in text
    assert lines_of(works.overview(MESSENGERS, {}))[1] == "Not measured yet (3)"


def test_the_age_of_the_oldest_answer_is_told() -> None:
    known = answers(report("whatsapp"), age_s=90) | answers(report("signal"), age_s=5) | answers(report("telegram"))
    assert lines_of(works.overview(MESSENGERS, known))[-1] == "The oldest of these answers was measured 1 minute ago."


def test_the_place_is_told() -> None:
    here = report("signal", vantage=Vantage(asn=64500, country="ZZ"))
    last = lines_of(works.overview(MESSENGERS, answers(here)))[-1]
    assert last == "Measured just now from this bot's host (AS64500, ZZ)."


def test_the_state_of_this_host_is_told_once_for_all() -> None:
    offline = Baseline(network="offline")
    known = answers(*(report(one.id, Status.INCONCLUSIVE, baseline=offline) for one in MESSENGERS.services))
    lines = lines_of(works.overview(MESSENGERS, known))
    assert lines[1] == words.SENTENCE[Cause.HOST_OFFLINE]
    assert lines.count(lines[1]) == 1
    assert "WhatsApp — bot offline" in lines


def test_of_many_services_all_are_named_those_with_the_same_reason_together() -> None:
    services = many(40)
    known = answers(
        *(report(one.id) for one in services[:20]),
        *(report(one.id, Status.BLOCKED, Cause.IP_DROPPED) for one in services[20:37]),
        report("s37", Status.BLOCKED, Cause.DNS_DELISTED, confidence=Confidence.LIKELY),
    )
    lines = lines_of(works.overview(Question(("news",), services), known))
    assert lines[1:3] == ["Works (20)", ", ".join(one.name for one in services[:20])]
    assert lines[3] == "Blocked (18)"
    assert lines[4] == ", ".join(one.name for one in services[20:37]) + " — address silent"
    assert lines[5] == "S37 (very likely) — name taken out"
    assert lines[6:8] == ["Not measured yet (2)", "S38"]


def test_of_all_services_at_once_nothing_is_cut() -> None:
    services = tuple(Catalogue.load())
    known = answers(*(report(one.id, Status.BLOCKED, Cause.TLS_SNI_DROPPED) for one in services))
    shown = parse_html(render(works.overview(Question(("all",), services), known)).html, lambda _: None).text
    assert [one.name for one in services if one.name not in shown] == []
    assert len(shown) < 1500


def test_more_services_than_fit_are_named_and_not_asked_about() -> None:
    question = Question(("news",), many(works.MOST_SERVICES + 2))
    assert len(question.asked) == works.MOST_SERVICES
    assert lines_of(works.overview(question, {}))[-1] == words.WORKS_LEFT_OUT.format(names="S100, S101")


def test_a_service_of_two_lists_is_asked_about_once() -> None:
    question = Question(("messenger",), (SIGNAL, *MESSENGERS.services), named=(SIGNAL,))
    assert [one.id for one in question.asked] == ["signal", "whatsapp", "telegram"]
    assert (question.left_out, question.title) == ((), "Messengers, your list")


def test_what_does_not_work_is_a_button_away_and_so_is_the_same_question() -> None:
    known = answers(report("whatsapp"), report("telegram", Status.DOWN), report("signal", Status.BLOCKED))
    rows = works.overview(MESSENGERS, known).buttons
    commands = [[button.command for button in row] for row in rows]
    assert commands == [["/check telegram", "/check signal"], ["/works messenger"]]


def test_a_question_can_be_asked_again_by_its_command() -> None:
    assert Question(("vpn", "news"), ()).command == "/works vpn news"
    assert Question((), (WHATSAPP, HOST), named=(WHATSAPP, HOST)).command == "/works whatsapp example.org"


def test_progress_tells_what_is_known_by_status_under_the_topic_of_the_answer() -> None:
    nothing = works.progress(MESSENGERS, {})
    assert text_of(nothing) == "Checking Messengers … 0 of 3"
    some = works.progress(MESSENGERS, answers(report("whatsapp", Status.BLOCKED), report("telegram")))
    assert lines_of(some) == ["Checking Messengers … 2 of 3", "Telegram", "WhatsApp"]
    assert some.topic == works.overview(MESSENGERS, {}).topic


def test_an_unknown_word_is_told_what_there_is() -> None:
    text = text_of(works.unknown(["blah"], ["news", "vpn"]))
    assert text == "I do not know “blah”. These kinds of services I know: news, vpn."
    assert len(text_of(works.unknown(["x" * 1000], []))) < 200


def test_every_status_and_cause_has_its_few_words() -> None:
    assert set(words.WORKS_GROUPS) == set(Status)
    assert set(words.TERSE) == set(Cause)
    assert set(words.SURENESS) == set(Confidence) - {Confidence.CONFIRMED}
    assert all(len(text.split()) <= 3 for text in (*words.TERSE.values(), *words.TERSE_UNSETTLED.values()))


def test_the_marks_of_the_lines_are_their_statuses() -> None:
    reply = works.overview(MESSENGERS, answers(report("whatsapp", Status.BLOCKED)))
    assert Line("WhatsApp", Status.BLOCKED) in [line for block in reply.blocks for line in getattr(block, "lines", ())]
