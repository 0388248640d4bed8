"""From a report to readings: what one measurement says of the service, of its standings, and of this host. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.incidents.model import HOST, Claim, Reading, in_directory, of_service
from probes.model import Cause, Confidence, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from probes.model import Baseline, DirectoryFinding, Report

_NETWORK: Mapping[str, Cause] = {
    "offline": Cause.HOST_OFFLINE,
    "captive": Cause.HOST_CAPTIVE_PORTAL,
    "allowlist": Cause.NETWORK_ALLOWLIST,
}
_STANDING = {"listed": Status.OK, "delisted": Status.BLOCKED}
_BLAMES = frozenset({Status.BLOCKED, Status.DEGRADED, Status.DOWN})
_IMPAIRED = _BLAMES
INCONCLUSIVE = Claim(status=Status.INCONCLUSIVE, confidence=Confidence.POSSIBLE)


def readings(report: Report, measured_at: float) -> tuple[Reading, ...]:
    """Return what a report says: of the host, of the service, and of its standing in each directory.

    While the host itself is in trouble, nothing is said against anybody else.
    """
    spoilt = _trouble(report.baseline) is not None
    claims = {HOST: _host(report), of_service(report.target): _service(report)}
    claims |= {in_directory(found.id, report.target): _standing(found) for found in report.directories}
    return tuple(
        Reading(
            subject=subject,
            at=measured_at,
            claim=INCONCLUSIVE if spoilt and subject != HOST and claim.status in _BLAMES else claim,
            source=report.target,
        )
        for subject, claim in claims.items()
    )


def _trouble(baseline: Baseline) -> Cause | None:
    broken = Cause.HOST_RESOLVER_BROKEN if baseline.resolver == "broken" else None
    return _NETWORK.get(baseline.network, broken)


def _host(report: Report) -> Claim:
    """The host is well where its baseline says so, which is certain only where somebody else was blamed after it.

    A service that works shows that this host is online, and no more: listed sites work behind an allow-list as well.
    """
    if report.status is Status.OK:
        return Claim(status=Status.OK, confidence=Confidence.LIKELY)
    if trouble := _trouble(report.baseline):
        return Claim(status=Status.DOWN, confidence=Confidence.CONFIRMED, causes=(trouble,))
    return Claim(status=Status.OK, confidence=Confidence.CONFIRMED) if report.status in _BLAMES else INCONCLUSIVE


def _service(report: Report) -> Claim:
    return Claim(
        status=report.status,
        confidence=report.confidence,
        causes=report.causes if report.status in _BLAMES else (),
        components=tuple(component.id for component in report.components if component.status in _IMPAIRED),
        beyond_dns=report.beyond_dns,
    )


def _standing(found: DirectoryFinding) -> Claim:
    status = _STANDING.get(found.status, Status.INCONCLUSIVE)
    return Claim(status=status, causes=(Cause.DNS_DELISTED,) if status is Status.BLOCKED else ())
