"""The verdict table: every rule there is, in the order in which they are asked, most certain first."""

from typing import Any

from probes.rules import address, handshake, host, names, response
from probes.rules.table import Rule

SECTIONS: dict[str, tuple[Rule[Any], ...]] = {
    "This host": host.RULES,
    "Names": names.RULES,
    "Addresses": address.RULES,
    "Handshakes": handshake.RULES,
    "Requests": response.RULES,
    "Pages": response.PAGE_RULES,
}
