"""Methods that answer what people asked by a button, inline or as guests: once, and in time."""

from typing import Any

from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.keyboards import checked_markup
from tests.fakes.telegram.methods.content import MAX_TEXT, formatted_text
from tests.fakes.telegram.model import Message
from tests.fakes.telegram.world import Query, Request, World

_TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
_MAX_RESULTS = 50
_MAX_RESULT_ID_BYTES = 64
_MAX_ANSWER = 200


def answer_callback_query(world: World, request: Request) -> bool:
    query = _waiting_query(world, request.params.get("callback_query_id"))
    if len(request.params.get("text") or "") > _MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    return _answer(world, query, request.params)


def answer_inline_query(world: World, request: Request) -> bool:
    query = _waiting_query(world, request.params.get("inline_query_id"))
    results = request.params["results"]
    if len(results) > _MAX_RESULTS:
        raise bad_request("RESULTS_TOO_MUCH")
    if len({result["id"] for result in results}) < len(results):
        raise bad_request("RESULT_ID_DUPLICATE")
    checked = [_checked_result(world, result) for result in results]
    return _answer(world, query, {**request.params, "results": checked})


def answer_guest_query(world: World, request: Request) -> Json:
    query = _waiting_query(world, request.params.get("guest_query_id"))
    inline_message_id = world.new_id("guest-message-")
    result = _checked_result(world, request.params["result"])
    if chat := query.chat:
        message = Message(chat, chat.next_message_id(), world.now(), result["_body"], world.me, by_bot=True)
        message.markup, message.inline_message_id = result.get("reply_markup"), inline_message_id
        world.inline_messages[inline_message_id] = chat.add(message)
    _answer(world, query, {"result": result, "inline_message_id": inline_message_id})
    return {"inline_message_id": inline_message_id}


def _waiting_query(world: World, query_id: Any) -> Query:
    query = world.open_query(query_id)
    if query is None:
        raise bad_request(_TOO_OLD)
    return query


def _answer(world: World, query: Query, answer: Json) -> bool:
    query.answer = answer
    world.fire()
    return True


def _checked_result(world: World, result: Json) -> Json:
    """The result with its message as it will be shown. Raises ApiError 400."""
    if not 1 <= len(str(result["id"]).encode()) <= _MAX_RESULT_ID_BYTES:
        raise bad_request("RESULT_ID_INVALID")
    markup = checked_markup(result.get("reply_markup"))
    content = result.get("input_message_content")
    if content is None:
        raise bad_request("ARTICLE_MESSAGE_CONTENT_REQUIRED")
    text = str(content.get("message_text") or "")
    formatted = formatted_text(world, text, content.get("parse_mode"), content.get("entities"))
    if not formatted.text:
        raise bad_request("message text is empty")
    if len(formatted.text) > MAX_TEXT:
        raise bad_request("message is too long")
    body = {"text": formatted.text} | ({"entities": formatted.entities} if formatted.entities else {})
    return {**result, "reply_markup": markup, "_body": body}
