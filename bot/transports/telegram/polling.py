"""Updates one by one, whatever Telegram, the network or a single broken update does.

What an update says is `bot.transports.telegram.transport`'s affair.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from telegram import Update
from telegram.error import Conflict, EndPointNotFound, InvalidToken, RetryAfter, TelegramError

from bot.transports.errors import TransportError
from bot.transports.telegram.calls import seconds

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from telegram import Bot

_log = logging.getLogger(__name__)

ALLOWED_UPDATES = (
    Update.MESSAGE,
    Update.CALLBACK_QUERY,
    Update.MY_CHAT_MEMBER,
    Update.INLINE_QUERY,
    Update.CHOSEN_INLINE_RESULT,
    Update.GUEST_MESSAGE,
)
"""Telegram keeps nothing else for the bot: edited messages, say, are not to be answered twice."""
POLL_S = 30
"""How long Telegram may keep a poll waiting."""
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_CONFIRM_S = 1.0
_READ_S = 10
"""How much later than asked an answer may come."""
_MOST_AT_ONCE = 100
REFUSED = "Telegram refuses TELEGRAM_BOT_TOKEN: ask @BotFather for the right one"


_GET_UPDATES = "get_Updates"
"""getUpdates, written so that python-telegram-bot hands out its result as it came: it would read all of it or nothing,
and ask for a batch with one malformed update for ever."""


async def until_reachable(bot: Bot, prepare: Callable[[], Awaitable[object]]) -> None:
    """Open the bot and prepare it, however long Telegram stays out of reach.

    Raises `TransportError` for a refused token, and what of that kind `prepare` raises.
    """
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            await bot.initialize()
            await prepare()
        except InvalidToken as error:
            raise TransportError(REFUSED) from error
        except TelegramError as error:
            pause_s = await _rest(error, pause_s)
        else:
            return


async def updates(bot: Bot) -> AsyncGenerator[Update, None]:
    """Yield what people do, for ever. Raises `TransportError` for a refused token.

    An update counts as taken when the next one is asked for, or when the iterator is closed.
    """
    offset: int | None = None
    pause_s = _FIRST_PAUSE_S
    try:
        while True:
            began_s = asyncio.get_running_loop().time()
            try:
                batch = await _poll(bot, offset, POLL_S)
            except InvalidToken as error:
                raise TransportError(REFUSED) from error
            except TelegramError as error:
                pause_s = await _rest(error, pause_s)
                continue
            pause_s = _FIRST_PAUSE_S
            for update in batch:
                offset = update.update_id + 1
                yield update
            if not batch and asyncio.get_running_loop().time() - began_s < _FIRST_PAUSE_S:
                await asyncio.sleep(_FIRST_PAUSE_S)  # no long poll ends that soon: something between answers for it
    finally:
        if offset is not None:
            await _confirm(bot, offset)


async def _poll(bot: Bot, offset: int | None, timeout_s: int, limit: int = _MOST_AT_ONCE) -> Sequence[Update]:
    """Return what is new; an empty update stands for one that cannot be read. Raises `TelegramError`."""
    asked = {"offset": offset, "timeout": timeout_s, "limit": limit, "allowed_updates": ALLOWED_UPDATES}
    try:
        found = await bot.do_api_request(_GET_UPDATES, asked, read_timeout=timeout_s + _READ_S)
    except EndPointNotFound as error:  # what python-telegram-bot makes of 404 here
        raise InvalidToken(str(error)) from error
    return [update for raw in found if (update := _read(raw, bot))]


def _read(raw: Any, bot: Bot) -> Update | None:  # noqa: ANN401 -- JSON from outside
    update_id = raw.get("update_id") if isinstance(raw, dict) else None
    if not isinstance(update_id, int):
        _log.error("An update without an id cannot even be passed over")
        return None
    try:
        return Update.de_json(raw, bot)
    except Exception:  # noqa: BLE001 -- whatever a malformed update leads the library into
        _log.exception("Update %s cannot be read and is passed over", update_id)
        return Update(update_id)


async def _confirm(bot: Bot, offset: int) -> None:
    """Tell Telegram what was taken, so that it is not handed out again after a restart."""
    try:
        async with asyncio.timeout(_CONFIRM_S):
            await _poll(bot, offset, 0, limit=1)
    except (TelegramError, TimeoutError) as error:
        _log.warning("The last updates may come again: %s", error)


async def _rest(error: TelegramError, pause_s: float) -> float:
    """Wait before the next try, and return how long to wait after that one."""
    if isinstance(error, RetryAfter):
        await asyncio.sleep(seconds(error))
        return pause_s
    if isinstance(error, Conflict):
        _log.error("Another process polls Telegram with the same token; stop one of the two")
    else:
        _log.warning("Telegram cannot be reached, next try in %.0f s: %s", pause_s, error)
    await asyncio.sleep(pause_s)
    return min(2 * pause_s, _LONGEST_PAUSE_S)
