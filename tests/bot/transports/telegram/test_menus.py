"""Each person is offered what they may do where they are; what Telegram shows already is not written again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.chat import commands, words
from bot.chat.language import LANGUAGES, speaking
from bot.chat.language import say as said
from tests.bot.transports.telegram.served import say
from tests.fakes.telegram import faults

if TYPE_CHECKING:
    from tests.bot.transports.telegram.served import Bot
    from tests.fakes.telegram import User


async def published(bot: Bot, times: int) -> None:
    await bot.api.until(lambda: len(bot.api.called("getMyShortDescription")) == times * len(LANGUAGES), "menus")
    await bot.api.until(lambda: all(call.answer for call in bot.api.calls if call.method != "getUpdates"), "menus")


async def test_menus_follow_the_place_and_the_person(bot: Bot, amina: User) -> None:
    boss, owner = bot.api.user(2, "Boss"), bot.api.user(3, "Owner")
    group = bot.api.supergroup(members=[amina], admins=[boss])
    bot.api.private(owner)
    async with bot.serving(admin_ids=(3,)):
        await bot.api.until(lambda: len(bot.api.descriptions) == 2 * len(LANGUAGES), "menus")
    assert "forget" in bot.api.menu(amina, bot.api.private(amina))
    assert "forget" not in bot.api.menu(amina, group)
    assert "forget" in bot.api.menu(boss, group)
    assert bot.api.menu(owner, bot.api.private(owner))
    assert bot.api.descriptions["description", ""] == words.ABOUT
    assert bot.api.descriptions["short_description", ""] == words.ABOUT_SHORT
    with speaking("ru"):
        assert bot.api.descriptions["description", "ru"] == said(words.ABOUT) != words.ABOUT


async def test_what_is_shown_already_is_not_written_again(bot: Bot) -> None:
    for times in (1, 2):
        async with bot.serving():
            await published(bot, times)
    assert len(bot.api.called("setMyCommands")) == 3 * len(LANGUAGES)
    assert len(bot.api.called("setMyDescription")) == len(LANGUAGES)


async def test_a_menu_that_cannot_be_shown_costs_nothing_else(
    bot: Bot, amina: User, caplog: pytest.LogCaptureFixture
) -> None:
    bot.api.fault("setMyCommands", faults.bad_gateway())
    bot.api.fault("getMyDescription", faults.error(429, "Too Many Requests: retry after 90", {"retry_after": 90}))
    async with bot.serving(admin_ids=(99,)):  # an administrator who never wrote to the bot
        chat = bot.api.private(amina)
        await say(chat, "/help")
        await chat.reply()
        await bot.api.until(lambda: bot.api.called("getMyDescription"), "menus")
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("command", sorted(commands.COMMANDS))
async def test_every_command_that_is_offered_is_known(bot: Bot, amina: User, command: str) -> None:
    async with bot.serving(admin_ids=(amina.id,)):
        chat = bot.api.private(amina)
        await say(chat, f"/{command}")
        assert "I do not know the command" not in (await chat.reply()).text
