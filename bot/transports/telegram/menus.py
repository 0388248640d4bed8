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
from bot.chat.language import LANGUAGES, say, speaking
from bot.transports.telegram.calls import quietly

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from telegram import Bot, BotCommandScope

_log = logging.getLogger(__name__)

_PRIVATE = {Shown.TO_ALL, Shown.IN_PRIVATE, Shown.TO_ADMINS}
_GROUP = {Shown.TO_ALL}
_GROUP_ADMINS = {Shown.TO_ALL, Shown.TO_ADMINS}
_BOT_ADMINS = {*_PRIVATE, Shown.TO_OPERATORS}


async def publish(bot: Bot, admin_ids: Collection[int], otherwise: str) -> None:
    """Show people the menus, `otherwise` being for whoever speaks none of our languages.

    A failure costs a menu, nothing else.
    """
    try:
        for language in dict.fromkeys((otherwise, *LANGUAGES)):
            with speaking(language):
                await _publish(bot, admin_ids, None if language == otherwise else language)
    except Exception:  # noqa: BLE001 -- whatever it is that was answered, questions go before menus
        _log.exception("The menus are not shown")


async def _publish(bot: Bot, admin_ids: Iterable[int], language: str | None) -> None:
    """Show the menus in the language spoken to those who have this one, or none that there is a menu in."""
    for scope, shown in _scopes(admin_ids):
        await quietly(partial(_show, bot, scope, shown, language), "A menu is not shown")
    await quietly(partial(_describe, bot, language), "The description is not shown")


def _scopes(admin_ids: Iterable[int]) -> Iterator[tuple[BotCommandScope, set[Shown]]]:
    yield BotCommandScopeAllPrivateChats(), _PRIVATE
    yield BotCommandScopeAllGroupChats(), _GROUP
    yield BotCommandScopeAllChatAdministrators(), _GROUP_ADMINS
    yield from ((BotCommandScopeChat(admin_id), _BOT_ADMINS) for admin_id in admin_ids)


async def _show(bot: Bot, scope: BotCommandScope, shown: Collection[Shown], language: str | None) -> None:
    menu = [BotCommand(name, say(words.MENU[name])) for name, to in COMMANDS.items() if to in shown]
    if list(await bot.get_my_commands(scope=scope, language_code=language)) != menu:
        await bot.set_my_commands(menu, scope=scope, language_code=language)


async def _describe(bot: Bot, language: str | None) -> None:
    """Say what an empty chat and the bot's profile show."""
    about, short = say(words.ABOUT), say(words.ABOUT_SHORT)
    if (await bot.get_my_description(language_code=language)).description != about:
        await bot.set_my_description(about, language_code=language)
    if (await bot.get_my_short_description(language_code=language)).short_description != short:
        await bot.set_my_short_description(short, language_code=language)
