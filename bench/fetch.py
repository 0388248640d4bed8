"""The bare sequence of a check's steps: what a healthy target takes without anybody who judges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from probes.network import Attempt, Question

if TYPE_CHECKING:
    from probes.model import Endpoint
    from probes.network import Network
    from probes.observations import AnyObservation

_STEPS = 3


async def fetch(network: Network, endpoint: Endpoint, resolver: str) -> float:
    """Resolve, connect, shake hands, get, each as soon as the one before has ended; return the seconds that took.

    Raises RuntimeError where anything fails.
    """
    steps: list[AnyObservation] = []
    began = time.perf_counter()
    answer = await network.ask(Question(name=endpoint.host, query_type="A", resolver=resolver))
    for address in answer.addresses[:1]:
        await network.attempt(Attempt(endpoint=endpoint, address=address), steps.append)
    elapsed_s = time.perf_counter() - began
    if len(steps) != _STEPS or steps[-1].failure:
        raise RuntimeError(f"a healthy target failed: {answer}, {steps}")
    return elapsed_s
