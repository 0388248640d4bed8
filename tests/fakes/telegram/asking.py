"""Questions that wait for one answer of the bot: a pressed button, an inline query, a guest's mention."""

from typing import TYPE_CHECKING

from tests.fakes.telegram.changes import PATIENCE_S
from tests.fakes.telegram.errors import Json
from tests.fakes.telegram.model import Message, User
from tests.fakes.telegram.world import Query, World

if TYPE_CHECKING:
    from tests.fakes.telegram.driving import Chat


class Question(Query):
    """A callback or guest query, from the side of who asked."""

    def __init__(self, query_id: str, user: User, world: World) -> None:
        super().__init__(query_id, user)
        self.world = world
        world.queries[query_id] = self

    def expire(self) -> None:
        """Telegram stops waiting: whatever the bot answers now is too late."""
        del self.world.queries[self.id]

    async def answered(self, *, timeout_s: float = PATIENCE_S) -> Json:
        """What the bot answered: the parameters of its call. Raises AssertionError when nothing comes in time."""
        try:
            answer = await self.world.changed.wait_for(lambda: self.answer, timeout_s=timeout_s)
        except TimeoutError:
            raise AssertionError(f"{self.id} was not answered within {timeout_s} s") from None
        assert answer is not None
        return answer


class Inline(Question):
    """An inline query; `choose` sends one of its results into a chat."""

    text: str = ""

    async def choose(self, index: int, chat: "Chat") -> Message:
        """The person picks a result: it appears in `chat`, and the bot hears of it if it asked to."""
        result = (await self.answered())["results"][index]
        message = chat.written(result["_body"], self.user)
        message.via_bot, message.markup = self.world.me, result.get("reply_markup")
        chosen = {"result_id": result["id"], "from": self.user.to_json(), "query": self.text}
        if message.markup:
            message.inline_message_id = self.world.new_id("inline-message-")
            self.world.inline_messages[message.inline_message_id] = message
            chosen["inline_message_id"] = message.inline_message_id
        chat.add(message)
        self.world.updates.push("chosen_inline_result", chosen)
        return message
