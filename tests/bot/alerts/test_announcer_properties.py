"""Whatever happens in whatever order: nothing is told twice, nobody hears who left, and every alert has one end."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.alerts.hours import Quiet
from bot.alerts.subscriptions import covering
from bot.chat.reply import Paragraph, Reply
from bot.incidents import HOST, Change, Subject
from bot.store import Store
from probes.model import Status
from tests.bot.changes import DELISTED, TELEGRAM, WHATSAPP, changed, closed, flapping, opened, settled
from tests.bot.telling import CATALOGUE, Telling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.alerts.hearing import Item
    from bot.alerts.wording import Setting

CHATS = ("telegram:1", "telegram:2")
SUBJECTS = (WHATSAPP, TELEGRAM, DELISTED, HOST)
TARGETS = ("service:whatsapp", "category:messenger", "all")
CATEGORIES = {one.id: one.category for one in CATALOGUE}
SETTLES_S = 600

chats, subjects = st.sampled_from(CHATS), st.sampled_from(SUBJECTS)
statuses = st.sampled_from([Status.BLOCKED, Status.DEGRADED, Status.DOWN])
deeds = st.one_of(
    st.tuples(st.just("turn"), subjects, statuses),
    st.tuples(st.just("turn"), subjects, statuses),
    st.tuples(st.just("change"), subjects, statuses),
    st.tuples(st.just("flap"), subjects),
    st.tuples(st.just("settle"), subjects),
    st.tuples(st.just("subscribe"), chats, st.sampled_from(TARGETS), st.booleans()),
    st.tuples(st.just("unsubscribe"), chats, st.sampled_from(TARGETS)),
    st.tuples(st.just("mute"), chats, st.sampled_from([None, 60, 3600])),
    st.tuples(st.just("quiet"), chats, st.sampled_from([None, Quiet(0, 780), Quiet(700, 730)])),
    st.tuples(st.just("look"), st.sampled_from([0, 5, 30, 600, 4000])),
    st.tuples(st.just("look"), st.just(30)),
    st.tuples(st.just("deliver"), st.sampled_from([1, 100])),
)


class Heard(NamedTuple):
    """One piece of news in a message, as the fake bulletin writes it."""

    sort: str
    kind: str
    name: str
    at: float
    what: str


def bulletin(items: Sequence[Item], _setting: Setting) -> Reply:
    """Write what is told so that it can be read again."""
    texts = [
        f"{one.sort} {one.change.subject.kind} {one.change.subject.name} {one.change.at} {one.change.what}"
        for one in items
    ]
    return Reply(blocks=tuple(map(Paragraph, texts)))


def read(text: str) -> list[Heard]:
    parts = [line.split() for line in text.splitlines()]
    return [Heard(sort, kind, name, float(at), what) for sort, kind, name, at, what in parts]


@dataclass
class Course:
    """How a subject really is."""

    last: Change | None = None
    """Of the incident that is open."""
    flaps: Change | None = None


@dataclass
class World:
    telling: Telling
    courses: dict[Subject, Course] = field(default_factory=lambda: {one: Course() for one in SUBJECTS})
    incidents: int = 0
    worried: dict[tuple[str, str, str], Heard] = field(default_factory=dict)
    """What was told and is not over, by chat and subject."""
    seen: set[tuple[str, Heard]] = field(default_factory=set)

    async def do(self, deed: tuple[object, ...]) -> None:
        name, *arguments = deed
        self.telling.now += 1
        await getattr(self, str(name))(*arguments)

    # --- the network -------------------------------------------------------------------------------------------------

    async def turn(self, subject: Subject, status: Status) -> None:
        course = self.courses[subject]
        quiet = course.flaps is not None
        if course.last:
            await self.telling.happen(replace(closed(course.last, at=self.telling.now), quiet=quiet))
            course.last = None
        else:
            await self._open(subject, status, quiet=quiet)

    async def _open(self, subject: Subject, status: Status, *, quiet: bool) -> None:
        self.incidents += 1
        status = status if subject.kind == "service" else Status.BLOCKED if subject.kind == "directory" else Status.DOWN
        one = opened(subject, status, at=self.telling.now, incident=self.incidents, quiet=quiet)
        self.courses[subject].last = one
        await self.telling.happen(one)

    async def change(self, subject: Subject, status: Status) -> None:
        course = self.courses[subject]
        if course.last and subject.kind == "service":
            course.last = changed(course.last, at=self.telling.now, status=status, quiet=course.flaps is not None)
            await self.telling.happen(course.last)

    async def flap(self, subject: Subject) -> None:
        course = self.courses[subject]
        if course.flaps is None:
            if course.last is None:
                await self._open(subject, Status.BLOCKED, quiet=True)
            assert course.last
            course.flaps = replace(flapping(course.last, at=self.telling.now), quiet=False)
            await self.telling.happen(course.flaps)

    async def settle(self, subject: Subject) -> None:
        course = self.courses[subject]
        if course.flaps is not None:
            self.telling.now += SETTLES_S
            status = course.last.status if course.last else Status.OK
            one = settled(course.last or course.flaps, at=self.telling.now, status=status, quiet=False)
            course.flaps = None
            await self.telling.happen(one)

    # --- the chats ---------------------------------------------------------------------------------------------------

    async def subscribe(self, chat: str, target: str, degradations: bool) -> None:
        await self.telling.subscribe(chat, target, degradations=degradations)

    async def unsubscribe(self, chat: str, target: str) -> None:
        await self.telling.unsubscribe(chat, target)

    async def mute(self, chat: str, seconds: int | None) -> None:
        await self.telling.wish(chat, muted_until=seconds and self.telling.now + seconds)

    async def quiet(self, chat: str, quiet: Quiet | None) -> None:
        await self.telling.wish(chat, quiet=quiet)

    # --- the bot -----------------------------------------------------------------------------------------------------

    async def look(self, after_s: int) -> None:
        await self.telling.look(after_s=after_s)

    async def deliver(self, most: int) -> None:
        for message in await self.telling.deliver(most=most):
            for heard in read(message.text):
                await self._hear(message.chat, heard)

    async def _hear(self, chat: str, heard: Heard) -> None:
        listener = await self.telling.store.subscriptions.of(chat)
        assert listener
        subject = next(one for one in SUBJECTS if (one.kind, one.name) == (heard.kind, heard.name))
        assert covering(listener, subject, CATEGORIES), "nobody who left is told"
        assert (chat, heard) not in self.seen, "nothing is told twice"
        self.seen.add((chat, heard))
        muted = (listener.wishes.muted_until or 0) > self.telling.now
        assert heard.sort == "clear" or not muted, "only the end of what was told is told to who wants silence"
        self._worry((chat, heard.kind, heard.name), heard)

    def _worry(self, key: tuple[str, str, str], heard: Heard) -> None:
        """Go along with what a reader believes."""
        match heard.sort:
            case "alert":
                assert key not in self.worried, "two alerts without an end between them"
            case "changed" | "settled":
                assert key in self.worried, "what changes was told"
            case "past":
                assert key not in self.worried, "what was told has an end, and no summary"
            case "clear":
                assert key in self.worried, "an end that belongs to nothing, or comes twice"
        if heard.sort == "clear":
            del self.worried[key]
        elif heard.sort != "past":
            self.worried[key] = heard

    async def end(self) -> None:
        """Let everything end well, and everybody hear of it."""
        for subject in SUBJECTS:
            if self.courses[subject].last:
                await self.do(("turn", subject, Status.OK))
            await self.do(("settle", subject))
        self.telling.now += 2 * 3600
        for chat in CHATS:
            await self.telling.wish(chat, quiet=None)
        await self.look(30)
        await self.deliver(10_000)
        for chat, kind, name in self.worried:
            listener = await self.telling.store.subscriptions.of(chat)
            subject = next(one for one in SUBJECTS if (one.kind, one.name) == (kind, name))
            assert listener
            assert not covering(listener, subject, CATEGORIES), f"{chat} waits in vain for the end of {name}"
            assert not listener.told, "nothing is remembered of what is over"


async def play(story: Sequence[tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as directory, patch("bot.alerts.occasion.message", bulletin):
        async with Store.open(Path(directory) / "db") as store:
            world = World(Telling(store))
            for deed in story:
                await world.do(deed)
            await world.end()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(deeds, min_size=8, max_size=40))
def test_whatever_happens_every_alert_has_one_end_and_nothing_is_told_twice(story: list[tuple[object, ...]]) -> None:
    asyncio.run(play([("subscribe", CHATS[0], "all", False), *story]))
