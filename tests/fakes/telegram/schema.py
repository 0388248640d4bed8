"""The Bot API's schema, taken from a library the bot does not use: aiogram's models of every method and type.

Read lazily: importing aiogram takes seconds, and only tests that start the fake should pay.
"""

import functools
import json
import typing
from typing import Any

from tests.fakes.telegram.errors import Json, bad_request

_SCALARS = {str, int, float, bool}


class SchemaError(Exception):
    """A request, an update or an answer that the Bot API's schema does not allow."""


@functools.cache
def method_model(method: str) -> Any | None:
    """The model of a method by its name in any case (Telegram ignores it too), or None."""
    return _method_models().get(method.lower())


@functools.cache
def _method_models() -> dict[str, Any]:
    import aiogram.methods  # noqa: PLC0415 - see the module's docstring

    models = (getattr(aiogram.methods, name) for name in aiogram.methods.__all__)
    return {
        model.__api_method__.lower(): model for model in models if hasattr(model, "model_fields") and _concrete(model)
    }


def _concrete(model: Any) -> bool:
    return isinstance(getattr(model, "__api_method__", None), str)


@functools.cache
def field_types(method: str) -> dict[str, frozenset[Any]]:
    """Field name → the types it may have, without None and aiogram's markers for defaults."""
    model = method_model(method)
    return {name: _types(field.annotation) for name, field in model.model_fields.items()} if model else {}


def _types(annotation: Any) -> frozenset[Any]:
    import aiogram.client.default  # noqa: PLC0415 - see the module's docstring

    if typing.get_origin(annotation) is typing.Annotated:
        annotation = typing.get_args(annotation)[0]
    is_union = typing.get_origin(annotation) is not None and typing.get_origin(annotation) not in {list, dict}
    members = typing.get_args(annotation) if is_union else (annotation,)
    return frozenset(member for member in members if member not in {type(None), aiogram.client.default.Default})


def typed(method: str, name: str, value: str) -> Any:
    """What a form field's text stands for, judged by the schema."""
    types = field_types(method).get(name, frozenset({str}))
    if bool in types:
        return value.lower() in {"true", "yes", "1"}
    if int in types and value.lstrip("-").isdecimal():
        return int(value)
    if types & _SCALARS or any(getattr(kind, "__name__", "") == "InputFile" for kind in types):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise bad_request(f"can't parse {name.replace('_', ' ')} JSON object") from error


def check_request(method: str, params: Json, files: Json) -> None:
    """Raises SchemaError when fields are missing, mistyped or unknown."""
    from aiogram.types import BufferedInputFile  # noqa: PLC0415 - see the module's docstring

    model = method_model(method)
    uploads = {name: BufferedInputFile(data, name) for name, data in files.items() if name in field_types(method)}
    _validate(model, {**params, **uploads}, method)


def check_update(update: Json) -> None:
    from aiogram.types import Update  # noqa: PLC0415 - see the module's docstring

    _validate(Update, update, "update")


def check_result(method: str, result: Any) -> None:
    """The fake's own answers are held to the same schema."""
    from pydantic import ValidationError  # noqa: PLC0415 - see the module's docstring

    try:
        parsed = _result_type(method.lower()).validate_python(result)
    except ValidationError as error:
        raise SchemaError(f"answer to {method}: {error}") from error
    _refuse_unknown(parsed, f"answer to {method}")


@functools.cache
def warm_up() -> None:
    """Imports and builds the models before anybody measures how long a call takes."""
    message = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private", "first_name": "x"}, "text": "x"}
    check_update({"update_id": 1, "message": message})
    check_result("sendMessage", message)
    check_request("sendMessage", {"chat_id": 1, "text": "x"}, {})


@functools.cache
def _result_type(method: str) -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415 - see the module's docstring

    return TypeAdapter(_method_models()[method].__returning__)


def _validate(model: Any, value: Json, where: str) -> None:
    from pydantic import ValidationError  # noqa: PLC0415 - see the module's docstring

    try:
        parsed = model.model_validate(value)
    except ValidationError as error:
        raise SchemaError(f"{where}: {error}") from error
    _refuse_unknown(parsed, where)


def _refuse_unknown(value: Any, where: str) -> None:
    """aiogram's models allow unknown fields; this walks through all of them and does not."""
    if isinstance(value, list):
        for item in value:
            _refuse_unknown(item, where)
        return
    if not hasattr(type(value), "model_fields"):
        return
    if value.model_extra:
        raise SchemaError(f"{where}: unknown fields {sorted(value.model_extra)} in {type(value).__name__}")
    for name in value.model_fields_set:
        _refuse_unknown(getattr(value, name), f"{where}.{name}")
