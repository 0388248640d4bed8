"""Methods that ask about chats and their members."""

from tests.fakes.telegram.access import find_chat, reachable_chat
from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.model import ChatState, Member
from tests.fakes.telegram.world import Request, World

_NO_GIFTS = {
    "unlimited_gifts": False,
    "limited_gifts": False,
    "unique_gifts": False,
    "premium_subscription": False,
    "gifts_from_channels": False,
}


def get_chat(world: World, request: Request) -> Json:
    chat = _known_chat(world, request)
    return chat.to_json() | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}


def get_chat_member(world: World, request: Request) -> Json:
    chat = _known_chat(world, request)
    user = world.users.get(request.params["user_id"])
    if user is None:
        raise bad_request("user not found")
    if chat.kind == "private":
        if user not in {chat.person, world.me}:
            raise bad_request("user not found")
        return Member(user).to_json()
    return chat.member(user).to_json()


def get_chat_administrators(world: World, request: Request) -> list[Json]:
    """Other bots are left out, as Telegram does."""
    chat = _known_chat(world, request)
    if chat.kind == "private":
        raise bad_request("there are no administrators in the private chat")
    admins = (member for member in chat.members.values() if member.is_admin)
    return [admin.to_json() for admin in admins if not admin.user.is_bot or admin.user == world.me]


def get_chat_member_count(world: World, request: Request) -> int:
    chat = _known_chat(world, request)
    if chat.kind == "private":
        return 2
    return sum(member.is_present for member in chat.members.values())


def leave_chat(world: World, request: Request) -> bool:
    chat = reachable_chat(world, request.params.get("chat_id"))
    if chat.kind == "private":
        raise bad_request("chat member status can't be changed in private chats")
    chat.members[world.me.id] = Member(world.me, "left")
    world.fire(chat)
    return True


def _known_chat(world: World, request: Request) -> ChatState:
    """Private chats can be asked about even when the person has blocked the bot."""
    chat = find_chat(world, request.params.get("chat_id"))
    return chat if chat.kind == "private" else reachable_chat(world, chat.id)
