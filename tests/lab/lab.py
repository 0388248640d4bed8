"""The lab: a client host and an internet on this machine, with a censor between them, for tests and for people.

    with Lab() as lab:
        lab.configure(SCENARIOS["russia-2026-02"])
        print(lab.run(["python", "-m", "bot", "check", "whatsapp"]).stdout)

A lab belongs to the thread that brought it up: it ends with it, even if that is killed.
"""

import errno
import functools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tests.lab import kernel
from tests.lab.ca import DIRECTORY_VARIABLE, ensure_ca
from tests.lab.calls import await_end, call_forked
from tests.lab.errors import LabError, NamespacesForbiddenError
from tests.lab.forwarder import Configure, CountHits, Forwarder
from tests.lab.framing import receive_message, send_message
from tests.lab.hosts import Hosts
from tests.lab.links import tun_is_open
from tests.lab.namespaces import Namespaces, supervise
from tests.lab.scenario import Scenario

T = TypeVar("T")
WorldMain = Callable[[int], None]

_ANSWER_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 5.0
_DESCRIPTORS = 4  # of the client host's namespaces
_FORBIDDEN = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOSPC, errno.EINVAL, errno.EUSERS}
# What would lead a command out of the lab, or trust somebody who is not in it.
_OUTSIDE_VARIABLES = ("SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "RES_OPTIONS", "LOCALDOMAIN")


def _main_of_world(control: int) -> None:
    from tests.lab.world import main  # noqa: PLC0415 (only the world's own process needs its servers)

    main(control)


class Lab:
    def __init__(self, *, world_main: WorldMain = _main_of_world, use_tun: bool | None = None) -> None:
        """`world_main` runs the servers, given its control socket's descriptor, as the contract in `framing` says."""
        self._world_main = world_main
        self._use_tun = tun_is_open() if use_tun is None else use_tun
        self._supervisor = 0
        self._control = self._world = socket.socket()
        self._namespaces: Namespaces | None = None

    def __enter__(self) -> Self:
        return self.up()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.down()

    # --- up and down --------------------------------------------------------------------------------------------------

    def up(self) -> Self:
        """Build it. Raises NamespacesForbiddenError in one line, or LabError."""
        self.files = Path(tempfile.mkdtemp(prefix="reachbot-lab-"))
        try:
            self._start()
        except BaseException:
            self.down()
            raise
        return self

    def _start(self) -> None:
        self.certificate = ensure_ca(self.files).certificate
        (self.files / "resolv.conf").write_text("")
        (self.files / "nsswitch.conf").write_text("hosts: files dns\n")
        self._control, control = socket.socketpair()
        self._world, world = socket.socketpair()
        for channel in (self._control, self._world):
            channel.settimeout(_ANSWER_TIMEOUT_S)
        inside = functools.partial(self._inside, control, world)
        keep = {control.fileno(), world.fileno()}
        outside = functools.partial(supervise, control, os.getpid(), keep, self.files, inside)
        self._supervisor = kernel.fork(outside)
        control.close()
        world.close()
        self._await_unshared()
        self._namespaces = self._await_namespaces()

    def _await_unshared(self) -> None:
        match receive_message(self._control):
            case ("forbidden", str(reason)):
                raise NamespacesForbiddenError(f"namespaces are forbidden here: {reason}")
        try:
            kernel.map_identity(self._supervisor)
        except OSError as error:
            raise NamespacesForbiddenError(f"namespaces are forbidden here: {error}") from error
        self._control.send(b"m")

    def _await_namespaces(self) -> Namespaces:
        message, descriptors, _, _ = socket.recv_fds(self._control, 65536, _DESCRIPTORS)
        if len(descriptors) == _DESCRIPTORS:
            return Namespaces(*descriptors)
        number, _, text = message.decode().partition(" ")
        if number.isdigit() and int(number) in _FORBIDDEN:
            raise NamespacesForbiddenError(f"namespaces are forbidden here: {text}")
        raise LabError(text or "the lab's first process ended at once")

    def _inside(self, control: socket.socket, world: socket.socket) -> None:
        """Be the first process inside: build the hosts, start the servers, and then be the middlebox."""
        try:
            hosts = Hosts(self.files, use_tun=self._use_tun)
        except OSError as error:
            control.send(f"{error.errno} {error}".encode())
            return
        world_descriptor = world.detach()
        kernel.fork(functools.partial(self._be_world, world_descriptor, control))
        os.close(world_descriptor)
        socket.send_fds(control, [b"up"], hosts.namespaces.descriptors())
        Forwarder(hosts, control).run()

    def _be_world(self, descriptor: int, control: socket.socket) -> None:
        control.close()
        kernel.die_with_parent()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.environ[DIRECTORY_VARIABLE] = str(self.files)
        self._world_main(descriptor)

    def down(self) -> None:
        """End every process in it, whatever commands have left running included, and remove its files."""
        for channel in (self._control, self._world):
            channel.close()  # the middlebox ends when it sees this
        if self._namespaces is not None:
            self._namespaces.close()
            self._namespaces = None
        if self._supervisor:
            await_end(self._supervisor, _END_TIMEOUT_S)
            self._supervisor = 0
        shutil.rmtree(self.files, ignore_errors=True)

    # --- what it simulates --------------------------------------------------------------------------------------------

    def configure(self, scenario: Scenario) -> None:
        """Make it this scenario. What was under way is lost; the middlebox and the servers have forgotten the last one.

        Raises LabError with the servers' complaint about a world.
        """
        self._write_resolvers(scenario.resolvers)
        order = Configure(scenario.censor, scenario.world.addresses(), scenario.ipv6)
        self._exchange(self._control, order)
        self._ask_world("configure", scenario.world)

    def hits(self) -> tuple[int, ...]:
        """Return how often each rule of the scenario's censor has fired, in its order."""
        counts: tuple[int, ...] = self._exchange(self._control, CountHits())
        return counts

    def journal(self) -> list[dict[str, Any]]:
        """Return what the servers have seen since the last `configure`."""
        entries: list[dict[str, Any]] = self._ask_world("journal", None)
        return entries

    def _write_resolvers(self, resolvers: Sequence[str]) -> None:
        # In place: the file is mounted over /etc/resolv.conf, and a new one would not be.
        text = "".join(f"nameserver {address}\n" for address in resolvers)
        (self.files / "resolv.conf").write_text(text or "# no resolver\n")

    def _ask_world(self, command: str, argument: object) -> Any:
        kind, answer = self._exchange(self._world, (command, argument))
        if kind == "error":
            raise LabError(f"the world: {answer}")
        return answer

    def _exchange(self, channel: socket.socket, message: object) -> Any:
        try:
            send_message(channel, message)
            return receive_message(channel)
        except (EOFError, OSError) as error:
            side = "world" if channel is self._world else "middlebox"
            raise LabError(f"the {side} does not answer: {error or type(error).__name__}") from error

    # --- commands and calls on the client host ------------------------------------------------------------------------

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return this process's environment without its ways out of the lab, the lab's own authority trusted."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in _OUTSIDE_VARIABLES and not name.lower().endswith("_proxy")
        }
        return kept | {"SSL_CERT_FILE": str(self.certificate)} | dict(extra or {})

    def popen(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, **options: Any
    ) -> subprocess.Popen[Any]:
        """Start a command; `options` are subprocess.Popen's. Signals sent to it reach the command."""
        return subprocess.Popen(
            argv,
            env=self.environment(env),
            preexec_fn=self._client_host().step_inside,  # noqa: PLW1509 (the forked child has one thread; nothing waits)
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
        self._control.close()  # a lab ends when nobody holds this end any more
        self._client_host().step_inside()

    def _client_host(self) -> Namespaces:
        if self._namespaces is None:
            raise LabError("the lab is not up")
        return self._namespaces
