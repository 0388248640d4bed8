"""Which keyboards Telegram takes, and what it calls those it does not."""

from typing import Any

from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.markup import checked_link

_MAX_BUTTONS = 100
_MAX_IN_ROW = 8
_MAX_DATA_BYTES = 64
_MAX_COPY_TEXT = 256
_STYLES = {"primary", "success", "danger"}
_DECORATION = {"text", "style", "icon_custom_emoji_id"}


def checked_markup(markup: Any) -> Json | None:
    """The inline keyboard that stays at the message; None for none and for every other kind of keyboard.

    Raises ApiError 400 for whatever Telegram refuses.
    """
    if markup is None:
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" not in markup:
        return None
    rows = markup["inline_keyboard"]
    if not isinstance(rows, list):
        raise bad_request('field "inline_keyboard" must be of type Array')
    for row in rows:
        if not isinstance(row, list):
            raise bad_request("can't parse inline keyboard: expected an Array of Arrays")
        for button in row:
            _check_button(button)
    if sum(map(len, rows)) > _MAX_BUTTONS or any(len(row) > _MAX_IN_ROW for row in rows):
        raise bad_request("reply markup is too long")
    kept = [row for row in rows if row]
    return {"inline_keyboard": kept} if kept else None


def _check_button(button: Any) -> None:
    if not isinstance(button, dict):
        raise bad_request("can't parse inline keyboard button: expected an Object")
    if not isinstance(button.get("text"), str) or not button["text"].strip():
        raise bad_request("can't parse inline keyboard button: button text must be non-empty")
    actions = [name for name, value in button.items() if name not in _DECORATION and value is not None]
    if len(actions) != 1:
        raise bad_request("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if button.get("style") is not None and button["style"] not in _STYLES:
        raise bad_request("can't parse inline keyboard button: invalid button style specified")
    _check_action(actions[0], button[actions[0]])


def _check_action(action: str, value: Any) -> None:
    if action == "callback_data" and not 1 <= len(str(value).encode()) <= _MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if action == "url" and checked_link(str(value)) is None:
        raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
    if action == "copy_text" and not 1 <= len(value.get("text", "")) <= _MAX_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
