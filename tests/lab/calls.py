"""Function calls in a forked process, which may first step into other namespaces; and waiting for processes to end."""

import functools
import os
import pickle
import select
import signal
import socket
import traceback
from collections.abc import Callable
from typing import TypeVar

from tests.lab import kernel
from tests.lab.errors import LabError
from tests.lab.framing import receive_message, send_message

T = TypeVar("T")


def call_forked(enter: Callable[[], None], function: Callable[[], T], timeout_s: float) -> T:
    """Return what `function` returns, or raise what it raises, in a child that has run `enter` before.

    Raises TimeoutError, and LabError when the child ends without a result.
    """
    here, there = socket.socketpair()
    with here:
        with there:
            child = kernel.fork(functools.partial(_answer, here, there, enter, function))
        here.settimeout(timeout_s)
        try:
            succeeded, value = receive_message(here)
        except EOFError as error:
            raise LabError("the called function's process ended without a result") from error
        except TimeoutError as error:
            os.kill(child, signal.SIGKILL)
            raise TimeoutError(f"no result after {timeout_s} s") from error
        finally:
            await_end(child, timeout_s)
    if not succeeded:
        raise value
    result: T = value
    return result


def _answer(here: socket.socket, there: socket.socket, enter: Callable[[], None], function: Callable[[], T]) -> None:
    here.close()
    try:
        enter()
        send_message(there, (True, function()))
    except BaseException as error:  # noqa: BLE001 (whatever it is, the caller gets it)
        error.add_note(f"In the forked process:\n{''.join(traceback.format_exception(error))}")
        send_message(there, (False, error if _is_picklable(error) else LabError(*error.__notes__)))


def _is_picklable(error: BaseException) -> bool:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 (an exception's own pickling may fail in any way)
        return False
    return True


def await_end(child: int, timeout_s: float) -> None:
    """Wait until a child has ended, and kill it if it takes longer."""
    descriptor = os.pidfd_open(child)
    try:
        ended, _, _ = select.select((descriptor,), (), (), timeout_s)
        if not ended:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    finally:
        os.close(descriptor)
