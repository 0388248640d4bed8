"""A step's time limit, on a loop that is held up: what arrived meanwhile is still heard."""

from __future__ import annotations

import asyncio
import socket
import time

import pytest

from probes.steps.limit import Limit
from tests import held_up


def _hold_up(answering: socket.socket) -> None:
    answering.send(b"answer")
    time.sleep(0.3)


async def test_what_arrives_while_the_loop_is_held_up_past_the_limit_is_heard() -> None:
    loop = asyncio.get_running_loop()
    near, far = socket.socketpair()
    with near, far:
        near.setblocking(False)
        loop.call_later(0.02, _hold_up, far)
        async with Limit(0.1):
            assert await loop.sock_recv(near, 16) == b"answer"


async def test_silence_ends_in_time() -> None:
    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        async with Limit(0.05):
            await asyncio.Event().wait()
    assert time.monotonic() - began_s >= 0.05


async def test_silence_ends_though_the_loop_is_held_up_again_and_again() -> None:
    async with held_up.again_and_again():
        with pytest.raises(TimeoutError):
            async with Limit(0.01):
                await asyncio.Event().wait()


async def test_a_limit_can_be_moved() -> None:
    loop = asyncio.get_running_loop()
    async with Limit(0.01) as limit:
        limit.reschedule(loop.time() + 60)
        await asyncio.sleep(0.05)


async def test_a_cancelled_step_stays_cancelled() -> None:
    async def wait() -> None:
        async with Limit(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
