"""Methods by which the bot gets its updates: polling and webhooks."""

import re
from urllib.parse import urlsplit

from tests.fakes.telegram.errors import Json, bad_request
from tests.fakes.telegram.world import Request, World

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


async def get_updates(world: World, request: Request) -> list[Json]:
    params = request.params
    if "allowed_updates" in params:
        world.updates.allow(params["allowed_updates"])
    return await world.updates.take(
        offset=params.get("offset", 0), limit=params.get("limit", 100), timeout_s=params.get("timeout", 0)
    )


def set_webhook(world: World, request: Request) -> bool:
    """Telegram wants https; the fake also posts to plain http on this host, where a test can listen."""
    params = request.params
    url = str(params.get("url") or "")
    parts = urlsplit(url)
    if url and parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    secret = params.get("secret_token") or ""
    if secret and not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    if "allowed_updates" in params:
        world.updates.allow(params["allowed_updates"])
    _drop_pending(world, request)
    world.updates.webhook_url, world.updates.webhook_secret = url, secret
    world.updates.changed.fire()
    return True


def delete_webhook(world: World, request: Request) -> bool:
    _drop_pending(world, request)
    world.updates.webhook_url = ""
    world.updates.changed.fire()
    return True


def get_webhook_info(world: World, _request: Request) -> Json:
    updates = world.updates
    info: Json = {"url": updates.webhook_url, "has_custom_certificate": False}
    info["pending_update_count"] = len(updates.pending)
    if updates.allowed:
        info["allowed_updates"] = sorted(updates.allowed)
    if updates.webhook_error:
        info |= {"last_error_date": world.now(), "last_error_message": updates.webhook_error}
    return info


def _drop_pending(world: World, request: Request) -> None:
    if request.params.get("drop_pending_updates"):
        world.updates.confirm(update["update_id"] for update in world.updates.pending)
