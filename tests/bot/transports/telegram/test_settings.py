"""What people set on Telegram stays set, however fast they write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.bot.transports.telegram.served import say

if TYPE_CHECKING:
    from bot.store import Store
    from tests.fakes.telegram import Chat


async def test_wishes_that_come_together_are_all_kept(chat: Chat, store: Store) -> None:
    for text in ("/quiet 23:00-07:00 Europe/Moscow", "/digest daily", "/mute 8h"):
        await say(chat, text)
    await chat.replies(3)
    listener = await store.subscriptions.of("telegram:1")
    assert listener is not None
    wishes = listener.wishes
    assert (str(wishes.quiet), wishes.zone, wishes.digest) == ("23:00–07:00", "Europe/Moscow", "daily")
    assert wishes.muted_until is not None


async def test_what_is_removed_does_not_come_back_by_what_came_with_it(chat: Chat, store: Store) -> None:
    await say(chat, "/subscribe whatsapp telegram")
    await chat.reply()
    for text in ("/subscriptions remove whatsapp", "/subscriptions degradations whatsapp", "/subscribe signal"):
        await say(chat, text)
    await chat.replies(3)
    listener = await store.subscriptions.of("telegram:1")
    assert listener is not None
    assert listener.subscriptions.keys() == {"service:telegram", "service:signal"}
