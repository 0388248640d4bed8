"""A world process on loopback, started once and configured anew by each test, and the ways to talk to it."""

import os
import pickle
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.lab.ca import DIRECTORY_VARIABLE, CaFiles, ensure_ca
from tests.lab.world import World
from tests.lab.world.placement import LOOPBACK_VARIABLE, Placement

FIRST_OFFSET, OFFSET_STEP = 20_000, 101
START = "import sys; from tests.lab.world import main; main(int(sys.argv[1]))"


@dataclass
class Internet:
    """The test's end of the control channel, and where each world address is on loopback."""

    control: socket.socket
    placement: Placement
    ca: CaFiles
    process: "subprocess.Popen[bytes]"

    def ask(self, command: str, argument: Any = None) -> tuple[str, Any]:
        message = pickle.dumps((command, argument))
        self.control.sendall(len(message).to_bytes(4) + message)
        answer = pickle.loads(self._exactly(int.from_bytes(self._exactly(4))))
        assert isinstance(answer, tuple)
        return answer

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = self.control.recv(count - len(data))
            assert part, "the world process is gone"
            data += part
        return data

    def become(self, world: World) -> World:
        assert self.ask("configure", world) == ("ready", None)
        return world

    def journal(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.ask("journal")[1] if entry["kind"] == kind]

    def place(self, address: str, port: int) -> tuple[str, int]:
        return self.placement.place(address, port)

    def context(self, *alpn: str) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca.certificate)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        return context


def _offset() -> int:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    return FIRST_OFFSET + OFFSET_STEP * (1 + int(worker))


@pytest.fixture(scope="session")
def world_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Internet]:
    directory = tmp_path_factory.mktemp("ca")
    ca = ensure_ca(directory)
    ours, theirs = socket.socketpair()
    seed, offset = f"reachbot-{os.getpid()}", _offset()
    environment = {**os.environ, DIRECTORY_VARIABLE: str(directory), LOOPBACK_VARIABLE: f"{seed}:{offset}"}
    with (
        ours,
        subprocess.Popen(
            [sys.executable, "-c", START, str(theirs.fileno())], pass_fds=[theirs.fileno()], env=environment
        ) as process,
    ):
        theirs.close()
        ours.settimeout(30)
        yield Internet(ours, Placement(seed, offset), ca, process)
        ours.close()
        assert process.wait(5) == 0


@pytest.fixture
def internet(world_process: Internet) -> Iterator[Internet]:
    """The healthy world; whatever went wrong inside its servers fails the test."""
    world_process.become(World())
    yield world_process
    assert world_process.journal("error") == []
