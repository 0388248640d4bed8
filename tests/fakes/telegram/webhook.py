"""Posting updates to a webhook, one after the other, each again until it is taken."""

import asyncio
from typing import NoReturn

import aiohttp

from tests.fakes.telegram.updates import Updates

_AGAIN_AFTER_S = 0.05
_TIMEOUT = aiohttp.ClientTimeout(total=5)
_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


async def deliver(updates: Updates) -> NoReturn:
    """Runs until cancelled; sends the eldest pending update whenever a webhook is set."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        while True:
            await updates.changed.wait_for(lambda: updates.webhook_url and updates.pending, timeout_s=None)
            update = updates.pending[0]
            updates.webhook_error = await _post(session, updates, update)
            if updates.webhook_error:
                await asyncio.sleep(_AGAIN_AFTER_S)
            else:
                updates.confirm([update["update_id"]])


async def _post(session: aiohttp.ClientSession, updates: Updates, update: object) -> str:
    """What went wrong; empty when the update was taken."""
    headers = {_SECRET_HEADER: updates.webhook_secret} if updates.webhook_secret else {}
    try:
        async with session.post(updates.webhook_url, json=update, headers=headers) as response:
            return "" if response.ok else f"Wrong response from the webhook: {response.status} {response.reason}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"Connection failed: {type(error).__name__}"
