"""Which menu of commands a person sees: the narrowest that is set, their language before the general one.

https://core.telegram.org/bots/api#determining-list-of-commands
"""

import json

from tests.fakes.telegram.errors import Json
from tests.fakes.telegram.model import ChatState, User
from tests.fakes.telegram.world import World


def scope_key(scope: Json | None) -> str:
    """One spelling for each scope."""
    return json.dumps(scope or {"type": "default"}, sort_keys=True)


def menu_of(world: World, user: User, chat: ChatState) -> list[str]:
    """The names of the commands that `user` is offered in `chat`."""
    for scope in _scopes(user, chat):
        for language in (user.language_code or "", ""):
            if commands := world.commands.get((scope_key(scope), language)):
                return [command["command"] for command in commands]
    return []


def _scopes(user: User, chat: ChatState) -> list[Json]:
    here = {"chat_id": chat.id}
    if chat.kind == "private":
        return [{"type": "chat", **here}, {"type": "all_private_chats"}, {"type": "default"}]
    for_admins = [{"type": "chat_administrators", **here}], [{"type": "all_chat_administrators"}]
    of_chat, of_all = for_admins if chat.member(user).is_admin else ([], [])
    return [
        {"type": "chat_member", **here, "user_id": user.id},
        *of_chat,
        {"type": "chat", **here},
        *of_all,
        {"type": "all_group_chats"},
        {"type": "default"},
    ]
