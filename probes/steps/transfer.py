"""A bounded amount of data, moved one way over an HTTP/1.1 connection that is already there.

Down, it is a ranged GET. Up, it is HEAD requests, each with some 4 KB of a header that says nothing: unlike a POST
they change nothing, any server takes them, and the data does get sent, which is all that is wanted. They are sent
without waiting for answers in between, or the round trips would set the rate. What is measured is the flow; what the
server answers does not matter.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

import h11

from probes.failures import TIMEOUT, failure_of
from probes.observations import TransferObservation
from probes.steps.flow_meter import FlowMeter, kernel_counter
from probes.steps.http import MAX_HEAD_BYTES, next_event, request_for
from probes.steps.limit import LATE_S

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

    from probes.model import Endpoint
    from probes.network import Transfer
    from probes.steps.frame import Frame
    from probes.steps.http import Stream

PAD_BYTES = 4000
_REQUEST_BYTES = 4096
_SAMPLE_S = {"up": 0.02, "down": 0.05}
"""How often the kernel is asked; what comes down is seen coming as well."""


class _StalledError(Exception):
    """Nothing has got through for too long."""


class _TimeUpError(Exception):
    """The time is over, and data still flows: slow is no failure."""


class _EnoughError(Exception):
    """All that was to be sent has been acknowledged; whether it is answered does not matter."""


async def move(
    stream: Stream,
    frame: Frame,
    endpoint: Endpoint,
    transfer: Transfer,
    *,
    host: str | None = None,
    stall_s: float,
    timeout_s: float,
) -> TransferObservation:
    """Move up to `transfer.size_bytes` and tell how far it came. `host` replaces the endpoint's in the Host header.

    The failure is "generic_timeout_error" where nothing got through for `stall_s`; where all that was sent has been
    acknowledged, it is the server that does not answer, and nothing is stalled. A flow that still moves at the end of
    the time is cut off without a failure; a resource that ends earlier is none, nor a server that wants no more
    requests: then `moved_bytes` is less than was wanted. All counts are TCP's own, heads and TLS included. Time in
    which this host's own loop was held up is given back; where that is most of it, no rate is told.
    """
    loop = asyncio.get_running_loop()
    exchange = _Exchange(stream, endpoint, host or endpoint.host, transfer.size_bytes)
    started = loop.time()
    meter = FlowMeter(kernel_counter(frame.sock, transfer.direction), started)
    work = exchange.download(meter) if transfer.direction == "down" else exchange.upload(meter)
    enough = transfer.size_bytes if transfer.direction == "up" else math.inf
    watch = _Watch(meter, stall_s, timeout_s, enough, _SAMPLE_S[transfer.direction])
    failure, stopped = await _watched(work, watch.look())
    meter.sample(loop.time())
    elapsed_s = loop.time() - started
    fields = frame.fields(elapsed_s, failure)
    all_arrived = transfer.direction == "up" and fields["info"] is not None and not fields["info"].unacknowledged
    return TransferObservation(
        **fields,
        direction=transfer.direction,
        wanted_bytes=transfer.size_bytes,
        moved_bytes=meter.moved_bytes,
        rate_bytes_s=meter.rate_bytes_s if 2 * watch.held_s < elapsed_s else None,
        stalled_after_bytes=meter.moved_bytes if stopped and not all_arrived else None,
    )


async def _watched(work: Coroutine[Any, Any, None], watch: Coroutine[Any, Any, None]) -> tuple[str | None, bool]:
    """Do the work until it is done or hopeless; return its failure, and whether nothing got through any more."""
    failure, stopped = None, False
    try:
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(watch)
            await work
            watching.cancel()
    except* _StalledError:
        failure, stopped = TIMEOUT, True
    except* (_TimeUpError, _EnoughError):
        pass
    except* (OSError, EOFError, ValueError, h11.ProtocolError) as errors:
        failure = failure_of(errors)
    return failure, stopped


class _Watch:
    """Looks at the meter again and again; what it misses while the loop is held up counts neither as time nor as idle.

    Until that is as long as there is time: a host that is held up again and again is not waited for without end.
    """

    def __init__(
        self, meter: FlowMeter, stall_s: float, timeout_s: float, enough_bytes: float, sample_s: float
    ) -> None:
        self._meter = meter
        self._stall_s = stall_s
        self._timeout_s = timeout_s
        self._enough_bytes = enough_bytes
        self._sample_s = sample_s
        self.held_s = 0.0
        """How long the loop was held up in all."""
        self._excused_s = 0.0
        """How much of that since something got through."""
        self._moved_bytes = 0

    async def look(self) -> None:
        """Raise `_EnoughError`, `_StalledError` or `_TimeUpError`, whichever is due first."""
        loop = asyncio.get_running_loop()
        now = began = loop.time()
        self._excused_s = self._meter.idle_s(began)
        while True:
            self._sample(now)
            self._judge(now, now - began - self.held_s)
            due = now + self._sample_s
            await asyncio.sleep(self._sample_s)
            now = loop.time()
            late_s = now - due
            if late_s > LATE_S and self.held_s < self._timeout_s:
                self.held_s += late_s
                self._excused_s += late_s

    def _sample(self, now: float) -> None:
        self._meter.sample(now)
        if self._meter.moved_bytes > self._moved_bytes:
            self._moved_bytes = self._meter.moved_bytes
            self._excused_s = 0.0

    def _judge(self, now: float, elapsed_s: float) -> None:
        if self._meter.moved_bytes >= self._enough_bytes:
            raise _EnoughError
        if self._meter.idle_s(now) - self._excused_s >= self._stall_s:
            raise _StalledError
        if elapsed_s >= self._timeout_s:
            raise _TimeUpError if self._meter.moved_bytes else _StalledError


class _Exchange:
    """The requests of one transfer. Raises OSError, EOFError, ValueError and `h11.ProtocolError`."""

    def __init__(self, stream: Stream, endpoint: Endpoint, host: str, size_bytes: int) -> None:
        self._stream = stream
        self._plain = request_for(endpoint, host)
        self._size_bytes = size_bytes
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)

    async def download(self, meter: FlowMeter) -> None:
        """Read as much of the resource as is wanted, or as there is."""
        await self._ask("GET", "Range", f"bytes=0-{self._size_bytes - 1}")
        left = self._size_bytes
        while left > 0 and not isinstance(event := await self._next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                left -= len(event.data)
                meter.count(len(event.data), asyncio.get_running_loop().time())

    async def upload(self, meter: FlowMeter) -> None:
        """Send all requests in one go, and take in whatever comes back until the server ends it."""
        request = self._padded("HEAD", "X-Pad", "x" * PAD_BYTES)
        await self._stream.send(request * -(-self._size_bytes // _REQUEST_BYTES))
        while await self._stream.receive():
            meter.sample(asyncio.get_running_loop().time())

    async def _ask(self, method: str, name: str, value: str) -> None:
        await self._stream.send(self._padded(method, name, value))

    def _padded(self, method: str, name: str, value: str) -> bytes:
        headers = [*self._plain.headers.raw_items(), (name.encode(), value.encode())]
        request = h11.Request(method=method, target=self._plain.target, headers=headers)
        data = self._connection.send(request) or b""
        self._connection.send(h11.EndOfMessage())
        return data

    async def _next_event(self) -> h11.Event:
        return await next_event(self._connection, self._stream)
