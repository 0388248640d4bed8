"""Changes of incidents, as the store hands them out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bot.incidents import Change, Severity, Subject, in_directory, of_service
from bot.store.incidents import StoredChange
from probes.model import Cause, Confidence, Status

NOON = 1_795_435_200.0
"""2026-11-23 12:00 UTC, a Monday."""
WHATSAPP = of_service("whatsapp")
TELEGRAM = of_service("telegram")
SIGNAL = of_service("signal")
DELISTED = in_directory("nsdi", "whatsapp")
_SEVERITY: dict[Status, Severity] = {
    Status.BLOCKED: "block",
    Status.DEGRADED: "degradation",
    Status.DOWN: "outage",
    Status.OK: "block",
}


def opened(
    subject: Subject = WHATSAPP, status: Status = Status.BLOCKED, *, at: float = NOON, incident: int = 1, **more: Any
) -> Change:
    severity = _SEVERITY[status] if subject.kind == "service" else subject.kind
    plain = Change(
        subject=subject,
        what="opened",
        severity=severity,
        at=at,
        since=at - 120,
        opened_at=at - 120,
        status=status,
        confidence=Confidence.CONFIRMED,
        causes=(Cause.TLS_SNI_RESET,) if subject.kind == "service" else (Cause.DNS_DELISTED,),
        previous_status=Status.OK,
        incident=incident,
    )
    return replace(plain, **more)


def changed(before: Change, *, at: float, **more: Any) -> Change:
    status = more.pop("status", before.status)
    plain = replace(
        before,
        what="changed",
        at=at,
        since=at - 60,
        status=status,
        severity=_SEVERITY[status],
        previous_status=before.status,
        previous_causes=before.causes,
        well_at=None,
    )
    return replace(plain, **more)


def closed(before: Change, *, at: float, **more: Any) -> Change:
    begin = before.opened_at or before.since
    plain = replace(
        before,
        what="closed",
        at=at,
        since=at - 60,
        status=Status.OK,
        causes=(),
        previous_status=before.status,
        previous_causes=before.causes,
        duration_s=at - 60 - begin,
        well_at=None,
    )
    return replace(plain, **more)


def flapping(before: Change, *, at: float, times: int = 4, **more: Any) -> Change:
    return replace(before, what="flapping", at=at, since=at - 3600, times=times, well_at=None, **more)


def settled(before: Change, *, at: float, status: Status = Status.OK, **more: Any) -> Change:
    well = {"causes": (), "opened_at": None, "incident": None} if status is Status.OK else {}
    return replace(before, what="settled", at=at, since=at - 3600, status=status, **{**well, **more})


def stored(*changes: Change, after: int = 0) -> list[StoredChange]:
    return [StoredChange(number, change) for number, change in enumerate(changes, start=after + 1)]
