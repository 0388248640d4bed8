"""One observation → one line that an engineer can check and anybody can follow. Pure.

Which observations a reply shows is decided in `bot.chat.proofs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.chat import words
from bot.chat.language import named, say
from probes.observations import (
    AnyObservation,
    Arm,
    DnsObservation,
    HttpObservation,
    OutsideObservation,
    Purpose,
    QuicObservation,
    TcpObservation,
    TlsObservation,
    TransferObservation,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_SHOWN_ADDRESSES = 2
_SHOWN_TEXT = 120
"""Characters of anything that a server or a stranger wrote."""


def lines(observations: Iterable[AnyObservation]) -> tuple[str, ...]:
    """Return a line for each observation."""
    return tuple(line(observation) for observation in observations)


def line(observation: AnyObservation) -> str:
    """Return what was done, what came of it, how long it took and, for a control, what it is good for."""
    step, result, purpose = reading(observation)
    template = words.EVIDENCE_COMPARED if purpose else words.EVIDENCE_WORKED
    milliseconds = round(observation.elapsed_s * 1000)
    return say(template, step=step, result=result, milliseconds=milliseconds, purpose=purpose)


def reading(observation: AnyObservation) -> tuple[str, str, str]:
    """Return what was done, what came of it and what it was for: the line without its time."""
    return _step(observation), outcome(observation), say(_use(observation))


def outcome(observation: AnyObservation) -> str:
    """Return what came of a step."""
    return named(words.FAILURES, observation.failure) if observation.failure else _success(observation)


def purpose_of(observation: AnyObservation) -> Purpose:
    """Return what a step was for: whoever else is asked beside a national directory is no directory."""
    beside = isinstance(observation, DnsObservation) and observation.transport == "doh"
    return Purpose.HONEST_RESOLVER if beside and observation.purpose is Purpose.DIRECTORY else observation.purpose


def is_borrowed(observation: AnyObservation) -> bool:
    """Tell whether it is a file of a server that has nothing to do with the service, fetched under its name."""
    lent = observation.purpose is Purpose.TRANSFER and observation.arm is Arm.CONTROL
    return lent and isinstance(observation, TransferObservation)


def _use(observation: AnyObservation) -> str:
    """Return what a step was good for; a relay is told no name."""
    if is_borrowed(observation):
        return words.BORROWED
    if observation.step == "stun" and observation.purpose is Purpose.UNRELATED_BASELINE:
        return words.UNRELATED_RELAY
    return words.PURPOSES[purpose_of(observation)]


def _step(observation: AnyObservation) -> str:
    where = endpoint(observation)
    match observation:
        case DnsObservation():
            return f"DNS {observation.query_type} {observation.target.host} @ {observation.resolver}"
        case TcpObservation():
            return f"TCP {where}"
        case TlsObservation() | QuicObservation():
            return f"{observation.step.upper()} {where} {observation.server_name}".rstrip()
        case HttpObservation():
            return f"HTTP {bounded(observation.url)} @ {observation.target.address or observation.target.host}"
        case OutsideObservation():
            return f"{observation.target.host} @ {observation.control}"
        case _:
            return f"{observation.step.upper()} {where}"


def _success(observation: AnyObservation) -> str:
    said = say(words.ANSWERED)
    match observation:
        case DnsObservation():
            said = some(observation.addresses, _SHOWN_ADDRESSES) or say(words.NO_ADDRESS)
        case TcpObservation():
            said = say(words.CONNECTED)
        case TlsObservation():
            said = observation.version or say(words.SECURED)
        case HttpObservation():
            said = f"{observation.status} {bounded(observation.title or '')}".rstrip()
        case OutsideObservation():
            said = say(how_far(observation))
        case TransferObservation():
            moved = min(observation.moved_bytes, observation.wanted_bytes)  # what came with it was not asked for
            said = say(words.MOVED, moved=moved, wanted=observation.wanted_bytes)
    return said


def how_far(observation: OutsideObservation) -> str:
    """Return how far the control got: where it tried a handshake, a connection alone is not all."""
    if observation.dns_failure is not None:
        return words.NOT_REACHED
    connected = None in (observation.tcp or {"": observation.http_failure}).values()
    if observation.tls and None not in observation.tls.values():
        return words.REACHED_IN_PART if connected else words.NOT_REACHED
    return words.REACHED if connected or observation.tls else words.NOT_REACHED


def endpoint(observation: AnyObservation) -> str:
    """Return the address and port of a step; the name where no address is known."""
    target = observation.target
    address = target.address or target.host
    return f"[{address}]:{target.port}" if ":" in address else f"{address}:{target.port}"


def some(names: Sequence[str], most: int) -> str:
    """Return the first of several names or addresses, and how many more there are."""
    more = len(names) - most
    shown = say(words.COMMA).join(names[:most])
    return say(words.SOME, shown=shown, count=more) if more > 0 else shown


def bounded(text: str) -> str:
    """Return foreign text on one line, the beginning of it if it is long."""
    plain = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return plain if len(plain) <= _SHOWN_TEXT else plain[: _SHOWN_TEXT - 1] + "…"
