"""What the tests of DNS over UDP, TCP and HTTPS have in common."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import pytest

from probes.network import Question

if TYPE_CHECKING:
    from probes.observations import DnsObservation

NAME = "example.org"
HONEST, OTHER_HONEST, FORGED = "93.184.215.14", "93.184.215.15", "10.10.34.35"
PATIENT_S = 30.0
"""Longer than any test takes: whoever waits this long fails."""

Transport = Literal["udp", "tcp", "doh"]


def question(resolver: str, transport: Transport = "udp", timeout_s: float = PATIENT_S, name: str = NAME) -> Question:
    return Question(name=name, query_type="A", resolver=resolver, transport=transport, timeout_s=timeout_s)


async def cancelled(task: asyncio.Task[DnsObservation]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
