"""The whole program in processes of its own, one after the other, each there in a moment: a copy of one that waits.

For each line of its input it forks a copy that serves, and prints the copy's number, then how it ended. Only what
people wait for passes faster in it, and of the network it is told that all is well.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

import bot.transports.telegram.outgoing  # noqa: F401 -- what a copy would import at its start
import probes
from bot.cli import main
from bot.limits import Limits
from bot.pacing import Pacer, Rates
from bot.transports.telegram import handlers, transport
from tests.bot.canned import CannedEngine
from tests.bot.transports.telegram.served import PLENTY

if TYPE_CHECKING:
    from probes.model import Report

_FASTER = 1000
_CHECK_S = 0.3
_FAULT = 70


class SlowEngine(CannedEngine):
    async def check(self, *asked: Any, **more: Any) -> Report:
        await asyncio.sleep(_CHECK_S)
        return await super().check(*asked, **more)


def hurry() -> None:
    """Let nobody wait who is not measured for that."""
    patch = pytest.MonkeyPatch()
    patch.setattr(probes, "Prober", SlowEngine)
    patch.setattr(transport, "Pacer", lambda: Pacer(Rates().times(_FASTER)))
    patch.setattr(handlers, "Limits", lambda **_: Limits(PLENTY, PLENTY))


def serve() -> NoReturn:
    """Be the program until its end, which is the end of the process."""
    sys.argv = ["reachbot"]
    code: object = _FAULT
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else _FAULT)


def fork() -> None:
    """Let a copy serve; tell when it is there and when it is gone."""
    copy = os.fork()
    if not copy:
        serve()
    print(copy, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1]), flush=True)


if __name__ == "__main__":
    hurry()
    for _ in sys.stdin:
        fork()
