"""Everything the fake's servers remember. The methods of the Bot API read and change it; so do the people of a test."""

import itertools
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.telegram.changes import Changes
from tests.fakes.telegram.clock import Clock
from tests.fakes.telegram.errors import Json
from tests.fakes.telegram.model import ChatState, Message, User
from tests.fakes.telegram.rates import FloodControl, Rates
from tests.fakes.telegram.updates import Updates


@dataclass(frozen=True)
class Request:
    """One call of a method: its parameters, typed by the schema, and the files that came with them."""

    method: str
    params: Json
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(eq=False)
class Query:
    """A callback, inline or guest query, and what the bot answered (once; more is a 400)."""

    id: str
    user: User
    answer: Json | None = None
    chat: ChatState | None = None
    """Where a guest asked: the answer appears there."""


class World:
    def __init__(self, *, clock: Clock, rates: Rates, validate: bool) -> None:
        self.clock = clock
        self.flood = FloodControl(rates)
        self.updates = Updates(validate=validate)
        self.changed = Changes()
        self.me = User(123456789, "Reach", username="reach_test_bot", is_bot=True)
        self.users: dict[int, User] = {self.me.id: self.me}
        self.chats: dict[int, ChatState] = {}
        self.queries: dict[str, Query] = {}
        self.inline_messages: dict[str, Message] = {}
        self.commands: dict[tuple[str, str], list[Json]] = {}
        self.descriptions: dict[tuple[str, str], str] = {}
        self._ids = itertools.count(1)

    def now(self) -> int:
        return int(self.clock.now())

    def new_id(self, prefix: str = "") -> str:
        """An id that was never given out before."""
        return f"{prefix}{next(self._ids)}"

    def find_user(self, user_id: int) -> Json | None:
        user = self.users.get(user_id)
        return user.to_json() if user else None

    def fire(self, chat: ChatState | None = None) -> None:
        if chat is not None:
            chat.changed.fire()
        self.changed.fire()

    def open_query(self, query_id: Any) -> Query | None:
        """The query of that id if it still waits for its answer."""
        query = self.queries.get(str(query_id))
        return query if query and query.answer is None else None
