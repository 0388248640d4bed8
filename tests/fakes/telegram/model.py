"""The state of the fake's world: people, chats, their members and topics, messages. No I/O, no refusals."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.telegram.changes import PATIENCE_S, Changes
from tests.fakes.telegram.errors import Json
from tests.fakes.telegram.text import utf16_slice

ChatKind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]

ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)
PERMISSIONS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


@dataclass(frozen=True)
class User:
    id: int
    first_name: str
    language_code: str | None = None
    username: str | None = None
    is_bot: bool = False

    def to_json(self) -> Json:
        optional = {"username": self.username, "language_code": self.language_code}
        known = {key: value for key, value in optional.items() if value is not None}
        return {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name, **known}


# The sender that stands in for an administrator who chose to stay anonymous, and the one for posts of a linked channel.
ANONYMOUS_ADMIN = User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True)
LINKED_CHANNEL = User(777000, "Telegram")


@dataclass
class Member:
    user: User
    status: Status = "member"
    is_anonymous: bool = False
    rights: dict[str, bool] = field(default_factory=dict)

    @property
    def is_admin(self) -> bool:
        return self.status in {"creator", "administrator"}

    @property
    def is_present(self) -> bool:
        return self.status not in {"left", "kicked"} and self.rights.get("is_member", True)

    def may(self, permission: str) -> bool:
        return self.status != "restricted" or self.rights.get(permission, False)

    def to_json(self) -> Json:
        base: Json = {"status": self.status, "user": self.user.to_json()}
        if self.status == "creator":
            return base | {"is_anonymous": self.is_anonymous}
        if self.status == "administrator":
            rights = {right: self.rights.get(right, True) for right in ADMIN_RIGHTS}
            return base | rights | {"can_be_edited": False, "is_anonymous": self.is_anonymous}
        if self.status == "restricted":
            rights = {right: self.rights.get(right, False) for right in PERMISSIONS}
            return base | rights | {"is_member": self.is_present, "until_date": 0}
        return base | {"until_date": 0} if self.status == "kicked" else base


@dataclass
class Topic:
    thread_id: int
    name: str
    is_closed: bool = False


@dataclass(eq=False)
class Message:
    """One message; `body` holds what makes it this kind of message: text and entities, a photo, a service field."""

    chat: "ChatState"
    id: int
    date: int
    body: Json
    sender: User | None = None
    by_bot: bool = False
    sender_chat: "ChatState | None" = None
    thread_id: int | None = None
    reply_to: "Message | None" = None
    markup: Json | None = None
    via_bot: User | None = None
    inline_message_id: str | None = None
    versions: list[tuple[Json, Json | None]] = field(default_factory=list)
    edit_date: int | None = None
    deleted: bool = False

    @property
    def text(self) -> str:
        """The text or the caption, without markup."""
        return str(self.body.get("text", self.body.get("caption", "")))

    @property
    def entities(self) -> list[Json]:
        return list(self.body.get("entities") or self.body.get("caption_entities") or [])

    @property
    def edits(self) -> int:
        return len(self.versions)

    @property
    def buttons(self) -> list[list[str]]:
        """The labels of the inline keyboard, row by row."""
        return [[button["text"] for button in row] for row in (self.markup or {}).get("inline_keyboard", [])]

    def button(self, label: str) -> Json:
        """The inline button of that label; raises LookupError."""
        for row in (self.markup or {}).get("inline_keyboard", []):
            for button in row:
                if button["text"] == label:
                    return dict(button)
        raise LookupError(f"no button {label!r} in {self.buttons}")

    def marked(self, kind: str) -> list[str]:
        """The pieces of text under entities of one kind: `marked("bold")`."""
        found = [entity for entity in self.entities if entity["type"] == kind]
        return [utf16_slice(self.text, entity["offset"], entity["length"]) for entity in found]

    def change(self, body: Json, markup: Json | None, date: int) -> None:
        self.versions.append((self.body, self.markup))
        self.body, self.markup, self.edit_date = body, markup, date
        self.chat.changed.fire()

    async def until(self, probe: Callable[["Message"], Any], *, timeout_s: float = PATIENCE_S) -> "Message":
        """Waits until the message is as `probe` wants it; raises AssertionError showing how it is instead."""
        try:
            await self.chat.changed.wait_for(lambda: probe(self), timeout_s=timeout_s)
        except TimeoutError:
            raise AssertionError(f"still not so after {timeout_s} s:\n{self.text}\n{self.buttons}") from None
        return self

    async def edited(self, times: int = 1, *, timeout_s: float = PATIENCE_S) -> "Message":
        """Waits until the message has been edited that often in all."""
        return await self.until(lambda message: message.edits >= times, timeout_s=timeout_s)

    def to_json(self, *, nested: bool = False) -> Json:
        parts: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.to_json(), **self.body}
        optional: Json = {
            "from": self.sender and self.sender.to_json(),
            "sender_chat": self.sender_chat and self.sender_chat.to_json(),
            "message_thread_id": self.thread_id,
            "is_topic_message": True if self.thread_id and self.chat.is_forum else None,
            "edit_date": self.edit_date,
            "reply_markup": self.markup,
            "via_bot": self.via_bot and self.via_bot.to_json(),
            "reply_to_message": self.reply_to.to_json(nested=True) if self.reply_to and not nested else None,
        }
        return parts | {key: value for key, value in optional.items() if value is not None}

    def to_json_of_old(self) -> Json:
        """https://core.telegram.org/bots/api#inaccessiblemessage."""
        return {"message_id": self.id, "date": 0, "chat": self.chat.to_json()}


class ChatState:
    """A chat as Telegram's servers know it. What people do in it is in `driving.Chat`."""

    def __init__(self, chat_id: int, kind: ChatKind, title: str, *, username: str | None = None) -> None:
        self.id = chat_id
        self.kind: ChatKind = kind
        self.title = title
        self.username = username
        self.person: User | None = None
        self.is_forum = False
        self.is_started = True
        self.is_gone = False
        self.migrated_to: int | None = None
        self.members: dict[int, Member] = {}
        self.topics: dict[int, Topic] = {}
        self.general = Topic(1, "General")
        self.messages: list[Message] = []
        self.drafts: list[Json] = []
        self.actions: list[str] = []
        self.changed = Changes()
        self._next_message_id = 1

    @property
    def live(self) -> list[Message]:
        return [message for message in self.messages if not message.deleted]

    def message(self, message_id: int) -> Message | None:
        return next((message for message in self.live if message.id == message_id), None)

    def member(self, user: User) -> Member:
        return self.members.get(user.id) or Member(user, "left")

    def next_message_id(self) -> int:
        self._next_message_id += 1
        return self._next_message_id - 1

    def add(self, message: Message) -> Message:
        self.messages.append(message)
        self.changed.fire()
        return message

    def to_json(self) -> Json:
        base: Json = {"id": self.id, "type": self.kind}
        if self.kind == "private":
            base["first_name"] = self.title
        else:
            base["title"] = self.title
        if self.username:
            base["username"] = self.username
        return base | ({"is_forum": True} if self.is_forum else {})
