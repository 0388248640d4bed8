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
from bot.transports.telegram.calls import quietly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from telegram import Bot, BotCommandScope

_log = logging.getLogger(__name__)

_ASKING = ("check", "works", "news", "services")
_PRIVATE = (*_ASKING, "again", "language", "privacy", "forget", "help")
_GROUP = (*_ASKING, "help")
_GROUP_ADMINS = (*_ASKING, "language", "privacy", "forget", "help")
_BOT_ADMINS = (*_PRIVATE, "feeds")
COMMANDS = frozenset({*_PRIVATE, *_GROUP, *_GROUP_ADMINS, *_BOT_ADMINS, "start"})
"""Every command that there is, those in no menu included."""


async def publish(bot: Bot, admin_ids: Iterable[int]) -> None:
    """Show people the menus. A failure costs a menu, nothing else."""
    try:
        for scope, names in _scopes(admin_ids):
            await quietly(partial(_show, bot, scope, names), "A menu is not shown")
        await quietly(partial(_describe, bot), "The description is not shown")
    except Exception:  # noqa: BLE001 -- whatever it is that was answered, questions go before menus
        _log.exception("The menus are not shown")


def _scopes(admin_ids: Iterable[int]) -> Iterator[tuple[BotCommandScope, tuple[str, ...]]]:
    yield BotCommandScopeAllPrivateChats(), _PRIVATE
    yield BotCommandScopeAllGroupChats(), _GROUP
    yield BotCommandScopeAllChatAdministrators(), _GROUP_ADMINS
    yield from ((BotCommandScopeChat(admin_id), _BOT_ADMINS) for admin_id in admin_ids)


async def _show(bot: Bot, scope: BotCommandScope, names: Iterable[str]) -> None:
    menu = [BotCommand(name, words.MENU[name]) for name in names]
    if list(await bot.get_my_commands(scope=scope)) != menu:
        await bot.set_my_commands(menu, scope=scope)


async def _describe(bot: Bot) -> None:
    """Say what an empty chat and the bot's profile show."""
    if (await bot.get_my_description()).description != words.ABOUT:
        await bot.set_my_description(words.ABOUT)
    if (await bot.get_my_short_description()).short_description != words.ABOUT_SHORT:
        await bot.set_my_short_description(words.ABOUT_SHORT)
