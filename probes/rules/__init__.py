"""The verdict table: every rule there is, in the order in which they are asked, most certain first."""

from typing import Any

from probes.rules import address, flow, handshake, host, names, protocol, response
from probes.rules.table import Rule

SECTIONS: dict[str, tuple[Rule[Any], ...]] = {
    "This host": host.RULES,
    "Names": names.RULES,
    "Names of what works": names.WORKING_RULES,
    "Addresses": address.RULES,
    "Handshakes": handshake.RULES,
    "Requests": response.RULES,
    "Pages": response.PAGE_RULES,
    "MTProto": protocol.MTPROTO_RULES,
    "QUIC": protocol.QUIC_RULES,
    "Calls": protocol.STUN_RULES,
    "Transfers": flow.RULES,
}
