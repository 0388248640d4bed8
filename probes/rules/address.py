"""Rules for addresses that cannot be connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from probes.model import Cause, Confidence, Status
from probes.rules.table import Rule, Suspect, confirmed_if, ids_of, say

if TYPE_CHECKING:
    from probes.model import Finding

_CAUSE = {
    "silence": Cause.IP_DROPPED,
    "refused": Cause.IP_RESET,
    "reset": Cause.IP_RESET,
    "unreachable": Cause.IP_UNREACHABLE,
}


def address_blocked(suspect: Suspect) -> Finding | None:
    """Connecting to the address fails from here: no answer, a reset in place of one, or a router's "unreachable".

    Outside controls connect to the same address and port, and no attempt from here ever has: a filter that is triggered
    by a name also drops later connects for a while. Two attempts on fresh sockets or more end alike. Confirmed when two
    controls agree, and resets and "unreachable" are met again after a second; likely by one control alone. Neither
    counts where the very first attempt was spared, or where the address took connections before and now takes none at
    another port either: a server may limit how often it is called. Who drops it is not told by that: a server that
    shuts out this host's network by itself looks the same.
    """
    cause = _CAUSE.get(suspect.fate or "")
    alike = suspect.repeated and suspect.unanimous and suspect.from_the_start and not suspect.exhausted
    if cause is None or suspect.connected or not alike or suspect.outside("tcp") is not True:
        return None
    because = (*ids_of(suspect.alike), *suspect.outside_ids)
    sure = suspect.corroborated("tcp") and suspect.lasting
    return say(Status.BLOCKED, confirmed_if(sure), cause, because=because)


def server_down(suspect: Suspect) -> Finding | None:
    """Connecting to the address fails from here.

    Outside controls cannot connect to it either: the server is down for everybody. Confirmed when attempts on fresh
    sockets and two controls agree.
    """
    if suspect.outside("tcp") is not False:
        return None
    because = (*ids_of(suspect.alike), *suspect.outside_ids)
    return say(Status.DOWN, confirmed_if(suspect.corroborated("tcp")), Cause.SERVICE_DOWN, because=because)


def address_unclear(suspect: Suspect) -> Finding | None:
    """Connecting to the address fails from here.

    No outside control told how it fares there, or they contradict each other. From one host a dropped address looks
    like a dead server, so nothing more is said.
    """
    cause = Cause.NOT_MEASURED if suspect.outside_ids else Cause.NO_OUTSIDE_CONTROL
    return say(Status.INCONCLUSIVE, Confidence.POSSIBLE, cause, because=ids_of(suspect.alike))


RULES = (
    Rule("address.blocked", address_blocked),
    Rule("address.server_down", server_down),
    Rule("address.unclear", address_unclear),
)
