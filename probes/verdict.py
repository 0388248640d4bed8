"""From evidence to findings, and from findings to a report. Pure; the rules themselves stand in `probes.rules`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from probes.model import Cause, ComponentFinding, Confidence, Finding, Status
from probes.rules import address, flow, handshake, host, names, protocol, response
from probes.rules.table import Suspect, first_match, ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from probes.evidence import Evidence
    from probes.model import Component, Endpoint
    from probes.observations import OutsideObservation
    from probes.trials import Flow

BeyondDns = Literal["ok", "blocked", "unknown"]

_RULES_BY_LAYER = {
    "tcp": address.RULES,
    "tls": handshake.RULES,
    "http": response.RULES,
    "mtproto": protocol.MTPROTO_RULES,
    "quic": protocol.QUIC_RULES,
    "stun": protocol.STUN_RULES,
}
_CERTAINTY = (Confidence.CONFIRMED, Confidence.LIKELY, Confidence.POSSIBLE)
_GRAVITY = (Status.BLOCKED, Status.DEGRADED, Status.INCONCLUSIVE, Status.DOWN, Status.OK)
"""Gravest first; `down` is said only where nothing remains unclear."""
_UNHEARD = frozenset({"address.unclear"})
"""Rules that speak where nobody was heard here; nothing at all was said where there was no time."""
_WORKS = frozenset({Status.OK, Status.DEGRADED})
_NARROW = frozenset({Cause.NETWORK_ALLOWLIST, Cause.HOST_CAPTIVE_PORTAL})
NOT_INTERFERENCE = frozenset(
    {
        Cause.HOST_OFFLINE,
        Cause.HOST_CAPTIVE_PORTAL,
        Cause.HOST_RESOLVER_BROKEN,
        Cause.SERVICE_DOWN,
        Cause.SERVICE_DNS_DEAD,
        Cause.SERVICE_CERTIFICATE,
        Cause.SERVICE_REFUSES,
        Cause.NO_OUTSIDE_CONTROL,
        Cause.NOT_MEASURED,
    }
)


@dataclass(frozen=True, slots=True)
class EndpointFinding:
    """What is said of one endpoint, and whether an honest resolver alone would help it."""

    finding: Finding
    beyond_dns: BeyondDns
    applies: bool = True
    """False where this host has no IP version to reach the endpoint by."""

    @property
    def is_final(self) -> bool:
        """As sure as can be, and known to its end: more evidence would not change it."""
        nobody_to_blame = self.finding.status in {Status.INCONCLUSIVE, Status.DOWN}
        return self.finding.confidence is Confidence.CONFIRMED and (nobody_to_blame or self.beyond_dns != "unknown")


def not_measured(*because: str) -> Finding:
    """Return what is said where the budget ran out before there was anything to say."""
    return Finding(
        status=Status.INCONCLUSIVE,
        confidence=Confidence.POSSIBLE,
        causes=(Cause.NOT_MEASURED,),
        because=because,
        rules=("not_measured",),
    )


# --- one endpoint ----------------------------------------------------------------------------------------------------


def judge(evidence: Evidence) -> EndpointFinding | None:
    """Say what the evidence supports; None while it supports nothing yet."""
    if not evidence.applies:
        return EndpointFinding(not_measured(), "unknown", applies=False)
    here = _judge_addresses(evidence, evidence.system_addresses)
    name = names.Name(evidence)
    if here is not None and (sure := _judge_own_word(name, here)) is not None:
        return sure
    baseline = first_match(host.RULES, evidence)
    if baseline is not None:
        return EndpointFinding(baseline, "unknown")
    doubt = None if evidence.literal else first_match(names.RULES, name)
    if doubt is not None:
        return _judge_beyond(evidence, doubt, here)
    if here is not None and here.status is Status.INCONCLUSIVE:
        here = _judge_transfers(evidence) or here
    if here is None:
        return None
    return _working(evidence, here) if here.status in _WORKS else EndpointFinding(here, _helps(here))


def _judge_own_word(name: names.Name, here: Finding) -> EndpointFinding | None:
    """Say what needs no look at the name and at this host, as the service itself has answered."""
    evidence = name.evidence
    if here.status in _WORKS:
        return _working(evidence, here) if evidence.literal or name.vouched else None
    told = (flow for address in evidence.system_addresses for flow in evidence.at(address))
    heard = any(flow.works and flow.proves_name for flow in told)
    return EndpointFinding(here, "unknown") if here.status is Status.DOWN and heard else None


def _working(evidence: Evidence, here: Finding) -> EndpointFinding:
    found = _judge_transfers(evidence) or here
    told = first_match(names.WORKING_RULES, names.Name(evidence))
    return EndpointFinding(_merge(found, told) if told is not None else found, "ok")


def _judge_beyond(evidence: Evidence, name: Finding, here: Finding | None) -> EndpointFinding:
    """Where the name is the trouble, see whether the honest addresses would work."""
    if name.status is Status.DOWN:
        return EndpointFinding(name, "unknown")
    false = set(names.Name(evidence).false_addresses)
    beyond = _judge_addresses(evidence, [a for a in evidence.honest_addresses if a not in false])
    if name.status is Status.INCONCLUSIVE:
        stronger = here is not None and here.status is Status.BLOCKED
        return EndpointFinding(here if stronger and here else name, _helps(beyond))
    more = beyond if beyond is not None and beyond.status is Status.BLOCKED else _judge_transfers(evidence)
    if more is not None:
        sure = [found.confidence for found in (name, more) if found.status is Status.BLOCKED]
        name = replace(_merge(name, more), confidence=min(sure, key=_CERTAINTY.index))  # either is enough to stop it
    return EndpointFinding(name, _helps(beyond))


def _helps(beyond: Finding | None) -> BeyondDns:
    if beyond is None:
        return "unknown"
    if beyond.status in _WORKS:
        return "ok"
    return "blocked" if beyond.status is Status.BLOCKED else "unknown"


def _merge(first: Finding, second: Finding) -> Finding:
    return replace(
        first,
        causes=tuple(dict.fromkeys((*first.causes, *second.causes))),
        because=tuple(dict.fromkeys((*first.because, *second.because))),
        rules=tuple(dict.fromkeys((*first.rules, *second.rules))),
    )


def _judge_addresses(evidence: Evidence, addresses: Iterable[str]) -> Finding | None:
    """Say whether the endpoint works at these addresses, of which any one will do."""
    usable = evidence.usable(addresses)
    pages = [page for a in usable for flow in evidence.at(a) if (page := _judge_page(evidence, flow)) is not None]
    if pages:
        return _worst(pages)
    working = [flow for a in usable for flow in evidence.at(a) if flow.works]
    suspects = [Suspect(evidence, a) for a in usable if not evidence.works_at(a)]
    failing = [finding for s in suspects if s.failed and (finding := _judge_suspect(s)) is not None]
    if working:
        return _partly(working, [finding for finding in failing if finding.status is Status.BLOCKED])
    return _worst(failing) if failing else None


def _judge_transfers(evidence: Evidence) -> Finding | None:
    """Say whether what is reached also delivers; None where nothing speaks against it."""
    if not evidence.deep and not any(flow.transfer for flow in evidence.flows):
        return None
    found = [first_match(flow.RULES, flow.Haul(evidence, direction)) for direction in ("down", "up")]
    return _worst(slow) if (slow := [finding for finding in found if finding is not None]) else None


def _judge_suspect(suspect: Suspect) -> Finding | None:
    return first_match(_RULES_BY_LAYER[suspect.layer], suspect)


def _judge_page(evidence: Evidence, flow: Flow) -> Finding | None:
    if not flow.works or flow.http is None:
        return None
    return first_match(response.PAGE_RULES, response.Page(evidence, flow))


def _partly(working: Sequence[Flow], blocked: Sequence[Finding]) -> Finding:
    """Say `ok`, or `degraded` where some addresses are proven to be blocked."""
    proven = all(flow.proves_name for flow in working)
    works = Finding(
        status=Status.OK,
        confidence=Confidence.CONFIRMED if proven else Confidence.LIKELY,
        because=ids_of(working),
        rules=("works",),
    )
    if not blocked:
        return works
    return _merge(replace(_worst(blocked), status=Status.DEGRADED), works)


def _gravity(finding: Finding) -> tuple[int, int]:
    return _GRAVITY.index(finding.status), _CERTAINTY.index(finding.confidence)


def _worst(findings: Sequence[Finding]) -> Finding:
    """Take the gravest finding, the surest of equals, with the causes of all that are as grave."""
    ordered = sorted(findings, key=_gravity)
    first = ordered[0]
    for other in ordered[1:]:
        if other.status is first.status:
            first = _merge(first, other)
    return first


def speaks_no_tls(found: EndpointFinding) -> bool:
    """Tell whether nobody at all can connect to the port: the host may offer clear text alone."""
    return found.finding.status is Status.DOWN and found.finding.rules == ("address.server_down",)


def judge_in_clear_text(secure: EndpointFinding, clear: EndpointFinding) -> EndpointFinding:
    """Say of a host that is closed to TLS how it fares in clear text; that it is down where that is closed as well.

    Likely, where it is closed for this host and nobody else could tell in time.
    """
    if clear.finding.status is Status.DOWN:
        return secure
    if clear.finding.status is Status.INCONCLUSIVE and all(rule in _UNHEARD for rule in clear.finding.rules):
        return replace(secure, finding=replace(secure.finding, confidence=Confidence.LIKELY))
    alone = replace(secure.finding, rules=("clear_text_alone",), causes=())
    finding = _merge(alone, clear.finding)
    return replace(clear, finding=replace(finding, status=clear.finding.status, confidence=clear.finding.confidence))


def judge_endless_redirects(last: EndpointFinding, outside: Sequence[OutsideObservation]) -> EndpointFinding:
    """Say what a chain of more redirects than anybody follows means: the service's fault when others meet it too."""
    seen = [o for o in outside if o.failure is None]
    fails_for_all = any(o.http_failure is not None for o in seen)
    finding = Finding(
        status=Status.DOWN if fails_for_all else Status.INCONCLUSIVE,
        confidence=Confidence.LIKELY if fails_for_all else Confidence.POSSIBLE,
        causes=(Cause.SERVICE_DOWN if fails_for_all else Cause.NOT_MEASURED if seen else Cause.NO_OUTSIDE_CONTROL,),
        because=(*last.finding.because, *(o.id for o in seen)),
        rules=("redirects.endless",),
    )
    return EndpointFinding(finding, "unknown")


# --- components and services -----------------------------------------------------------------------------------------


def combine_endpoints(component: Component, found: Mapping[Endpoint, EndpointFinding]) -> ComponentFinding:
    """Make one finding of a component's endpoints. Those that do not apply count only where none does.

    Of a pool that needs all, one that fails impairs; of a pool that needs any, only interference with a member does: a
    dead server beside living ones is everyday life.
    """
    applying = {e: one.finding for e, one in found.items() if one.applies} or {e: o.finding for e, o in found.items()}
    if component.pool == "each":
        finding = _pooled("all", [_pooled("any", findings) for findings in _by_host(applying)])
    else:
        finding = _pooled(component.pool, list(applying.values()))
    return ComponentFinding(
        id=component.id,
        essential=component.essential,
        status=finding.status,
        confidence=finding.confidence,
        causes=finding.causes,
        because=finding.because,
        rules=finding.rules,
    )


def withhold_bare_connects(
    components: Sequence[Component], found: Sequence[ComponentFinding]
) -> list[ComponentFinding]:
    """Take back that bare connects work, where other components show that only listed sites do, or a portal answers.

    Whoever lets nothing else through may accept connections in the servers' names: no certificate is shown there.
    """
    narrow = next((one for one in found if not _NARROW.isdisjoint(one.causes)), None)
    if narrow is None:
        return list(found)
    unproven = {c.id for c in components if all(endpoint.scheme == "tcp" for endpoint in c.endpoints)}
    return [
        replace(narrow, id=one.id, essential=one.essential) if one.id in unproven and one.status in _WORKS else one
        for one in found
    ]


def _by_host(findings: Mapping[Endpoint, Finding]) -> Iterable[list[Finding]]:
    hosts: dict[str, list[Finding]] = {}
    for endpoint, finding in findings.items():
        hosts.setdefault(endpoint.host, []).append(finding)
    return hosts.values()


def _pooled(needed: Literal["all", "any"], findings: Sequence[Finding]) -> Finding:
    failing = [f for f in findings if f.status not in _WORKS]
    impaired = [f for f in findings if f.status is Status.DEGRADED]
    grave = [f for f in failing if needed == "all" or f.status is Status.BLOCKED] + impaired
    if len(failing) == len(findings) or (grave and all(f.status is Status.INCONCLUSIVE for f in grave)):
        return _worst(failing)
    if grave:
        return replace(_worst(grave), status=Status.DEGRADED)
    return _worst([f for f in findings if f.status is Status.OK])


def combine_components(components: Sequence[ComponentFinding]) -> Finding:
    """Make one finding of a service's components: blocked when no essential one works and at least one is blocked."""
    essential = [c for c in components if c.essential] or list(components)
    working = [c for c in essential if c.status in _WORKS]
    if not working:
        return _finding_of(essential)
    impaired = [c for c in components if c.status in {Status.BLOCKED, Status.DOWN, Status.DEGRADED}]
    unclear = [c for c in essential if c.status is Status.INCONCLUSIVE]
    if impaired:
        return replace(_finding_of(impaired), status=Status.DEGRADED)
    return _finding_of(unclear or essential)


def _finding_of(components: Sequence[ComponentFinding]) -> Finding:
    """Speak for the gravest of these components, interference before everything else among the causes."""
    ordered = sorted(components, key=_gravity)
    alike = [c for c in ordered if c.status is ordered[0].status]
    causes = sorted((cause for c in alike for cause in c.causes), key=lambda cause: cause in NOT_INTERFERENCE)
    return Finding(
        status=ordered[0].status,
        confidence=ordered[0].confidence,
        causes=tuple(dict.fromkeys(causes)),
        because=tuple(dict.fromkeys(i for c in alike for i in c.because)),
    )


def combine_beyond(verdicts: Iterable[BeyondDns]) -> BeyondDns:
    """An honest resolver helps when it helps everywhere."""
    seen = set(verdicts)
    if "blocked" in seen:
        return "blocked"
    return "ok" if seen == {"ok"} else "unknown"
