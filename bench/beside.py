"""Servers in a process of their own, so that what they cost is not counted as the client's."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).resolve().parent.parent


@asynccontextmanager
async def running(module: str, *arguments: str) -> AsyncIterator[dict[str, Any]]:
    """Run `python -m MODULE` and yield what it tells in its first line. Its standard input's end ends it."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments, stdin=pipe, stdout=pipe, cwd=ROOT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def serve_until_closed(told: dict[str, Any]) -> None:
    """Be such a module: tell `told`, then wait for the end of standard input."""
    print(json.dumps(told), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()
