"""Evidence in order: what was done, what came back, what it was held against, and what follows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import pytest

from bot.alternatives import FRESH_S, MOST, Alternatives
from bot.chat import reasons, replies, words
from bot.chat.beside import Beside
from bot.chat.reply import Items
from bot.checks import Answer
from bot.store.history import Since
from bot.transports.telegram.render import render
from probes.catalogue import Catalogue
from probes.model import Cause, Confidence, DirectoryFinding, Report, Service, Status
from probes.observations import Arm, OutsideObservation, Purpose, QuicObservation, Target, TlsObservation
from probes.rules import SECTIONS
from tests.bot.canned import HOST, SIGNAL, TELEGRAM, WHATSAPP, finding, report
from tests.bot.chat.test_proofs import common, dns, outside, tcp, tls, transfer
from tests.bot.chat.test_replies import text_of
from tests.fakes.telegram.markup import parse_html

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probes.observations import AnyObservation

NOW = 1_800_000_000.0
RESET = "connection_reset"


def control(id_: str, purpose: Purpose, name: str, at: str, failure: str | None = None) -> TlsObservation:
    target = Target(host="a.example", address=at, port=443)
    return TlsObservation(
        id=id_, arm=Arm.CONTROL, purpose=purpose, target=target, server_name=name, failure=failure, elapsed_s=0.043
    )


FILTERED: tuple[AnyObservation, ...] = (
    tls("m", failure=RESET, elapsed_s=0.021),
    tls("r", Purpose.REPEAT, failure=RESET),
    control("i", Purpose.INNOCUOUS_NAME, "example.com", "192.0.2.1", "ssl_invalid_hostname"),
    control("u", Purpose.UNRELATED_ADDRESS, "a.example", "198.51.100.1", RESET),
    control("b", Purpose.UNRELATED_BASELINE, "example.com", "198.51.100.2"),
)
SITE = finding(
    "web", Status.BLOCKED, Cause.TLS_SNI_RESET, because=("m", "r", "i", "u", "b"), rules=("handshake.name_blocked",)
)


def blocked(*components: object, **changes: object) -> Report:
    plain = {"components": components or (SITE,), "observations": FILTERED}
    return report("whatsapp", Status.BLOCKED, Cause.TLS_SNI_RESET, **plain | changes)


def why(found: Report, age_s: float | None = 7200) -> list[str]:
    return text_of(reasons.why(WHATSAPP, Answer(found, NOW, age_s))).splitlines()


def test_a_cause_is_told_in_order_experiment_controls_conclusion() -> None:
    lines = why(blocked())
    assert lines[:9] == [
        "WhatsApp — blocked (confirmed)",
        "Measured 2 hours ago from this bot's host.",
        "Website: blocked — cut off once the name is said",
        "I opened a connection to 192.0.2.1:443 and said the name a.example (TLS): cut off after 21 ms.",
        "1 more time, on a fresh connection or at another address: the same.",
        (
            "To compare, another name, example.com, said to the same address, 192.0.2.1:443: "
            "certificate for another name after 43 ms. So the server is there."
        ),
        (
            "To compare, another name, example.com, said to such a server, 198.51.100.2:443: "
            "secured after 43 ms. So the way there is open."
        ),
        (
            "To compare, the same name said to a server that has nothing to do with it, 198.51.100.1:443: "
            "cut off after 43 ms. So it is about the name, whoever hears it."
        ),
        (
            "It follows: other names pass, and this one ends the same way even at servers that have nothing to do "
            "with it: the network filters by the name. [handshake.name_blocked]"
        ),
    ]


def test_what_stops_several_parts_is_told_in_full_once() -> None:
    media = finding("media", Status.BLOCKED, Cause.TLS_SNI_RESET, because=SITE.because, rules=SITE.rules)
    lines = why(blocked(SITE, media))
    assert lines[lines.index("Pictures and videos: blocked — cut off once the name is said") + 1] == (
        "The same as above: cut off once the name is said."
    )
    assert sum("handshake.name_blocked" in line for line in lines) == 1


def test_what_shows_two_causes_of_one_part_is_told_once() -> None:
    both = finding("web", Status.BLOCKED, Cause.TLS_SNI_RESET, Cause.TLS_INTERCEPTED, because=SITE.because)
    told = [line for line in why(blocked(both)) if line.startswith(("I opened", "To compare"))]
    assert len(told) == len(set(told)) == 4


def test_a_server_that_was_asked_for_quic_by_no_name_is_not_said_to_have_taken_one() -> None:
    def quic(id_: str, at: str, kind: Literal["version_negotiation", "handshake"], **more: Any) -> QuicObservation:
        return QuicObservation(id=id_, kind=kind, **common(Purpose.HONEST_ADDRESS, "a.example", at, **more))

    silent = {"server_name": "a.example", "failure": "generic_timeout_error"}
    steps = (
        quic("m", "192.0.2.1", "handshake", **silent | {"arm": Arm.EXPERIMENT}),
        quic("n", "192.0.2.2", "version_negotiation", elapsed_s=0.04),
        quic("h", "192.0.2.2", "handshake", **silent),
    )
    filtered = finding("quic", Status.BLOCKED, Cause.QUIC_DROPPED, because=("m", "n", "h"))
    assert [line for line in why(blocked(filtered, observations=steps)) if line.startswith("To compare")] == [
        "To compare, 192.0.2.2:443, asked by QUIC without any name: answered after 40 ms. So the server is there.",
        "To compare, the true address, 192.0.2.2:443: no answer after 0 ms. So that alone is no way out.",
    ]
    assert reasons._sense(replace(steps[1], failure="generic_timeout_error")) == words.WHY_NEGOTIATIONS[False]


def test_data_under_the_name_at_somebody_else_s_server_is_told_as_that_and_with_its_comparison() -> None:
    steps = (
        tcp("n", at="192.0.2.9", connection="c1"),
        transfer("lent", at="192.0.2.9", arm=Arm.CONTROL, connection="c1", elapsed_s=6.0),
        transfer("b", Purpose.UNRELATED_BASELINE, "lender.example", "192.0.2.9", connection="c2", elapsed_s=0.5),
        tls("o", Purpose.UNRELATED_BASELINE, "lender.example", "192.0.2.9", connection="c2"),
    )
    held_back = finding(
        "video", Status.INCONCLUSIVE, Cause.NOT_MEASURED, because=("n", "lent", "o", "b"), rules=("flow.unclear",)
    )
    lines = why(report("x", Status.INCONCLUSIVE, Cause.NOT_MEASURED, components=(held_back,), observations=steps))
    assert lines[2:6] == [
        "Videos: inconclusive — data is held back, and it cannot be told by whom",
        (
            "I fetched a large file of somebody else's from 192.0.2.9:443, under the service's own name, a.example: "
            "65536 of 65536 bytes after 6000 ms."
        ),
        (
            "To compare, as much data under another name, lender.example, at an unrelated server, 192.0.2.9:443: "
            "65536 of 65536 bytes after 500 ms."
        ),
        words.WHY_SO.format(conclusion=words.WHY_RULES["flow.unclear"], rule="flow.unclear"),
    ]
    assert not any(line.startswith("Videos: ") for line in lines[3:])


def test_of_data_that_came_under_another_name_it_is_not_said_that_it_came_faster() -> None:
    steps = (transfer("own", elapsed_s=6.0), transfer("here", Purpose.TRANSFER_CONTROL, elapsed_s=6.0))
    held_back = finding("video", Status.INCONCLUSIVE, Cause.NOT_MEASURED, because=("own", "here"))
    lines = why(report("x", Status.INCONCLUSIVE, Cause.NOT_MEASURED, components=(held_back,), observations=steps))
    assert (
        "To compare, as much data under another name or over another way, 192.0.2.1:443: "
        "65536 of 65536 bytes after 6000 ms."
    ) in lines


def test_what_time_ran_out_for_is_not_the_same_as_data_that_is_held_back() -> None:
    late = finding("web", Status.INCONCLUSIVE, Cause.NOT_MEASURED, because=(), rules=("not_measured",))
    held_back = finding("video", Status.INCONCLUSIVE, Cause.NOT_MEASURED, because=(), rules=("flow.unclear",))
    lines = why(report("x", Status.INCONCLUSIVE, Cause.NOT_MEASURED, components=(late, held_back), observations=()))
    assert words.WHY_SO.format(conclusion=words.WHY_RULES["flow.unclear"], rule="flow.unclear") in lines
    assert "Website: not measured" in lines
    assert not any(line.startswith("The same as above") for line in lines)


def test_the_national_directory_and_what_was_not_measured_are_told() -> None:
    names = dict(zip("abcdef", ("delisted", "listed", "silent", "dead", "unclear", "spoofed"), strict=True))
    lines = why(blocked(directories=(DirectoryFinding(id="nsdi", status="delisted", names=names),)))
    at = lines.index("National directory of names of Russia (NSDI), asked directly")
    assert lines[at + 1 : at + 7] == [
        "a: taken out",
        "b: listed",
        "c: no answer",
        "d: exists nowhere; honest resolvers deny it as well",
        "e: cannot be told from the answers",
        "f: addresses that cannot be true",
    ]
    assert lines[lines.index(words.WHY_NOT_MEASURED) + 1 :] == [
        words.NOT_MEASURED_OUTSIDE,
        words.NOT_MEASURED_TRANSFER,
        words.NOT_MEASURED_IPV6,
        words.NOT_MEASURED_ELSEWHERE,
    ]


def test_a_component_that_could_not_be_judged_is_named_among_what_was_not_measured() -> None:
    calls = finding("calls", Status.INCONCLUSIVE, Cause.NOT_MEASURED)
    assert "Calls: not measured" in why(blocked(SITE, calls))


@pytest.mark.parametrize(("connected", "told"), [(None, "So others reach"), ("generic_timeout_error", "cannot reach")])
def test_an_outside_view_counts_by_whether_it_reached_the_service(connected: str | None, told: str) -> None:
    seen = outside("o")
    assert isinstance(seen, OutsideObservation)
    down = finding("web", Status.DOWN, Cause.SERVICE_DOWN, because=("t", "o"), rules=("address.server_down",))
    elsewhere = OutsideObservation(
        id="o", arm=seen.arm, purpose=seen.purpose, target=seen.target, control="https://c.example",
        tcp={"192.0.2.1:443": connected},
    )  # fmt: skip
    steps = (tcp("t", failure="generic_timeout_error"), elsewhere)
    assert any(told in line for line in why(report(status=Status.DOWN, components=(down,), observations=steps)))


def test_who_is_asked_beside_a_directory_is_not_called_one() -> None:
    denied = dns("d", failure="dns_nxdomain_error")
    beside = dns("h", Purpose.DIRECTORY, resolver="https://d.example/dns-query", transport="doh")
    site = finding("web", Status.BLOCKED, Cause.DNS_NXDOMAIN, because=("d", "h"), rules=("name.denied",))
    lines = why(report(status=Status.BLOCKED, components=(site,), observations=(denied, beside)))
    assert any("a resolver that nobody here can lie for, https://d.example/dns-query" in line for line in lines)


def test_a_service_that_works_is_shown_to_work() -> None:
    fine = report(components=(finding(rules=("works",)),))
    assert "It follows: what answers there is the service itself. [works]" in why(fine, None)


def test_every_rule_and_every_control_has_its_words() -> None:
    rules = {rule.name for section in SECTIONS.values() for rule in section}
    assert set(words.WHY_RULES) == rules | {"works", "not_measured", "redirects.endless", "clear_text_alone"}
    experiment = {Purpose.MEASURE, Purpose.REPEAT, Purpose.TRANSFER}
    assert set(words.WHY_CONTROLS) == {(one, fine) for one in set(Purpose) - experiment for fine in (True, False)}
    assert set(words.WHY_DEEDS) == set(words.STEPS)
    assert set(words.SURE) == set(Confidence)


def test_all_observations_are_shown_those_that_read_the_same_with_their_number() -> None:
    again = tls("r2", Purpose.REPEAT, failure=RESET)
    reply = reasons.details(WHATSAPP, Answer(blocked(observations=(*FILTERED, again)), NOW))
    (shown,) = (block for block in reply.blocks if isinstance(block, Items))
    assert (shown.title, shown.evidence) == ("6 observations", True)
    assert [line.text.endswith(" — 2 times") for line in shown.lines] == [False, False, False, False, True]


def test_of_many_observations_as_many_are_shown_as_a_message_holds() -> None:
    many = tuple(tcp(f"t{number}", at=f"192.0.2.{number}") for number in range(250))
    reply = reasons.details(WHATSAPP, Answer(blocked(observations=many), NOW))
    shown = parse_html(render(reply).html, lambda _: None).text
    assert 3000 < len(shown) <= 4096
    assert "more" in shown.splitlines()[-1]


# --- beside an answer ------------------------------------------------------------------------------------------------


def answer_with(found: Report, beside: Beside) -> list[str]:
    return text_of(replies.answer(WHATSAPP, Answer(found, NOW), beside)).splitlines()


HOUR = 3600.0


@pytest.mark.parametrize(
    ("status", "since", "told"),
    [
        (Status.BLOCKED, Since(NOW - 3 * HOUR, NOW - 3 * HOUR - 300, 40), "This began 3 hours ago."),
        (Status.BLOCKED, Since(NOW - 3 * HOUR, None, 40), words.LASTS_AT_LEAST.format(when="3 hours ago")),
        (Status.BLOCKED, Since(NOW - 3 * HOUR, NOW - 9 * HOUR, 40), words.LASTS_AT_LEAST.format(when="3 hours ago")),
        (Status.BLOCKED, Since(NOW, None, 1), None),
        (Status.OK, Since(NOW - 3 * HOUR, NOW - 3 * HOUR - 300, 40), "It works again: that began 3 hours ago."),
        (Status.OK, Since(NOW - 72 * HOUR, NOW - 72 * HOUR - 300, 900), None),
        (Status.OK, Since(NOW - 3 * HOUR, None, 40), None),
    ],
)
def test_since_when_it_is_so_is_told_as_far_as_it_is_known(status: Status, since: Since, told: str | None) -> None:
    lines = answer_with(report(status=status), Beside(since=since))
    assert len(lines) == len(answer_with(report(status=status), Beside())) + (told is not None)
    assert told is None or told in lines


def test_what_matters_stands_on_the_first_screen_of_a_phone() -> None:
    parts = tuple(
        finding(id_, Status.BLOCKED, Cause.TLS_SNI_RESET)
        for id_ in ("web", "chat", "signup", "media", "calls", "push", "cdn")
    )
    found = blocked(*parts, causes=(Cause.DNS_DELISTED, Cause.TLS_SNI_RESET), beyond_dns="blocked")
    beside = Beside(since=Since(NOW - 3 * HOUR, NOW - 3 * HOUR - 300, 9), instead=(TELEGRAM, SIGNAL))
    lines = answer_with(found, beside)
    screen = [line for line in lines for _ in range(1 + len(line) // 38)][:26]
    for text in (
        "WhatsApp — blocked (confirmed)",
        words.SENTENCE[Cause.DNS_DELISTED],
        words.SENTENCE[Cause.TLS_SNI_RESET],
        words.BEYOND_DNS_BLOCKED_BY.format(reason=words.BRIEF[Cause.TLS_SNI_RESET]),
        "This began 3 hours ago.",
        "What works here instead: Telegram and Signal.",
        "Measured just now from this bot's host. It took 0.5 s.",
    ):
        assert text in screen


def test_alerts_are_offered_where_there_are_any_and_never_of_a_site() -> None:
    def commands(service: Service, *, alerts: bool) -> list[str]:
        reply = replies.answer(service, Answer(report(service.id), NOW), Beside(alerts=alerts))
        return [button.command for row in reply.buttons for button in row]

    offered = ["/again whatsapp", "/why whatsapp", "/details whatsapp"]
    assert commands(WHATSAPP, alerts=True) == [*offered, "/subscribe whatsapp"]
    assert commands(WHATSAPP, alerts=False) == offered
    assert "/subscribe example.org" not in commands(HOST, alerts=True)


class KnownOnly:
    """Remembers, and measures nothing."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers

    async def last(self, service: Service) -> Answer | None:
        return self._answers.get(service.id)


async def test_what_works_instead_worked_lately_and_is_of_the_same_kind() -> None:
    catalogue = Catalogue.load()
    messengers = [one.id for one in catalogue.categories()["messenger"]]
    telegram = catalogue.get("telegram")
    assert telegram is not None
    ages = dict(zip(messengers, range(100, 0, -10), strict=False))
    known = {id_: Answer(report(id_), NOW, age_s) for id_, age_s in ages.items()}
    old, broken, *others = [id_ for id_ in messengers if id_ != "telegram"]
    known[old] = Answer(report(old), NOW, FRESH_S + 1)
    known[broken] = Answer(report(broken, Status.DEGRADED), NOW, 1)
    known["youtube"] = Answer(report("youtube"), NOW, 1)
    alternatives = Alternatives(KnownOnly(known), catalogue)  # type: ignore[arg-type]
    for status in (Status.BLOCKED, Status.DOWN):
        found = await alternatives.to(telegram, report("telegram", status))
        assert [one.id for one in found] == others[: -MOST - 1 : -1]
    assert not await alternatives.to(telegram, report("telegram"))


@pytest.mark.parametrize("name", ["<b>&amp;</b>" * 400, "“" * 9000, "\n\n<", "😀" * 5000])
def test_a_service_may_have_any_name(name: str) -> None:
    strange = Service(id="strange", name=name, components=WHATSAPP.components)
    found = Answer(blocked(), NOW)
    for reply in (
        replies.answer(strange, found, Beside(instead=(strange, strange))),
        reasons.why(strange, found),
        reasons.details(strange, found),
        replies.services({"messenger": [strange] * 40}),
        replies.did_you_mean([strange] * 3),
        replies.too_many(5, [name] * 10),
    ):
        rendered = render(reply)
        assert len(parse_html(rendered.html, lambda _: None).text.encode("utf-16-le")) // 2 <= 4096
        keys = [key for row in rendered.keyboard.inline_keyboard for key in row] if rendered.keyboard else []
        assert all(0 < len(key.text) <= 64 and "\n" not in key.text for key in keys)
