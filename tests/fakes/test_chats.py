"""Chats of all four kinds: who sees what, who may do what, and what becomes of them."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.fakes.raw import call, done, received, refused
from tests.fakes.telegram import Chat, FakeTelegram, Rates, User


@pytest.fixture
async def api() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(rates=Rates.unlimited()) as api:
        yield api


@pytest.fixture
def amina(api: FakeTelegram) -> User:
    return api.user(1, "Amina", "sw", "amina")


async def test_what_a_person_types_carries_its_entities(api: FakeTelegram, amina: User) -> None:
    await api.private(amina).say(amina, "😀 /check@reach_test_bot https://ooni.org @amina", age_s=60)
    (update,) = await received(api)
    kinds = [(entity["type"], entity["offset"], entity["length"]) for entity in update["message"]["entities"]]
    assert kinds == [("bot_command", 3, 21), ("url", 25, 16), ("mention", 42, 6)]
    assert update["message"]["from"] == amina.to_json()
    assert update["message"]["date"] <= api.now() - 60


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("/check whatsapp", True),
        ("/check@reach_test_bot whatsapp", True),
        ("/check@other_bot whatsapp", False),
        ("hello @reach_test_bot", True),
        ("hello everybody", False),
    ],
)
async def test_privacy_mode_hides_what_is_not_meant_for_the_bot(
    api: FakeTelegram, amina: User, text: str, seen: bool
) -> None:
    group = api.group(members=[amina])
    await group.say(amina, text)
    assert bool(await received(api)) is seen


async def test_replies_to_the_bot_are_seen_and_administrators_see_everything(api: FakeTelegram, amina: User) -> None:
    group = api.group(members=[amina])
    await done(api, "sendMessage", chat_id=group.id, text="x")
    await group.say(amina, "thanks", reply_to=await group.reply())
    assert [update["message"]["text"] for update in await received(api)] == ["thanks"]
    admined = api.group(chat_id=-4002, members=[amina], bot="administrator")
    await admined.say(amina, "hello everybody")
    assert len(await received(api)) == 2


async def test_an_anonymous_administrator_is_proved_by_the_sender_chat(api: FakeTelegram, amina: User) -> None:
    group = api.supergroup(admins=[amina])
    await group.say(amina, "/settings", anonymous=True)
    (update,) = await received(api)
    assert update["message"]["from"]["id"] == 1087968824
    assert update["message"]["sender_chat"]["id"] == group.id
    with pytest.raises(ValueError, match="no administrator"):
        await group.say(api.user(2, "Bilal"), "/settings", anonymous=True)


async def test_topics_have_threads_and_general_has_none(api: FakeTelegram, amina: User) -> None:
    forum = api.supergroup(topics=["Outages"], members=[amina])
    await forum.say(amina, "/check", topic="Outages")
    await forum.say(amina, "/check", topic="General")
    in_topic, in_general = (update["message"] for update in await received(api))
    assert in_topic["message_thread_id"] == forum.topic_id("Outages")
    assert in_topic["is_topic_message"]
    assert in_topic["reply_to_message"]["forum_topic_created"]["name"] == "Outages"
    assert "message_thread_id" not in in_general


async def test_closed_and_missing_topics_refuse(api: FakeTelegram, amina: User) -> None:
    forum = api.supergroup(topics=["Outages", "Old"], members=[amina])
    where = {"chat_id": forum.id, "message_thread_id": forum.topic_id("Outages"), "text": "x"}
    assert (await done(api, "sendMessage", **where))["is_topic_message"]
    forum.close_topic("Outages")
    assert await refused(api, "sendMessage", **where) == "Bad Request: TOPIC_CLOSED"
    forum.reopen_topic("Outages")
    forum.close_topic("General")
    assert await refused(api, "sendMessage", chat_id=forum.id, text="x") == "Bad Request: TOPIC_CLOSED"
    assert await refused(api, "sendMessage", **{**where, "message_thread_id": 1}) == (
        "Bad Request: message thread not found"
    )
    gone = forum.topic_id("Old")
    forum.delete_topic("Old")
    assert "thread not found" in await refused(api, "sendMessage", **{**where, "message_thread_id": gone})


async def test_replies_in_a_supergroup_carry_a_thread_that_can_be_answered(api: FakeTelegram, amina: User) -> None:
    group = api.supergroup(members=[amina])
    first = await group.say(amina, "/check")
    await group.say(amina, "/check", reply_to=first)
    reply = (await received(api))[-1]["message"]
    assert reply["message_thread_id"] == first.id
    assert "is_topic_message" not in reply
    await done(api, "sendMessage", chat_id=group.id, message_thread_id=first.id, text="x")


async def _block(chat: Chat, _: User) -> None:
    await chat.block()


async def _delete(chat: Chat, _: User) -> None:
    chat.delete()


async def _kick(chat: Chat, by: User) -> None:
    await chat.set_bot("kicked", by)


async def _remove(chat: Chat, by: User) -> None:
    await chat.set_bot("left", by)


async def _mute(chat: Chat, by: User) -> None:
    await chat.mute_bot(by)


@pytest.mark.parametrize(
    ("kind", "fate", "refusal"),
    [
        ("private", _block, (403, "Forbidden: bot was blocked by the user")),
        ("private", _delete, (403, "Forbidden: user is deactivated")),
        ("group", _kick, (403, "Forbidden: bot was kicked from the group chat")),
        ("group", _delete, (403, "Forbidden: the group chat was deleted")),
        ("supergroup", _kick, (403, "Forbidden: bot was kicked from the supergroup chat")),
        ("supergroup", _remove, (403, "Forbidden: bot is not a member of the supergroup chat")),
        ("supergroup", _mute, (400, "Bad Request: not enough rights to send text messages to the chat")),
        ("channel", _kick, (403, "Forbidden: bot was kicked from the channel chat")),
    ],
)
async def test_where_the_bot_is_not_wanted_it_is_told_so(
    api: FakeTelegram, amina: User, kind: str, fate: Callable[[Chat, User], Awaitable[None]], refusal: tuple[int, str]
) -> None:
    chat = api.private(amina) if kind == "private" else getattr(api, kind)(admins=[amina])
    await done(api, "sendMessage", chat_id=chat.id, text="x")
    await fate(chat, amina)
    answer = await call(api, "sendMessage", chat_id=chat.id, text="x")
    assert (answer["error_code"], answer["description"]) == refusal


async def test_nobody_is_written_to_who_never_started(api: FakeTelegram, amina: User) -> None:
    chat = api.private(amina, started=False)
    assert "bot can't initiate conversation" in await refused(api, "sendMessage", chat_id=1, text="x")
    await chat.say(amina, "/start")
    await done(api, "sendMessage", chat_id=1, text="x")


async def test_the_bot_hears_of_its_own_fate(api: FakeTelegram, amina: User) -> None:
    private, group = api.private(amina), api.group(members=[amina], bot=None)
    await private.block()
    await private.unblock()
    await group.set_bot("member", amina)
    await group.set_bot("kicked", amina)
    updates = await received(api)
    changes = [update["my_chat_member"] for update in updates if "my_chat_member" in update]
    statuses = [(change["old_chat_member"]["status"], change["new_chat_member"]["status"]) for change in changes]
    assert statuses == [("member", "kicked"), ("kicked", "member"), ("left", "member"), ("member", "kicked")]
    assert [update["message"]["new_chat_members"][0]["id"] for update in updates if "message" in update] == [api.me.id]


async def test_a_muted_bot_still_reads(api: FakeTelegram, amina: User) -> None:
    group = api.supergroup(members=[amina])
    await group.mute_bot(amina)
    await group.say(amina, "/check")
    mute, command = await received(api)
    assert mute["my_chat_member"]["new_chat_member"]["can_send_messages"] is False
    assert command["message"]["text"] == "/check"
    assert "photos" in await refused(api, "sendPhoto", chat_id=group.id, photo="https://example.org/x.png")


async def test_a_group_becomes_a_supergroup(api: FakeTelegram, amina: User) -> None:
    group = api.group(admins=[amina])
    successor = await group.migrate(amina)
    farewell, welcome = (update["message"] for update in await received(api))
    assert farewell["migrate_to_chat_id"] == successor.id
    assert (welcome["migrate_from_chat_id"], welcome["chat"]["id"]) == (group.id, successor.id)
    answer = await call(api, "sendMessage", chat_id=group.id, text="x")
    assert answer["description"] == "Bad Request: group chat was upgraded to a supergroup chat"
    assert answer["parameters"] == {"migrate_to_chat_id": successor.id}
    assert (await done(api, "sendMessage", chat_id=successor.id, text="x"))["chat"]["type"] == "supergroup"


async def test_a_channel_posts_without_a_sender(api: FakeTelegram, amina: User) -> None:
    channel = api.channel(admins=[amina], username="reachnews")
    await channel.post("/check")
    (update,) = await received(api)
    assert "from" not in update["channel_post"]
    assert update["channel_post"]["sender_chat"]["id"] == channel.id
    sent = await done(api, "sendMessage", chat_id="@reachnews", text="x")
    assert "from" not in sent
    await done(api, "editMessageText", chat_id=channel.id, message_id=sent["message_id"], text="y")
    await channel.set_bot("member", amina)
    assert "need administrator rights" in await refused(api, "sendMessage", chat_id=channel.id, text="x")


async def test_a_linked_channels_post_comes_from_telegram_itself(api: FakeTelegram) -> None:
    group, channel = api.supergroup(bot="administrator"), api.channel()
    await group.post_from(channel, "/check")
    (update,) = await received(api)
    assert update["message"]["from"]["id"] == 777000
    assert update["message"]["is_automatic_forward"]


async def test_members_can_be_asked_about(api: FakeTelegram, amina: User) -> None:
    bilal, clara, dina = (api.user(number, name) for number, name in ((2, "Bilal"), (3, "Clara"), (4, "Dina")))
    group = api.supergroup(creator=amina, admins=[bilal], members=[clara])
    admins = await done(api, "getChatAdministrators", chat_id=group.id)
    assert {admin["user"]["id"]: admin["status"] for admin in admins} == {1: "creator", 2: "administrator"}
    statuses = [
        (await done(api, "getChatMember", chat_id=group.id, user_id=user.id))["status"] for user in (clara, dina)
    ]
    assert statuses == ["member", "left"]
    assert (await refused(api, "getChatMember", chat_id=group.id, user_id=99)).endswith("user not found")
    assert await done(api, "getChatMemberCount", chat_id=group.id) == 4
    assert (await done(api, "getChat", chat_id=group.id))["title"] == "City"


async def test_private_chats_have_no_administrators_and_cannot_be_left(api: FakeTelegram, amina: User) -> None:
    api.private(amina)
    assert "no administrators" in await refused(api, "getChatAdministrators", chat_id=1)
    assert "private chats" in await refused(api, "leaveChat", chat_id=1)
    assert await done(api, "getChatMemberCount", chat_id=1) == 2
    assert (await done(api, "getChatMember", chat_id=1, user_id=1))["status"] == "member"


async def test_a_bot_that_left_hears_nothing_more(api: FakeTelegram, amina: User) -> None:
    group = api.group(members=[amina])
    await done(api, "leaveChat", chat_id=group.id)
    await group.say(amina, "/check")
    assert await received(api) == []


async def test_menus_are_found_by_scope_and_language(api: FakeTelegram, amina: User) -> None:
    admin = api.user(2, "Bilal", "fr")
    group, private = api.group(members=[amina], admins=[admin]), api.private(amina)

    async def put(name: str, language: str = "", **scope: object) -> None:
        commands = [{"command": name, "description": "x"}]
        await done(api, "setMyCommands", commands=commands, language_code=language, scope=scope or {"type": "default"})

    await put("all")
    await put("zote", "sw")
    await put("group", type="all_group_chats")
    await put("admin", type="all_chat_administrators")
    assert [api.menu(amina, private), api.menu(amina, group), api.menu(admin, group)] == [
        ["zote"],
        ["group"],
        ["admin"],
    ]
    await done(api, "deleteMyCommands", scope={"type": "all_group_chats"})
    assert api.menu(amina, group) == ["zote"]
    await put("here", type="chat", chat_id=group.id)
    assert (await done(api, "getMyCommands", scope={"type": "chat", "chat_id": group.id}))[0]["command"] == "here"


@pytest.mark.parametrize(
    ("command", "description", "reason"),
    [("Check", "x", "BOT_COMMAND_INVALID"), ("c" * 33, "x", "BOT_COMMAND_INVALID"), ("c", "", "DESCRIPTION_INVALID")],
)
async def test_a_bad_command_is_refused(api: FakeTelegram, command: str, description: str, reason: str) -> None:
    commands = [{"command": command, "description": description}]
    assert (await refused(api, "setMyCommands", commands=commands)).endswith(reason)


async def test_descriptions_have_a_length_and_a_language_of_two_letters(api: FakeTelegram) -> None:
    await done(api, "setMyDescription", description="x" * 512, language_code="sw")
    assert "TOO_LONG" in await refused(api, "setMyShortDescription", short_description="x" * 121)
    assert "language code" in await refused(api, "setMyDescription", description="x", language_code="pt-br")
    many = [{"command": f"c{number}", "description": "x"} for number in range(101)]
    assert "TOO_MUCH" in await refused(api, "setMyCommands", commands=many)
