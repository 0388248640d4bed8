"""Methods that put messages into chats, change them and take them away."""

import zlib
from dataclasses import replace
from typing import Any

from tests.fakes.telegram.access import (
    find_chat,
    open_thread,
    own_message,
    reachable_chat,
    writable_chat,
)
from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.keyboards import checked_markup
from tests.fakes.telegram.methods.content import caption_body, text_body
from tests.fakes.telegram.model import ChatState, Message
from tests.fakes.telegram.world import Request, World

_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
_ACTIONS = {
    "typing",
    "upload_photo",
    "record_video",
    "upload_video",
    "record_voice",
    "upload_voice",
    "upload_document",
    "choose_sticker",
    "find_location",
    "record_video_note",
    "upload_video_note",
}
_DELETABLE_FOR_S = 48 * 3600


def send_message(world: World, request: Request) -> Json:
    chat = writable_chat(world, request.params.get("chat_id"))
    return _put(world, chat, request, text_body(world, request)).to_json()


def send_photo(world: World, request: Request) -> Json:
    chat = writable_chat(world, request.params.get("chat_id"), permission="can_send_photos")
    body = {"photo": [_photo_size(world, request)], **caption_body(world, request)}
    return _put(world, chat, request, body).to_json()


def copy_message(world: World, request: Request) -> Json:
    chat = writable_chat(world, request.params.get("chat_id"))
    source = reachable_chat(world, request.params.get("from_chat_id"))
    original = source.message(request.params.get("message_id", 0))
    if original is None:
        raise bad_request("message to copy not found")
    if not {"text", "photo"} & original.body.keys():
        raise bad_request("message can't be copied")
    return {"message_id": _put(world, chat, request, dict(original.body)).id}


def send_message_draft(world: World, request: Request) -> bool:
    """https://core.telegram.org/bots/api#sendmessagedraft: private chats only, a draft id other than 0."""
    chat = writable_chat(world, request.params.get("chat_id"))
    if chat.kind != "private":
        raise bad_request("message drafts can be sent only to private chats")
    if request.params.get("draft_id") == 0:
        raise bad_request("draft_id must be non-zero")
    body = text_body(world, request, allow_empty=True)
    chat.drafts.append({"draft_id": request.params["draft_id"], **body})
    world.fire(chat)
    return True


def send_chat_action(world: World, request: Request) -> bool:
    chat = writable_chat(world, request.params.get("chat_id"))
    if request.params.get("action") not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    open_thread(world, chat, request.params.get("message_thread_id"))
    chat.actions.append(request.params["action"])
    world.fire(chat)
    return True


def edit_message_text(world: World, request: Request) -> Json | bool:
    message = _edited_message(world, request)
    body = text_body(world, request)
    if "text" not in message.body:
        raise bad_request("there is no text in the message to edit")
    return _change(world, request, message, body)


def edit_message_caption(world: World, request: Request) -> Json | bool:
    message = _edited_message(world, request)
    caption = caption_body(world, request)
    if "photo" not in message.body:
        raise bad_request("there is no caption in the message to edit")
    return _change(world, request, message, {"photo": message.body["photo"], **caption})


def edit_message_media(world: World, request: Request) -> Json | bool:
    """https://core.telegram.org/bots/api#editmessagemedia: of all kinds of media only photos."""
    message = _edited_message(world, request)
    media = request.params.get("media")
    if not isinstance(media, dict) or media.get("type") != "photo":
        raise bad_request("wrong type of the media")
    inner = replace(request, params={**media, "photo": media.get("media")})
    return _change(world, request, message, {"photo": [_photo_size(world, inner)], **caption_body(world, inner)})


def edit_message_reply_markup(world: World, request: Request) -> Json | bool:
    return _change(world, request, message := _edited_message(world, request), message.body)


def delete_message(world: World, request: Request) -> bool:
    chat = reachable_chat(world, request.params.get("chat_id"))
    message = chat.message(request.params.get("message_id", 0))
    if message is None:
        raise bad_request("message to delete not found")
    rights = chat.member(world.me).rights
    may_delete_any = chat.member(world.me).is_admin and rights.get("can_delete_messages", True)
    is_fresh = world.now() - message.date < _DELETABLE_FOR_S
    if not may_delete_any and not (is_fresh and (message.by_bot or chat.kind == "private")):
        raise bad_request("message can't be deleted")
    message.deleted = True
    world.fire(chat)
    return True


def _put(world: World, chat: ChatState, request: Request, body: Json) -> Message:
    """Adds the bot's message to the chat after the checks that all kinds of messages share."""
    thread_id = open_thread(world, chat, request.params.get("message_thread_id"))
    reply_to = _replied_message(chat, request.params)
    markup = checked_markup(request.params.get("reply_markup"))
    is_post = chat.kind == "channel"
    message = Message(
        chat,
        chat.next_message_id(),
        world.now(),
        body,
        sender=None if is_post else world.me,
        by_bot=True,
        sender_chat=chat if is_post else None,
        thread_id=thread_id,
        reply_to=reply_to,
        markup=markup,
    )
    chat.add(message)
    world.fire()
    return message


def _replied_message(chat: ChatState, params: Json) -> Message | None:
    wanted = params.get("reply_parameters") or {"message_id": params.get("reply_to_message_id")}
    if wanted.get("message_id") is None:
        return None
    if message := chat.message(wanted["message_id"]):
        return message
    if wanted.get("allow_sending_without_reply") or params.get("allow_sending_without_reply"):
        return None
    raise bad_request("message to be replied not found")


def _edited_message(world: World, request: Request) -> Message:
    params = request.params
    if inline_id := params.get("inline_message_id"):
        message = world.inline_messages.get(inline_id)
        if message is None:
            raise bad_request("MESSAGE_ID_INVALID")
        return message
    chat = reachable_chat(world, find_chat(world, params.get("chat_id")).id)
    if params.get("message_id") is None:
        raise bad_request("message identifier is not specified")
    return own_message(chat, params["message_id"], to="edit")


def _change(world: World, request: Request, message: Message, body: Json) -> Json | bool:
    """An edit without a keyboard takes the keyboard away."""
    markup = checked_markup(request.params.get("reply_markup"))
    if body == message.body and markup == message.markup:
        raise bad_request(_NOT_MODIFIED)
    message.change(body, markup, world.now())
    world.fire()
    return True if message.inline_message_id else message.to_json()


def _photo_size(world: World, request: Request) -> Json:
    """An upload, a file id from before, or a link; without a decoder the size on screen is made up."""
    data = request.files.get("photo")
    given = request.params.get("photo")
    if isinstance(given, str) and given.startswith("attach://"):
        data = request.files.get(given.removeprefix("attach://"))
    if data is not None and not data.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")):
        raise bad_request("IMAGE_PROCESS_FAILED")
    if data is None and not given:
        raise bad_request("there is no photo in the request")
    if data is None and not str(given).startswith(("http://", "https://", "photo")):
        raise bad_request("wrong file identifier/HTTP URL specified")
    file_id: Any = f"photo{world.new_id()}" if data is not None else given
    unique = f"{zlib.crc32(data or str(given).encode()):08x}"
    return {
        "file_id": str(file_id),
        "file_unique_id": unique,
        "width": 1280,
        "height": 720,
        "file_size": len(data or b""),
    }
