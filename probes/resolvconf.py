"""The operating system's resolvers, as resolv.conf(5) names them. What they answer is `probes.steps.dns`' affair."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

PATH = Path("/etc/resolv.conf")
MAX_RESOLVERS = 3
"""MAXNS of resolv.conf(5): the C library asks no more either."""
_MAX_BYTES = 65536
_DEFAULT = ("127.0.0.1",)


def system_resolvers(path: Path = PATH) -> tuple[str, ...]:
    """Return the addresses of the system's resolvers in its order; this host itself where none is named."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode(errors="replace")
    except OSError:
        return _DEFAULT
    return parse(text)


def parse(text: str) -> tuple[str, ...]:
    """Return what a resolv.conf with this text names. Lines that are no valid `nameserver` line are passed over."""
    fields = (line.split() for line in text.splitlines() if line.startswith("nameserver"))
    named = [field[1] for field in fields if field[0] == "nameserver" and len(field) > 1 and _is_address(field[1])]
    return tuple(dict.fromkeys(named[:MAX_RESOLVERS])) or _DEFAULT


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
