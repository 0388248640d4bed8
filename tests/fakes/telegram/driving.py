"""The side of people: what a test's users do in their chats, and how the test waits for the bot."""

from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.telegram.asking import Question
from tests.fakes.telegram.changes import PATIENCE_S
from tests.fakes.telegram.errors import Json
from tests.fakes.telegram.model import (
    ANONYMOUS_ADMIN,
    LINKED_CHANNEL,
    PERMISSIONS,
    ChatState,
    Member,
    Message,
    Status,
    Topic,
    User,
)
from tests.fakes.telegram.text import found_entities
from tests.fakes.telegram.transcript import transcript
from tests.fakes.telegram.world import World


class Chat(ChatState):
    """A chat with people in it.

    `reply` and `replies` hand out the bot's messages in order, each once; `unread` are those not handed out yet. Where
    more than one thing may write at a time, `reply_that` knows the one that is meant.
    """

    def __init__(self, world: World, chat_id: int, kind: Any, title: str, **more: Any) -> None:
        super().__init__(chat_id, kind, title, **more)
        self.world = world
        self._read = 0
        world.chats[chat_id] = self

    # What the test reads

    @property
    def from_bot(self) -> list[Message]:
        """All the bot's messages, deleted ones too."""
        return [message for message in self.messages if message.by_bot]

    @property
    def unread(self) -> list[Message]:
        return self.from_bot[self._read :]

    def transcript(self) -> str:
        return transcript(self)

    async def reply(self, *, timeout_s: float = PATIENCE_S) -> Message:
        """The bot's next message."""
        return (await self.replies(1, timeout_s=timeout_s))[0]

    async def replies(self, count: int, *, timeout_s: float = PATIENCE_S) -> list[Message]:
        """The bot's next messages; raises AssertionError with the transcript when fewer come in time."""
        await self.until(lambda: len(self.unread) >= count, f"{count} messages", timeout_s=timeout_s)
        taken = self.unread[:count]
        self._read += count
        return taken

    async def reply_that(self, probe: Callable[[Message], Any], what: str, *, below: Message) -> Message:
        """The bot's first message below another that is as `probe` wants it; it counts as read, and all above it."""

        def wanted() -> Message | None:
            return next((message for message in self.from_bot if message.id > below.id and probe(message)), None)

        found: Message = await self.until(wanted, what)
        self._read = max(self._read, self.from_bot.index(found) + 1)
        return found

    async def until(self, probe: Any, what: str = "that", *, timeout_s: float = PATIENCE_S) -> Any:
        """Waits until something is so in this chat; raises AssertionError with the transcript."""
        try:
            return await self.changed.wait_for(probe, timeout_s=timeout_s)
        except TimeoutError:
            raise AssertionError(f"no {what} within {timeout_s} s in:\n{self.transcript()}") from None

    # What people do

    async def say(
        self,
        user: User,
        text: str,
        *,
        reply_to: Message | None = None,
        topic: str | None = None,
        anonymous: bool = False,
        age_s: int = 0,
        entities: Sequence[Json] = (),
        photo: str | None = None,
    ) -> Message:
        """A person writes. `anonymous` writes as an anonymous administrator; `age_s` is how long ago it was.

        `entities` are what the person marked; those that Telegram finds by itself are added. With a `photo`, which is
        a file's id, the text stands below it.
        """
        if anonymous and not self.member(user).is_admin:
            raise ValueError(f"{user.first_name} is no administrator and cannot be anonymous")
        if self.kind == "private":
            self.is_started = True
        thread_id = self._thread(topic, reply_to)
        if reply_to is None and thread_id is not None:
            # Telegram shows what is said in a topic as a reply to the message that created the topic.
            reply_to = self.message(thread_id)
        body = _text_body(text, entities) if photo is None else _photo_body(photo, text, entities)
        message = self.written(body, user, thread_id=thread_id, reply_to=reply_to)
        message.date -= age_s
        if anonymous:
            message.sender, message.sender_chat = ANONYMOUS_ADMIN, self
        self.add(message)
        self._notify("message", message)
        return message

    async def post(self, text: str) -> Message:
        """An administrator of the channel posts; the post has no sender but the channel."""
        message = self.written(_text_body(text), None)
        message.sender_chat = self
        self.add(message)
        self._notify("channel_post", message)
        return message

    async def post_from(self, channel: "Chat", text: str) -> Message:
        """A post of the linked channel arrives in its discussion group."""
        message = self.written({**_text_body(text), "is_automatic_forward": True}, LINKED_CHANNEL)
        message.sender_chat = channel
        self.add(message)
        self._notify("message", message)
        return message

    async def edit(self, message: Message, text: str) -> Message:
        message.change(_text_body(text), None, self.world.now())
        self._notify("edited_channel_post" if self.kind == "channel" else "edited_message", message)
        return message

    async def press(
        self, message: Message, label: str, user: User | None = None, *, accessible: bool = True
    ) -> Question:
        """A person presses an inline button; in a private chat it can only be that person.

        `accessible`: Telegram still tells what the message says (of an old one it does not).
        """
        button = message.button(label)
        if "callback_data" not in button:
            raise ValueError(f"{label!r} is no callback button: {button}")
        presser = user or self.person
        if presser is None:
            raise ValueError("in a group, say who presses")
        press = Question(self.world.new_id("callback-"), presser, self.world)
        origin = (
            {"inline_message_id": message.inline_message_id}
            if message.inline_message_id
            else {"message": message.to_json() if accessible else message.to_json_of_old()}
        )
        payload = {"id": press.id, "from": presser.to_json(), "chat_instance": f"instance{self.id}", **origin}
        self.world.updates.push("callback_query", payload | {"data": button["callback_data"]})
        return press

    async def ask_guest(self, user: User, text: str) -> Question:
        """A person mentions the bot in a chat that it never joined."""
        guest = Question(self.world.new_id("guest-"), user, self.world)
        guest.chat = self
        message = self.add(self.written(_text_body(text), user))
        self.world.updates.push("guest_message", message.to_json() | {"guest_query_id": guest.id})
        return guest

    # What happens to the bot

    async def set_bot(self, status: Status, by: User, **rights: bool) -> None:
        """Adds, removes, promotes or restricts the bot, with the my_chat_member update that tells it so."""
        old = self.member(self.world.me)
        new = Member(self.world.me, status, rights=rights)
        self.members[self.world.me.id] = new
        self._tell_bot(old, new, by)
        if self.kind in {"group", "supergroup"} and not old.is_present and new.is_present:
            await self._service({"new_chat_members": [self.world.me.to_json()]}, by)

    async def mute_bot(self, by: User) -> None:
        """Restricts the bot so that it may read but not write."""
        await self.set_bot("restricted", by, **dict.fromkeys(PERMISSIONS, False), is_member=True)

    async def block(self) -> None:
        """The person blocks the bot."""
        await self._private_status("kicked")

    async def unblock(self) -> None:
        await self._private_status("member")

    def delete(self) -> None:
        """The group is deleted, or the person's account is: Telegram says nothing until the bot writes."""
        self.is_gone = True

    def open_topic(self, name: str, by: User) -> Topic:
        """Creates a topic, which gets the number of the message that says so. The first makes the chat a forum."""
        self.is_forum = True
        number = self.next_message_id()
        topic = self.topics[number] = Topic(number, name)
        body = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        self.add(Message(self, number, self.world.now(), body, by, thread_id=number))
        return topic

    def close_topic(self, name: str) -> None:
        self._topic(name).is_closed = True

    def reopen_topic(self, name: str) -> None:
        self._topic(name).is_closed = False

    def delete_topic(self, name: str) -> None:
        del self.topics[self._topic(name).thread_id]

    def topic_id(self, name: str) -> int:
        return self._topic(name).thread_id

    async def migrate(self, by: User) -> "Chat":
        """The group becomes a supergroup: a new chat with a new id, and a service message in each."""
        successor = Chat(self.world, -1_000_000_000_000 + self.id, "supergroup", self.title)
        successor.members = self.members
        await self._service({"migrate_to_chat_id": successor.id}, by)
        self.migrated_to = successor.id
        await successor._service({"migrate_from_chat_id": self.id}, by)
        return successor

    # Inside

    def written(
        self, body: Json, user: User | None, *, thread_id: int | None = None, reply_to: Message | None = None
    ) -> Message:
        """A new message that is in nobody's sight yet."""
        number = self.next_message_id()
        return Message(self, number, self.world.now(), body, user, thread_id=thread_id, reply_to=reply_to)

    def _thread(self, topic: str | None, reply_to: Message | None) -> int | None:
        """Replies in a supergroup without topics carry a thread id too: that of the first message."""
        if topic is not None and topic != self.general.name:
            return self.topic_id(topic)
        if reply_to is None:
            return None
        return reply_to.thread_id or (reply_to.id if self.kind == "supergroup" and not self.is_forum else None)

    def _topic(self, name: str) -> Topic:
        return next(topic for topic in [self.general, *self.topics.values()] if topic.name == name)

    async def _service(self, body: Json, by: User) -> None:
        message = self.add(self.written(body, by))
        self._notify("message", message)

    async def _private_status(self, status: Status) -> None:
        if self.person is None:
            raise ValueError("only a person can block the bot")
        await self.set_bot(status, self.person)

    def _tell_bot(self, old: Member, new: Member, by: User) -> None:
        payload = {
            "chat": self.to_json(),
            "from": by.to_json(),
            "date": self.world.now(),
            "old_chat_member": old.to_json(),
            "new_chat_member": new.to_json(),
        }
        self.world.updates.push("my_chat_member", payload)
        self.world.fire(self)

    def _notify(self, kind: str, message: Message) -> None:
        if self._bot_sees(message):
            self.world.updates.push(kind, message.to_json())
        self.world.fire(self)

    def _bot_sees(self, message: Message) -> bool:
        """Privacy mode (core.telegram.org/bots/features#privacy-mode): in groups, only what is meant for the bot."""
        me = self.world.me
        member = self.member(me)
        if self.kind == "private":
            return member.status != "kicked"
        if not member.is_present:
            return False
        if member.is_admin or "text" not in message.body:
            return True
        is_answer = message.reply_to is not None and message.reply_to.by_bot
        commands, mentions = message.marked("bot_command"), message.marked("mention")
        meant = [command for command in commands if command.partition("@")[2] in {"", me.username}]
        return is_answer or bool(meant) or f"@{me.username}" in mentions


def _text_body(text: str, marked: Sequence[Json] = ()) -> Json:
    entities = _entities(text, marked)
    return {"text": text} | ({"entities": entities} if entities else {})


def _photo_body(file_id: str, caption: str, marked: Sequence[Json]) -> Json:
    entities = _entities(caption, marked)
    size = {"file_id": file_id, "file_unique_id": f"unique-{file_id}", "width": 1280, "height": 720}
    return {"photo": [size], "caption": caption} | ({"caption_entities": entities} if entities else {})


def _entities(text: str, marked: Sequence[Json]) -> list[Json]:
    return sorted([*found_entities(text), *marked], key=lambda entity: (entity["offset"], -entity["length"]))
