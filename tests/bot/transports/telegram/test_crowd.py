"""A thousand chats at once, and floods: one measurement a service, one answer a chat, no limit broken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.chat import progress, words
from bot.limits import Allowance, Limits
from bot.pacing import Pacer
from bot.transports.telegram import calls, handlers, transport
from tests.bot.transports.telegram.hurry import HurriedClock
from tests.bot.transports.telegram.served import PLENTY, Bot, becomes, say
from tests.fakes.telegram import FakeTelegram, faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bot.chat.conversation import Conversation
    from bot.store import Store
    from tests.bot.canned import CannedProber
    from tests.fakes.telegram import Chat, User

SERVICES = ("whatsapp", "telegram", "signal", "youtube", "facebook")


async def test_a_thousand_chats_that_ask_at_once_are_answered_once_each(
    conversation: Conversation, store: Store, prober: CannedProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "Pacer", Pacer)
    monkeypatch.setattr(progress, "SILENCE_S", 0.02)
    monkeypatch.setattr(handlers, "_PRIVATE_INTERVAL_S", 0.1)
    prober.go.clear()
    clock = HurriedClock(15)  # a thousand answers take 37 s of it
    async with (
        FakeTelegram(clock=clock, latency_s=0.08) as api,
        clock.running(monkeypatch),
        Bot(api, conversation, store).serving(),
    ):
        chats = [api.private(api.user(number, language_code=None)) for number in range(1, 1001)]
        for number, chat in enumerate(chats):
            await say(chat, f"/check {SERVICES[number % len(SERVICES)]}")
        await becomes(asked(prober), dict.fromkeys(SERVICES, 1))
        prober.go.set()
        await chats[-1].until(lambda: chats[-1].from_bot, "answer for the last", timeout_s=60)
        await api.until(lambda: all(chat.from_bot for chat in chats), "answer for everybody")
        await api.drained()
    assert {call.error for call in api.calls if call.answer} == {""}
    assert prober.asked == dict.fromkeys(SERVICES, 1)
    assert [len(chat.from_bot) for chat in chats] == [1] * 1000
    assert all(" — " in chat.from_bot[0].text for chat in chats)
    assert any(chat.drafts for chat in chats)


def asked(prober: CannedProber) -> Callable[[], Awaitable[object]]:
    async def probe() -> object:
        return dict(prober.asked)

    return probe


async def test_one_chats_flood_keeps_nobody_else_waiting(
    bot: Bot, api: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MOST_IN_HAND", 3)
    monkeypatch.setattr(transport, "MOST_IN_HAND_EACH", 2)
    monkeypatch.setattr(transport, "MOST_WAITING_EACH", 15)
    flood, quiet = api.private(api.user(1)), api.private(api.user(2))
    for _ in range(60):
        await say(flood, "/help")
    await say(quiet, "/help")
    async with bot.serving():
        await quiet.reply()
        assert len(flood.from_bot) < 10
        await api.drained()
        await flood.until(lambda: len(flood.from_bot) >= 15, "what was not dropped")


async def test_no_more_is_fetched_than_can_wait(bot: Bot, api: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_IN_HAND", 2)
    monkeypatch.setattr(transport, "MOST_WAITING", 3)
    monkeypatch.setattr(calls, "send", stuck := Stuck())
    chats = [api.private(api.user(number)) for number in range(1, 150)]
    for chat in chats:
        await say(chat, "/help")
    async with bot.serving():
        await stuck.first.wait()
        assert len(api.updates.pending) >= 100
        monkeypatch.undo()
        stuck.go.set()


class Stuck:
    """A call that does not come back until it is let go."""

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.go = asyncio.Event()

    async def __call__(self, *_: object) -> None:
        self.first.set()
        await self.go.wait()
        raise RuntimeError("never sent")


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a person ask twice in a while, in which no time passes."""
    twice = Allowance(2, every_s=30)
    monkeypatch.setattr(handlers, "_clock", lambda: 0.0)
    monkeypatch.setattr(handlers, "Limits", lambda **_: Limits(twice, PLENTY))


@pytest.mark.usefixtures("strict")
async def test_who_asks_too_much_is_told_once_when_to_come_back(bot: Bot, amina: User) -> None:
    async with bot.serving():
        chat = bot.api.private(amina)
        for _ in range(6):
            await say(chat, "/help")
        heard = [message.text for message in await chat.replies(3)]
        await bot.api.drained()
    assert heard.count(words.SLOW_DOWN.format(seconds=30)) == 1
    assert len(chat.from_bot) == 3


@pytest.mark.usefixtures("strict")
async def test_who_presses_too_much_is_told_by_the_button(group: Chat, amina: User, prober: CannedProber) -> None:
    await group.say(amina, "/check whatsapp")
    answer = await group.reply()
    await answer.until(lambda message: bool(message.buttons))
    presses = [await group.press(answer, words.AGAIN_BUTTON, amina) for _ in range(4)]
    told = [(await press.answered()).get("text") for press in presses]
    assert told == [None, words.SLOW_DOWN.format(seconds=30), None, None]
    assert prober.asked["whatsapp"] == 1
    assert len(group.from_bot) == 1


async def test_talk_in_a_group_counts_for_nothing(bot: Bot, amina: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "Limits", lambda **_: Limits(Allowance(1, every_s=60), PLENTY))
    group = bot.api.supergroup(members=[amina], bot="administrator")
    async with bot.serving():
        for _ in range(20):
            await group.say(amina, "whatsapp is down again")
            await group.say(amina, "/roll")
        await group.say(amina, "/help")
        assert words.TRY in (await group.reply()).text


async def test_a_flood_limit_of_several_chats_holds_everything_back(
    bot: Bot, api: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "seconds", lambda _: 0.3)
    began = asyncio.get_running_loop().time()
    async with bot.serving():
        for number in (1, 2, 3):
            api.fault("sendMessage", faults.error(429, "Too Many Requests", {"retry_after": 1}), chat_id=number)
        chats = [api.private(api.user(number)) for number in (1, 2, 3, 4)]
        for chat in chats[:3]:
            await say(chat, "/help")
        await api.until(lambda: len(api.called("sendMessage")) == 3, "three refusals")
        await say(chats[3], "/help")
        await chats[3].reply()
    assert asyncio.get_running_loop().time() - began >= 0.3
