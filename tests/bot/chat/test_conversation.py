"""Whole conversations without any transport: what people say, and what they hear."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from bot.chat import progress, words
from bot.chat.conversation import Conversation
from bot.chat.request import Capabilities, Request
from bot.chat.subscribing import SubscriptionDesk
from bot.checks import Checks
from bot.registry import Record
from bot.store import RegistryEntry, Store
from probes.catalogue import Catalogue
from probes.model import Cause, Status
from tests.bot.canned import CannedProber, report, step
from tests.bot.chat.test_replies import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.chat.reply import Reply
    from probes.model import Service

CATALOGUE = Catalogue.load()


class Listener:
    """Hears everything that a conversation says."""

    def __init__(self, **capabilities: Any) -> None:
        self.capabilities = Capabilities(**capabilities)
        self.progresses: list[Reply] = []
        self.answers: list[Reply] = []
        self.progressed = asyncio.Event()

    async def progress(self, reply: Reply) -> None:
        self.progresses.append(reply)
        self.progressed.set()

    async def answer(self, reply: Reply) -> None:
        self.answers.append(reply)

    async def heard(self, text: str) -> None:
        """Wait for a progress message with this text."""
        while not any(text in text_of(reply) for reply in self.progresses):
            self.progressed.clear()
            await self.progressed.wait()

    def first_lines(self) -> list[str]:
        return [text_of(reply).partition("\n")[0] for reply in self.answers]


@pytest.fixture
def prober() -> CannedProber:
    return CannedProber(
        report("whatsapp"), report("telegram", Status.BLOCKED, Cause.TLS_SNI_RESET), observations=(step(),)
    )


@pytest.fixture
async def conversation(tmp_path: Path, prober: CannedProber) -> AsyncIterator[Conversation]:
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as group:
        yield Conversation(Checks(prober, store, group, cache_s=60), CATALOGUE)


async def ask(conversation: Conversation, text: str, *, addressed: bool = True, **capabilities: Any) -> Listener:
    listener = Listener(**capabilities)
    await conversation.handle(Request(chat="test", text=text, addressed=addressed), listener)
    return listener


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/start", words.START),
        ("/help", words.TRY),
        ("/services", words.SERVICES),
        ("/services vpn", words.SERVICES),
        ("/services blah", words.UNKNOWN_CATEGORY.partition("{")[0] + "blah"),
        ("/works blah", words.UNKNOWN_CATEGORY.partition("{")[0] + "blah"),
        ("/check", words.CHECK_WHAT),
        ("/again  ", words.CHECK_WHAT),
        ("/nonsense", words.UNKNOWN_COMMAND.format(command="nonsense")),
        ("flurbl wibble", words.NOT_UNDERSTOOD),
        ("/check ???", words.NOT_UNDERSTOOD),
        ("/check 😀", words.NOT_UNDERSTOOD),
        ("/check <b>", words.NOT_UNDERSTOOD),
        ("hi", words.TRY),
        ("Hello!", words.TRY),
        ("Привет )", words.TRY),
        ("добрый день", words.TRY),
        ("Bonjour", words.TRY),
        ("habari", words.TRY),
        ("", words.NOT_UNDERSTOOD),
        ("127.0.0.1", "“127.0.0.1” is an IP address"),
        ("2130706433", "“2130706433” is an IP address"),
        ("/check http://me@example.org", "Leave out what stands before the @"),
        ("/check example.org:8080", "Port 8080 is not checked"),
        ("x" * 5000, words.TOO_LONG),
    ],
)
async def test_what_needs_no_measurement_is_answered_at_once(
    conversation: Conversation, prober: CannedProber, text: str, said: str
) -> None:
    heard = await ask(conversation, text)
    assert [line[: len(said)] for line in heard.first_lines()] == [said]
    assert not prober.asked


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("/check whatsapp", "whatsapp"),
        ("/CHECK WhatsApp", "whatsapp"),
        ("whatsapp?", "whatsapp"),
        ("ватсап работает?", "whatsapp"),
        ("/start check_whatsapp", "whatsapp"),
        ("/check example.org", "example.org"),
        ("/again whatsapp", "whatsapp"),
    ],
)
async def test_a_question_is_measured_and_answered_once(
    conversation: Conversation, prober: CannedProber, text: str, target: str
) -> None:
    heard = await ask(conversation, text)
    assert prober.asked == {target: 1}
    assert [reply.topic for reply in heard.answers] == [target]
    assert "works" in heard.first_lines()[0]


async def test_a_misspelt_name_is_guessed_with_a_button(conversation: Conversation, prober: CannedProber) -> None:
    heard = await ask(conversation, "telegarn")
    assert heard.first_lines() == ["I am not sure what you mean. Did you mean Telegram?"]
    assert heard.answers[0].buttons[0][0].command == "/check telegram"
    assert not prober.asked


async def test_several_targets_are_measured_side_by_side_and_answered_in_order(
    conversation: Conversation, prober: CannedProber
) -> None:
    prober.go.clear()
    asking = asyncio.create_task(ask(conversation, "/check telegram whatsapp telegram"))
    await asyncio.wait_for(prober.crowded.wait(), 5)
    prober.go.set()
    heard = await asking
    assert heard.first_lines() == ["Telegram — blocked (confirmed)", "WhatsApp — works"]
    assert prober.asked == {"telegram": 1, "whatsapp": 1}


async def test_one_bad_target_does_not_keep_the_others_from_being_measured(conversation: Conversation) -> None:
    heard = await ask(conversation, "/check whatsapp 127.0.0.1 example.org")
    assert [line[:8] for line in heard.first_lines()] == ["“127.0.0", "WhatsApp", "example."]


async def test_what_is_too_much_for_one_message_is_named(conversation: Conversation, prober: CannedProber) -> None:
    heard = await ask(conversation, "whatsapp telegram signal youtube facebook instagram vk", edits=True)
    assert prober.asked.total() == 5
    assert heard.first_lines()[-1] == "I check 5 at a time. Left out: Instagram, VK"


async def test_a_known_answer_is_given_with_its_age_and_without_progress(
    conversation: Conversation, prober: CannedProber
) -> None:
    await ask(conversation, "whatsapp")
    heard = await ask(conversation, "whatsapp", progress_interval_s=0.0)
    assert "Measured 1 second ago" in text_of(heard.answers[0])
    assert (heard.progresses, prober.asked) == ([], {"whatsapp": 1})


async def test_progress_is_shown_while_it_lasts_under_the_topic_of_the_answer(
    conversation: Conversation, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0)
    prober.go.clear()
    listener = Listener(progress_interval_s=0.0)
    asking = asyncio.create_task(conversation.handle(Request(chat="test", text="whatsapp"), listener))
    await asyncio.wait_for(prober.begun.wait(), 5)
    await asyncio.wait_for(listener.progressed.wait(), 5)
    prober.go.set()
    await asking
    assert {reply.topic for reply in (*listener.progresses, *listener.answers)} == {"whatsapp"}
    assert text_of(listener.progresses[0]).startswith("Checking WhatsApp …")
    assert len(listener.progresses) == len(set(map(text_of, listener.progresses)))


async def test_the_answer_waits_for_a_progress_message_on_its_way(
    conversation: Conversation, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0)
    prober.go.clear()
    events: list[str] = []

    class Slow(Listener):
        async def progress(self, reply: Reply) -> None:
            events.append(f"progress of {reply.topic} begins")
            prober.go.set()
            for _ in range(50):  # time enough for an answer that does not wait
                await asyncio.sleep(0)
            events.append("progress ends")

        async def answer(self, reply: Reply) -> None:
            events.append(f"answer to {reply.topic}")

    await conversation.handle(Request(chat="test", text="whatsapp"), Slow(progress_interval_s=10.0))
    assert events == ["progress of whatsapp begins", "progress ends", "answer to whatsapp"]


async def test_a_fault_of_the_program_is_admitted_with_a_reference_that_the_log_has(
    conversation: Conversation, prober: CannedProber, caplog: pytest.LogCaptureFixture
) -> None:
    prober.error = LookupError("a bug")
    heard = await ask(conversation, "whatsapp")
    said, _, reference = heard.first_lines()[0].partition("Reference: ")
    assert "Something broke on my side" in said
    assert f"The check of whatsapp broke ({reference})" in caplog.text
    assert "a bug" in caplog.text


async def test_when_too_much_is_waiting_people_are_told_to_come_back(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.checks.MOST_WAITING", 0)
    assert (await ask(conversation, "whatsapp")).first_lines() == [words.BUSY]


async def test_what_the_register_says_stands_in_the_answer(tmp_path: Path, prober: CannedProber) -> None:
    class Register:
        async def find(self, service: Service) -> Record | None:
            return Record(listed=(RegistryEntry("telegram.org", "2018-04-16"),)) if service.id == "telegram" else None

    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as group:
        conversation = Conversation(Checks(prober, store, group, cache_s=60), CATALOGUE, Register())
        said = [text_of((await ask(conversation, name)).answers[0]) for name in ("telegram", "whatsapp")]
    assert ["since 16 April 2018, " in text and "telegram.org." in text for text in said] == [True, False]


# --- what works here -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "asked", "count"),
    [
        ("/works", "Messengers", 8),
        ("что работает?", "Messengers", 8),
        ("what works", "Messengers", 8),
        ("qu'est-ce qui marche ?", "Messengers", 8),
        ("/works games", "Games", 1),
        ("/works игры, справочники", "Games, Reference", 2),
        ("какие игры работают?", "Games", 1),
        ("/works whatsapp telegram", "your list", 2),
        ("/works games whatsapp", "Games, your list", 2),
        ("что вообще работает?", "Messengers", 8),
        ("/works all", "All that I know", 48),
    ],
)
async def test_what_works_is_measured_side_by_side_and_answered_at_once(
    conversation: Conversation, prober: CannedProber, text: str, asked: str, count: int
) -> None:
    heard = await ask(conversation, text)
    assert heard.first_lines() == [f"What works here: {asked}"]
    assert (len(prober.asked), prober.asked.total()) == (count, count)


async def test_the_default_list_names_the_others(conversation: Conversation) -> None:
    said = text_of((await ask(conversation, "/works")).answers[0])
    assert "/works with social, video, news" in said
    assert words.WORKS_MORE.partition("{")[0] not in text_of((await ask(conversation, "/works games")).answers[0])


async def test_what_is_known_of_an_unknown_list_is_still_told(conversation: Conversation) -> None:
    heard = await ask(conversation, "/works games blah")
    assert [line[:18] for line in heard.first_lines()] == ["I do not know “bla", "What works here: G"]


async def test_a_list_is_answered_from_what_is_known(conversation: Conversation, prober: CannedProber) -> None:
    await ask(conversation, "telegram")
    said = text_of((await ask(conversation, "/works telegram")).answers[0])
    assert "Telegram — name filtered, cut" in said
    assert prober.asked == {"telegram": 1}


async def test_a_named_service_goes_before_the_question_what_works(
    conversation: Conversation, prober: CannedProber
) -> None:
    heard = await ask(conversation, "что с whatsapp, работает?")
    assert (heard.first_lines(), prober.asked) == (["WhatsApp — works"], {"whatsapp": 1})


async def test_when_time_runs_out_the_answer_tells_what_is_missing(
    conversation: Conversation, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(conversation, "whatsapp")
    prober.go.clear()
    monkeypatch.setattr(conversation._surveys, "_budget_s", 0.05)
    said = text_of((await ask(conversation, "/works whatsapp telegram")).answers[0])
    assert "Works (1)\nWhatsApp\nNot measured yet (1)\nTelegram\n" in said


async def test_progress_of_a_list_grows_under_the_topic_of_its_answer(
    conversation: Conversation, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0)
    await ask(conversation, "whatsapp")
    prober.go.clear()
    listener = Listener(progress_interval_s=0.0)
    asking = asyncio.create_task(conversation.handle(Request(chat="test", text="/works whatsapp signal"), listener))
    await asyncio.wait_for(listener.heard("1 of 2"), 5)
    prober.go.set()
    await asking
    assert {reply.topic for reply in (*listener.progresses, *listener.answers)} == {"/works whatsapp signal"}
    assert "Checking your list … 1 of 2\nWhatsApp" in map(text_of, listener.progresses)


# --- in groups -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "addressed", "answered"),
    [
        ("/check@ReachBot whatsapp", False, True),
        ("/check@reachbot whatsapp", True, True),
        ("/check@otherbot whatsapp", True, False),
        ("/check whatsapp", False, True),
        ("/works games", False, True),
        ("what works?", False, False),
        ("whatsapp is down again", False, False),
        ("whatsapp is down again", True, True),
        ("/roll 6", False, False),
        ("/roll@reachbot 6", False, True),
    ],
)
async def test_in_a_group_only_what_is_meant_for_the_bot_is_answered(
    conversation: Conversation, text: str, addressed: bool, answered: bool
) -> None:
    heard = await ask(conversation, text, addressed=addressed, bot_name="ReachBot")
    assert bool(heard.answers) == answered


# --- what can be told nothing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("chat", "offered"), [("telegram:1", True), ("console", False), ("", False)])
async def test_alerts_are_offered_where_they_can_arrive(tmp_path: Path, chat: str, offered: bool) -> None:
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as group:
        checks = Checks(CannedProber(report("whatsapp")), store, group, cache_s=60)
        conversation = Conversation(checks, CATALOGUE, desks=(SubscriptionDesk(store, CATALOGUE),))
        listener = Listener()
        for text in ("/start", "/help", "hello", "/nonsense"):
            await conversation.handle(Request(chat=chat, text=text), listener)
        assert {"/subscribe" in text_of(reply) for reply in listener.answers} == {offered}
        await conversation.handle(Request(chat=chat, text="whatsapp"), listener)
        commands = [button.command for row in listener.answers[-1].buttons for button in row]
        assert ("/subscribe whatsapp" in commands) == offered
