"""What answers tell from the store beside what was just measured."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from bot.alerts import hours
from bot.chat.past import Incident
from bot.checks import asked_as
from bot.incidents.model import of_service
from bot.store import StoreError

if TYPE_CHECKING:
    from datetime import tzinfo

    from bot.store import Store
    from bot.store.history import Since
    from probes.catalogue import Catalogue
    from probes.model import Report, Service

_log = logging.getLogger(__name__)


async def since(store: Store, service: Service, report: Report) -> Since | None:
    """Return since when a service has been as a report says; an answer does without where that cannot be read."""
    try:
        return await store.history.since(service.kind, asked_as(service), {report.status}, now=time.time())
    except StoreError as error:
        _log.warning("Since when it has been so could not be read: %s", error)
        return None


async def incidents_of(store: Store, catalogue: Catalogue, service: Service, since: float) -> list[Incident] | None:
    """Return the incidents of a service as its history shows them; None where nobody subscribed to it."""
    found = await store.incidents.incidents_of(of_service(service.id), since=since)
    if not found and service.id not in await store.subscriptions.services(catalogue):
        return None
    return [
        Incident(one.opened_at, one.closed_at, one.severity, one.course[-1].causes if one.course else ())
        for one in found
    ]


async def zone_of(store: Store, otherwise: str, chat: str) -> tzinfo:
    """Return the time zone of a chat."""
    listener = await store.subscriptions.of(chat) if chat else None
    return hours.zone_of((listener and listener.wishes.zone) or otherwise)
