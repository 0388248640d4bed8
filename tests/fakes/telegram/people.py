"""How a test peoples the fake's world: users, the chats of all four kinds, questions from anywhere."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tests.fakes.telegram.asking import Inline
from tests.fakes.telegram.changes import PATIENCE_S
from tests.fakes.telegram.driving import Chat
from tests.fakes.telegram.menus import menu_of
from tests.fakes.telegram.model import ANONYMOUS_ADMIN, Member, User
from tests.fakes.telegram.transcript import transcript
from tests.fakes.telegram.world import World

_MAX_INLINE_QUERY = 256


class People(World):
    def user(
        self, user_id: int, first_name: str = "Amina", language_code: str | None = "en", username: str | None = None
    ) -> User:
        """A person; the same id is the same person."""
        return self.users.setdefault(user_id, User(user_id, first_name, language_code, username))

    def private(self, user: User, *, started: bool = True) -> Chat:
        """The person's chat with the bot. Until it is started, by /start or any word, the bot cannot write there."""
        if user.id in self.chats:
            return self._chat(user.id)
        chat = Chat(self, user.id, "private", user.first_name, username=user.username)
        chat.person, chat.is_started = user, started
        chat.members[self.me.id] = Member(self.me)
        return chat

    def group(self, title: str = "Family", *, chat_id: int = -4001, **people: Any) -> Chat:
        """A basic group. `people`: members, admins, creator, bot (the bot's status, None when it is outside)."""
        return self._peopled(Chat(self, chat_id, "group", title), **people)

    def supergroup(
        self,
        title: str = "City",
        *,
        chat_id: int = -1001000000001,
        topics: Sequence[str] = (),
        username: str | None = None,
        **people: Any,
    ) -> Chat:
        """A supergroup; with `topics` a forum, which has a General topic besides."""
        chat = self._peopled(Chat(self, chat_id, "supergroup", title, username=username), **people)
        if topics:
            chat.next_message_id()  # 1 is the General topic
        for name in topics:
            chat.open_topic(name, ANONYMOUS_ADMIN)
        return chat

    def channel(
        self, title: str = "News", *, chat_id: int = -1002000000001, username: str | None = None, **people: Any
    ) -> Chat:
        """A channel. The bot only gets in as an administrator, and is one unless told otherwise."""
        people = {"bot": "administrator", **people}
        return self._peopled(Chat(self, chat_id, "channel", title, username=username), **people)

    async def inline(self, user: User, text: str, *, chat_type: str = "sender") -> Inline:
        """A person types `@bot text` in some chat."""
        query = Inline(self.new_id("inline-"), user, self)
        query.text = text[:_MAX_INLINE_QUERY]
        payload = {"id": query.id, "from": user.to_json(), "query": query.text, "offset": "", "chat_type": chat_type}
        self.updates.push("inline_query", payload)
        return query

    def menu(self, user: User, chat: Chat) -> list[str]:
        """The commands that the person is offered in that chat."""
        return menu_of(self, user, chat)

    def transcript(self) -> str:
        """All chats, one after the other."""
        return "\n\n".join(f"{chat.title}\n{transcript(chat)}" for chat in self.chats.values())

    async def until(self, probe: Callable[[], Any], what: str = "that", *, timeout_s: float = PATIENCE_S) -> Any:
        """Waits until something is so anywhere; raises AssertionError."""
        try:
            return await self.changed.wait_for(probe, timeout_s=timeout_s)
        except TimeoutError:
            raise AssertionError(f"no {what} within {timeout_s} s") from None

    async def drained(self, *, timeout_s: float = PATIENCE_S) -> None:
        """Waits until the bot has confirmed every update and polls for more."""
        try:
            await self.updates.changed.wait_for(
                lambda: not self.updates.pending and self.updates.polled, timeout_s=timeout_s
            )
        except TimeoutError:
            raise AssertionError(f"{len(self.updates.pending)} updates unconfirmed after {timeout_s} s") from None

    def _peopled(
        self,
        chat: Chat,
        *,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        creator: User | None = None,
        bot: Any = "member",
    ) -> Chat:
        statuses: list[tuple[User, Any]] = [*((user, "member") for user in members)]
        statuses += [(user, "administrator") for user in admins]
        statuses += [(creator, "creator")] if creator else []
        statuses += [(self.me, bot)] if bot else []
        chat.members = {user.id: Member(user, status) for user, status in statuses}
        return chat

    def _chat(self, chat_id: int) -> Chat:
        chat = self.chats[chat_id]
        assert isinstance(chat, Chat)
        return chat
