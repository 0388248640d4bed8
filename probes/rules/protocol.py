"""Rules for what is neither TLS nor HTTP: MTProto, QUIC, and calls by STUN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.model import Cause, Confidence, Status
from probes.observations import Purpose, QuicObservation
from probes.rules.table import Rule, Suspect, confirmed_if, ids_of, say
from probes.trials import fate_of

if TYPE_CHECKING:
    from probes.model import Finding
    from probes.trials import Flow

_PROTO = {"silence": Cause.PROTO_DROPPED, "reset": Cause.PROTO_RESET}


# --- MTProto ---------------------------------------------------------------------------------------------------------


def protocol_blocked(suspect: Suspect) -> Finding | None:
    """The connection is made; the messenger's own protocol is followed by a reset, a FIN or nothing.

    The same address and port answers plain HTTP, so the server is there and the protocol is what is filtered. Confirmed
    when attempts on fresh sockets agree. Silence counts only if what was said is not even acknowledged: a slow server
    does that.
    """
    cause = _PROTO.get(suspect.fate or "")
    other = [f for f in suspect.evidence.controls(Purpose.OTHER_PROTOCOL, suspect.address) if f.reached("http")]
    if cause is None or not other or suspect.explained_by_slowness:
        return None
    return say(Status.BLOCKED, confirmed_if(suspect.repeated), cause, because=ids_of([*suspect.alike, *other]))


def protocol_unclear(suspect: Suspect) -> Finding | None:
    """The connection is made; the messenger's own protocol gets no answer.

    The server does not answer any other protocol either. Nothing tells a filter from a faulty server.
    """
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, Cause.NOT_MEASURED, because=ids_of(suspect.alike))


MTPROTO_RULES = (
    Rule("protocol.blocked", protocol_blocked),
    Rule("protocol.unclear", protocol_unclear),
)


# --- QUIC ------------------------------------------------------------------------------------------------------------


def _told_versions(flows: list[Flow]) -> list[Flow]:
    """The flows in which the server answered a version that nobody speaks: UDP gets through, and the host is alive."""
    return [
        f
        for f in flows
        if any(isinstance(s, QuicObservation) and s.kind == "version_negotiation" and s.versions for s in f.steps)
    ]


def _shook_hands(flow: Flow) -> bool:
    """The server took part in a handshake, whatever came of it: only silence and resets may be somebody else's."""
    return any(
        isinstance(s, QuicObservation) and s.kind == "handshake" and fate_of(s.failure) not in {"silence", "reset"}
        for s in flow.steps
    )


def quic_blocked_by_name(suspect: Suspect) -> Finding | None:
    """The server answers an unknown QUIC version, and is silent after an Initial with the name in it.

    It shakes hands under another name at the same address. Confirmed when attempts on fresh ports agree.
    """
    alive = _told_versions(suspect.alike)
    other = [f for f in suspect.evidence.controls(Purpose.INNOCUOUS_NAME, suspect.address) if _shook_hands(f)]
    if suspect.fate != "silence" or not alive or not other:
        return None
    because = ids_of([*suspect.alike, *other])
    return say(Status.BLOCKED, confirmed_if(suspect.repeated), Cause.QUIC_DROPPED, because=because)


def quic_blocked_altogether(suspect: Suspect) -> Finding | None:
    """The server answers an unknown QUIC version, and is silent after any version 1 Initial, whatever name it carries.

    An answer to the one and none to the other, on fresh ports and repeatedly, is what a filter of QUIC looks like; a
    server that only negotiates would look the same. Likely.
    """
    innocuous = suspect.evidence.controls(Purpose.INNOCUOUS_NAME, suspect.address)
    alike = [f for f in innocuous if f.failed and not _shook_hands(f)]
    if suspect.fate != "silence" or not suspect.repeated or not _told_versions(suspect.alike) or not alike:
        return None
    because = ids_of([*suspect.alike, *alike])
    return say(Status.BLOCKED, Confidence.LIKELY, Cause.QUIC_DROPPED, because=because)


def quic_certificate(suspect: Suspect) -> Finding | None:
    """The server shakes hands by QUIC, and its certificate does not verify.

    It was reached; whose fault the certificate is, is judged where the site is asked over TLS. Nothing is said of QUIC.
    """
    if not any(_shook_hands(flow) for flow in suspect.alike):
        return None
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, Cause.NOT_MEASURED, because=ids_of(suspect.alike))


def quic_unclear(suspect: Suspect) -> Finding | None:
    """QUIC gets no answer.

    Nor does a version negotiation: the server may not speak QUIC at all, so nothing is said.
    """
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, Cause.NOT_MEASURED, because=ids_of(suspect.alike))


QUIC_RULES = (
    Rule("quic.blocked_by_name", quic_blocked_by_name),
    Rule("quic.blocked_altogether", quic_blocked_altogether),
    Rule("quic.certificate", quic_certificate),
    Rule("quic.unclear", quic_unclear),
)


# --- calls -----------------------------------------------------------------------------------------------------------


def calls_blocked(suspect: Suspect) -> Finding | None:
    """The service's relay does not answer STUN, asked repeatedly from fresh ports.

    An unrelated STUN server answers, so UDP works; the relay's host is alive, as it accepts connections. Likely: no
    outside control can ask by UDP, so a relay that answers nobody any more looks the same.
    """
    elsewhere = [f for f in suspect.evidence.controls(Purpose.UNRELATED_BASELINE) if f.reached("stun")]
    alive = [f for f in suspect.evidence.controls(Purpose.OTHER_PORT, suspect.address) if f.reached("tcp")]
    if suspect.fate != "silence" or not suspect.repeated or not elsewhere or not alive:
        return None
    because = ids_of([*suspect.alike, *elsewhere, *alive])
    return say(Status.BLOCKED, Confidence.LIKELY, Cause.CALLS_DROPPED, because=because)


def calls_unclear(suspect: Suspect) -> Finding | None:
    """The service's relay does not answer STUN.

    UDP does not work here at all, or the relay's host shows no other sign of life: nothing is said.
    """
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, Cause.NOT_MEASURED, because=ids_of(suspect.alike))


STUN_RULES = (
    Rule("calls.blocked", calls_blocked),
    Rule("calls.unclear", calls_unclear),
)
