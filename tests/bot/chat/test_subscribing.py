"""Conversations about what a chat is told of its own accord, and when; without any transport."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bot.alerts.hours import Quiet
from bot.alerts.subscriptions import Listener, Subscription, Told
from bot.chat import words
from bot.chat.conversation import Conversation
from bot.chat.request import Request
from bot.chat.settings import SettingsDesk
from bot.chat.subscribing import SubscriptionDesk
from bot.chat.wishes import WishesDesk
from bot.checks import Checks
from bot.store import Store, StoreError
from probes.catalogue import Catalogue
from probes.model import Status
from tests.bot.canned import CannedProber, service
from tests.bot.changes import DELISTED, NOON, WHATSAPP, closed, opened
from tests.bot.chat.test_conversation import Listener as Hearer
from tests.bot.chat.test_replies import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from bot.chat.reply import Reply

CHAT = "telegram:-1"
CATALOGUE = Catalogue.load()


async def nobody() -> bool:
    return False


class Desks:
    """A chat with the desks, at noon."""

    def __init__(self, store: Store, tasks: asyncio.TaskGroup, catalogue: Catalogue = CATALOGUE) -> None:
        self.store = store
        self.now = NOON
        subscribing = SubscriptionDesk(store, catalogue, clock=lambda: self.now)
        wishes = WishesDesk(store, now=lambda: self.now)
        desks = (subscribing, wishes, SettingsDesk(store.chats, subscribing))
        self._conversation = Conversation(Checks(CannedProber(), store, tasks, cache_s=60), catalogue, desks=desks)

    async def answers(self, text: str, **request: Any) -> list[Reply]:
        hearer = Hearer()
        asked = Request(**{"chat": CHAT, "kind": "group", "text": text} | request)
        await self._conversation.handle(asked, hearer)
        return hearer.answers

    async def ask(self, text: str, **request: Any) -> Reply:
        [reply] = await self.answers(text, **request)
        return reply

    async def said(self, text: str, **request: Any) -> str:
        return text_of(await self.ask(text, **request))

    async def listener(self) -> Listener:
        found = await self.store.subscriptions.of(CHAT)
        assert found
        return found

    async def subscriptions(self) -> dict[str, bool]:
        return {target: one.degradations for target, one in (await self.listener()).subscriptions.items()}


@pytest.fixture
async def desks(tmp_path: Path) -> AsyncIterator[Desks]:
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as tasks:
        yield Desks(store, tasks)


def commands(reply: Reply) -> list[str]:
    return [button.command for row in reply.buttons for button in row]


# --- /subscribe ------------------------------------------------------------------------------------------------------


async def test_services_and_kinds_are_subscribed_to_in_one_message(desks: Desks) -> None:
    reply = await desks.ask("/subscribe whatsapp, vpn and ютуб")
    assert text_of(reply) == (
        "From now on I tell this chat when one of these is blocked, and when that is over: "
        "WhatsApp, VPN and anti-censorship, YouTube."
    )
    assert commands(reply) == ["/subscribe whatsapp category:vpn youtube degradations", "/subscriptions"]
    assert await desks.subscriptions() == {"service:whatsapp": False, "category:vpn": False, "service:youtube": False}


async def test_degradations_are_told_to_whoever_asks_for_them(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp")
    reply = await desks.ask("/subscribe whatsapp degradations")
    assert "works only in part or is down" in text_of(reply)
    assert await desks.subscriptions() == {"service:whatsapp": True}
    await desks.ask("/subscribe whatsapp")
    assert await desks.subscriptions() == {"service:whatsapp": True}, "saying it again changes nothing"
    await desks.ask("/subscribe whatsapp blocks only")
    assert await desks.subscriptions() == {"service:whatsapp": False}


async def test_everything_is_one_subscription(desks: Desks) -> None:
    assert "All that I know" in await desks.said("/subscribe everything")
    assert await desks.subscriptions() == {"all": False}
    assert await desks.store.subscriptions.services(CATALOGUE) == {one.id for one in CATALOGUE}


async def test_how_to_subscribe_is_told_to_whoever_names_nothing(desks: Desks) -> None:
    reply = await desks.ask("/subscribe")
    assert text_of(reply) == words.SUBSCRIBE_WHAT
    assert commands(reply) == ["/subscribe category:messenger", "/subscribe all"]
    assert await desks.store.subscriptions.of(CHAT) is None


async def test_a_terminal_cannot_be_told_anything_later(desks: Desks) -> None:
    for command in ("subscribe whatsapp", "unsubscribe", "subscriptions", "mute 8h", "quiet", "digest daily"):
        assert await desks.said(f"/{command}", chat="console") == words.SUBSCRIBE_NOWHERE
    assert await desks.store.subscriptions.of("console") is None


async def test_a_host_cannot_be_subscribed_to_and_it_says_why(desks: Desks) -> None:
    text = await desks.said("/subscribe whatsapp example.org")
    assert "WhatsApp" in text
    assert "(example.org): I watch the services that I know by name" in text
    assert await desks.subscriptions() == {"service:whatsapp": False}


async def test_a_misspelt_name_is_guessed_with_a_button(desks: Desks) -> None:
    reply = await desks.ask("/subscribe telegarn")
    assert text_of(reply) == "I do not know: telegarn. Did you mean Telegram?"
    assert commands(reply) == ["/subscribe telegram"]
    assert await desks.said("/subscribe wibble") == "I do not know: wibble. /services shows what I know."
    assert await desks.store.subscriptions.of(CHAT) is None


async def test_in_a_group_only_administrators_change_what_it_is_told(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp")
    for text in (
        "/subscribe telegram",
        "/unsubscribe whatsapp",
        "/subscriptions remove whatsapp",
        "/mute 8h",
        "/quiet off",
        "/digest daily",
    ):
        assert await desks.said(text, may_change=nobody) == words.ADMINS_ONLY
    assert await desks.subscriptions() == {"service:whatsapp": False}
    assert "WhatsApp" in await desks.said("/subscriptions", may_change=nobody)


async def test_it_is_told_in_the_topic_where_it_was_asked_for(desks: Desks) -> None:
    assert words.SUBSCRIBED_HERE in await desks.said("/subscribe whatsapp", thread=7)
    assert (await desks.listener()).subscriptions["service:whatsapp"].thread == 7
    assert "in another topic" in await desks.said("/subscriptions")
    assert "in another topic" not in await desks.said("/subscriptions", thread=7)
    await desks.ask("/subscribe whatsapp", thread=9)
    assert (await desks.listener()).subscriptions["service:whatsapp"].thread == 9


async def test_what_is_going_on_is_told_at_once_and_its_end_will_be(desks: Desks) -> None:
    await desks.store.incidents.record("whatsapp", (), (opened(), opened(DELISTED)), due_at=NOON)
    text = await desks.said("/subscribe whatsapp")
    assert "At the moment\nWhatsApp — blocked since 11:58 UTC\n" in text
    assert "WhatsApp — out of the national directory of names (NSDI) since 11:58 UTC" in text
    told = (await desks.listener()).told
    assert told[WHATSAPP] == Told(1, Status.BLOCKED, NOON - 120)
    assert DELISTED in told
    assert "At the moment" not in await desks.said("/subscribe telegram")


async def test_what_is_going_on_takes_the_place_of_what_was_lost_sight_of(desks: Desks) -> None:
    await desks.store.chats.meet(CHAT, "group", now=NOON)
    old = {WHATSAPP: Told(99, Status.BLOCKED, NOON - 9000)}
    await desks.store.subscriptions.subscribe(CHAT, [Subscription("all")], language="en", cursor=0, told=old)
    await desks.store.incidents.record("whatsapp", (), (opened(),), due_at=NOON)
    await desks.ask("/subscribe whatsapp")
    assert (await desks.listener()).told == {WHATSAPP: Told(1, Status.BLOCKED, NOON - 120)}


async def test_what_is_going_on_is_told_as_far_as_it_is_asked_for(desks: Desks) -> None:
    partly = opened(status=Status.DEGRADED)
    await desks.store.incidents.record("whatsapp", (), (partly,), due_at=NOON)
    assert "At the moment" not in await desks.said("/subscribe whatsapp")
    assert "WhatsApp — works only in part since" in await desks.said("/subscribe whatsapp degradations")
    await desks.store.incidents.record("whatsapp", (), (closed(partly, at=NOON + 60),), due_at=NOON)
    assert "At the moment" not in await desks.said("/subscribe whatsapp degradations")


async def test_a_chat_has_a_bounded_number_of_subscriptions(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.chat.subscribing.MOST_SUBSCRIPTIONS", 2)
    await desks.ask("/subscribe whatsapp telegram")
    assert (await desks.said("/subscribe youtube")).startswith("A chat can have 2 subscriptions.")
    await desks.ask("/subscribe whatsapp degradations")
    assert await desks.subscriptions() == {"service:telegram": False, "service:whatsapp": True}


# --- /unsubscribe ----------------------------------------------------------------------------------------------------


async def test_what_was_subscribed_to_is_removed(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp telegram vpn")
    assert await desks.said("/unsubscribe whatsapp vpn") == (
        "I tell this chat no more of: WhatsApp, VPN and anti-censorship."
    )
    assert await desks.subscriptions() == {"service:telegram": False}
    assert await desks.said("/unsubscribe everything") == words.UNSUBSCRIBED_ALL
    assert await desks.subscriptions() == {}
    assert await desks.store.subscriptions.services(CATALOGUE) == set()


async def test_what_belongs_to_something_larger_is_told_so(desks: Desks) -> None:
    await desks.ask("/subscribe messengers")
    reply = await desks.ask("/unsubscribe whatsapp")
    assert text_of(reply) == "WhatsApp still belongs to what this chat subscribed to: Messengers."
    [command] = commands(reply)
    await desks.ask(command)
    assert await desks.subscriptions() == {}


async def test_what_was_never_subscribed_to_is_told_so(desks: Desks) -> None:
    assert await desks.said("/unsubscribe whatsapp wibble") == (
        "This chat did not subscribe to: WhatsApp.\nI do not know: wibble. /services shows what I know."
    )
    assert words.SUBSCRIPTIONS_NONE in await desks.said("/unsubscribe")
    assert await desks.said("/unsubscribe degradations") == words.SUBSCRIPTIONS_NONE


# --- /subscriptions --------------------------------------------------------------------------------------------------


async def test_subscriptions_are_listed_with_buttons_that_change_the_list(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp everything")
    reply = await desks.ask("/subscriptions")
    assert text_of(reply).splitlines() == [
        "What I tell this chat of",
        "All that I know — when it is blocked",
        "WhatsApp — when it is blocked",
        "When",
        words.WISH_AT_ONCE,
    ]
    more, remove = commands(reply)[2:4]
    assert "WhatsApp — also when it works only in part or is down" in await desks.said(more)
    fewer = commands(await desks.ask("/subscriptions"))[2]
    assert "WhatsApp — when it is blocked" in await desks.said(fewer)
    removed = await desks.ask(remove)
    assert removed.topic == reply.topic
    assert "WhatsApp" not in text_of(removed)
    assert "All that I know" in await desks.said(remove), "pressed twice it does no harm"


async def test_a_long_list_has_pages(tmp_path: Path) -> None:
    crowd = Catalogue(tuple(service(f"s{number:02}", f"S{number:02}") for number in range(20)))
    async with Store.open(tmp_path / "db") as store, asyncio.TaskGroup() as tasks:
        desks = Desks(store, tasks, crowd)
        await desks.ask("/subscribe " + " ".join(one.id for one in crowd))
        first = await desks.ask("/subscriptions")
        assert "S07" in text_of(first)
        assert "S08" not in text_of(first)
        assert commands(first)[-1] == "/subscriptions 2"
        last = await desks.ask("/subscriptions 99")
        assert "S19" in text_of(last)
        assert commands(last)[-1] == "/subscriptions 2"
        stays = await desks.ask("/subscriptions remove s08 2")
        assert "S09" in text_of(stays)


# --- when ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["/mute", "/mute 8h", "/quiet", "/quiet 23-7", "/quiet moscow", "/digest", "/digest daily"]
)
async def test_who_subscribed_to_nothing_is_promised_nothing(desks: Desks, text: str) -> None:
    assert (await desks.said(text)).endswith(words.NOTHING_SUBSCRIBED)
    assert words.WISH_AT_ONCE not in await desks.said("/subscriptions")
    await desks.ask("/subscribe whatsapp")
    assert words.NOTHING_SUBSCRIBED not in await desks.said(text)


async def test_a_mute_always_ends(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp")
    reply = await desks.ask("/mute 8h")
    assert text_of(reply).startswith("Until 20:00 UTC I raise no alarm here.")
    assert commands(reply) == ["/mute off"]
    assert (await desks.listener()).wishes.muted_until == NOON + 28_800
    assert (await desks.said("/mute")).startswith("I am muted here until 20:00 UTC.")
    assert "muted until 20:00 UTC" in await desks.said("/subscriptions")
    desks.now += 28_800
    assert await desks.said("/mute") == words.MUTED_NOT
    assert await desks.said("/mute off") == words.UNMUTED
    assert ((await desks.listener()).wishes.muted_until or 0.0) <= desks.now


@pytest.mark.parametrize(("text", "said"), [("/mute ages", words.MUTE_UNKNOWN), ("/mute 31d", words.MUTE_TOO_LONG)])
async def test_a_mute_that_cannot_be_is_refused(desks: Desks, text: str, said: str) -> None:
    assert await desks.said(text) == said
    assert await desks.store.subscriptions.of(CHAT) is None


async def test_the_longest_mute_is_a_month(desks: Desks) -> None:
    assert (await desks.said("/mute 30d")).startswith("Until 23 Dec, 12:00 UTC I raise no alarm")


async def test_quiet_hours_have_a_zone(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp")
    assert await desks.said("/quiet 23:00-07:00") == (
        "During 23:00–07:00 (UTC) I raise no alarm here, and catch up afterwards.\n"
        "Another zone: /quiet 23:00–07:00 Europe/Moscow, or UTC+3"
    )
    assert await desks.said("/quiet 23-7 moscow") == (
        "During 23:00–07:00 (Europe/Moscow) I raise no alarm here, and catch up afterwards."
    )
    assert (await desks.listener()).wishes.quiet == Quiet(1380, 420)
    assert "quiet hours: 23:00–07:00 (Europe/Moscow)" in await desks.said("/subscriptions")
    assert (await desks.said("/quiet")).startswith("Quiet hours here: 23:00–07:00 (Europe/Moscow).")
    assert await desks.said("/quiet utc+3") == "Times here are those of UTC+03:00 from now on."
    assert (await desks.listener()).wishes.quiet == Quiet(1380, 420)
    assert (await desks.said("/mute 1h")).startswith("Until 16:00 I raise")
    assert await desks.said("/quiet off") == words.QUIET_OFF
    assert (await desks.listener()).wishes.quiet is None
    assert await desks.said("/quiet") == words.QUIET_NONE
    assert (await desks.said("/quiet at night")).startswith("I do not understand that. For example: /quiet 23:00-07:00")


async def test_digests_are_daily_weekly_or_none(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp")
    reply = await desks.ask("/digest")
    assert (text_of(reply), commands(reply)) == (words.DIGEST_NONE, ["/digest daily", "/digest weekly"])
    assert await desks.said("/digest daily") == "You get a digest every day at 09:00 (UTC)."
    assert (await desks.listener()).wishes.digest_at == NOON + 21 * 3600
    assert await desks.said("/digest weekly moscow") == "You get a digest every Monday at 09:00 (Europe/Moscow)."
    assert (await desks.listener()).wishes.digest_at == NOON + (6 * 24 + 18) * 3600
    assert "a digest every Monday at 09:00 (Europe/Moscow)" in await desks.said("/subscriptions")
    await desks.ask("/quiet UTC")
    assert (await desks.listener()).wishes.digest_at == NOON + (6 * 24 + 21) * 3600, "another zone, another time"
    assert commands(await desks.ask("/digest")) == ["/digest daily", "/digest weekly", "/digest off"]
    assert await desks.said("/digest off") == words.DIGEST_OFF
    assert (await desks.listener()).wishes.digest_at is None
    assert await desks.said("/digest hourly") == words.DIGEST_UNKNOWN
    assert await desks.said("/digest daily nowhere") == words.DIGEST_UNKNOWN


# --- what is kept ----------------------------------------------------------------------------------------------------


async def test_whatever_is_kept_is_told_and_can_be_forgotten(desks: Desks) -> None:
    await desks.store.incidents.record("whatsapp", (), (opened(),), due_at=NOON)
    await desks.ask("/subscribe whatsapp vpn", language="ru")
    await desks.ask("/mute 1h")
    kept = await desks.said("/privacy")
    assert "what it subscribed to: VPN and anti-censorship, WhatsApp" in kept
    assert "what I told it that is not over yet: WhatsApp" in kept
    assert "muted until 13:00 UTC" in kept
    assert "time zone" not in kept
    await desks.ask("/quiet utc+3")
    assert "in which time zone it is told times: UTC+03:00" in await desks.said("/privacy")
    assert "the language of what I tell it of my own accord: Русский" in kept
    await desks.ask("/forget")
    assert await desks.store.subscriptions.of(CHAT) is None
    assert await desks.said("/privacy") == text_of(await desks.ask("/privacy", chat="telegram:404"))


async def test_alerts_speak_the_language_of_whoever_asked_for_them_first(desks: Desks) -> None:
    await desks.ask("/subscribe whatsapp", language="fr")
    await desks.ask("/subscribe telegram", language="ru")
    assert (await desks.listener()).language == "fr"
    await desks.store.chats.set_language(CHAT, "ar")
    assert (await desks.listener()).language == "ar"


async def test_where_the_bot_is_not_it_can_tell_nothing(desks: Desks) -> None:
    for text in ("/subscribe whatsapp", "/mute 1h", "/privacy"):
        assert await desks.answers(text, chat="") == []


async def test_without_a_database_it_asks_for_patience(desks: Desks, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_chat: str) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(desks.store.subscriptions, "of", broken)
    assert await desks.said("/subscribe whatsapp") == words.NOT_NOW
    assert await desks.said("/mute 1h") == words.NOT_NOW


def test_a_button_writes_what_cannot_be_misread() -> None:
    kinds = [Subscription("all"), Subscription("category:vpn"), replace(Subscription("service:max"), degradations=True)]
    assert [one.spelling for one in kinds] == ["all", "category:vpn", "max"]
