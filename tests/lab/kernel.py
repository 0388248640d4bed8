"""Linux calls that Python 3.11 does not wrap: namespaces, mounts, death signals, and a fork that never returns.

Nothing here knows what a lab is. Every function raises OSError with the kernel's errno.
"""

import ctypes
import gc
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn

# <linux/sched.h>
CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
# <linux/mount.h>
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_SLAVE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x80000
# <linux/prctl.h>
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def unshare(kinds: int) -> None:
    """Move the caller into new namespaces of `kinds`; with CLONE_NEWUSER it must have a single thread."""
    _checked(_libc.unshare(kinds), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Move the caller into the namespace behind `descriptor`; for a PID namespace: its future children."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0) -> None:
    """mount(2); `kind` is the file system's type, empty for a bind mount or a change of propagation."""
    _checked(_libc.mount(source.encode(), target.encode(), kind.encode() or None, flags, None), f"mount {target}")


def die_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send `number` to the caller when the thread that forked it ends.

    Entering a user namespace clears this, so it comes after that.
    """
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0), "prctl")


def allow_inspection() -> None:
    """Give the files in the caller's /proc directory back to its user, from whom a change of user id took them."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")


def fork(child: Callable[[], object]) -> int:
    """Run `child` in a forked process that never comes back here; return its process id.

    It exits with 0, or prints the traceback and exits with 1. Works from a multi-threaded process: only the
    forking thread lives on in the child, and the child must not wait for the others.
    """
    sys.stdout.flush()  # else the child's copy of what waits there would be printed as well
    sys.stderr.flush()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns when other threads exist
        process = os.fork()
    return process or _run_and_exit(child)


def _run_and_exit(child: Callable[[], object]) -> NoReturn:
    # What the parent made must never be finalised here: it would close descriptors that have a new owner.
    gc.freeze()
    status = 1
    try:
        child()
        status = 0
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else 1
    except BaseException:  # noqa: BLE001 (the last frame of the process: there is nobody to raise to)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def close_descriptors(keep: Collection[int]) -> None:
    """Close every descriptor above standard error but those to keep."""
    # Not by listing /proc: a process that has just changed its namespaces may not find itself there.
    start = 3
    for descriptor in sorted(keep):
        os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, os.sysconf("SC_OPEN_MAX"))


def namespace_descriptor(kind: str, process: int | str = "thread-self") -> int:
    """Open a namespace ("net", "mnt", "pid", "user") of a process: while it is open, the namespace lives."""
    return os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)


def map_identity(process: int) -> None:
    """Give `process`, in a new user namespace, the same user and group ids inside as outside.

    Root maps all it has; anybody else may map only themselves, and must give up setgroups (user_namespaces(7)).
    """
    directory = Path(f"/proc/{process}")
    if os.geteuid() == 0:
        for name in ("uid_map", "gid_map"):
            extents = [line.split() for line in Path(f"/proc/self/{name}").read_text().splitlines()]
            _write(directory / name, "".join(f"{inside} {inside} {count}\n" for inside, _, count in extents))
        return
    _write(directory / "uid_map", f"{os.geteuid()} {os.geteuid()} 1\n")
    _write(directory / "setgroups", "deny")
    _write(directory / "gid_map", f"{os.getegid()} {os.getegid()} 1\n")


def set_sysctl(name: str, value: str) -> bool:
    """Write one setting of the caller's network namespace ("net/ipv4/…"); False where the kernel or a mount forbids."""
    try:
        _write(Path("/proc/sys") / name, value)
    except OSError:
        return False
    return True


def _write(path: Path, text: str) -> None:
    # One write(2): the kernel takes an id map only whole. Nothing may be created, so no O_CREAT.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
