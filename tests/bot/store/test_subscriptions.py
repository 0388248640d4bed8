"""Subscriptions survive, follow a chat to its new id, and are forgotten with it; what waits can be called back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.alerts.hours import Quiet
from bot.alerts.subscriptions import Listener, Subscription, Told, Wishes
from bot.chat.replies import plain
from bot.outbox import Said
from bot.outbox.model import Result
from bot.store import Store
from bot.store.announcements import Summary, Telling
from probes.catalogue import Catalogue
from probes.model import Status
from tests.bot.canned import SIGNAL, TELEGRAM, WHATSAPP, service
from tests.bot.changes import NOON, opened
from tests.bot.changes import TELEGRAM as TELEGRAM_SUBJECT
from tests.bot.changes import WHATSAPP as WHATSAPP_SUBJECT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CHAT, NEW = "telegram:-4001", "telegram:-1001000004001"
CATALOGUE = Catalogue((WHATSAPP, TELEGRAM, SIGNAL, service("youtube", "YouTube", category="video")))
TOLD = {WHATSAPP_SUBJECT: Told(7, Status.BLOCKED, NOON, mixed=True)}
SAID = Said(plain("Something happened."))
WISHES = Wishes(muted_until=NOON, quiet=Quiet(1380, 420), zone="Europe/Moscow", digest="weekly", digest_at=NOON + 60)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "db") as store:
        await store.chats.meet(CHAT, "group", now=1)
        yield store


async def subscribe(store: Store, *asked: Subscription, chat: str = CHAT, told: bool = False) -> None:
    await store.subscriptions.subscribe(chat, asked, language="en", cursor=3, told=TOLD if told else {})


async def found(store: Store, chat: str = CHAT) -> Listener:
    listener = await store.subscriptions.of(chat)
    assert listener
    return listener


async def test_whatever_is_kept_is_found_again(store: Store) -> None:
    assert await store.subscriptions.of(CHAT) is None
    asked = (Subscription("all", degradations=True, thread=7, after=3), Subscription("service:max"))
    await store.subscriptions.subscribe(CHAT, asked, language="fr", cursor=3, told=TOLD)
    await store.subscriptions.wish(CHAT, WISHES, language="ru", cursor=9, now=NOON)
    assert await found(store) == Listener(
        chat=CHAT, language="fr", cursor=3, wishes=WISHES, subscriptions={one.target: one for one in asked}, told=TOLD
    )


async def test_asked_for_again_a_subscription_is_as_old_as_it_was(store: Store) -> None:
    await subscribe(store, Subscription("all", after=3))
    await subscribe(store, Subscription("all", degradations=True, thread=2, after=8))
    assert (await found(store)).subscriptions == {"all": Subscription("all", degradations=True, thread=2, after=3)}


async def test_subscriptions_follow_a_chat_and_are_forgotten_with_it(store: Store) -> None:
    await subscribe(store, Subscription("all"), told=True)
    await store.chats.move(CHAT, NEW)
    assert await store.subscriptions.of(CHAT) is None
    moved = await found(store, NEW)
    assert (set(moved.subscriptions), moved.told) == ({"all"}, TOLD)
    await store.chats.forget(NEW)
    await store.chats.meet(NEW, "group", now=2)
    assert await store.subscriptions.of(NEW) is None


async def test_services_are_watched_that_somebody_who_can_be_told_wants(store: Store) -> None:
    assert await store.subscriptions.services(CATALOGUE) == set()
    await subscribe(
        store, Subscription("service:telegram"), Subscription("category:video"), Subscription("service:gone")
    )
    assert await store.subscriptions.services(CATALOGUE) == {"telegram", "youtube"}
    await subscribe(store, Subscription("all"))
    assert len(await store.subscriptions.services(CATALOGUE)) == len(CATALOGUE)
    await store.chats.set_state(CHAT, "gone", now=2)
    assert await store.subscriptions.services(CATALOGUE) == set()


async def test_operators_are_listed_once_they_are_known(store: Store) -> None:
    await store.subscriptions.enlist([CHAT, "telegram:404"], language="en", cursor=5)
    await store.subscriptions.enlist([CHAT], language="en", cursor=9)
    assert (await found(store)).cursor == 5
    assert await store.subscriptions.of("telegram:404") is None


async def tell(store: Store, *, up_to: int = 9, held_until: float | None = None, now: float = NOON) -> int:
    def decide(listener: Listener) -> Telling:
        if held_until:
            return Telling(told=listener.told, held_until=held_until)
        return Telling({None: SAID}, {**listener.told, TELEGRAM_SUBJECT: Told(8, Status.DOWN, NOON)})

    return await store.announcements.tell(decide, {}, behind=up_to, up_to=up_to, most=10, now=now)


async def test_whoever_is_told_moves_on(store: Store) -> None:
    await subscribe(store, Subscription("all"), told=True)
    assert await store.announcements.oldest_cursor(up_to=9, now=NOON) == 3
    assert await tell(store) == 1
    assert await store.announcements.oldest_cursor(up_to=9, now=NOON) is None
    assert await tell(store) == 0
    told = await found(store)
    assert (told.cursor, set(told.told)) == (9, {WHATSAPP_SUBJECT, TELEGRAM_SUBJECT})
    assert await store.outbox.backlog() == {"waiting": 1}


async def test_whoever_wants_quiet_stays_where_they_are_until_it_is_over(store: Store) -> None:
    await subscribe(store, Subscription("all"))
    assert await tell(store, held_until=NOON + 60) == 1
    assert (await found(store)).held
    assert await store.announcements.oldest_cursor(up_to=9, now=NOON) is None
    assert await store.announcements.oldest_cursor(up_to=9, now=NOON + 60) == 3
    await store.subscriptions.wish(CHAT, Wishes(), language="en", cursor=0, now=NOON)
    assert await store.announcements.oldest_cursor(up_to=9, now=NOON) == 3


async def test_what_waits_is_called_back_and_the_chat_stands_as_before(store: Store) -> None:
    await subscribe(store, Subscription("all"), told=True)
    before = await found(store)
    await tell(store)
    assert await store.announcements.earliest_cursor(9, now=NOON) == 3
    await store.subscriptions.unsubscribe(CHAT, ["service:max"], now=NOON)
    assert await found(store) == before
    assert await store.outbox.backlog() == {"cancelled": 1}
    assert await store.announcements.earliest_cursor(9, now=NOON) == 9


async def test_what_is_on_its_way_is_not_called_back(store: Store) -> None:
    await subscribe(store, Subscription("all"))
    await tell(store)
    await store.outbox.exchange(most=1, now=NOON)
    await store.subscriptions.unsubscribe(CHAT, None, now=NOON)
    after = await found(store)
    assert (after.cursor, dict(after.subscriptions), set(after.told)) == (9, {}, {TELEGRAM_SUBJECT})


async def lose_the_answer(store: Store) -> None:
    """Send what waits, and never learn whether it arrived."""
    [sent] = (await store.outbox.exchange(most=1, now=NOON)).messages
    lost = Result(message=sent.id, attempt=sent.attempts, state="waiting", next_at=NOON, doubtful=True)
    await store.outbox.exchange([lost], most=0, now=NOON)


async def test_what_may_have_been_told_is_not_called_back(store: Store) -> None:
    await subscribe(store, Subscription("all"))
    await tell(store)
    await lose_the_answer(store)
    await store.subscriptions.wish(CHAT, WISHES, language="en", cursor=0, now=NOON)
    after = await found(store)
    assert (after.cursor, set(after.told)) == (9, {TELEGRAM_SUBJECT})
    assert await store.outbox.backlog() == {"waiting": 1}
    assert await store.announcements.earliest_cursor(9, now=NOON) == 9


async def test_what_may_have_been_told_is_still_known_to_be_a_repeat_when_there_is_more_to_tell(store: Store) -> None:
    await subscribe(store, Subscription("all"))
    await tell(store)
    await lose_the_answer(store)
    await tell(store, up_to=12)
    [repeated] = (await store.outbox.exchange(most=5, now=NOON)).messages
    assert repeated.doubts == 1
    told = Result(message=repeated.id, attempt=repeated.attempts, state="sent")
    [more] = (await store.outbox.exchange([told], most=5, now=NOON)).messages
    assert more.doubts == 0


async def test_a_digest_is_due_once(store: Store) -> None:
    await subscribe(store, Subscription("all"))
    await store.subscriptions.wish(CHAT, WISHES, language="en", cursor=0, now=NOON)
    assert not await store.announcements.are_digests_due(NOON)
    assert await store.announcements.are_digests_due(NOON + 60)

    def decide(_: Listener) -> Summary:
        return Summary({None: SAID}, next_at=NOON + 3600, not_before=NOON + 120)

    assert await store.announcements.summarise(decide, most=5, now=NOON + 60) == 1
    assert await store.announcements.summarise(decide, most=5, now=NOON + 60) == 0
    assert (await store.outbox.exchange(most=5, now=NOON + 60)).messages == []
    assert len((await store.outbox.exchange(most=5, now=NOON + 120)).messages) == 1


async def test_the_languages_that_are_spoken_are_known(store: Store) -> None:
    await subscribe(store, Subscription("all"))
    await store.chats.meet(NEW, "group", now=1)
    await subscribe(store, Subscription("all"), chat=NEW)
    await store.chats.set_language(NEW, "ru")
    assert await store.announcements.languages() == {"en", "ru"}


async def test_incidents_of_all_subjects_are_told_since_some_time(store: Store) -> None:
    await store.incidents.record("whatsapp", (), (opened(),), due_at=NOON)
    assert [one.subject for one in await store.incidents.incidents_since(NOON + 3600)] == [WHATSAPP_SUBJECT]
