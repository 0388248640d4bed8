"""A lab's processes: started, in order, and ended with all that they hold."""

import contextlib
import errno
import functools
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.lab import kernel
from tests.lab.ca import DIRECTORY_VARIABLE, CaFiles, ensure_ca
from tests.lab.calls import await_end
from tests.lab.errors import LabError, NamespacesForbiddenError
from tests.lab.forwarder import Forwarder
from tests.lab.framing import receive_message
from tests.lab.hosts import Hosts
from tests.lab.namespaces import Namespaces, supervise

# Runs the servers until the control socket with this descriptor closes; messages are as `framing` says.
WorldMain = Callable[[int], None]

CATALOGUE = "catalogue"
"""The directory, among a lab's files, that takes the place of an operator's own services and authorities."""
_ANSWER_TIMEOUT_S = 30.0
_END_TIMEOUT_S = 5.0
_DESCRIPTORS = 4  # of the client host's namespaces
# What the kernel says where namespaces are switched off, limited, or guarded by a security module.
_FORBIDDEN = {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOSPC, errno.EINVAL, errno.EUSERS}


@dataclass(frozen=True, slots=True)
class Processes:
    """A running lab: the ways to talk to it, the way in, and its files, all of which `close` takes back."""

    control: socket.socket
    world: socket.socket
    namespaces: Namespaces
    files: Path
    certificate: Path
    _held: ExitStack

    def close(self) -> None:
        """End everything, whatever commands have left running included."""
        self._held.close()


def start(world_main: WorldMain, *, use_tun: bool) -> Processes:
    """Build the namespaces and start what lives in them. Raises NamespacesForbiddenError in one line, or LabError."""
    with ExitStack() as held:
        files = Path(tempfile.mkdtemp(prefix="reachbot-lab-"))
        held.callback(shutil.rmtree, files, ignore_errors=True)
        authorities = ensure_ca(files)
        _vouch(authorities, files / CATALOGUE / "roots")
        (files / "resolv.conf").write_text("")
        (files / "nsswitch.conf").write_text("hosts: files dns\n")
        control, inner_control = _channel(held)
        world, inner_world = _channel(held)
        inside = functools.partial(_be_inside, inner_control, inner_world, files, world_main, use_tun=use_tun)
        keep = {inner_control.fileno(), inner_world.fileno()}
        supervisor = kernel.fork(functools.partial(supervise, inner_control, os.getpid(), keep, files, inside))
        held.callback(await_end, supervisor, _END_TIMEOUT_S)
        # Whoever looks on must see them close: at the end, the middlebox; in the meantime, this process.
        held.callback(world.close)
        held.callback(control.close)
        inner_control.close()
        inner_world.close()
        _let_unshare(control, supervisor)
        namespaces = _receive_namespaces(control)
        held.callback(namespaces.close)
        return Processes(control, world, namespaces, files, authorities.certificate, held.pop_all())


def _vouch(authorities: CaFiles, roots: Path) -> None:
    """Let the lab's authorities stand in for those that services have of their own."""
    roots.mkdir(parents=True)
    shutil.copy(authorities.private_certificate, roots / "signal.pem")
    shutil.copy(authorities.national_certificate, roots / "russia.pem")


def _channel(held: ExitStack) -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.settimeout(_ANSWER_TIMEOUT_S)
    held.enter_context(ours)
    held.enter_context(theirs)
    return ours, theirs


def _let_unshare(control: socket.socket, supervisor: int) -> None:
    with contextlib.suppress(EOFError):
        match receive_message(control):
            case ("forbidden", str(reason)):
                raise _forbidden(reason)
    try:
        kernel.map_identity(supervisor)
    except OSError as error:
        raise _forbidden(str(error.strerror)) from error
    control.send(b"m")


def _receive_namespaces(control: socket.socket) -> Namespaces:
    message, descriptors, _, _ = socket.recv_fds(control, 65536, _DESCRIPTORS)
    if len(descriptors) == _DESCRIPTORS:
        return Namespaces(*descriptors)
    number, _, reason = message.decode().partition(" ")
    if number.isdigit() and int(number) in _FORBIDDEN:
        raise _forbidden(reason)
    raise LabError(reason or "the lab's first process ended at once")


def _forbidden(reason: str) -> NamespacesForbiddenError:
    return NamespacesForbiddenError(f"this user may not make network namespaces here: {reason}")


def _be_inside(
    control: socket.socket, world: socket.socket, files: Path, world_main: WorldMain, *, use_tun: bool
) -> None:
    """Be the first process inside: build the hosts, start the servers, and then be the middlebox."""
    try:
        hosts = Hosts(files, use_tun=use_tun)
    except OSError as error:
        control.send(f"{error.errno} {error.strerror}".encode())
        return
    kernel.fork(functools.partial(_be_world, control, world, files, world_main))
    world.close()
    socket.send_fds(control, [b"up"], hosts.namespaces.descriptors())
    Forwarder(hosts, control).run()


def _be_world(control: socket.socket, world: socket.socket, files: Path, world_main: WorldMain) -> None:
    kernel.die_with_parent()
    control.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ[DIRECTORY_VARIABLE] = str(files)
    world_main(world.detach())
