"""Requests off the wire: the four ways of passing parameters that the Bot API takes, and answers back onto it."""

import json
from typing import Any

from aiohttp import web

from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.schema import typed
from tests.fakes.telegram.world import Request


async def read_request(http: web.Request, method: str) -> Request:
    """Parameters from the query string and from a form, multipart or JSON body. Raises ApiError 400."""
    texts: dict[str, str] = dict(http.query)
    files: dict[str, bytes] = {}
    if http.content_type == "application/json":
        return Request(method, _typed(method, {**texts, **await _json_body(http)}))
    if http.content_type == "multipart/form-data":
        async for part in await http.multipart():
            await _read_part(part, texts, files)
    elif http.can_read_body:
        texts |= {key: str(value) for key, value in (await http.post()).items()}
    return Request(method, _typed(method, texts), files)


def _typed(method: str, given: Json) -> Json:
    """Texts become what the schema wants; a JSON body may carry them too, as Telegram allows."""
    return {name: typed(method, name, value) if isinstance(value, str) else value for name, value in given.items()}


async def _json_body(http: web.Request) -> Json:
    try:
        body = await http.json()
    except ValueError as error:
        raise bad_request("can't parse JSON object") from error
    if not isinstance(body, dict):
        raise bad_request("JSON object expected")
    return body


async def _read_part(part: Any, texts: dict[str, str], files: dict[str, bytes]) -> None:
    data = bytes(await part.read(decode=True))
    if part.filename is None:
        texts[part.name] = data.decode()
    else:
        files[part.name] = data


def json_response(answer: Json) -> web.Response:
    return web.Response(
        status=200 if answer["ok"] else int(answer["error_code"]),
        body=json.dumps(answer, ensure_ascii=False).encode(),
        content_type="application/json",
    )
