"""Rules for connections that are made and then fail in the TLS handshake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.model import Cause, Confidence, Status
from probes.rules.table import ENOUGH, Rule, Suspect, confirmed_if, ids_of, say
from probes.trials import family_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from probes.model import Finding
    from probes.trials import Flow

_BY_NAME = {"silence": Cause.TLS_SNI_DROPPED, "reset": Cause.TLS_SNI_RESET}
_BY_ADDRESS = {"silence": Cause.IP_DROPPED, "reset": Cause.IP_RESET}
_AUTHORITY = "ssl_unknown_authority"
_IPV6 = 6
"""Unrelated servers are asked by IPv4; by IPv6 the baseline does it, or IPv6 counts as broken here."""


def _issuers(flows: Iterable[Flow]) -> set[str]:
    return {flow.tls.chain[0].issuer for flow in flows if flow.tls and flow.tls.chain}


def _leaves(flows: Iterable[Flow]) -> set[str]:
    """Return the fingerprints of the servers' own certificates."""
    return {flow.tls.chain[0].sha256 for flow in flows if flow.tls and flow.tls.chain}


def _false_certificate(suspect: Suspect) -> bool:
    return suspect.fate == "certificate"


def clock_wrong(suspect: Suspect) -> Finding | None:
    """The certificate's dates are wrong.

    So are those that an unrelated server shows: it is this host's clock. Nothing can be said of the service.
    """
    elsewhere = [f for f in suspect.innocuous_elsewhere if f.tls and f.tls.failure == "ssl_invalid_certificate"]
    if suspect.failure != "ssl_invalid_certificate" or not elsewhere:
        return None
    because = ids_of([*suspect.alike, *elsewhere])
    return say(Status.INCONCLUSIVE, Confidence.LIKELY, Cause.NOT_MEASURED, because=because)


def intercepted_by_name(suspect: Suspect) -> Finding | None:
    """The certificate does not verify for the name: its authority is unknown, or it is for another name.

    An unrelated server, told the same name, seems to show a certificate of the very same unknown authority, or the very
    same certificate, which it does not show under an innocuous name: somebody in between answers for it. Confirmed.
    """
    shown = _leaves(suspect.alike) - _leaves(suspect.innocuous_elsewhere)
    if suspect.failure not in {_AUTHORITY, "ssl_invalid_hostname"} or not shown:
        return None
    made = _issuers(suspect.alike) if suspect.failure == _AUTHORITY else set()
    forged = [f for f in suspect.name_elsewhere_alike if _issuers([f]) & made or _leaves([f]) & shown]
    if not forged:
        return None
    because = ids_of([*suspect.alike, *forged, *suspect.innocuous_elsewhere])
    return say(Status.BLOCKED, Confidence.CONFIRMED, Cause.TLS_INTERCEPTED, because=because)


def intercepted_at_address(suspect: Suspect) -> Finding | None:
    """The certificate comes from an authority that nobody trusts, or is for another name.

    Outside controls get a valid certificate from the same address. Confirmed for the unknown authority when attempts on
    fresh sockets and two controls agree and another name is shown another certificate, made for it; else likely, as an
    odd server of an anycast address also shows one that is for nobody.
    """
    if suspect.failure not in {_AUTHORITY, "ssl_invalid_hostname"} or suspect.evidence.roots:
        return None
    if suspect.outside("tls") is not True:
        return None
    shown = _leaves(suspect.innocuous_here)
    made = bool(shown) and not _leaves(suspect.alike) & shown
    sure = suspect.corroborated("tls") and suspect.failure == _AUTHORITY and made
    because = (*ids_of(suspect.alike), *suspect.outside_ids)
    return say(Status.BLOCKED, confirmed_if(sure), Cause.TLS_INTERCEPTED, because=because)


def own_authority_unknown(suspect: Suspect) -> Finding | None:
    """The certificate of a service that has authorities of its own comes from none of those that are known.

    No unrelated server shows its like. The service may have changed its authority, which nobody outside can judge
    either: it is not called interception.
    """
    if suspect.failure != _AUTHORITY or not suspect.evidence.roots:
        return None
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, Cause.SERVICE_CERTIFICATE, because=ids_of(suspect.alike))


def certificate_bad_for_all(suspect: Suspect) -> Finding | None:
    """The certificate is expired, for another name, or from an unknown authority.

    Outside controls' handshakes with the same address fail as well. Confirmed when two of them agree.
    """
    if not _false_certificate(suspect) or suspect.outside("tls") is not False:
        return None
    because = (*ids_of(suspect.alike), *suspect.outside_ids)
    return say(Status.DOWN, confirmed_if(suspect.corroborated("tls")), Cause.SERVICE_CERTIFICATE, because=because)


def certificate_trusted_but_wrong(suspect: Suspect) -> Finding | None:
    """The certificate is expired or for another name, yet issued by an authority that everybody trusts.

    Nobody in between gets such a certificate issued for the name: it is the server's own, and its owner's mistake.
    Likely where no outside control could be asked; where one gets a valid certificate, this is not said.
    """
    trusted = suspect.failure in {"ssl_invalid_certificate", "ssl_invalid_hostname"}
    if not trusted or suspect.outside("tls") is True:
        return None
    return say(Status.DOWN, Confidence.LIKELY, Cause.SERVICE_CERTIFICATE, because=ids_of(suspect.alike))


def name_blocked(suspect: Suspect) -> Finding | None:
    """The connection is made; after the ClientHello with the name comes a reset, a FIN or nothing.

    An unrelated server answers an innocuous name; none that is told this one answers, and it meets the same fate there:
    the name itself is filtered. Silence must be met there twice, and four times where the service's own address does
    not answer another name either, unless connects there are cut off by then: packets get lost, servers are slow.
    Confirmed when that address answers another name, or several unrelated servers agree.
    """
    cause = _BY_NAME.get(suspect.fate or "")
    if cause is None or not suspect.follows_the_name:
        return None
    elsewhere = suspect.name_elsewhere_alike
    agreed = bool(suspect.innocuous_here) or len(elsewhere) >= ENOUGH
    sure = len(suspect.alike) + len(elsewhere) > ENOUGH and agreed and suspect.elsewhere_told
    because = ids_of([*suspect.alike, *suspect.innocuous_here, *elsewhere, *suspect.innocuous_elsewhere])
    return say(Status.BLOCKED, confirmed_if(sure), cause, because=because)


def name_blocked_here(suspect: Suspect) -> Finding | None:
    """The connection is made; after the ClientHello with the name comes a reset, a FIN or nothing.

    The same address answers another name, and the outside control shakes hands with it under the suspect one. Unrelated
    servers are not affected, so this filter looks at name and address together. Silence counts only if the ClientHello
    is not even acknowledged: a slow server does that. Likely.
    """
    cause = _BY_NAME.get(suspect.fate or "")
    applies = suspect.repeated and suspect.innocuous_here and suspect.name_elsewhere_heard
    if cause is None or not applies or suspect.outside("tls") is not True or suspect.explained_by_slowness:
        return None
    seen = ids_of([*suspect.alike, *suspect.innocuous_here, *suspect.name_elsewhere_heard])
    return say(Status.BLOCKED, Confidence.LIKELY, cause, because=(*seen, *suspect.outside_ids))


def name_answered_by_another(suspect: Suspect) -> Finding | None:
    """The connection is made; after the ClientHello with the name comes an alert, or something that is not TLS at all.

    Unrelated servers seem to send the very same for this name, while they and the service's own address answer another
    name with a certificate; and the outside control shakes hands with the service. So somebody in between ends the
    handshake in the servers' names. Confirmed when several unrelated servers agree.
    """
    elsewhere = suspect.name_elsewhere_alike
    shown = [[f for f in flows if _issuers([f])] for flows in (suspect.innocuous_here, suspect.innocuous_elsewhere)]
    applies = suspect.repeated and elsewhere and all(shown) and suspect.outside("tls") is True
    if suspect.fate in {"silence", "reset", "certificate"} or not applies:
        return None
    because = (*ids_of([*suspect.alike, *elsewhere, *shown[0], *shown[1]]), *suspect.outside_ids)
    return say(Status.BLOCKED, confirmed_if(len(elsewhere) >= ENOUGH), Cause.TLS_SNI_RESET, because=because)


def address_blocked_after_connect(suspect: Suspect) -> Finding | None:
    """The connection is made; after the ClientHello comes a reset, a FIN or nothing, whatever name it carries.

    An unrelated server answers, and the outside control shakes hands with this one: the address is filtered behind the
    TCP handshake. Silence counts only if the ClientHello is not even acknowledged: a slow server does that. Likely.
    """
    cause = _BY_ADDRESS.get(suspect.fate or "")
    heard_elsewhere = bool(suspect.innocuous_elsewhere) or family_of(suspect.address) == _IPV6
    applies = suspect.repeated and suspect.innocuous_here_alike and suspect.outside("tls") is True
    if cause is None or not (applies and heard_elsewhere) or suspect.explained_by_slowness:
        return None
    flows = [*suspect.alike, *suspect.innocuous_here_alike, *suspect.innocuous_elsewhere]
    return say(Status.BLOCKED, Confidence.LIKELY, cause, because=(*ids_of(flows), *suspect.outside_ids))


def handshake_fails_for_all(suspect: Suspect) -> Finding | None:
    """The connection is made and the handshake fails.

    It fails for outside controls as well. Confirmed when attempts on fresh sockets and two controls agree.
    """
    if suspect.outside("tls") is not False:
        return None
    because = (*ids_of(suspect.alike), *suspect.outside_ids)
    return say(Status.DOWN, confirmed_if(suspect.corroborated("tls")), Cause.SERVICE_DOWN, because=because)


def server_refuses_handshake(suspect: Suspect) -> Finding | None:
    """The server ends the handshake with an alert of its own.

    The outside control shakes hands with it: it turns away this host, or this program. Nobody in between is needed to
    explain that. Likely.
    """
    if suspect.worst.tls is None or suspect.worst.tls.alert is None or suspect.outside("tls") is not True:
        return None
    because = (*ids_of(suspect.alike), *suspect.outside_ids)
    return say(Status.DEGRADED, Confidence.LIKELY, Cause.SERVICE_REFUSES, because=because)


def handshake_unclear(suspect: Suspect) -> Finding | None:
    """The connection is made and the handshake fails.

    No control tells a filter from a faulty server, so nothing more is said.
    """
    cause = Cause.NO_OUTSIDE_CONTROL if not suspect.outside_ids else Cause.NOT_MEASURED
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, cause, because=ids_of(suspect.alike))


RULES = (
    Rule("handshake.clock_wrong", clock_wrong),
    Rule("handshake.intercepted_by_name", intercepted_by_name),
    Rule("handshake.intercepted_at_address", intercepted_at_address),
    Rule("handshake.own_authority_unknown", own_authority_unknown),
    Rule("handshake.certificate_bad_for_all", certificate_bad_for_all),
    Rule("handshake.certificate_trusted_but_wrong", certificate_trusted_but_wrong),
    Rule("handshake.name_blocked", name_blocked),
    Rule("handshake.name_blocked_here", name_blocked_here),
    Rule("handshake.name_answered_by_another", name_answered_by_another),
    Rule("handshake.address_blocked_after_connect", address_blocked_after_connect),
    Rule("handshake.fails_for_all", handshake_fails_for_all),
    Rule("handshake.server_refuses", server_refuses_handshake),
    Rule("handshake.unclear", handshake_unclear),
)
