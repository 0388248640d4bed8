"""The lab's processes and namespaces, and the way into them; what is built inside is in `hosts`.

Who is who, each the parent of the next: this process → the supervisor (outside, clears up) → the first process
inside, which becomes the middlebox → the world's servers. When one dies, the kernel ends all below it; when the first
process inside ends, it ends everything in the PID namespace, whatever commands have left running there included.
"""

import os
import select
import shutil
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.lab import kernel
from tests.lab.framing import send_message

_SI_KERNEL = 0x80  # <asm-generic/siginfo.h>: sent by the terminal, so to the whole group already


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Descriptors of the client host's namespaces; they live as long as the descriptors or a process in them."""

    user: int
    process: int
    network: int
    mount: int

    def descriptors(self) -> list[int]:
        return [self.user, self.process, self.network, self.mount]

    def close(self) -> None:
        for descriptor in self.descriptors():
            os.close(descriptor)

    def step_inside(self) -> None:
        """Return on the client host, in a new process that dies with the calling one.

        The calling process must be a single-threaded fork; it stays outside as a relay, passes signals on and
        ends as the new one ends.
        """
        here = Path.cwd()
        relay = os.pidfd_open(os.getpid())
        kernel.setns(self.user, kernel.CLONE_NEWUSER)
        kernel.setns(self.process, kernel.CLONE_NEWPID)
        kernel.setns(self.network, kernel.CLONE_NEWNET)
        kernel.setns(self.mount, kernel.CLONE_NEWNS)
        os.chdir(here)
        relayed = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
        before = signal.pthread_sigmask(signal.SIG_BLOCK, relayed | {signal.SIGCHLD})
        inner = os.fork()
        if inner:
            _relay(inner, relayed | {signal.SIGCHLD})
        _die_with(relay)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _die_with(relay: int) -> None:
    kernel.die_with_parent()
    ended, _, _ = select.select((relay,), (), (), 0)  # before that call: the kernel would never tell
    if ended:
        os.kill(os.getpid(), signal.SIGKILL)
    os.close(relay)


def _relay(inner: int, awaited: set[signal.Signals]) -> NoReturn:
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)  # the other end of a pipe must see it close when the command closes it
    kernel.close_descriptors(keep=())
    while True:
        arrived = signal.sigwaitinfo(awaited)
        if arrived.si_signo != signal.SIGCHLD:
            if arrived.si_code != _SI_KERNEL:
                os.kill(inner, arrived.si_signo)
            continue
        process, status = os.waitpid(inner, os.WNOHANG)
        if process:
            _end_alike(status)


def _end_alike(status: int) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status))


def supervise(control: socket.socket, parent: int, keep: set[int], files: Path, inside: Callable[[], None]) -> None:
    """Make the namespaces, run `inside` as their first process, and remove `files` when it has ended.

    The parent writes the id maps when it reads "unshared" from `control`, and answers with one byte.
    """
    os.setsid()  # a Ctrl-C at the terminal is for the command, not for the network under it
    _leave_standard_streams()
    kernel.close_descriptors(keep)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD})
    try:
        if _unshare(control):
            kernel.die_with_parent(signal.SIGTERM)
            inner = kernel.fork(inside) if os.getppid() == parent else 0
            kernel.close_descriptors(())  # else nobody would see a channel close whose other end has died
            _outlive(inner)
    finally:
        shutil.rmtree(files, ignore_errors=True)


def _leave_standard_streams() -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(2, 1)  # what a server prints is no output of the command
    os.close(null)


def _unshare(control: socket.socket) -> bool:
    try:
        kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWPID)
    except OSError as error:
        send_message(control, ("forbidden", str(error.strerror)))
        return False
    send_message(control, ("unshared",))
    return control.recv(1) != b""


def _outlive(inner: int) -> None:
    while inner:
        if signal.sigwait({signal.SIGTERM, signal.SIGCHLD}) == signal.SIGTERM:
            os.kill(inner, signal.SIGKILL)
        elif os.waitpid(inner, os.WNOHANG)[0]:
            return
