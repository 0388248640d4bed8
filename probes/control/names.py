"""What the control's own resolvers, DNS-over-HTTPS operators, say of a name."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from probes.network import Question
from probes.observations import Arm, Purpose

if TYPE_CHECKING:
    from collections.abc import Sequence

    from probes.network import Network
    from probes.observations import DnsObservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the first resolver that answered says; `answered` is false where none did."""

    addresses: tuple[str, ...] = ()
    failure: str | None = None
    answered: bool = False


async def look_up(network: Network, name: str, resolvers: Sequence[str], *, timeout_s: float) -> Found:
    """Ask for IPv4 and IPv6 addresses, one operator after the other until one answers, each for up to `timeout_s`."""
    found = Found(failure="unknown_failure: no resolver is configured")
    for resolver in resolvers:
        async with asyncio.TaskGroup() as both:
            ipv4 = both.create_task(network.ask(_question(name, "A", resolver, timeout_s)))
            ipv6 = both.create_task(network.ask(_question(name, "AAAA", resolver, timeout_s)))
        found = combined(ipv4.result(), ipv6.result())
        if found.answered:
            break
    return found


def combined(ipv4: DnsObservation, ipv6: DnsObservation) -> Found:
    """Take both answers as one: it fails where both do, in the way that the one for IPv4 fails."""
    addresses = tuple(dict.fromkeys((*ipv4.addresses, *ipv6.addresses)))
    answered = ipv4.reply is not None or ipv6.reply is not None
    return Found(addresses=addresses, failure=None if addresses else ipv4.failure, answered=answered)


def _question(name: str, query_type: Literal["A", "AAAA"], resolver: str, timeout_s: float) -> Question:
    return Question(
        name=name,
        query_type=query_type,
        resolver=resolver,
        transport="doh",
        timeout_s=timeout_s,
        arm=Arm.CONTROL,
        purpose=Purpose.OUTSIDE,
    )
