"""The menus of commands, each person's by where they are and what they may, and what the bot says of itself.

A menu is written only where Telegram has another one: it limits such writes in ways that it does not publish.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from telegram import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)

from bot.chat import words
from bot.chat.commands import COMMANDS, Shown
from bot.transports.telegram.calls import quietly

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from telegram import Bot, BotCommandScope

_log = logging.getLogger(__name__)

_PRIVATE = {Shown.TO_ALL, Shown.IN_PRIVATE, Shown.TO_ADMINS}
_GROUP = {Shown.TO_ALL}
_GROUP_ADMINS = {Shown.TO_ALL, Shown.TO_ADMINS}
_BOT_ADMINS = {*_PRIVATE, Shown.TO_OPERATORS}


async def publish(bot: Bot, admin_ids: Iterable[int]) -> None:
    """Show people the menus. A failure costs a menu, nothing else."""
    try:
        for scope, shown in _scopes(admin_ids):
            await quietly(partial(_show, bot, scope, shown), "A menu is not shown")
        await quietly(partial(_describe, bot), "The description is not shown")
    except Exception:  # noqa: BLE001 -- whatever it is that was answered, questions go before menus
        _log.exception("The menus are not shown")


def _scopes(admin_ids: Iterable[int]) -> Iterator[tuple[BotCommandScope, set[Shown]]]:
    yield BotCommandScopeAllPrivateChats(), _PRIVATE
    yield BotCommandScopeAllGroupChats(), _GROUP
    yield BotCommandScopeAllChatAdministrators(), _GROUP_ADMINS
    yield from ((BotCommandScopeChat(admin_id), _BOT_ADMINS) for admin_id in admin_ids)


async def _show(bot: Bot, scope: BotCommandScope, shown: Collection[Shown]) -> None:
    menu = [BotCommand(name, words.MENU[name]) for name, to in COMMANDS.items() if to in shown]
    if list(await bot.get_my_commands(scope=scope)) != menu:
        await bot.set_my_commands(menu, scope=scope)


async def _describe(bot: Bot) -> None:
    """Say what an empty chat and the bot's profile show."""
    if (await bot.get_my_description()).description != words.ABOUT:
        await bot.set_my_description(words.ABOUT)
    if (await bot.get_my_short_description()).short_description != words.ABOUT_SHORT:
        await bot.set_my_short_description(words.ABOUT_SHORT)
