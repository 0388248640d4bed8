"""The lab: a client host and an internet on this machine, with a censor between them, for tests and for people.

    with Lab() as lab:
        lab.configure(SCENARIOS["russia-2026-02"])
        print(lab.run(["python", "-m", "bot", "check", "whatsapp"]).stdout)

A lab belongs to the thread that brought it up: it ends with it, even if that is killed.
"""

import functools
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.lab.calls import call_forked
from tests.lab.errors import LabError, NamespacesForbiddenError
from tests.lab.forwarder import Configure, CountHits
from tests.lab.framing import receive_message, send_message
from tests.lab.links import tun_is_open
from tests.lab.processes import CATALOGUE, Processes, WorldMain, start
from tests.lab.scenario import Scenario

T = TypeVar("T")
# What would lead a command out of the lab, or trust somebody who is not in it.
_OUTSIDE_VARIABLES = ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "RES_OPTIONS", "LOCALDOMAIN")


@functools.cache
def namespaces_forbidden() -> str | None:
    """Say in one line why no lab can be brought up here; None where it can. Tries it once a process."""
    try:
        Lab(world_main=lambda _: None).up().down()
    except NamespacesForbiddenError as error:
        return str(error)
    return None


class Command(subprocess.Popen[Any]):
    """A command on the client host. Where a block that holds it fails, it is killed and not waited for in vain."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.kill()
        super().__exit__(kind, error, trace)


def _main_of_world(control: int) -> None:
    from tests.lab.world import main  # noqa: PLC0415 (only the world's own process needs its servers)

    main(control)


class Lab:
    def __init__(self, *, world_main: WorldMain = _main_of_world, use_tun: bool | None = None) -> None:
        """`world_main` runs the servers; `use_tun` is for tests, which may forbid what this user could have."""
        self._world_main = world_main
        self._use_tun = tun_is_open() if use_tun is None else use_tun
        self._running: Processes | None = None

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    def up(self) -> Self:
        """Build it. Raises NamespacesForbiddenError in one line, or LabError."""
        self._running = start(self._world_main, use_tun=self._use_tun)
        return self

    def down(self) -> None:
        """End every process in it, whatever commands have left running included, and remove its files."""
        if self._running is not None:
            self._running.close()
            self._running = None

    @property
    def _processes(self) -> Processes:
        if self._running is None:
            raise LabError("the lab is not up")
        return self._running

    @property
    def files(self) -> Path:
        """The directory that lives as long as the lab: certificates, /etc's files."""
        return self._processes.files

    @property
    def is_alive(self) -> bool:
        """Tell whether it is up and none of its processes has failed."""
        if self._running is None:
            return False
        channels = (self._running.control, self._running.world)
        return not select.select(channels, (), (), 0)[0]  # unasked, they say nothing until they close

    # --- what it simulates --------------------------------------------------------------------------------------------

    def configure(self, scenario: Scenario, *, keep_connections: bool = False) -> None:
        """Make it this scenario. What was under way is lost, and open connections are reset when they are next used.

        With `keep_connections` those live on: the censor changes under the feet of a running program.
        Raises LabError for a censor or a world that makes no sense.
        """
        self._write_resolvers(scenario.resolvers)
        self._order(Configure(scenario.censor, scenario.world.addresses(), scenario.ipv6, keep_connections))
        self._ask_world("configure", scenario.world)

    def hits(self) -> tuple[int, ...]:
        """Return how often each rule of the scenario's censor has fired, in its order."""
        counts: tuple[int, ...] = self._order(CountHits())
        return counts

    def journal(self) -> list[dict[str, Any]]:
        """Return what the servers have seen since the last `configure`."""
        entries: list[dict[str, Any]] = self._ask_world("journal", None)
        return entries

    def _write_resolvers(self, resolvers: Sequence[str]) -> None:
        # In place: the file is mounted over /etc/resolv.conf, and a new one would not be.
        text = "".join(f"nameserver {address}\n" for address in resolvers)
        (self._processes.files / "resolv.conf").write_text(text or "# no resolver\n")

    def _order(self, order: object) -> Any:
        return _exchange("middlebox", self._processes.control, order)

    def _ask_world(self, command: str, argument: object) -> Any:
        return _exchange("world", self._processes.world, (command, argument))

    # --- commands and calls on the client host ------------------------------------------------------------------------

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return this process's environment without its ways out of the lab, the lab's own authorities trusted."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _OUTSIDE_VARIABLES and not name.lower().endswith("_proxy")
        }
        trusted = {"SSL_CERT_FILE": str(self._processes.certificate), "CATALOGUE_DIR": str(self.files / CATALOGUE)}
        return kept | trusted | dict(extra or {})

    def popen(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, **options: Any) -> Command:
        """Start a command; `options` are subprocess.Popen's. Signals sent to it reach the command."""
        return Command(
            argv,
            env=self.environment(env),
            preexec_fn=self._processes.namespaces.step_inside,  # the forked child has one thread, and waits for none
            **options,
        )

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        input: str = "",  # noqa: A002 (subprocess.run's own word)
        cwd: str | Path | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end. Raises subprocess.TimeoutExpired, when it and its process group are killed."""
        pipe = subprocess.PIPE
        with self.popen(
            argv, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=cwd, start_new_session=True
        ) as process:
            try:
                out, err = process.communicate(input, timeout=timeout_s)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)
                raise
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def call(self, function: Callable[..., T], *arguments: object, timeout_s: float = 60.0) -> T:
        """Call a function on the client host, in a forked process, and return its result or raise its exception.

        `asyncio.run` works in it; both result and exception must be picklable. Raises TimeoutError.
        """
        return call_forked(self._enter, functools.partial(function, *arguments), timeout_s)

    def _enter(self) -> None:
        environment = self.environment()
        os.environ.clear()
        os.environ.update(environment)
        _forget_trust()
        self._processes.control.close()  # a lab ends when nobody holds this end any more
        self._processes.namespaces.step_inside()


def _forget_trust() -> None:
    """Have a fork of a process that has measured outside, or in another lab, load the authorities of this one."""
    trust = sys.modules.get("probes.trust")
    for remembered in vars(trust).values() if trust else ():
        if hasattr(remembered, "cache_clear"):
            remembered.cache_clear()


def _exchange(side: str, channel: socket.socket, message: object) -> Any:
    try:
        send_message(channel, message)
        kind, answer = receive_message(channel)
    except (EOFError, OSError) as error:
        raise LabError(f"the {side} does not answer: {error or type(error).__name__}") from error
    if kind == "error":
        raise LabError(f"the {side} refuses: {answer}")
    return answer
