"""Rules for the first suspect, the host that measures: they speak before anybody else is blamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.model import Cause, Confidence, Status
from probes.rules.table import Rule, say

if TYPE_CHECKING:
    from probes.evidence import Evidence
    from probes.model import Finding


def host_offline(evidence: Evidence) -> Finding | None:
    """Nothing works here: neither the service nor any site, resolver or connectivity check that it is held against.

    This host itself is offline, and can say nothing of the service. Not said where any server has shown a certificate.
    """
    heard = any(flow.tls is not None and flow.tls.chain for flow in evidence.flows)
    if evidence.baseline is None or evidence.baseline.network != "offline" or heard:
        return None
    return say(Status.INCONCLUSIVE, Confidence.CONFIRMED, Cause.HOST_OFFLINE, because=evidence.baseline_ids)


def captive_portal(evidence: Evidence) -> Finding | None:
    """The service does not work, and connectivity checks are answered by somebody else: a page, a redirect to a login.

    This host is behind a captive portal, and can say nothing of the service.
    """
    if evidence.baseline is None or evidence.baseline.network != "captive":
        return None
    return say(Status.INCONCLUSIVE, Confidence.CONFIRMED, Cause.HOST_CAPTIVE_PORTAL, because=evidence.baseline_ids)


def allowlist(evidence: Evidence) -> Finding | None:
    """The service does not work, nor does any ordinary site; sites that allow-lists are known to contain do.

    Only listed sites work here. That is said of the network, and nothing is said of the service.
    """
    if evidence.baseline is None or evidence.baseline.network != "allowlist":
        return None
    return say(Status.INCONCLUSIVE, Confidence.CONFIRMED, Cause.NETWORK_ALLOWLIST, because=evidence.baseline_ids)


RULES = (
    Rule("host.offline", host_offline),
    Rule("host.captive_portal", captive_portal),
    Rule("host.allowlist", allowlist),
)
