"""Methods about the bot itself: who it is, its menus of commands, its descriptions."""

import re

from tests.fakes.telegram.access import find_chat
from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.menus import scope_key
from tests.fakes.telegram.world import Request, World

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"[a-z]{2}")
_MAX_COMMANDS = 100
_MAX_COMMAND_DESCRIPTION = 256
_MAX_DESCRIPTION = 512
_MAX_SHORT_DESCRIPTION = 120


def get_me(world: World, _request: Request) -> Json:
    return world.me.to_json() | {
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": True,
        "supports_guest_queries": True,
    }


def set_my_commands(world: World, request: Request) -> bool:
    commands = request.params["commands"]
    if len(commands) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(command["command"].removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(command["description"]) <= _MAX_COMMAND_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    world.commands[_menu(world, request)] = commands
    return True


def delete_my_commands(world: World, request: Request) -> bool:
    world.commands.pop(_menu(world, request), None)
    return True


def get_my_commands(world: World, request: Request) -> list[Json]:
    return world.commands.get(_menu(world, request), [])


def set_my_description(world: World, request: Request) -> bool:
    return _describe(world, request, "description", _MAX_DESCRIPTION)


def set_my_short_description(world: World, request: Request) -> bool:
    return _describe(world, request, "short_description", _MAX_SHORT_DESCRIPTION)


def get_my_description(world: World, request: Request) -> Json:
    return {"description": world.descriptions.get(("description", _language(request)), "")}


def get_my_short_description(world: World, request: Request) -> Json:
    return {"short_description": world.descriptions.get(("short_description", _language(request)), "")}


def _menu(world: World, request: Request) -> tuple[str, str]:
    scope = request.params.get("scope") or {"type": "default"}
    if "chat_id" in scope:
        find_chat(world, scope["chat_id"])
    return scope_key(scope), _language(request)


def _describe(world: World, request: Request, kind: str, limit: int) -> bool:
    text = request.params.get(kind) or ""
    if len(text) > limit:
        raise bad_request("BOT_DESCRIPTION_TOO_LONG")
    world.descriptions[kind, _language(request)] = text
    return True


def _language(request: Request) -> str:
    """Telegram takes ISO 639-1 codes of two letters only: `pt-br` is refused."""
    language = request.params.get("language_code") or ""
    if language and not _LANGUAGE.fullmatch(language):
        raise bad_request("invalid language code specified")
    return str(language)
