"""`reachbot control` as a process: it says where it listens, answers, and ends in order."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = str(Path(__file__).parents[2])


@contextmanager
def control(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bot", "control", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_control_says_where_it_listens_and_ends_on_a_signal(number: signal.Signals) -> None:
    with control("--port", "0") as process:
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        with urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
            assert json.load(answer) == {"message": "Hello OONItarian!"}
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_port_in_use_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, control("--port", str(taken.getsockname()[1])) as process:
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err.count("\n")) == (2, "", 1)
        assert "address already in use" in err


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("192.0.2.1", "cannot assign requested address"),
        ("x" * 64 + ".example", "that is no host"),
    ],
)
def test_a_host_where_nobody_can_listen_is_one_line(host: str, reason: str) -> None:
    with control("--host", host, "--port", "0") as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (2, "", f"reachbot: cannot listen on '{host}', port 0: {reason}\n")
