"""What each kind of answer looks like in Telegram, by language; `python -m tests.bot.chat.snapshots` writes it anew.

Whoever changes a text or a translation looks at the difference.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.alerts.subscriptions import Listener, Subscription
from bot.alerts.wording import Setting
from bot.chat import headlines, past, reasons, replies, settings, standing, subscribed
from bot.chat.beside import Beside
from bot.chat.language import speaking
from bot.chat.past import PERIODS, Incident, Past
from bot.chat.replies import Tally
from bot.chat.wanted import Wanted
from bot.checks import Answer, CheckError
from bot.history import Reading
from bot.news import Story
from bot.registry import Record
from bot.store import Chat, RegistryEntry
from bot.store.history import Since
from bot.transports.telegram.render import render
from probes.catalogue import Catalogue
from probes.model import Cause, Confidence, DirectoryFinding, Report, Status, Vantage
from probes.observations import Purpose
from tests.bot.canned import SIGNAL, TELEGRAM, WHATSAPP, finding, report, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.chat.reply import Reply

HOME = Path(__file__).parent / "snapshots"
LANGUAGES = ("en", "ru", "fr", "ar")
NOW = 1_795_420_800.0
"""2026-11-23 08:00 UTC."""
CATALOGUE = Catalogue((SIGNAL, TELEGRAM, WHATSAPP))
SETTING = Setting(now=NOW, services={one.id: one for one in CATALOGUE})
_DELISTED = DirectoryFinding(id="nsdi", status="delisted", names={"whatsapp.com": "delisted", "wa.me": "listed"})
_VIBER = replace(SIGNAL, id="viber", name="Viber", components=SIGNAL.components[:1])
_ENTRY = RegistryEntry("whatsapp.com", "2026-02-11", "Роскомнадзор")
_RECORDS = {
    "in the register": Record(listed=(_ENTRY,), link="https://register.example/?q=whatsapp.com"),
    "blocked without an entry": Record(without_entry=(RegistryEntry("whatsapp.com"),)),
    "not in the register": Record(complete=True),
}
_VANTAGE = Vantage(asn=64496, network="EXAMPLE-NET", country="RU")


def text(language: str) -> str:
    """Return all samples as they are shown to speakers of a language."""
    with speaking(language):
        return "\n".join(f"=== {name}\n{_shown(reply)}\n" for name, reply in _samples())


def _shown(reply: Reply) -> str:
    rows = (" | ".join(f"[{button.label}]" for button in row) for row in reply.buttons)
    return "\n".join((render(reply).html, *rows))


def _samples() -> Iterator[tuple[str, Reply]]:
    yield "works", replies.answer(WHATSAPP, Answer(report(), NOW))
    yield "blocked", replies.answer(WHATSAPP, Answer(_blocked(), NOW, age_s=120.0), _beside())
    yield "works in part", replies.answer(TELEGRAM, Answer(_in_part(), NOW, age_s=3.0))
    yield "down", replies.answer(SIGNAL, Answer(report("signal", Status.DOWN, Cause.SERVICE_DOWN), NOW))
    offline = report("signal", Status.INCONCLUSIVE, Cause.HOST_OFFLINE)
    yield "inconclusive", replies.answer(SIGNAL, Answer(offline, NOW))
    unsettled = report("signal", Status.INCONCLUSIVE, Cause.SERVICE_CERTIFICATE)
    yield "certificate of an unknown authority", replies.answer(SIGNAL, Answer(unsettled, NOW))
    yield "website only", replies.answer(_VIBER, Answer(report("viber"), NOW))
    for name, record in _RECORDS.items():
        beside = Beside(record=record)
        yield name, replies.answer(WHATSAPP, Answer(report(status=Status.BLOCKED, vantage=_VANTAGE), NOW), beside)
    yield "why", reasons.why(WHATSAPP, Answer(_blocked(), NOW, age_s=120.0))
    yield "progress", replies.progress(WHATSAPP, _tally())
    yield "start", replies.start(told=True)
    yield "help", replies.help_(told=True)
    yield "did you mean", replies.did_you_mean((WHATSAPP, SIGNAL))
    yield "unknown command", replies.unknown_command("chekc", told=True)
    yield "busy", replies.busy(WHATSAPP)
    yield "broken", replies.broken(WHATSAPP, CheckError("1a2b3c4d").reference)
    yield "too many", replies.too_many(5, ("Viber", "Discord", "Signal"))
    yield "languages", settings.languages(Chat(id="telegram:1", kind="private", language="ru"))
    yield "privacy", settings.privacy(Chat(id="telegram:1", kind="private"))
    yield "history", past.caption(_past())
    yield "status", standing.caption(standing.standings((SIGNAL, TELEGRAM, WHATSAPP), _measured(), NOW), NOW)
    yield "how to subscribe", subscribed.how(CATALOGUE)
    new = [Subscription("service:whatsapp"), Subscription("category:messenger")]
    wanted = Wanted(targets=tuple(one.target for one in new), hosts=("example.org",), unknown=("blub",))
    yield "subscribed", subscribed.added(new, wanted, (), CATALOGUE, SETTING)
    listener = Listener(chat="telegram:1", subscriptions={one.target: one for one in new})
    yield "subscriptions", subscribed.overview(listener, CATALOGUE, SETTING, None, 1)
    yield "news", headlines.page(_stories(), 1, "", NOW)
    yield "no news", headlines.page((), 1, "WhatsApp", NOW)


def _blocked() -> Report:
    causes = (Cause.DNS_DELISTED, Cause.TLS_SNI_DROPPED)
    return report(
        "whatsapp",
        Status.BLOCKED,
        *causes,
        components=(
            finding("web", Status.BLOCKED, *causes),
            finding("chat", Status.BLOCKED, Cause.IP_DROPPED),
            finding("calls", Status.BLOCKED, Cause.CALLS_DROPPED, essential=False, confidence=Confidence.LIKELY),
        ),
        beyond_dns="blocked",
        directories=(_DELISTED,),
        vantage=_VANTAGE,
        observations=(
            step(failure="generic_timeout_error"),
            step("o2", purpose=Purpose.OTHER_PORT),
        ),
    )


def _in_part() -> Report:
    return report(
        "telegram",
        Status.DEGRADED,
        Cause.FLOW_THROTTLED,
        confidence=Confidence.POSSIBLE,
        components=(finding("web"), finding("media", Status.DEGRADED, Cause.FLOW_THROTTLED, essential=False)),
    )


def _past() -> Past:
    """A week that ended in a block, of a service that somebody watches."""
    readings = _measured()["whatsapp"]
    lasts = Since(at=NOW - 90_000, otherwise_at=NOW - 90_300, times=300)
    return Past(WHATSAPP, PERIODS["7d"], readings, lasts, (Incident(NOW - 90_000, None),), NOW)


def _measured() -> dict[str, list[Reading]]:
    blocked = (Cause.TLS_SNI_DROPPED, Cause.DNS_DELISTED)
    return {
        "whatsapp": [
            Reading(NOW - 500_000, NOW - 90_000, Status.OK, response_s=0.12, slowest_s=0.4, times=1300),
            Reading(NOW - 90_000, NOW - 300, Status.BLOCKED, causes=blocked, times=300),
            Reading(NOW - 300, NOW, Status.BLOCKED, causes=blocked),
        ],
        "telegram": [Reading(NOW - 80_000, NOW, Status.OK, response_s=0.1, times=200)],
    }


def _beside() -> Beside:
    lasts = Since(at=NOW - 7 * 86_400, otherwise_at=NOW - 7 * 86_400 - 300, times=500)
    return Beside(stories=_stories(), since=lasts, instead=(SIGNAL, TELEGRAM), alerts=True)


def _stories() -> tuple[Story, ...]:
    url = "https://news.example/1"
    return (
        Story(
            title="A messenger & a <country>", url=url, source="Example News", published_at=NOW - 3600, language="en"
        ),
    )


def _tally() -> Tally:
    tally = Tally()
    for number in range(5):
        tally.add(step(failure="connection_reset" if number else None))
    return tally


if __name__ == "__main__":
    HOME.mkdir(exist_ok=True)
    for language in LANGUAGES:
        (HOME / f"{language}.txt").write_text(text(language))
