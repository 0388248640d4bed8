"""Updates as Telegram sends them: an HTTP server behind whatever ends TLS, and proof that it is Telegram who calls.

The other way, asking for updates, is `bot.transports.telegram.polling`'s.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import secrets
from collections import OrderedDict
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Bot, Update
from telegram.error import BadRequest

from bot.transports.errors import TransportError
from bot.transports.telegram.polling import ALLOWED_UPDATES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from bot.config import Settings

_log = logging.getLogger(__name__)

_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_MOST_BYTES = 2**20
_MOST_WAITING = 200
"""Updates; with as many, Telegram is told to come back."""
_MOST_REMEMBERED = 1000
"""Ids of updates that came: Telegram sends one again whose confirmation got lost."""
_MOST_CONNECTIONS = 40
_CLOSE_S = 0.5


@dataclass
class Webhook:
    """Where Telegram sends updates, and those that it sent."""

    url: str
    secret: str
    host: str
    port: int
    bot: Bot
    waiting: asyncio.Queue[Update] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))
    _seen: OrderedDict[int, None] = field(default_factory=OrderedDict)

    async def register(self) -> None:
        """Tell Telegram. Raises `TransportError` where it does not like the address, `TelegramError` otherwise."""
        try:
            await self.bot.set_webhook(
                self.url,
                secret_token=self.secret,
                allowed_updates=ALLOWED_UPDATES,
                max_connections=_MOST_CONNECTIONS,
            )
        except BadRequest as error:
            raise TransportError(f"Telegram refuses WEBHOOK_URL: {error.message}") from error

    async def receive(self, request: web.Request) -> web.Response:
        """Take one update. Whatever is not understood is confirmed too, or it would come again and again."""
        given = request.headers.get(_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self.secret.encode()):
            _log.warning("Somebody calls the webhook without the secret")
            return web.Response(status=403)
        body = await request.read()
        update = _read(body, self.bot)
        if update is None or update.update_id in self._seen:
            return web.Response()
        try:
            self.waiting.put_nowait(update)
        except asyncio.QueueFull:
            return web.Response(status=503)
        self._seen[update.update_id] = None
        if len(self._seen) > _MOST_REMEMBERED:
            self._seen.popitem(last=False)
        return web.Response()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Take calls for as long as the context lasts. Raises OSError where the port cannot be had."""
        app = web.Application(client_max_size=_MOST_BYTES)
        app.router.add_post(urlsplit(self.url).path or "/", self.receive)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_S)
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
            yield
        finally:
            await runner.cleanup()


def webhook(bot: Bot, settings: Settings) -> Webhook | None:
    """Return the webhook that is configured, if one is."""
    if settings.webhook_url is None:
        return None
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else secrets.token_urlsafe(32)
    return Webhook(settings.webhook_url, secret, settings.webhook_host, settings.webhook_port, bot)


async def updates(hook: Webhook) -> AsyncGenerator[Update, None]:
    """Yield what people do, for ever; Telegram keeps what it cannot deliver once the iterator is closed."""
    async with hook.listening():
        while True:
            yield await hook.waiting.get()


def _read(body: bytes, bot: Bot) -> Update | None:
    try:
        update = Update.de_json(json.loads(body), bot)
        return update if isinstance(update.update_id, int) else None
    except Exception:  # noqa: BLE001 -- whatever a malformed update leads the library into
        _log.exception("An update cannot be read and is passed over")
        return None
